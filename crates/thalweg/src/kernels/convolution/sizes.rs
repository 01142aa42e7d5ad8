//! The sizes of a convolution at work, and their arithmetic.

use std::ops::Range;

use crate::kernels::sums::ROWS;

/// Zeros around an image, for each of its values and of its convolution's, that are too many; so few never are.
const MOST_ZEROS: usize = 16;
const FEW_ZEROS: usize = 1 << 16;

/// The sizes of a convolution over images `[channels, height, width]`. Pairs are for the height and the width, in that order.
///
/// ```text
/// out = (size + before + after - dilation·(kernel_size - 1) - 1) / stride + 1, rounded down
/// ```
///
/// Channels are cut into `groups` runs: output channels of a run see the input channels of the same run only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionSizes {
    /// Channels of x.
    pub in_channels: usize,
    /// Rows of x.
    pub height: usize,
    /// Columns of x.
    pub width: usize,
    /// Channels of y.
    pub out_channels: usize,
    /// Rows and columns of the kernel.
    pub kernel_size: [usize; 2],
    /// From one position of the kernel to the next.
    pub stride: [usize; 2],
    /// Zeros before and after each axis.
    pub padding: [[usize; 2]; 2],
    /// From one value under the kernel to the next.
    pub dilation: [usize; 2],
    /// Runs of channels that see each other; divides both numbers of channels.
    pub groups: usize,
}

impl ConvolutionSizes {
    /// Rows and columns of x.
    pub const fn image(self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// How many values the kernel spans along an axis: dilation·(kernel_size - 1) + 1.
    pub const fn span(self, axis: usize) -> usize {
        self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
    }

    /// The size of an axis with its zeros.
    pub const fn padded(self, axis: usize) -> usize {
        self.image()[axis] + self.padding[axis][0] + self.padding[axis][1]
    }

    /// Rows and columns of y; `None` where the kernel is larger than the padded image, or a size is 0 that must not be, or the groups
    /// do not divide the channels.
    pub fn output(self) -> Option<[usize; 2]> {
        let sizes = [self.in_channels, self.out_channels, self.groups];
        let pairs = [self.kernel_size, self.stride, self.dilation];
        if sizes.contains(&0) || pairs.iter().any(|pair| pair.contains(&0)) {
            return None;
        }
        if !self.in_channels.is_multiple_of(self.groups) || !self.out_channels.is_multiple_of(self.groups) {
            return None;
        }
        let mut output = [0; 2];
        for axis in 0..2 {
            let room = self.padded(axis).checked_sub(self.span(axis))?;
            output[axis] = room / self.stride[axis] + 1;
        }
        Some(output)
    }

    /// Rows of y.
    ///
    /// # Panics
    /// If there is no [`output`](Self::output); so all that follow.
    pub fn out_height(self) -> usize {
        self.checked_output()[0]
    }

    /// Columns of y.
    pub fn out_width(self) -> usize {
        self.checked_output()[1]
    }

    /// Positions of the kernel on an image: values in a channel of y.
    pub fn positions(self) -> usize {
        let [height, width] = self.checked_output();
        height * width
    }

    /// Values of an example of x.
    pub const fn x_len(self) -> usize {
        self.in_channels * self.height * self.width
    }

    /// Values of an example of y.
    pub fn y_len(self) -> usize {
        self.out_channels * self.positions()
    }

    /// Input channels that an output channel sees.
    pub const fn group_inputs(self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of a group.
    pub const fn group_outputs(self) -> usize {
        self.out_channels / self.groups
    }

    /// Terms of an output: weights of an output channel.
    pub const fn terms(self) -> usize {
        self.group_inputs() * self.kernel_size[0] * self.kernel_size[1]
    }

    /// Weights in all: `[out_channels, in_channels / groups, kernel rows, kernel columns]`.
    pub const fn weight_len(self) -> usize {
        self.out_channels * self.terms()
    }

    /// How many examples form a block of NUMERICS rule 4: whole ones, of at most 4,096 positions together, or a single one.
    pub fn block(self) -> usize {
        (ROWS / self.positions()).max(1)
    }

    /// Whether images may lie between zeros ([`Planes`](super::Planes)): far strides and wide padding can make these outweigh all
    /// else.
    pub fn fits_planes(self) -> bool {
        let most = MOST_ZEROS * (self.x_len() + self.y_len()) + FEW_ZEROS;
        let planes = [super::Planes::of_input(self), super::Planes::of_gradient(self)];
        planes.iter().all(|planes| planes.len::<f64>() <= most)
    }

    fn checked_output(self) -> [usize; 2] {
        self.output().expect("sizes are checked where a layer is described")
    }

    /// The positions c along an axis whose term with offset `tap` (dilation times the place in the kernel) lies inside of the
    /// image: 0 ≤ stride·c + tap - before < size.
    #[inline(always)]
    pub(super) fn inside(self, axis: usize, tap: usize, positions: usize) -> Range<usize> {
        let (before, stride) = (self.padding[axis][0], self.stride[axis]);
        let first = before.saturating_sub(tap).div_ceil(stride);
        let end = (self.image()[axis] + before).saturating_sub(tap).div_ceil(stride);
        let end = if end < positions { end } else { positions };
        first.min(end)..end
    }
}

/// The windows of a pooling layer along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// All alike: `size` values each, `stride` apart, the first one `before` values before the image; what lies outside of
    /// the image belongs to no window.
    Regular {
        /// Values of a window.
        size: usize,
        /// From one window to the next.
        stride: usize,
        /// How far the first window begins before the image.
        before: usize,
        /// How far windows may reach behind it.
        after: usize,
    },
    /// So many windows that together cover the axis: window i has the values from ⌊i·size/count⌋ to ⌈(i+1)·size/count⌉.
    Adaptive {
        /// How many windows.
        count: usize,
    },
}

impl Windows {
    /// How many windows an axis of this size has; `None` where a window does not fit, or would hold no value.
    pub fn count(self, size: usize) -> Option<usize> {
        match self {
            Windows::Regular { size: window, stride, before, after } => {
                if window == 0 || stride == 0 || before >= window || after >= window {
                    return None;
                }
                let count = (size + before + after).checked_sub(window)? / stride + 1;
                // The last window must not lie in the padding alone.
                ((count - 1) * stride < size + before).then_some(count)
            }
            Windows::Adaptive { count } => (count > 0 && size > 0).then_some(count),
        }
    }

    /// The values of window `i`, inside of the image.
    #[inline(always)]
    pub fn window(self, i: usize, size: usize) -> Range<usize> {
        match self {
            Windows::Regular { size: window, stride, before, .. } => {
                let end = i * stride + window - before;
                (i * stride).saturating_sub(before)..if end < size { end } else { size }
            }
            Windows::Adaptive { count } => i * size / count..((i + 1) * size).div_ceil(count),
        }
    }
}

/// The sizes of a pooling layer over images `[channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSizes {
    /// Channels of x and y.
    pub channels: usize,
    /// Rows of x.
    pub height: usize,
    /// Columns of x.
    pub width: usize,
    /// The windows along the height and the width.
    pub windows: [Windows; 2],
}

impl PoolSizes {
    /// Rows and columns of y; `None` where a window does not fit.
    pub fn output(self) -> Option<[usize; 2]> {
        Some([self.windows[0].count(self.height)?, self.windows[1].count(self.width)?])
    }

    /// Values of an example of x.
    pub const fn x_len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Values of an example of y.
    ///
    /// # Panics
    /// If there is no [`output`](Self::output).
    pub fn y_len(self) -> usize {
        let [height, width] = self.checked_output();
        self.channels * height * width
    }

    pub(super) fn checked_output(self) -> [usize; 2] {
        self.output().expect("sizes are checked where a layer is described")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_of_a_convolution() {
        let mut sizes = ConvolutionSizes {
            in_channels: 4,
            height: 7,
            width: 9,
            out_channels: 6,
            kernel_size: [3, 2],
            stride: [2, 3],
            padding: [[1, 0], [0, 2]],
            dilation: [2, 1],
            groups: 2,
        };
        // (7 + 1 - 2·2 - 1) / 2 + 1 = 2 and (9 + 2 - 1 - 1) / 3 + 1 = 4.
        assert_eq!(sizes.output(), Some([2, 4]));
        assert_eq!((sizes.weight_len(), sizes.y_len(), sizes.block()), (6 * 2 * 6, 48, 512));
        // Tap 2 of column windows 0, 3, 6, 9: columns 2, 5, 8 are inside, 11 is not.
        assert_eq!(sizes.inside(1, 2, 4), 0..3);
        // Row 0 of the kernel stands at rows -1 and 1.
        assert_eq!(sizes.inside(0, 0, 2), 1..2);
        sizes.groups = 3;
        assert_eq!(sizes.output(), None);
        sizes.groups = 1;
        sizes.dilation = [4, 1];
        assert_eq!(sizes.output(), None);
    }

    #[test]
    fn windows_cover_what_they_say() {
        let regular = Windows::Regular { size: 3, stride: 2, before: 1, after: 0 };
        assert_eq!(regular.count(6), Some(3));
        let windows: Vec<_> = (0..3).map(|i| regular.window(i, 6)).collect();
        assert_eq!(windows, [0..2, 1..4, 3..6]);
        let adaptive = Windows::Adaptive { count: 3 };
        let windows: Vec<_> = (0..3).map(|i| adaptive.window(i, 7)).collect();
        assert_eq!(windows, [0..3, 2..5, 4..7]);
        assert_eq!(Windows::Regular { size: 3, stride: 1, before: 0, after: 0 }.count(2), None);
        assert_eq!(Windows::Regular { size: 2, stride: 1, before: 2, after: 0 }.count(2), None);
    }
}
