//! A convolution and its three gradients, as the number contract defines them: every output is one chain of fused
//! multiply-adds in a stated order. Positions of a row are worked side by side, which changes no chain.
//!
//! ```text
//! y[n,o,r,c]  = b[o] + Σᵢ Σₚ Σ_q x[n,i,s·r + d·p - a, s·c + d·q - a]·w[o,i,p,q]     x is 0 outside of the image
//! dx[n,i,h,l] = Σₒ Σᵣ Σ_c dy[n,o,r,c]·w[o,i,p,q] where s·r + d·p - a = h and s·c + d·q - a = l    dy is 0 outside
//! dw[o,i,p,q] += Σₙ Σᵣ Σ_c x[n,i,s·r + d·p - a, s·c + d·q - a]·dy[n,o,r,c]
//! db[o]       += Σₙ Σᵣ Σ_c dy[n,o,r,c]
//! ```
//!
//! s is the stride, d the dilation, a the padding before the axis.
//!
//! Compiled once, for no instruction set in particular: it stands for what the fast kernels are tested against, and works those sizes
//! whose zeros would outweigh all else.
use super::ConvolutionSizes;
use crate::real::Real;

/// `y[n,o,r,c]` = `b[o]` + Σᵢₚ_q x·w: one chain that starts at the bias and runs over (input channel, kernel row, kernel
/// column), ascending. Zeros of the padding are terms like others.
///
/// # Shapes
/// `x`: `[rows, in_channels, height, width]`; `weight`: `[out_channels, in_channels / groups, kernel rows, kernel
/// columns]`; `bias`: `[out_channels]`; `y`: `[rows, out_channels, out_height, out_width]`, overwritten.
///
/// # Panics
/// If a slice does not have the length that `sizes` gives it, or the sizes give no output.
pub(super) fn forward<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    x: &[R],
    weight: &[R],
    bias: &[R],
    y: &mut [R],
) {
    check(sizes, rows, x, weight, y);
    assert_eq!(bias.len(), sizes.out_channels, "b is [out_channels]");
    let (height, width) = (sizes.out_height(), sizes.out_width());
    let (inputs, outputs, terms) = (sizes.group_inputs(), sizes.group_outputs(), sizes.terms());
    let [kernel_rows, kernel_columns] = sizes.kernel_size;
    for n in 0..rows {
        for o in 0..sizes.out_channels {
            let first = o / outputs * inputs;
            let weight = &weight[o * terms..(o + 1) * terms];
            for r in 0..height {
                let at = ((n * sizes.out_channels + o) * height + r) * width;
                let y = &mut y[at..at + width];
                y.fill(bias[o]);
                for i in 0..inputs {
                    let channel = n * sizes.in_channels + first + i;
                    for p in 0..kernel_rows {
                        for q in 0..kernel_columns {
                            let w = weight[(i * kernel_rows + p) * kernel_columns + q];
                            let x = row_of(sizes, x, channel, r, p);
                            add_terms(sizes, x, q * sizes.dilation[1], w, y);
                        }
                    }
                }
            }
        }
    }
}

/// The row of x under row `p` of the kernel at row `r` of y; empty where it lies in the padding.
fn row_of<R>(sizes: ConvolutionSizes, x: &[R], channel: usize, r: usize, p: usize) -> &[R] {
    let h = (r * sizes.stride[0] + p * sizes.dilation[0]).wrapping_sub(sizes.padding[0][0]);
    if h >= sizes.height {
        return &[];
    }
    let at = (channel * sizes.height + h) * sizes.width;
    &x[at..at + sizes.width]
}

/// `y[c]` ← fma(`x[stride·c + tap - before]`, w, `y[c]`) for all c.
fn add_terms<R: Real>(sizes: ConvolutionSizes, x: &[R], tap: usize, w: R, y: &mut [R]) {
    let mut inside = sizes.inside(1, tap, y.len());
    if x.is_empty() {
        inside = 0..0;
    }
    let (start, end) = (inside.start, inside.end);
    for c in 0..start {
        y[c] = R::ZERO.mul_add(w, y[c]);
    }
    let stride = sizes.stride[1];
    if start < end {
        let x = &x[start * stride + tap - sizes.padding[1][0]..];
        let y = &mut y[start..end];
        if stride == 1 {
            let x = &x[..y.len()];
            for c in 0..y.len() {
                y[c] = x[c].mul_add(w, y[c]);
            }
        } else {
            for c in 0..y.len() {
                y[c] = x[c * stride].mul_add(w, y[c]);
            }
        }
    }
    for c in end..y.len() {
        y[c] = R::ZERO.mul_add(w, y[c]);
    }
}

/// `dx[n,i,h,l]` = Σₒᵣ_c dy·w: one chain from 0 over (output channel, row, column) of dy, ascending, among those places of the
/// kernel that fit the stride. dy beyond its edge is 0, and these zeros are terms like others; what the stride leaves out is
/// no term.
///
/// At stride 1 this is the [`forward`] of dy with the kernel turned round.
///
/// # Shapes
/// As for [`forward`]; `dx` is overwritten.
///
/// # Panics
/// As [`forward`].
pub(super) fn input_gradient<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    dy: &[R],
    weight: &[R],
    dx: &mut [R],
) {
    check(sizes, rows, dx, weight, dy);
    let (height, width) = (sizes.out_height(), sizes.out_width());
    let (inputs, outputs, terms) = (sizes.group_inputs(), sizes.group_outputs(), sizes.terms());
    let [kernel_rows, kernel_columns] = sizes.kernel_size;
    dx.fill(R::ZERO);
    for n in 0..rows {
        for i in 0..sizes.in_channels {
            let (first, i_in_group) = (i / inputs * outputs, i % inputs);
            for h in 0..sizes.height {
                let at = ((n * sizes.in_channels + i) * sizes.height + h) * sizes.width;
                let dx = &mut dx[at..at + sizes.width];
                for o in first..first + outputs {
                    // Ascending rows of dy are descending rows of the kernel.
                    for p in (0..kernel_rows).rev() {
                        let Some(r) = place(sizes, 0, h, p) else { continue };
                        let at = ((n * sizes.out_channels + o) * height + r.min(height - 1)) * width;
                        let dy = if r < height { &dy[at..at + width] } else { &[] };
                        for q in (0..kernel_columns).rev() {
                            let w = weight[o * terms + (i_in_group * kernel_rows + p) * kernel_columns + q];
                            add_gradient_terms(sizes, dy, q, w, dx);
                        }
                    }
                }
            }
        }
    }
}

/// The position along an axis whose place `p` of the kernel lies on `h`: (h + before - dilation·p) / stride. `None` where the stride
/// leaves it out; beyond every edge where it lies before the first one.
fn place(sizes: ConvolutionSizes, axis: usize, h: usize, p: usize) -> Option<usize> {
    let (at, tap) = (h + sizes.padding[axis][0], p * sizes.dilation[axis]);
    let stride = sizes.stride[axis];
    if at % stride != tap % stride {
        None
    } else if at >= tap {
        Some((at - tap) / stride)
    } else {
        Some(usize::MAX)
    }
}

/// `dx[l]` ← fma(`dy[c]`, w, `dx[l]`) for all l under column `q` of the kernel at some c, inside of dy or beyond it.
fn add_gradient_terms<R: Real>(sizes: ConvolutionSizes, dy: &[R], q: usize, w: R, dx: &mut [R]) {
    let (stride, before, tap) = (sizes.stride[1], sizes.padding[1][0], q * sizes.dilation[1]);
    if stride == 1 {
        // l = c + tap - before, for c inside of dy.
        let start = tap.saturating_sub(before).min(dx.len());
        let end = (dy.len() + tap).saturating_sub(before).min(dx.len()).max(start);
        for l in 0..start {
            dx[l] = R::ZERO.mul_add(w, dx[l]);
        }
        if start < end {
            let dy = &dy[start + before - tap..end + before - tap];
            let dx = &mut dx[start..end];
            for l in 0..dx.len() {
                dx[l] = dy[l].mul_add(w, dx[l]);
            }
        }
        for l in end..dx.len() {
            dx[l] = R::ZERO.mul_add(w, dx[l]);
        }
        return;
    }
    for l in 0..dx.len() {
        if let Some(c) = place(sizes, 1, l, q) {
            let value = if c < dy.len() { dy[c] } else { R::ZERO };
            dx[l] = value.mul_add(w, dx[l]);
        }
    }
}

/// `dw[o,i,p,q]` += Σₙᵣ_c x·dy and `db[o]` += Σₙᵣ_c dy: chains over (example, row, column), ascending, in blocks of whole
/// examples ([`ConvolutionSizes::block`]). In a block one chain from 0; blocks are added in order. Zeros of the padding are
/// terms like others.
///
/// # Shapes
/// As for [`forward`].
///
/// # Panics
/// As [`forward`].
pub(super) fn parameter_gradients<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
    db: &mut [R],
) {
    check(sizes, rows, x, dw, dy);
    assert_eq!(db.len(), sizes.out_channels, "db is [out_channels]");
    let (inputs, outputs, terms) = (sizes.group_inputs(), sizes.group_outputs(), sizes.terms());
    let (positions, block) = (sizes.positions(), sizes.block());
    let [kernel_rows, kernel_columns] = sizes.kernel_size;
    let mut start = 0;
    while start < rows {
        let end = if rows - start > block { start + block } else { rows };
        for o in 0..sizes.out_channels {
            let mut sum = R::ZERO;
            for n in start..end {
                let at = (n * sizes.out_channels + o) * positions;
                for &dy in &dy[at..at + positions] {
                    sum += dy;
                }
            }
            db[o] += sum;
            for i in 0..inputs {
                let channel = o / outputs * inputs + i;
                for p in 0..kernel_rows {
                    for q in 0..kernel_columns {
                        let at = o * terms + (i * kernel_rows + p) * kernel_columns + q;
                        let mut sum = R::ZERO;
                        for n in start..end {
                            sum = weight_gradient_chain(sizes, n, channel, o, [p, q], x, dy, sum);
                        }
                        dw[at] += sum;
                    }
                }
            }
        }
        start = end;
    }
}

/// The terms of one example, added to a chain.
#[expect(clippy::too_many_arguments, reason = "the place of one weight, and what it is summed over")]
fn weight_gradient_chain<R: Real>(
    sizes: ConvolutionSizes,
    n: usize,
    channel: usize,
    o: usize,
    [p, q]: [usize; 2],
    x: &[R],
    dy: &[R],
    mut sum: R,
) -> R {
    let (height, width) = (sizes.out_height(), sizes.out_width());
    let (stride, tap) = (sizes.stride[1], q * sizes.dilation[1]);
    for r in 0..height {
        let at = ((n * sizes.out_channels + o) * height + r) * width;
        let dy = &dy[at..at + width];
        let x = row_of(sizes, x, n * sizes.in_channels + channel, r, p);
        for c in 0..width {
            let l = (c * stride + tap).wrapping_sub(sizes.padding[1][0]);
            let value = if l < x.len() { x[l] } else { R::ZERO };
            sum = value.mul_add(dy[c], sum);
        }
    }
    sum
}

pub(super) fn check<R>(sizes: ConvolutionSizes, rows: usize, x: &[R], weight: &[R], y: &[R]) {
    assert_eq!(x.len(), rows * sizes.x_len(), "x is [rows, in_channels, height, width]");
    assert_eq!(weight.len(), sizes.weight_len(), "w is [out_channels, in_channels / groups, rows, columns]");
    assert_eq!(y.len(), rows * sizes.y_len(), "y is [rows, out_channels, out_height, out_width]");
}
