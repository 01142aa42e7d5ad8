//! Images with zeros around them, as the fast kernels read them: no place of a kernel needs a test for an edge.
//!
//! A channel is one plane of rows, `pitch` values apart. With a stride there are stride·stride planes for a channel: plane
//! (a, b) has the rows a, a + stride ... and the columns b, b + stride ..., so that what lies under one place of the kernel lies side by
//! side whatever the stride.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::ConvolutionSizes;
use crate::kernels::vector::Vector;
use crate::real::Real;

/// Bytes that may be read behind the last plane: a register's.
const SLACK: usize = 64;

/// Where the values of an image lie among its zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planes {
    channels: usize,
    image: [usize; 2],
    /// Zeros before each axis.
    lead: [usize; 2],
    /// Into how many planes each axis is cut.
    cut: [usize; 2],
    rows: usize,
    pub(super) pitch: usize,
}

impl Planes {
    /// x as its convolution reads it.
    pub fn of_input(sizes: ConvolutionSizes) -> Planes {
        Planes {
            channels: sizes.in_channels,
            image: sizes.image(),
            lead: [sizes.padding[0][0], sizes.padding[1][0]],
            cut: sizes.stride,
            rows: sizes.padded(0).div_ceil(sizes.stride[0]),
            pitch: sizes.padded(1).div_ceil(sizes.stride[1]),
        }
    }

    /// dy as the gradient to the input reads it: whatever the stride, one plane for a channel.
    pub fn of_gradient(sizes: ConvolutionSizes) -> Planes {
        let image = [sizes.out_height(), sizes.out_width()];
        let (mut lead, mut size) = ([0; 2], [0; 2]);
        for axis in 0..2 {
            // Position a of the kernel's first place reads dy at a and before it, at most (span - 1) / stride places.
            lead[axis] = (sizes.span(axis) - 1) / sizes.stride[axis];
            let last = (sizes.image()[axis] + sizes.padding[axis][0] - 1) / sizes.stride[axis];
            size[axis] = lead[axis] + image[axis].max(last + 1);
        }
        Planes { channels: sizes.out_channels, image, lead, cut: [1, 1], rows: size[0], pitch: size[1] }
    }

    /// How many values an example has in planes, zeros and all.
    pub fn len<R>(&self) -> usize {
        self.channels.saturating_mul(self.channel()).saturating_add(SLACK / size_of::<R>())
    }

    /// Whether it has none; never.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// From one channel to the next.
    #[inline(always)]
    pub(super) fn channel(&self) -> usize {
        // Sizes that no memory holds are for the caller to refuse.
        self.cut[0].saturating_mul(self.cut[1]).saturating_mul(self.rows).saturating_mul(self.pitch)
    }

    /// Zeros before each axis.
    pub(super) fn lead(&self) -> [usize; 2] {
        self.lead
    }

    /// Where row `h` and column `l` lie, zeros counted, in their channel.
    #[inline(always)]
    pub(super) fn place(&self, h: usize, l: usize) -> usize {
        let plane = (h % self.cut[0]) * self.cut[1] + l % self.cut[1];
        (plane * self.rows + h / self.cut[0]) * self.pitch + l / self.cut[1]
    }

    /// Puts one example `[channels, height, width]` between its zeros. `to` holds zeros wherever no value goes, and keeps them.
    ///
    /// # Panics
    /// If `x` or `to` has another length than the sizes say.
    pub fn fill<R: Real>(&self, x: &[R], to: &mut [R]) {
        fill(self, x, to);
    }
}

vectorised! {
    fn fill<R>(planes: &Planes, x: &[R], to: &mut [R]) = fill_body;
}

#[inline(always)]
unsafe fn fill_body<R: Real, V: Vector<R>>(planes: &Planes, x: &[R], to: &mut [R]) {
    let [height, width] = planes.image;
    assert_eq!(x.len(), planes.channels * height * width, "x is [channels, height, width]");
    assert!(to.len() >= planes.len::<R>(), "an example in planes");
    for channel in 0..planes.channels {
        let start = channel * planes.channel();
        for h in 0..height {
            let at = (channel * height + h) * width;
            let x = &x[at..at + width];
            let [row, column] = [h + planes.lead[0], planes.lead[1]];
            let first = start + planes.place(row, column);
            // SAFETY: a row of the image, and the places of its values among the zeros, which `len` counts.
            unsafe {
                match planes.cut[1] {
                    1 => V::copy(width, x.as_ptr(), to.as_mut_ptr().add(first)),
                    2 => {
                        let second = start + planes.place(row, column + 1);
                        let to = to.as_mut_ptr();
                        split::<R, V>(x, [to.wrapping_add(first), to.wrapping_add(second)]);
                    }
                    _ => {
                        for l in 0..width {
                            to[start + planes.place(row, column + l)] = x[l];
                        }
                    }
                }
            }
        }
    }
}

/// The values at even places of a row, and those at odd ones.
#[inline(always)]
unsafe fn split<R: Real, V: Vector<R>>(x: &[R], [even, odd]: [*mut R; 2]) {
    let pairs = x.len() / 2;
    let mut start = 0;
    // SAFETY: the caller's pointers reach as many values as there are.
    unsafe {
        while start < pairs {
            let left = pairs - start;
            let count = if left < V::WIDTH { left } else { V::WIDTH };
            let (first, second) = V::load_pairs(count, x.as_ptr().add(2 * start));
            first.store_first(count, even.add(start));
            second.store_first(count, odd.add(start));
            start += V::WIDTH;
        }
        if x.len() % 2 == 1 {
            *even.add(pairs) = x[2 * pairs];
        }
    }
}
