//! The memory of the plan: what it owns, and the view of it that a team shares.

use super::program::Program;
use crate::plan::Arena;
use crate::real::Real;
use crate::team::Shared;

/// All that steps write.
pub(super) struct Memory<R: Real> {
    /// Matrices of the batch.
    arena: Arena<R>,
    /// Row-major, in layer order.
    pub(super) parameters: Arena<R>,
    pub(super) gradients: Arena<R>,
    /// The optimizer's, its slots chunk by chunk.
    pub(super) state: Arena<R>,
    packed: Arena<R>,
    chains: Arena<R>,
    statistics: Arena<R>,
    sums: Arena<f64>,
    /// Working memory, a run for each member.
    member: Arena<R>,
    member_sums: Arena<f64>,
    whole: Arena<R>,
    /// `[batch]`.
    pub(super) losses: Vec<R>,
    /// `[batch, outputs]`, where outputs are not kept among the matrices.
    pub(super) outputs: Vec<R>,
}

/// The same, as members of a team see it.
#[derive(Clone, Copy)]
pub(super) struct Buffers<'a, R> {
    pub(super) arena: Shared<'a, R>,
    pub(super) parameters: Shared<'a, R>,
    pub(super) gradients: Shared<'a, R>,
    pub(super) state: Shared<'a, R>,
    pub(super) packed: Shared<'a, R>,
    pub(super) chains: Shared<'a, R>,
    pub(super) statistics: Shared<'a, R>,
    pub(super) sums: Shared<'a, f64>,
    pub(super) member: Shared<'a, R>,
    pub(super) member_sums: Shared<'a, f64>,
    pub(super) whole: Shared<'a, R>,
    pub(super) losses: Shared<'a, R>,
    pub(super) outputs: Shared<'a, R>,
}

impl<R: Real> Memory<R> {
    /// For a program of so many parameters, with so many values of state for each.
    pub(super) fn new(
        program: &Program,
        parameters: usize,
        slots: usize,
        largest_batch: usize,
        threads: usize,
    ) -> Self {
        let trains = |len: usize| if program.trains { len } else { 0 };
        let outputs = largest_batch * program.matrices[program.output].width;
        let lens = &program.lens;
        Memory {
            arena: Arena::with_len(lens.arena),
            parameters: Arena::with_len(parameters),
            gradients: Arena::with_len(trains(parameters)),
            state: Arena::with_len(trains(parameters * slots)),
            packed: Arena::with_len(lens.packed),
            chains: Arena::with_len(lens.chains),
            statistics: Arena::with_len(lens.statistics),
            sums: Arena::with_len(lens.sums),
            member: Arena::with_len(lens.member * threads),
            member_sums: Arena::with_len(lens.member_sums * threads),
            whole: Arena::with_len(lens.whole),
            losses: vec![R::ZERO; trains(largest_batch)],
            outputs: vec![R::ZERO; if program.trains { 0 } else { outputs }],
        }
    }

    /// Shares everything out.
    pub(super) fn buffers(&mut self) -> Buffers<'_, R> {
        Buffers {
            arena: Shared::new(self.arena.all_mut()),
            parameters: Shared::new(self.parameters.all_mut()),
            gradients: Shared::new(self.gradients.all_mut()),
            state: Shared::new(self.state.all_mut()),
            packed: Shared::new(self.packed.all_mut()),
            chains: Shared::new(self.chains.all_mut()),
            statistics: Shared::new(self.statistics.all_mut()),
            sums: Shared::new(self.sums.all_mut()),
            member: Shared::new(self.member.all_mut()),
            member_sums: Shared::new(self.member_sums.all_mut()),
            whole: Shared::new(self.whole.all_mut()),
            losses: Shared::new(&mut self.losses),
            outputs: Shared::new(&mut self.outputs),
        }
    }

    /// The outputs of a training pass, and the losses of its rows, to be written.
    pub(super) fn outputs_and_losses(&mut self, program: &Program, rows: usize) -> (&[R], &mut [R]) {
        let matrix = program.matrices[program.output];
        let outputs = &self.arena.all()[matrix.start..matrix.start + rows * matrix.width];
        (outputs, &mut self.losses[..rows])
    }

    /// The outputs of a training pass.
    pub(super) fn kept_outputs(&self, program: &Program, rows: usize) -> &[R] {
        let matrix = program.matrices[program.output];
        &self.arena.all()[matrix.start..matrix.start + rows * matrix.width]
    }
}
