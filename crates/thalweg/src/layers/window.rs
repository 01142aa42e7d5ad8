//! Windows over images: how a convolution or a pool walks over its input, and what size comes out.

use super::LayerProblem;
use crate::shape::Shape;

/// What an image is extended by before windows are laid over it. A convolution reads zeros there; a pool leaves it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: every window lies inside the image.
    #[default]
    Valid,
    /// So much that ⌈size / stride⌉ windows fit; with stride 1 the output is as large as the input. Where the sum is odd, the
    /// end gets one more than the beginning (as in PyTorch and TensorFlow).
    Same,
    /// So many rows above and below, and columns left and right: `[[above, below], [left, right]]`.
    Numbers([[usize; 2]; 2]),
}

/// The window of a convolution or a pool, and how it walks over the image.
///
/// ```text
/// output size = ⌊(size + before + after - dilation·(kernel_size - 1) - 1) / stride⌋ + 1      along each axis
/// ```
///
/// # Units and ranges
/// All in pixels, height first: `kernel_size`, `stride` and `dilation` 1 or more.
///
/// # Source
/// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), relationships 6 and 15.
///
/// # Example
/// ```
/// use thalweg::layers::{Padding, Window};
/// let window = Window::square(3).stride(2).padding(Padding::Same);
/// assert_eq!(window.kernel_size, [3, 3]);
/// assert_eq!(window.stride, [2, 2]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub kernel_size: [usize; 2],
    /// From one window to the next.
    pub stride: [usize; 2],
    /// What surrounds the image.
    pub padding: Padding,
    /// From one value that a window reads to the next; 1 leaves nothing out.
    pub dilation: [usize; 2],
}

/// The most that a size of a window may be: far more than any image has pixels on a side.
const MOST: usize = 1 << 20;

/// What the axes are called.
const AXES: [&str; 2] = ["height", "width"];

impl Window {
    /// A window of this height and width that moves by 1, without padding.
    pub const fn new(kernel_size: [usize; 2]) -> Self {
        Window { kernel_size, stride: [1, 1], padding: Padding::Valid, dilation: [1, 1] }
    }

    /// A square window.
    pub const fn square(side: usize) -> Self {
        Window::new([side, side])
    }

    /// The same window, moving by this many pixels in both directions.
    #[must_use]
    pub const fn stride(self, stride: usize) -> Self {
        Window { stride: [stride, stride], ..self }
    }

    /// The same window over an image with this padding.
    #[must_use]
    pub const fn padding(self, padding: Padding) -> Self {
        Window { padding, ..self }
    }

    /// The same window with its values this far apart in both directions.
    #[must_use]
    pub const fn dilation(self, dilation: usize) -> Self {
        Window { dilation: [dilation, dilation], ..self }
    }

    /// The rows and columns before and after an image of this size.
    pub(super) fn ends(&self, size: [usize; 2]) -> [[usize; 2]; 2] {
        match self.padding {
            Padding::Valid => [[0, 0], [0, 0]],
            Padding::Numbers(ends) => ends,
            Padding::Same => [0, 1].map(|axis| {
                let windows = size[axis].div_ceil(self.stride[axis]);
                let read = (windows - 1) * self.stride[axis] + self.reach(axis);
                let both = read.saturating_sub(size[axis]);
                [both / 2, both - both / 2]
            }),
        }
    }

    /// How many pixels lie between a window's first value and its last, both counted.
    fn reach(&self, axis: usize) -> usize {
        self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
    }

    /// The same along both axes.
    pub(super) fn reaches(&self) -> [usize; 2] {
        [self.reach(0), self.reach(1)]
    }

    /// How many windows fit along both axes of an image of this size.
    pub(super) fn output_size(&self, size: [usize; 2]) -> [usize; 2] {
        let ends = self.ends(size);
        [0, 1].map(|axis| {
            let room = size[axis] + ends[axis][0] + ends[axis][1];
            (room - self.reach(axis)) / self.stride[axis] + 1
        })
    }

    /// The number of windows over images of this shape.
    ///
    /// # Errors
    /// [`LayerProblem::ZeroWindow`], [`LayerProblem::NotImage`] and [`LayerProblem::WindowTooLarge`].
    pub(super) fn check(&self, input: &Shape) -> Result<[usize; 2], LayerProblem> {
        let size = image(input)?;
        self.check_options(size)?;
        let ends = self.ends(size);
        for axis in [0, 1] {
            let room = size[axis] + ends[axis][0] + ends[axis][1];
            if room < self.reach(axis) {
                return Err(LayerProblem::WindowTooLarge {
                    axis: AXES[axis],
                    size: size[axis],
                    padding: ends[axis],
                    dilation: self.dilation[axis],
                    kernel_size: self.kernel_size[axis],
                    stride: self.stride[axis],
                });
            }
        }
        Ok(self.output_size(size))
    }

    /// Whether the options are sizes at all, over an image of this size.
    pub(super) fn check_options(&self, size: [usize; 2]) -> Result<(), LayerProblem> {
        let options = [self.kernel_size, self.stride, self.dilation];
        for (name, option) in ["kernel_size", "stride", "dilation"].into_iter().zip(options) {
            if option.iter().any(|&pixels| pixels == 0 || pixels > MOST) {
                return Err(LayerProblem::WindowOption { name, given: option });
            }
        }
        let ends = self.ends(size);
        if ends.iter().flatten().any(|&pixels| pixels > MOST) {
            return Err(LayerProblem::PaddingTooLarge { given: ends });
        }
        Ok(())
    }
}

/// Height and width of an input `[channels, height, width]`.
pub(super) fn image(input: &Shape) -> Result<[usize; 2], LayerProblem> {
    match *input.axes() {
        [_, height, width] => Ok([height, width]),
        _ => Err(LayerProblem::NotImage { input: input.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(window: Window, size: [usize; 2]) -> [usize; 2] {
        window.check(&Shape::from([1, size[0], size[1]])).unwrap()
    }

    #[test]
    fn windows_are_counted_as_by_hand() {
        assert_eq!(size(Window::square(5), [28, 28]), [24, 24]);
        assert_eq!(size(Window::square(2).stride(2), [28, 27]), [14, 13]);
        assert_eq!(size(Window::square(3).dilation(2), [7, 5]), [3, 1]);
        let uneven = Window::new([3, 2]).padding(Padding::Numbers([[1, 0], [0, 2]]));
        assert_eq!(size(uneven, [4, 4]), [3, 5]);
    }

    #[test]
    fn same_keeps_the_size_and_gives_the_end_more() {
        for (side, dilation) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3)] {
            let window = Window::square(side).dilation(dilation).padding(Padding::Same);
            assert_eq!(size(window, [7, 4]), [7, 4], "{side} {dilation}");
        }
        let even = Window::square(2).padding(Padding::Same);
        assert_eq!(even.ends([5, 5]), [[0, 1], [0, 1]]);
        // 7 pixels by 2: windows at 0, 2, 4, 6 read 9 pixels, two more than there are.
        let window = Window::square(3).stride(2).padding(Padding::Same);
        assert_eq!((size(window, [7, 8]), window.ends([7, 8])), ([4, 4], [[1, 1], [0, 1]]));
        // A window narrower than its stride needs nothing.
        assert_eq!(Window::square(1).stride(3).padding(Padding::Same).ends([4, 6]), [[0, 0], [0, 0]]);
    }

    #[test]
    fn what_does_not_fit_shows_its_arithmetic() {
        let refuse = |window: Window, shape: Shape| window.check(&shape).unwrap_err().to_string();
        insta::assert_snapshot!(
            refuse(Window::square(5).dilation(2).stride(2), Shape::from([1, 9, 8])),
            @"has no place for its window: its width would be (8 + 0 + 0 - 2·(5 - 1) - 1) / 2 + 1 = 0, by (width + padding - dilation·(kernel_size - 1) - 1) / stride + 1; make kernel_size smaller, or pad more"
        );
        insta::assert_snapshot!(
            refuse(Window::square(2), Shape::from([28, 28])),
            @"takes images [channels, height, width], but its input has the shape [28, 28]; say network.input_shape = [1, 28, 28] if that is what the rows are, and put no \"flatten\" before it"
        );
        insta::assert_snapshot!(
            refuse(Window::square(0), Shape::from([1, 4, 4])),
            @"has kernel_size = [0, 0]; each must be a whole number from 1 to 1048576"
        );
        let far = Window::square(2).padding(Padding::Numbers([[0, usize::MAX], [0, 0]]));
        insta::assert_snapshot!(
            refuse(far, Shape::from([1, 4, 4])),
            @"has padding = [[0, 18446744073709551615], [0, 0]]; each must be at most 1048576"
        );
    }
}
