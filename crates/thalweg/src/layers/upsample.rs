//! Upsampling: every pixel becomes a rectangle of pixels.

use super::window::image;
use super::{Backward, Forward, Layer, LayerProblem};
use crate::real::Real;
use crate::shape::Shape;

/// Every pixel becomes a rectangle of equal pixels (nearest neighbour).
///
/// ```text
/// forward   y[n,c,i,j]  = x[n,c, ⌊i/f⌋, ⌊j/g⌋]
/// backward  dx[n,c,r,s] = Σ dy[n,c,i,j] over the f·g pixels (i, j) of its rectangle, row by row
/// ```
///
/// # Shapes
/// `x` `[batch, channels, height, width]`, `y` `[batch, channels, f·height, g·width]`.
///
/// # Source
/// Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts" (2016), which puts it before a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsample {
    /// How many times as high and as wide the image becomes: f and g, at least 1.
    pub factor: [usize; 2],
}

impl From<Upsample> for Layer {
    fn from(upsample: Upsample) -> Self {
        Layer::Upsample(upsample)
    }
}

impl Upsample {
    pub(super) fn output_shape(self, input: &Shape) -> Result<Shape, LayerProblem> {
        let [height, width] = image(input)?;
        if self.factor.contains(&0) {
            return Err(LayerProblem::WindowOption { name: "upsample", given: self.factor });
        }
        let axes =
            [input.axes()[0], height.saturating_mul(self.factor[0]), width.saturating_mul(self.factor[1])];
        super::check_size("an output", &axes)?;
        Ok(Shape::from(axes))
    }

    /// y[i,j] = x[⌊i/f⌋, ⌊j/g⌋]
    pub(super) fn forward<R: Real>(self, pass: Forward<'_, R>) {
        let [down, across] = self.factor;
        let width = pass.input.axes()[2];
        for (x, y) in pass.x.chunks_exact(width).zip(pass.y.chunks_exact_mut(down * across * width)) {
            let (first, others) = y.split_at_mut(across * width);
            for (x, y) in x.iter().zip(first.chunks_exact_mut(across)) {
                y.fill(*x);
            }
            others.chunks_exact_mut(across * width).for_each(|row| row.copy_from_slice(first));
        }
    }

    /// dx = Σ dy over the rectangle
    pub(super) fn backward<R: Real>(self, pass: Backward<'_, R>) {
        let Some(dx) = pass.dx else { return };
        let [down, across] = self.factor;
        let width = pass.input.axes()[2];
        dx.fill(R::ZERO);
        for (dx, dy) in dx.chunks_exact_mut(width).zip(pass.dy.chunks_exact(down * across * width)) {
            for dy in dy.chunks_exact(across * width) {
                for (dx, dy) in dx.iter_mut().zip(dy.chunks_exact(across)) {
                    for dy in dy {
                        *dx += *dy;
                    }
                }
            }
        }
    }
}
