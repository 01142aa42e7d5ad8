//! Images with zeros around them, as the fast kernels read them: no place of a kernel needs a test for an edge.
//!
//! A channel is one plane of rows, `pitch` values apart. With a stride there are stride·stride planes for a channel: plane
//! (a, b) has the rows a, a + stride ... and the columns b, b + stride ..., so that what lies under one place of the kernel lies side by
//! side whatever the stride.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::ConvolutionSizes;
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
    pub(super) fn channel(&self) -> usize {
        // Sizes that no memory holds are for the caller to refuse.
        [self.cut[1], self.rows, self.pitch].into_iter().fold(self.cut[0], usize::saturating_mul)
    }

    /// Zeros before each axis.
    pub(super) fn lead(&self) -> [usize; 2] {
        self.lead
    }

    /// Where row `h` and column `l` lie, zeros counted, in their channel.
    #[inline]
    pub(super) fn place(&self, h: usize, l: usize) -> usize {
        let plane = (h % self.cut[0]) * self.cut[1] + l % self.cut[1];
        (plane * self.rows + h / self.cut[0]) * self.pitch + l / self.cut[1]
    }

    /// Where row `h` of a channel of the image begins, and how far apart its values lie: only where the width is not cut.
    #[inline]
    pub fn row(&self, channel: usize, h: usize) -> usize {
        channel * self.channel() + self.place(h + self.lead[0], self.lead[1])
    }

    /// Whether a row of the image lies side by side.
    pub fn is_whole(&self) -> bool {
        self.cut[1] == 1
    }

    /// Puts one example `[channels, height, width]` between its zeros. `to` holds zeros wherever no value goes, and keeps them.
    ///
    /// # Panics
    /// If `x` or `to` has another length than the sizes say.
    pub fn fill<R: Real>(&self, x: &[R], to: &mut [R]) {
        let [height, width] = self.image;
        assert_eq!(x.len(), self.channels * height * width, "x is [channels, height, width]");
        assert!(to.len() >= self.len::<R>(), "an example in planes");
        fill_planes(self, x, to);
    }

    /// Puts one row of a channel in its place.
    #[inline]
    pub fn fill_row<R: Real>(&self, channel: usize, h: usize, x: &[R], to: &mut [R]) {
        let start = channel * self.channel();
        if self.is_whole() {
            let at = self.row(channel, h);
            to[at..at + x.len()].copy_from_slice(x);
        } else {
            for (l, &value) in x.iter().enumerate() {
                to[start + self.place(h + self.lead[0], l + self.lead[1])] = value;
            }
        }
    }
}

dispatched! {
    /// All rows of an example: those that go to one plane after the other, without a division for each value.
    fn fill_planes<R>(planes: &Planes, x: &[R], to: &mut [R]) = fill_planes_portable;
}

#[inline(always)]
fn fill_planes_portable<R: Real>(planes: &Planes, x: &[R], to: &mut [R]) {
    let [height, width] = planes.image;
    let [down, across] = planes.cut;
    let plane = planes.rows * planes.pitch;
    let channel = planes.channel();
    for c in 0..planes.channels {
        for h in 0..height {
            let row = h + planes.lead[0];
            let start = c * channel + (row % down) * across * plane + row / down * planes.pitch;
            let x = &x[(c * height + h) * width..][..width];
            if across == 1 {
                copy(x, &mut to[start + planes.lead[1]..][..width]);
                continue;
            }
            for rest in 0..across {
                // The columns whose distance from the first zero leaves this rest.
                let first = (rest + across - planes.lead[1] % across) % across;
                if first < width {
                    let at = start + rest * plane + (first + planes.lead[1]) / across;
                    let count = (width - first).div_ceil(across);
                    let to = &mut to[at..at + count];
                    if across == 2 {
                        spread::<R, 2>(&x[first..], to);
                    } else {
                        for (to, from) in to.iter_mut().zip(x[first..].chunks(across)) {
                            *to = from[0];
                        }
                    }
                }
            }
        }
    }
}

/// Takes every `N`th value.
#[inline(always)]
fn spread<R: Real, const N: usize>(from: &[R], to: &mut [R]) {
    let (whole, rest) = from.as_chunks::<N>();
    let count = if whole.len() < to.len() { whole.len() } else { to.len() };
    for i in 0..count {
        to[i] = whole[i][0];
    }
    if count < to.len() {
        to[count] = rest[0];
    }
}

/// Copies a short run, by registers: the call that copies any run takes longer than that.
#[inline(always)]
#[allow(clippy::manual_memcpy, reason = "it is what this function is there to avoid")]
fn copy<R: Real>(from: &[R], to: &mut [R]) {
    const RUN: usize = 8;
    let (from, from_rest) = from.as_chunks::<RUN>();
    let (to, to_rest) = to.as_chunks_mut::<RUN>();
    for i in 0..to.len() {
        to[i] = from[i];
    }
    for i in 0..to_rest.len() {
        to_rest[i] = from_rest[i];
    }
}
