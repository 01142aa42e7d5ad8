//! Forward passes alone, as a network predicts.

use std::fmt;

use super::memory::Memory;
use super::pass::{Input, Pass, Tile};
use super::program::{Form, Program, Tail, TailKind, Values};
use super::{FrontSizes, forward};
use crate::error::Result;
use crate::kernels::one_row::one_row;
use crate::kernels::panels::{forward_one_output, panel_width};
use crate::kernels::{elementwise, layer_norm};
use crate::losses::Loss;
use crate::network::Network;
use crate::plan::{Arena, ForwardPlan, Rules, WORTH_SHARING};
use crate::real::Real;
use crate::team::{Crew, Pace};

/// Rows worked at once: few enough that their values stay in the second cache beside the weights.
const ROWS: usize = 64;

/// Predicts with a network of dense and elementwise layers.
pub(crate) struct PanelForward<R: Real> {
    program: Program,
    rules: Rules,
    crew: Crew,
    /// Multiplications of a row.
    work_of_row: usize,
    memory: Memory<R>,
    /// A single row on its way: what the next stage reads, and where it writes.
    rows: [Vec<R>; 2],
}

impl<R: Real> fmt::Debug for PanelForward<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanelForward").field("program", &self.program).finish_non_exhaustive()
    }
}

impl<R: Real> PanelForward<R> {
    /// Lays out forward passes of at most `largest_batch` rows; `None` for a network that is not its kind.
    ///
    /// # Errors
    /// [`Error::Threads`](crate::Error::Threads).
    pub(crate) fn new(network: &Network<R>, largest_batch: usize, threads: usize) -> Result<Option<Self>> {
        let Some(program) = Program::new::<R>(network.layers(), None, largest_batch.min(ROWS)) else {
            return Ok(None);
        };
        let of_images = program.front.as_ref().map_or(0, |front| front.work);
        let work_of_row = network.parameter_count() + of_images;
        let work = largest_batch * work_of_row;
        let threads = if work < WORTH_SHARING { 1 } else { threads };
        let front = FrontSizes::new(&program, threads, threads);
        let widths = program.stages.iter().map(|stage| stage.out_features.max(stage.in_features));
        let widest = widths.max().unwrap_or(0).next_multiple_of(panel_width::<R>());
        let mut plan = PanelForward {
            memory: Memory {
                arena: Arena::with_len(program.arena_len),
                weights: Arena::with_len(program.weights_len),
                scratch: Arena::with_len(3 * widest * threads),
                examples: Arena::with_len(front.examples),
                packed: Arena::with_len(front.packed),
                front_chains: Arena::with_len(0),
                front_totals: Arena::with_len(0),
                front_scratch: Arena::with_len(front.scratch),
                outputs: vec![R::ZERO; largest_batch * program.outputs],
                state: Arena::with_len(0),
                transposed: Arena::with_len(0),
                lanes: Arena::with_len(0),
                chains: Arena::with_len(0),
                totals: Arena::with_len(0),
                matrices: Arena::with_len(0),
                losses: Vec::new(),
            },
            rows: [vec![R::ZERO; widest], vec![R::ZERO; widest]],
            work_of_row,
            rules: Rules::forward_only(Loss::MeanSquaredError),
            crew: Crew::new(threads, Pace::for_steps_of(work))?,
            program,
        };
        plan.set_parameters(network.parameters());
        Ok(Some(plan))
    }
}

impl<R: Real> PanelForward<R> {
    /// Some rows of `batch`, through all stages; a single row as far as the first dense layer.
    fn run(&mut self, input: Input<'_, R>, rows: usize, first: usize, batch: usize) {
        let team = self.crew.now();
        let buffers = self.memory.buffers();
        let (program, rules) = (&self.program, &self.rules);
        let tile = Tile { rows, first, batch, epoch: 0 };
        team.run(|member| {
            let pass = Pass::new(program, rules, buffers, input, tile, member);
            match &program.front {
                Some(front) if batch == 1 => pass.front_forward(front),
                _ => {
                    pass.gather();
                    forward(&pass, false);
                }
            }
        });
    }

    /// One row alone: its values lie side by side, and the weights are read once, in order.
    fn forward_row(&mut self, x: &[R]) {
        let width = panel_width::<R>();
        let features = self.program.input.output.columns;
        if self.program.front.is_some() {
            self.crew.alone();
            self.run(Input::Values(x), 1, 0, 1);
        }
        let [from, to] = &mut self.rows;
        let (mut from, mut to) = (from, to);
        if self.program.front.is_some() {
            for (panel, values) in from[..features].chunks_mut(width).enumerate() {
                let at = self.program.part::<R>(self.program.input.output, panel, &(0..1));
                values.copy_from_slice(&self.memory.arena.all()[at][..values.len()]);
            }
        } else {
            from[..features].copy_from_slice(x);
        }
        follow_in_place(&self.program.input, &mut self.memory, &mut from[..features]);
        for stage in &self.program.stages {
            let weights = &self.memory.weights.all()[stage.weights.clone()];
            let (inputs, outputs) = (stage.in_features, stage.out_features);
            match stage.form {
                Form::Panels => {
                    let z = &mut to[..outputs.next_multiple_of(width)];
                    one_row(&from[..inputs], weights, outputs, z);
                }
                Form::OneOutput => {
                    let b = weights[stage.input_panels::<R>() * width];
                    forward_one_output(1, inputs, from, width, weights, b, &mut to[..width]);
                }
            }
            follow_in_place(&stage.values, &mut self.memory, &mut to[..outputs]);
            std::mem::swap(&mut from, &mut to);
        }
        let outputs = self.program.outputs;
        self.memory.outputs[..outputs].copy_from_slice(&from[..outputs]);
    }
}

/// What is done to the values of one row in inference.
fn follow_in_place<R: Real>(values: &Values, memory: &mut Memory<R>, row: &mut [R]) {
    let weights = memory.weights.all();
    run_in_place(&values.tail, weights, row);
    for norm in &values.row_norms {
        let columns = row.len();
        let [w, b] = [0, 1].map(|tensor| &weights[norm.norm.tensor(tensor)][..columns]);
        let (u, y) = memory.scratch.all_mut().split_at_mut(columns);
        layer_norm::normalise(norm.layer.epsilon, row, w, b, u, &mut y[..columns]);
        row.copy_from_slice(&y[..columns]);
        run_in_place(&norm.tail, weights, row);
    }
}

/// What follows a product or a normalisation in inference, on one row.
fn run_in_place<R: Real>(tail: &[Tail], weights: &[R], values: &mut [R]) {
    for part in tail {
        match &part.kind {
            TailKind::Activation(activation) => elementwise::activate_in_place(activation, values),
            TailKind::Scale(factor) => elementwise::scale_in_place(R::from_f64(*factor), values),
            TailKind::Copy | TailKind::Dropout(..) | TailKind::Noise(_) => {}
            TailKind::BatchNorm(norm) => {
                let tensors = [0, 1, 2, 3].map(|tensor| &weights[norm.norm.tensor(tensor)]);
                by_averages(norm.layer.epsilon, tensors, values);
            }
        }
    }
}

/// Batch normalisation of one row.
fn by_averages<R: Real>(epsilon: f64, [w, b, m, variance]: [&[R]; 4], values: &mut [R]) {
    for (c, x) in values.iter_mut().enumerate() {
        let s = R::from_f64(1.0 / (variance[c].to_f64() + epsilon).sqrt());
        *x = w[c].mul_add((*x - m[c]) * s, b[c]);
    }
}

impl<R: Real> ForwardPlan<R> for PanelForward<R> {
    fn set_parameters(&mut self, parameters: &[R]) {
        self.program.write(parameters, self.memory.weights.all_mut());
        if let Some(front) = &self.program.front {
            front.pack(self.memory.weights.all(), self.memory.packed.all_mut());
        }
    }

    fn forward(&mut self, rows: usize, x: &[R]) {
        if rows == 1 {
            return self.forward_row(x);
        }
        let columns = self.program.inputs;
        match rows * self.work_of_row < WORTH_SHARING {
            true => self.crew.alone(),
            false => self.crew.next(rows),
        };
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            let input = Input::Values(&x[first * columns..(first + count) * columns]);
            self.run(input, count, first, rows);
        }
    }

    fn outputs(&self, rows: usize) -> &[R] {
        &self.memory.outputs[..rows * self.program.outputs]
    }
}
