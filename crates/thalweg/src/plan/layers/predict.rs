//! Forward passes alone, as a network predicts: members share out rows, and what a few rows become stays in their own memory.

use std::fmt;

use super::builder::Size;
use super::memory::Memory;
use super::pass::{Batch, Input, Pass};
use super::program::Program;
use super::work;
use crate::error::Result;
use crate::losses::{Factors, Loss, Targets};
use crate::network::Network;
use crate::plan::{ForwardPlan, WORTH_SHARING};
use crate::real::Real;
use crate::team::{Crew, Pace};

/// Predicts with any network of our own layers.
pub(crate) struct LayerForward<R: Real> {
    program: Program,
    crew: Crew,
    memory: Memory<R>,
    outputs: usize,
    /// Multiplications of a row.
    work: usize,
    /// Whether the kernels have the parameters as they are.
    is_prepared: bool,
}

impl<R: Real> fmt::Debug for LayerForward<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerForward").field("program", &self.program).finish_non_exhaustive()
    }
}

impl<R: Real> LayerForward<R> {
    /// Lays out forward passes of at most `largest_batch` rows; `None` for a network with a user's own part.
    ///
    /// # Errors
    /// [`Error::Threads`](crate::Error::Threads).
    pub(crate) fn new(network: &Network<R>, largest_batch: usize, threads: usize) -> Result<Option<Self>> {
        let is_worth_sharing = largest_batch * work(network) >= WORTH_SHARING;
        LayerForward::on(network, largest_batch, if is_worth_sharing { threads } else { 1 })
    }

    /// The same on so many threads, however small the network.
    pub(super) fn on(network: &Network<R>, largest_batch: usize, threads: usize) -> Result<Option<Self>> {
        let size = Size { rules: None, largest_batch, threads };
        let Some(program) = Program::new::<R>(network.layers(), size) else { return Ok(None) };
        let mut plan = LayerForward {
            memory: Memory::new(&program, network.parameter_count(), 0, largest_batch, threads),
            crew: Crew::new(threads, Pace::for_steps_of(largest_batch * work(network)))?,
            outputs: network.output_shape().len(),
            is_prepared: false,
            work: work(network),
            program,
        };
        plan.set_parameters(network.parameters());
        Ok(Some(plan))
    }
}

impl<R: Real> ForwardPlan<R> for LayerForward<R> {
    fn set_parameters(&mut self, parameters: &[R]) {
        self.memory.parameters.all_mut().copy_from_slice(parameters);
        self.is_prepared = false;
    }

    fn forward(&mut self, rows: usize, x: &[R]) {
        let batch = Batch {
            rows,
            input: Input::Values(x),
            training: None,
            loss: &Loss::MeanSquaredError,
            own_targets: None,
            targets: Targets::Classes(&[]),
            factors: Factors::Same(R::ONE),
        };
        let is_short = rows * self.work < WORTH_SHARING;
        let team = if is_short { self.crew.alone() } else { self.crew.next(rows) };
        let (program, buffers, is_prepared) = (&self.program, self.memory.buffers(), self.is_prepared);
        team.run(|member| {
            let pass = Pass { program, buffers, batch, member };
            if !is_prepared {
                pass.prepare();
            }
            pass.run(&program.forward);
        });
        self.is_prepared = true;
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.memory.outputs[..rows * self.outputs]
    }
}
