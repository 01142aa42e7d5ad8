//! What training does with a parameter.

/// What training does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParameterRole {
    /// Trained; penalties, weight decay and `max_norm` touch it. Its last axis counts the units, and all the others what comes into them.
    Weight,
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
        matches!(self, ParameterRole::Weight)
    }

    /// Whether the optimizer changes it, by a gradient.
    pub const fn is_trained(self) -> bool {
        !matches!(self, ParameterRole::Average { .. })
    }
}
