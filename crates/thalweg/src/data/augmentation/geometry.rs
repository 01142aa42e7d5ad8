//! Moving, turning and cropping an image.

use super::PixelLayout;
use super::draw::Placement;
use crate::functions::{cos_f64, sin_f64};
use crate::real::Real;

/// Writes the image as it is placed; what comes from outside of it is 0.
pub(super) fn place<R: Real>(
    placement: &Placement,
    between: bool,
    layout: &PixelLayout,
    from: &[R],
    to: &mut [R],
) {
    if between { interpolate(placement, layout, from, to) } else { move_whole(placement, layout, from, to) }
}

/// Whole pixels: flips and shifts.
fn move_whole<R: Real>(placement: &Placement, layout: &PixelLayout, from: &[R], to: &mut [R]) {
    let source = |axis: usize, i: usize, size: usize| {
        let moved = (i as isize).checked_sub(placement.shift[axis])?;
        let moved = usize::try_from(moved).ok().filter(|&at| at < size)?;
        Some(if placement.flip[axis] { size - 1 - moved } else { moved })
    };
    for channel in 0..layout.channels {
        for i in 0..layout.height {
            let row = source(0, i, layout.height);
            for j in 0..layout.width {
                let at = row.zip(source(1, j, layout.width));
                to[layout.at(channel, i, j)] = match at {
                    Some((r, c)) => from[layout.at(channel, r, c)],
                    None => R::ZERO,
                };
            }
        }
    }
}

/// Between pixels: c + o + s·R(θ)·F(p - t), bilinear.
fn interpolate<R: Real>(placement: &Placement, layout: &PixelLayout, from: &[R], to: &mut [R]) {
    let centre = [(layout.height - 1) as f64 / 2.0, (layout.width - 1) as f64 / 2.0];
    let angle = placement.degrees.to_radians();
    let (sine, cosine) = (placement.side * sin_f64(angle), placement.side * cos_f64(angle));
    let turned = |axis: usize, i: usize| {
        let p = i as f64 - centre[axis] - placement.shift[axis] as f64;
        if placement.flip[axis] { -p } else { p }
    };
    for i in 0..layout.height {
        let p = turned(0, i);
        for j in 0..layout.width {
            let q = turned(1, j);
            let r = centre[0] + placement.offset[0] + (cosine * p - sine * q);
            let c = centre[1] + placement.offset[1] + (sine * p + cosine * q);
            let (top, left) = (r.floor(), c.floor());
            let [down, right] = [r - top, c - left].map(R::from_f64);
            let weights = [
                [(R::ONE - down) * (R::ONE - right), (R::ONE - down) * right],
                [down * (R::ONE - right), down * right],
            ];
            for channel in 0..layout.channels {
                let mut sum = R::ZERO;
                for (y, weights) in weights.iter().enumerate() {
                    for (x, &weight) in weights.iter().enumerate() {
                        if let Some(at) = inside(layout, top + y as f64, left + x as f64) {
                            sum = weight.mul_add(from[layout.at(channel, at[0], at[1])], sum);
                        }
                    }
                }
                to[layout.at(channel, i, j)] = sum;
            }
        }
    }
}

/// A whole place as indices, if it lies in the image.
fn inside(layout: &PixelLayout, row: f64, column: f64) -> Option<[usize; 2]> {
    let is_in = row >= 0.0 && column >= 0.0 && row < layout.height as f64 && column < layout.width as f64;
    is_in.then_some([row as usize, column as usize])
}
