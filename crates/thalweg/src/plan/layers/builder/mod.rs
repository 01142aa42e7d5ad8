//! From layers to a program: steps in order, forward and back, and the phases that they need.

mod back;
mod forward;

use std::ops::Range;

use super::program::{Lens, Phase, Program, RowOp, Step, Strand, UnitOp};
use super::slots::{Moment, Slots};
use crate::activations::Activation;
use crate::kernels::LINE;
use crate::layers::Layer;
use crate::network::PlacedLayer;
use crate::plan::Rules;
use crate::plan::arena::run;
use crate::real::Real;
use crate::shape::Shape;

/// Bytes of the widest matrix of a chunk of rows: a few of them fit the second cache together.
const CHUNK: usize = 1 << 16;

/// How much longer the longest share of the rows may be than an equal one, in percent, so that members work whole blocks of rows.
const UNFAIR: usize = 25;

/// Outputs of a dense layer whose gradient is taken transposed (NUMERICS rule 4).
const FEW_OUTPUTS: usize = 8;

/// For whom a program is made.
#[derive(Clone, Copy)]
pub(super) struct Size<'a> {
    /// `None`: for forward passes alone.
    pub(super) rules: Option<&'a Rules>,
    pub(super) largest_batch: usize,
    pub(super) threads: usize,
}

impl Program {
    /// The program of a network; `None` where a layer is a user's own.
    pub(super) fn new<R: Real>(layers: &[PlacedLayer], size: Size<'_>) -> Option<Program> {
        let is_own =
            |layer: &Layer| matches!(layer, Layer::Custom(_) | Layer::Activation(Activation::Custom(_)));
        if layers.iter().any(|placed| placed.layer.any(&is_own)) {
            return None;
        }
        let builder = Builder {
            size,
            steps: Vec::new(),
            slots: Slots::default(),
            phases: Vec::new(),
            is_closed: true,
            pending: Vec::new(),
            lens: Lens::default(),
        };
        builder.program::<R>(layers)
    }
}

/// The output of a step.
#[derive(Clone, Copy)]
struct Value {
    slot: usize,
    /// Whether the next step may write over it: nobody else reads it, and its own step does not need it to go back.
    is_free: bool,
}

/// A gradient on its way back.
#[derive(Clone, Copy)]
struct Gradient {
    slot: usize,
    /// Whether nobody else reads it.
    is_free: bool,
}

/// Steps, and blocks of them.
enum Node {
    Step(usize),
    Block { straight: Vec<Node>, around: Vec<Node>, sum: usize },
}

/// A layer with its sizes and its parameters among the network's.
struct Sited<'a> {
    layer: &'a Layer,
    input: &'a Shape,
    output: &'a Shape,
    parameters: Range<usize>,
    number: u32,
    learns: bool,
}

struct Builder<'a> {
    size: Size<'a>,
    steps: Vec<Step>,
    slots: Slots,
    phases: Vec<Phase>,
    /// Whether the last phase takes no more.
    is_closed: bool,
    /// Gradients that are taken after the next barrier.
    pending: Vec<usize>,
    lens: Lens,
}

impl Builder<'_> {
    fn program<R: Real>(mut self, layers: &[PlacedLayer]) -> Option<Program> {
        let first = layers.first()?;
        let input = self.slots.add(first.input.len(), self.trains());
        let at = self.row_op::<R>(RowOp::Gather, first.input.len(), 1);
        self.slots.touch(input, at);
        let frozen = |number: usize| self.size.rules.is_some_and(|rules| rules.frozen.contains(&number));
        let wants_whole = self.size.rules.is_some_and(Rules::wants_whole_gradient);
        let learns: Vec<bool> = layers.iter().map(|placed| wants_whole || !frozen(placed.number)).collect();
        let sited = layers.iter().map(|placed| Sited {
            layer: &placed.layer,
            input: &placed.input,
            output: &placed.output,
            parameters: placed.range.clone(),
            number: placed.number as u32,
            learns: self.size.rules.is_some() && learns[placed.number],
        });
        let sited: Vec<Sited<'_>> = sited.collect();
        let (nodes, output) = self.path::<R>(&sited, Value { slot: input, is_free: false })?;
        let outputs = self.slots.width(output.slot);
        let at = self.row_op::<R>(RowOp::Losses, outputs, 1);
        self.slots.touch(output.slot, at);
        self.close();
        let forward = self.phases.len();
        let doutput = self.slots.add(outputs, false);
        if self.trains() {
            let at = self.row_op::<R>(RowOp::LossGradient, outputs, 1);
            self.slots.touch(doutput, at);
            self.back::<R>(&nodes, Gradient { slot: doutput, is_free: true }, false);
            self.close();
        }
        Some(self.finish::<R>(forward, [input, output.slot, doutput]))
    }

    fn finish<R: Real>(mut self, forward: usize, [input, output, doutput]: [usize; 3]) -> Program {
        let line = LINE / size_of::<R>();
        let phases = &self.phases;
        let chunk = |at: Moment| match &phases[at.phase] {
            Phase::Rows { strands, .. } => match strands[at.strand].chunk {
                usize::MAX => None,
                chunk => Some(chunk),
            },
            Phase::Units(_) => None,
        };
        // Behind a matrix another line may be read.
        let round = |len: usize| (len + line).next_multiple_of(line);
        let mut places = self.slots.place(self.size.largest_batch, chunk, round);
        let first = run::<R>(&mut self.lens.member, places.local).start;
        for matrix in places.matrices.iter_mut().filter(|matrix| matrix.is_local) {
            matrix.start += first;
        }
        self.lens.member = self.lens.member.next_multiple_of(2 * line);
        self.lens.member_sums = self.lens.member_sums.next_multiple_of(2 * line);
        self.lens.arena = places.arena;
        let backward = self.phases.split_off(forward);
        Program {
            trains: self.size.rules.is_some(),
            steps: self.steps,
            matrices: places.matrices,
            forward: self.phases,
            backward,
            input,
            output,
            doutput,
            lens: self.lens,
        }
    }

    fn trains(&self) -> bool {
        self.size.rules.is_some()
    }

    /// Ends a phase; what waited for a barrier comes after it.
    fn close(&mut self) {
        self.is_closed = true;
        if !self.pending.is_empty() {
            let ops: Vec<UnitOp> = self.pending.drain(..).map(UnitOp::Gradient).collect();
            let at = Moment { phase: self.phases.len(), strand: 0, op: 0 };
            for op in &ops {
                let UnitOp::Gradient(step) = *op else { unreachable!("gradients wait") };
                let Step { x, y, cache, dy, .. } = self.steps[step];
                [x, y, cache, dy].into_iter().for_each(|slot| self.slots.touch(slot, at));
            }
            self.phases.push(Phase::Units(ops));
        }
    }

    /// A phase of its own.
    fn unit_op(&mut self, op: UnitOp) -> Moment {
        self.close();
        self.phases.push(Phase::Units(vec![op]));
        Moment { phase: self.phases.len() - 1, strand: 0, op: 0 }
    }

    /// Adds something done row by row, to matrices of at most so many columns. A `grain` of rows must not be cut.
    fn row_op<R: Real>(&mut self, op: RowOp, widest: usize, grain: usize) -> Moment {
        let rows = (CHUNK / size_of::<R>()) / widest.max(1);
        self.strand_op(op, rows.max(1), grain)
    }

    /// The same with the rows of a chunk.
    fn strand_op(&mut self, op: RowOp, rows: usize, grain: usize) -> Moment {
        if self.is_closed {
            self.phases.push(Phase::Rows { grain: 1, strands: Vec::new() });
            self.is_closed = false;
        }
        let phase = self.phases.len() - 1;
        let Phase::Rows { grain: of_phase, strands } = &mut self.phases[phase] else {
            unreachable!("an open phase is one of rows")
        };
        // One member alone has all rows.
        *of_phase = if self.size.threads == 1 { 1 } else { common_multiple(*of_phase, grain) };
        match strands.last_mut() {
            Some(strand) if (strand.chunk == usize::MAX) == (rows == usize::MAX) => {
                strand.chunk = strand.chunk.min(rows);
                strand.ops.push(op);
            }
            _ => strands.push(Strand { chunk: rows, ops: vec![op] }),
        }
        let strand = strands.len() - 1;
        Moment { phase, strand, op: strands[strand].ops.len() - 1 }
    }

    /// Whether members may work this many rows at a time, in the phase that is open, and have about as many.
    fn is_fair(&self, grain: usize) -> bool {
        let Size { largest_batch, threads, .. } = self.size;
        if threads == 1 {
            return true;
        }
        let grain = match self.phases.last() {
            Some(Phase::Rows { grain: of_phase, .. }) if !self.is_closed => common_multiple(*of_phase, grain),
            _ => grain,
        };
        let longest = largest_batch.div_ceil(grain).div_ceil(threads) * grain;
        longest * threads * 100 <= largest_batch * (100 + UNFAIR)
    }
}

/// The least common multiple.
fn common_multiple(a: usize, b: usize) -> usize {
    let mut rest = (a, b);
    while rest.1 != 0 {
        rest = (rest.1, rest.0 % rest.1);
    }
    a / rest.0 * b
}
