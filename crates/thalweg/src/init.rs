//! How weights start.

use std::path::PathBuf;

/// How a layer's weights start. Biases start at 0, except where an `Init` says otherwise for both (`File`).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Normal with variance 2 / in_features (He et al. 2015), for ReLU-like activations.
    HeNormal,
    /// Uniform with variance 2 / in_features.
    HeUniform,
    /// Normal with variance 2 / (in_features + out_features) (Glorot and Bengio 2010).
    GlorotNormal,
    /// Uniform with variance 2 / (in_features + out_features).
    GlorotUniform,
    /// Normal with variance 1 / in_features (LeCun et al. 1998).
    LecunNormal,
    /// All zero.
    Zeros,
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform between two bounds.
    Uniform {
        /// The lower bound, inclusive.
        low: f64,
        /// The upper bound, exclusive.
        high: f64,
    },
    /// Explicit values from an NPZ file: arrays `LAYER.weight` and `LAYER.bias` by layer number.
    File {
        /// The file.
        path: PathBuf,
    },
}
