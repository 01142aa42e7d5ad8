//! The kernels as other crates call them: compiled in this one for each scalar type, and not again where they are used (as in
//! `crate::compiled`, which is about whole runs).

use super::{Correlation, ParameterPanels, correlation, gradients};

/// The kernels of one example, by the scalar type.
pub trait ConvolutionKernels: Sized {
    /// An example's output, every value a chain over the terms that starts at its channel's bias, or at 0 where `bias` is empty.
    ///
    /// # Shapes
    /// `planes`: an example in [`Planes`](super::Planes); `packed`: the weights in their [`order`](Correlation::order); `bias`:
    /// `[channels]`; `y`: `[channels, height, width]`, of which the places that the work is about are overwritten.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    fn correlate(work: &Correlation, planes: &[Self], packed: &[Self], bias: &[Self], y: &mut [Self]);

    /// dy of an example, `[out_channels, height, width]`, in panels. Behind `dy`'s last value another 64 bytes are read.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    fn to_panels(work: &ParameterPanels, dy: &[Self], to: &mut [Self]);

    /// The chains of one unit of parameters over the positions of one example: from 0, or going on from what is there.
    ///
    /// # Shapes
    /// `x`: an example in planes; `dy`: the same example in panels; `chains`: the unit's [`range`](ParameterPanels::range).
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    fn add_example(
        work: &ParameterPanels,
        unit: usize,
        x: &[Self],
        dy: &[Self],
        goes_on: bool,
        chains: &mut [Self],
    );
}

macro_rules! kernels {
    ($real:ty) => {
        impl ConvolutionKernels for $real {
            fn correlate(
                work: &Correlation,
                planes: &[Self],
                packed: &[Self],
                bias: &[Self],
                y: &mut [Self],
            ) {
                correlation::correlate(work, planes, packed, bias, y);
            }

            fn to_panels(work: &ParameterPanels, dy: &[Self], to: &mut [Self]) {
                gradients::to_panels(work, dy, to);
            }

            fn add_example(
                work: &ParameterPanels,
                unit: usize,
                x: &[Self],
                dy: &[Self],
                goes_on: bool,
                chains: &mut [Self],
            ) {
                gradients::add_example(work, unit, x, dy, goes_on, chains);
            }
        }
    };
}

kernels!(f32);
kernels!(f64);
