//! A network of either precision: what a file or an experiment gives.

use super::{Network, PlacedLayer};
use crate::error::Result;
use crate::layers::Layer;
use crate::real::Precision;
use crate::shape::Shape;

/// A network of either precision.
#[derive(Clone, Debug)]
pub enum AnyNetwork {
    /// In 32 bits.
    F32(Network<f32>),
    /// In 64 bits.
    F64(Network<f64>),
}

/// Does the same with whichever network it is.
macro_rules! either {
    ($any:expr, $network:ident => $do:expr) => {
        match $any {
            $crate::network::AnyNetwork::F32($network) => $do,
            $crate::network::AnyNetwork::F64($network) => $do,
        }
    };
}
pub(crate) use either;

impl AnyNetwork {
    /// A network of this precision whose parameters are all zero.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub fn new(precision: Precision, input_shape: impl Into<Shape>, layers: Vec<Layer>) -> Result<Self> {
        Ok(match precision {
            Precision::F32 => AnyNetwork::F32(Network::new(input_shape, layers)?),
            Precision::F64 => AnyNetwork::F64(Network::new(input_shape, layers)?),
        })
    }

    /// What it computes in.
    pub fn precision(&self) -> Precision {
        match self {
            AnyNetwork::F32(_) => Precision::F32,
            AnyNetwork::F64(_) => Precision::F64,
        }
    }

    /// The shape of one example.
    pub fn input_shape(&self) -> &Shape {
        either!(self, network => network.input_shape())
    }

    /// The shape of one prediction.
    pub fn output_shape(&self) -> &Shape {
        either!(self, network => network.output_shape())
    }

    /// The layers with their shapes and places.
    pub fn layers(&self) -> &[PlacedLayer] {
        either!(self, network => network.layers())
    }

    /// How many values training changes.
    pub fn parameter_count(&self) -> usize {
        either!(self, network => network.parameter_count())
    }

    /// A table of the layers: number, kind, output shape and parameters.
    pub fn summary(&self) -> String {
        either!(self, network => network.summary())
    }

    /// The values of the parameter with this name, row-major.
    ///
    /// # Errors
    /// As [`Network::parameter`].
    pub fn parameter(&self, name: &str) -> Result<Vec<f64>> {
        Ok(match self {
            AnyNetwork::F32(network) => {
                network.parameter(name)?.iter().map(|&value| f64::from(value)).collect()
            }
            AnyNetwork::F64(network) => network.parameter(name)?.to_vec(),
        })
    }

    /// The same network in 64 bits.
    pub fn to_f64(&self) -> Network<f64> {
        match self {
            AnyNetwork::F32(network) => network.cast(),
            AnyNetwork::F64(network) => network.clone(),
        }
    }
}

impl From<Network<f32>> for AnyNetwork {
    fn from(network: Network<f32>) -> Self {
        AnyNetwork::F32(network)
    }
}

impl From<Network<f64>> for AnyNetwork {
    fn from(network: Network<f64>) -> Self {
        AnyNetwork::F64(network)
    }
}
