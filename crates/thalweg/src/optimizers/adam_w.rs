//! AdamW: Adam with a weight decay of its own.
//!
//! ```text
//! w ← fma(-(rate·weight_decay), w, w)        as for every rule with decay, in `weight_decay.rs`
//! then Adam's step, in `adam.rs`
//! ```
//!
//! The decay comes to the update by [`Update::weight_decay`](crate::optimizers::Update::weight_decay), as every decay
//! does, so that the trainer can leave out biases.
//!
//! # Source
//! Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2.

/// The decay where nothing is said: PyTorch's and the custom's; the source tunes it.
pub(super) const DEFAULT_WEIGHT_DECAY: f64 = 0.01;
