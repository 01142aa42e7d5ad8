//! The memory of a panel plan: what it owns, and the view of it that a team shares.

use crate::plan::Arena;
use crate::real::Real;
use crate::team::Shared;

/// All that steps write.
pub(super) struct Memory<R: Real> {
    /// The matrices of a tile of rows.
    pub(super) arena: Arena<R>,
    pub(super) weights: Arena<R>,
    /// The optimizer's, its slots chunk by chunk beside the weights'.
    pub(super) state: Arena<R>,
    /// wᵀ of the stages that someone takes a gradient through.
    pub(super) transposed: Arena<R>,
    /// The sums of narrow stages.
    pub(super) lanes: Arena<R>,
    /// Gradients of the open block of rows; empty where a batch is one tile.
    pub(super) chains: Arena<R>,
    /// Gradients of the blocks before; empty where they are used at once.
    pub(super) totals: Arena<R>,
    /// For the steps of hidden matrices as a whole; empty where there are none.
    pub(super) matrices: Arena<R>,
    /// Working memory, a run for each member.
    pub(super) scratch: Arena<R>,
    /// What each example keeps of its way through the convolutions before the dense layers; or, where nothing goes back, each
    /// member.
    pub(super) examples: Arena<R>,
    /// The convolutions' parameters as kernels read them.
    pub(super) packed: Arena<R>,
    /// Gradients of the convolutions' parameters: of the open block of examples, and of the blocks before.
    pub(super) front_chains: Arena<R>,
    pub(super) front_totals: Arena<R>,
    /// Images on their way, for each member.
    pub(super) front_scratch: Arena<R>,
    /// `[batch, outputs]`, row-major.
    pub(super) outputs: Vec<R>,
    /// `[batch]`.
    pub(super) losses: Vec<R>,
}

/// The same, as members of a team see it.
#[derive(Clone, Copy)]
pub(super) struct Buffers<'a, R> {
    pub(super) arena: Shared<'a, R>,
    pub(super) weights: Shared<'a, R>,
    pub(super) state: Shared<'a, R>,
    pub(super) transposed: Shared<'a, R>,
    pub(super) lanes: Shared<'a, R>,
    pub(super) chains: Shared<'a, R>,
    pub(super) totals: Shared<'a, R>,
    pub(super) matrices: Shared<'a, R>,
    pub(super) scratch: Shared<'a, R>,
    pub(super) examples: Shared<'a, R>,
    pub(super) packed: Shared<'a, R>,
    pub(super) front_chains: Shared<'a, R>,
    pub(super) front_totals: Shared<'a, R>,
    pub(super) front_scratch: Shared<'a, R>,
    pub(super) outputs: Shared<'a, R>,
    pub(super) losses: Shared<'a, R>,
}

impl<R: Real> Memory<R> {
    /// Shares everything out.
    pub(super) fn buffers(&mut self) -> Buffers<'_, R> {
        Buffers {
            arena: Shared::new(self.arena.all_mut()),
            weights: Shared::new(self.weights.all_mut()),
            state: Shared::new(self.state.all_mut()),
            transposed: Shared::new(self.transposed.all_mut()),
            lanes: Shared::new(self.lanes.all_mut()),
            chains: Shared::new(self.chains.all_mut()),
            totals: Shared::new(self.totals.all_mut()),
            matrices: Shared::new(self.matrices.all_mut()),
            scratch: Shared::new(self.scratch.all_mut()),
            examples: Shared::new(self.examples.all_mut()),
            packed: Shared::new(self.packed.all_mut()),
            front_chains: Shared::new(self.front_chains.all_mut()),
            front_totals: Shared::new(self.front_totals.all_mut()),
            front_scratch: Shared::new(self.front_scratch.all_mut()),
            outputs: Shared::new(&mut self.outputs),
            losses: Shared::new(&mut self.losses),
        }
    }
}
