//! What a scalar type finds of its own in a data set.

use super::features::{Features, FeaturesView};
use crate::kernels::bytes::ByteScale;

/// A scale of bytes in both scalar types.
#[derive(Clone, Debug)]
pub struct ByteScales {
    f32: ByteScale<f32>,
    f64: ByteScale<f64>,
}

impl ByteScales {
    /// The scale under which the byte v stands for `table[v]`.
    pub fn new(table: &[f64; 256]) -> Self {
        ByteScales { f32: ByteScale::new(table), f64: ByteScale::new(table) }
    }
}

/// A scalar type's own part of what a data set keeps for all of them.
pub trait Stored: Sized {
    /// The features, if they are stored in this very type.
    fn stored(features: &Features) -> Option<&[Self]>;
    /// The same, to be written.
    fn stored_mut(features: &mut Features) -> Option<&mut [Self]>;
    /// Features of this type.
    fn features(values: Vec<Self>) -> Features;
    /// The scale of bytes in this type.
    fn byte_scale(scales: &ByteScales) -> &ByteScale<Self>;
}

impl Stored for f32 {
    fn stored(features: &Features) -> Option<&[f32]> {
        match features.view() {
            FeaturesView::F32(values) => Some(values),
            _ => None,
        }
    }

    fn stored_mut(features: &mut Features) -> Option<&mut [f32]> {
        match features {
            Features::F32(values) => Some(values),
            _ => None,
        }
    }

    fn features(values: Vec<f32>) -> Features {
        Features::F32(values)
    }

    fn byte_scale(scales: &ByteScales) -> &ByteScale<f32> {
        &scales.f32
    }
}

impl Stored for f64 {
    fn stored(features: &Features) -> Option<&[f64]> {
        match features.view() {
            FeaturesView::F64(values) => Some(values),
            _ => None,
        }
    }

    fn stored_mut(features: &mut Features) -> Option<&mut [f64]> {
        match features {
            Features::F64(values) => Some(values),
            _ => None,
        }
    }

    fn features(values: Vec<f64>) -> Features {
        Features::F64(values)
    }

    fn byte_scale(scales: &ByteScales) -> &ByteScale<f64> {
        &scales.f64
    }
}
