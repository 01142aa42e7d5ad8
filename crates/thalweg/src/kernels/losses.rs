//! Losses over rows in lanes: the gradient and the value of every row, to the bits of the single rows.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::vector::Vector;
use crate::losses::{Factors, LabelSmoothing, LaneBatch, LaneGradient, LaneValues, Loss};
use crate::real::Real;

/// Rows lie side by side in multiples of this: at least a register.
const LANES: usize = 16;

vectorised! {
    /// The gradient of a batch whose rows lie in lanes, and each row's loss if `values` are given. Lanes without a row get a
    /// gradient of 0.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, if the stride is no multiple of 16, or for a user's own loss.
    pub(crate) fn in_lanes<R>(
        loss: &Loss, batch: LaneBatch<'_, R>, d: &mut [R], values: Option<&mut [R]>,
    ) = in_lanes_body;
}

#[inline(always)]
pub(super) unsafe fn in_lanes_body<R: Real, V: Vector<R>>(
    loss: &Loss,
    batch: LaneBatch<'_, R>,
    d: &mut [R],
    values: Option<&mut [R]>,
) {
    let len = batch.len();
    assert!(batch.stride.is_multiple_of(LANES), "whole registers lie side by side");
    assert!(batch.predictions.len() >= len && batch.targets.len() >= len, "a prediction and a target each");
    if let Factors::Each(factors) = batch.factors {
        assert!(factors.len() * batch.width >= len, "a factor for each lane");
    }
    let d = &mut d[..len];
    // SAFETY: the caller's instruction set; the asserts above cover all rows and outputs.
    unsafe {
        if loss.is_from_softmax() {
            softmax_cross_entropy::<R, V>(batch, loss.label_smoothing(batch.width), d, values);
        } else if let Some(loss) = loss.multi_margin(batch.width) {
            loss.in_lanes(batch, d, values);
        } else {
            let done = loss.run_separable(batch.width, LaneGradient { batch, d });
            assert!(done.is_some(), "a user's own loss is worked row by row");
            if let Factors::Each(factors) = batch.factors {
                multiply_rows::<R, V>(batch, factors, d);
            }
            if let Some(values) = values {
                loss.run_separable(batch.width, LaneValues { batch, values });
            }
        }
        clear_tail::<R, V>(batch, d);
    }
}

/// The formulas of [`Loss::SoftmaxCrossEntropy`], in its order. The exponentials come in one long loop, which keeps their
/// constants in registers.
#[inline(always)]
unsafe fn softmax_cross_entropy<R: Real, V: Vector<R>>(
    batch: LaneBatch<'_, R>,
    smoothing: Option<LabelSmoothing<R>>,
    d: &mut [R],
    values: Option<&mut [R]>,
) {
    let LaneBatch { rows, width, stride, predictions, targets, factors } = batch;
    let (z, t, e) = (predictions.as_ptr(), targets.as_ptr(), d.as_mut_ptr());
    let mut row = 0;
    while row < rows {
        let mut lane = 0;
        while lane < stride {
            let first = row * width + lane;
            // SAFETY: the caller checked that all blocks lie in the slices; a stride is a multiple of every register.
            unsafe {
                let mut m = V::splat(R::NEG_INFINITY);
                for j in 0..width {
                    m = V::load(z.add(first + j * stride)).larger(m);
                }
                for j in 0..width {
                    V::load(z.add(first + j * stride)).sub(m).store(e.add(first + j * stride));
                }
            }
            lane += V::WIDTH;
        }
        row += stride;
    }
    for e in d.iter_mut() {
        *e = e.exp();
    }
    if let Some(values) = values {
        // SAFETY: the caller's.
        unsafe { softmax_values::<R, V>(batch, smoothing, d, values) }
    }
    let e = d.as_mut_ptr();
    row = 0;
    while row < rows {
        let mut lane = 0;
        while lane < stride {
            let first = row * width + lane;
            // SAFETY: as above.
            unsafe {
                let factor = match factors {
                    Factors::Same(factor) => V::splat(factor),
                    Factors::Each(factors) => V::load(factors.as_ptr().add(row + lane)),
                };
                let mut sum = V::splat(R::ZERO);
                let mut total = V::splat(R::ZERO);
                for j in 0..width {
                    sum = sum.add(V::load(e.add(first + j * stride)));
                    total = total.add(softened(V::load(t.add(first + j * stride)), smoothing));
                }
                for j in 0..width {
                    let at = first + j * stride;
                    let minus_t = V::splat(-R::ZERO).sub(softened(V::load(t.add(at)), smoothing));
                    let p = V::load(e.add(at)).div(sum);
                    // pⱼ·Σₖtₖ - tⱼ
                    p.mul_add(total, minus_t).mul(factor).store(e.add(at));
                }
            }
            lane += V::WIDTH;
        }
        row += stride;
    }
}

/// The rows' losses, given their exponentials; the logarithms come in one loop too.
#[inline(always)]
unsafe fn softmax_values<R: Real, V: Vector<R>>(
    batch: LaneBatch<'_, R>,
    smoothing: Option<LabelSmoothing<R>>,
    e: &[R],
    values: &mut [R],
) {
    let LaneBatch { rows, width, stride, predictions, targets, .. } = batch;
    let values = &mut values[..rows];
    let (z, t, e) = (predictions.as_ptr(), targets.as_ptr(), e.as_ptr());
    let mut row = 0;
    while row < rows {
        let first = row / stride * stride * width + row % stride;
        // SAFETY: the caller checked that all blocks lie in the slices; a stride is a multiple of every register.
        unsafe {
            let mut sum = V::splat(R::ZERO);
            for j in 0..width {
                sum = sum.add(V::load(e.add(first + j * stride)));
            }
            store_some(sum, &mut values[row..]);
        }
        row += V::WIDTH;
    }
    for value in values.iter_mut() {
        *value = value.log();
    }
    row = 0;
    while row < rows {
        let first = row / stride * stride * width + row % stride;
        // SAFETY: as above.
        unsafe {
            let log_sum = load_some::<R, V>(&values[row..]);
            let mut m = V::splat(R::NEG_INFINITY);
            for j in 0..width {
                m = V::load(z.add(first + j * stride)).larger(m);
            }
            let mut loss = V::splat(R::ZERO);
            for j in 0..width {
                let t = softened(V::load(t.add(first + j * stride)), smoothing);
                let surprise = log_sum.sub(V::load(z.add(first + j * stride)).sub(m));
                loss = t.mul_add(surprise, loss).unless_zero(t, loss);
            }
            store_some(loss, &mut values[row..]);
        }
        row += V::WIDTH;
    }
}

/// d ← d times the factor of its row.
#[inline(always)]
unsafe fn multiply_rows<R: Real, V: Vector<R>>(batch: LaneBatch<'_, R>, factors: &[R], d: &mut [R]) {
    let LaneBatch { width, stride, .. } = batch;
    for (i, d) in d.chunks_exact_mut(stride).enumerate() {
        let factors = &factors[i / width * stride..][..stride];
        let mut lane = 0;
        while lane < stride {
            // SAFETY: a stride is a multiple of every register, and both slices are as long.
            unsafe {
                let product = V::load(d.as_ptr().add(lane)).mul(V::load(factors.as_ptr().add(lane)));
                product.store(d.as_mut_ptr().add(lane));
            }
            lane += V::WIDTH;
        }
    }
}

/// Targets as label smoothing leaves them.
#[inline(always)]
unsafe fn softened<R: Real, V: Vector<R>>(t: V, smoothing: Option<LabelSmoothing<R>>) -> V {
    match smoothing {
        None => t,
        // SAFETY: the caller's instruction set.
        Some(LabelSmoothing { keep, share }) => unsafe { V::splat(keep).mul_add(t, V::splat(share)) },
    }
}

/// Writes as many lanes as there is room for.
#[inline(always)]
unsafe fn store_some<R: Real, V: Vector<R>>(lanes: V, to: &mut [R]) {
    if to.len() >= V::WIDTH {
        // SAFETY: there is room for a register.
        return unsafe { lanes.store(to.as_mut_ptr()) };
    }
    let mut all = [R::ZERO; LANES];
    // SAFETY: there is room for a register.
    unsafe { lanes.store(all.as_mut_ptr()) }
    to.copy_from_slice(&all[..to.len()]);
}

/// Reads as many lanes as there are, and 0 in the others.
#[inline(always)]
unsafe fn load_some<R: Real, V: Vector<R>>(from: &[R]) -> V {
    if from.len() >= V::WIDTH {
        // SAFETY: there is a register.
        return unsafe { V::load(from.as_ptr()) };
    }
    let mut all = [R::ZERO; LANES];
    all[..from.len()].copy_from_slice(from);
    // SAFETY: there is a register.
    unsafe { V::load(all.as_ptr()) }
}

/// The gradient of the lanes after the last row.
#[inline(always)]
unsafe fn clear_tail<R: Real, V: Vector<R>>(batch: LaneBatch<'_, R>, d: &mut [R]) {
    let LaneBatch { rows, width, stride, .. } = batch;
    let first = rows % stride;
    if first == 0 {
        return;
    }
    let inside = first % V::WIDTH;
    for j in 0..width {
        let mut lane = first - inside;
        let at = batch.at(rows - first, j);
        // SAFETY: the caller checked that the last block lies in d; a stride is a multiple of every register.
        unsafe {
            let d = d.as_mut_ptr().add(at);
            if inside > 0 {
                V::load(d.add(lane)).first(inside).store(d.add(lane));
                lane += V::WIDTH;
            }
            while lane < stride {
                V::splat(R::ZERO).store(d.add(lane));
                lane += V::WIDTH;
            }
        }
    }
}

/// Within these, outputs have a loss that is finite for certain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputLimits<R> {
    /// What the squares of all outputs may come to.
    pub(crate) squares: R,
    /// What no output may exceed; infinite where their squares say enough.
    pub(crate) largest: R,
}

/// Whether values are within the limits: false for NaN.
#[inline(always)]
pub(super) unsafe fn within_limits<R: Real, V: Vector<R>>(values: &[R], limits: OutputLimits<R>) -> bool {
    assert!(values.len().is_multiple_of(LANES), "the values are whole registers");
    let (mut squares, mut largest) = ([R::ZERO; LANES], [R::NEG_INFINITY; LANES]);
    let mut i = 0;
    // SAFETY: the values are whole registers, and there is room for one in `squares` and in `largest`.
    unsafe {
        let mut sum = V::splat(R::ZERO);
        let mut most = V::splat(R::NEG_INFINITY);
        while i < values.len() {
            let value = V::load(values.as_ptr().add(i));
            sum = value.mul_add(value, sum);
            most = value.larger(most);
            i += V::WIDTH;
        }
        sum.store(squares.as_mut_ptr());
        most.store(largest.as_mut_ptr());
    }
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            squares[l] += squares[l + half];
            largest[l] = if largest[l + half] > largest[l] { largest[l + half] } else { largest[l] };
        }
        half /= 2;
    }
    // NaN is larger than nothing, but its square is not within a limit.
    squares[0] <= limits.squares && largest[0] <= limits.largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::{Targets, Weights};

    fn check<R: Real>(loss: &Loss, rows: usize, width: usize, stride: usize, weighted: bool) {
        let mut state = 7_u64;
        let mut value = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let predictions: Vec<R> = (0..rows * width).map(|_| R::from_f64(8.0 * value() - 4.0)).collect();
        // Some targets are 0, which the softmax cross-entropy leaves out.
        let targets: Vec<R> = (0..rows * width).map(|_| R::from_f64((value() - 0.3).max(0.0))).collect();
        let lanes = |x: &[R], beyond: f64| {
            let mut lanes = vec![R::from_f64(beyond); rows.div_ceil(stride) * stride * width];
            for n in 0..rows {
                for j in 0..width {
                    lanes[n / stride * width * stride + j * stride + n % stride] = x[n * width + j];
                }
            }
            lanes
        };
        let rounded = rows.div_ceil(stride) * stride;
        let weights: Vec<f64> = (0..rows).map(|_| (2.0 * value() - 0.5).max(0.0)).collect();
        let mut room = vec![R::from_f64(f64::NAN); rounded];
        let factors = match weighted {
            true => {
                loss.gradient_factors(Weights::Each(&weights), &mut room);
                Factors::Each(room.as_slice())
            }
            false => Factors::Same(loss.gradient_factor(rows)),
        };
        let batch = LaneBatch {
            rows,
            width,
            stride,
            predictions: &lanes(&predictions, f64::NAN),
            targets: &lanes(&targets, 1.0),
            factors,
        };
        let mut d = vec![R::from_f64(7.0); batch.len()];
        let mut values = vec![R::ZERO; rows];
        in_lanes(loss, batch, &mut d, Some(&mut values));
        let mut row_major = vec![R::ZERO; predictions.len()];
        let mut row_values = vec![R::ZERO; rows];
        let targets = Targets::Values(&targets);
        loss.values_and_gradient_of_piece(
            width,
            factors,
            &predictions,
            targets,
            &mut row_major,
            &mut row_values,
        );
        let name = format!("{}, {rows} rows of {width}, weighted: {weighted}", loss.name());
        let bits = |values: &[R]| -> Vec<u64> { values.iter().map(|value| value.bits()).collect() };
        assert_eq!(bits(&values), bits(&row_values), "values: {name}");
        assert_eq!(bits(&d), bits(&lanes(&row_major, 0.0)), "gradient: {name}");
    }

    #[test]
    fn rows_in_lanes_equal_single_rows() {
        let smoothed = [
            Loss::SmoothedBinaryCrossEntropy { label_smoothing: 0.1 },
            Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.2 },
        ];
        for loss in Loss::NAMES.into_iter().map(|name| Loss::from_name(name).unwrap()).chain(smoothed) {
            for (rows, width, stride) in [(1, 1, 16), (10, 3, 16), (32, 10, 32), (37, 4, 32), (70, 2, 16)] {
                for weighted in [false, true] {
                    check::<f32>(&loss, rows, width, stride, weighted);
                    check::<f64>(&loss, rows, width, stride, weighted);
                }
            }
        }
    }
}
