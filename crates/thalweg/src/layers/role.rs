//! What training does with a parameter.

/// What training does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParameterRole {
    /// Trained; penalties, weight decay and `max_norm` touch it. Its last axis counts the units, and all the others what comes into them.
    Weight,
    /// Trained; penalties, weight decay and `max_norm` touch it. Its first axis counts the filters (of a transposed convolution: the input
    /// channels), and all the others what belongs to one.
    Filter,
    /// Trained; penalties and weight decay touch it, `max_norm` does not: rows of a table have no units that sum them.
    Table,
    /// Trained; no penalty touches it: biases, and the scales of normalisations.
    Free,
    /// A running average of what the batches show. A layer's backward pass adds the batch's own value where a gradient would
    /// stand, and instead of the optimizer's rule a step makes
    ///
    /// ```text
    /// average ← momentum·average + (1 - momentum)·value
    /// ```
    Average {
        /// What the average keeps of its old value, 0 or more and less than 1.
        momentum: f64,
    },
}

impl ParameterRole {
    /// Whether penalties and weight decay touch it.
    pub const fn is_penalised(self) -> bool {
        matches!(self, ParameterRole::Weight | ParameterRole::Filter | ParameterRole::Table)
    }

    /// Whether `max_norm` limits what comes into each of its units.
    pub(crate) const fn is_limited(self) -> bool {
        matches!(self, ParameterRole::Weight | ParameterRole::Filter)
    }

    /// Whether the optimizer changes it, by a gradient.
    pub const fn is_trained(self) -> bool {
        !matches!(self, ParameterRole::Average { .. })
    }
}
