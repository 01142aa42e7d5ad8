//! Element by element: activations, scale, and the update rules, compiled for the path in use.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use crate::activations::Activation;
use crate::optimizers::{Optimizer, StepRule, Update};
use crate::real::Real;

dispatched! {
    /// a = f(z) over `[rows, width]`; softmax row by row.
    pub fn activate<R>(activation: &Activation, width: usize, z: &[R], a: &mut [R]) = activate_portable;
}

#[inline(always)]
fn activate_portable<R: Real>(activation: &Activation, width: usize, z: &[R], a: &mut [R]) {
    activation.forward(width, z, a);
}

dispatched! {
    /// y = eˣ.
    pub(crate) fn exponentials<R>(x: &[R], y: &mut [R]) = exponentials_portable;
}

#[inline(always)]
fn exponentials_portable<R: Real>(x: &[R], y: &mut [R]) {
    assert_eq!(x.len(), y.len(), "x and y have the same length");
    for (y, &x) in y.iter_mut().zip(x) {
        *y = x.exp();
    }
}

dispatched! {
    /// r = √(-2·log(1 - u)): how far from 0 a pair of normal numbers lies, u from [0, 1).
    pub(crate) fn normal_radii<R>(u: &[R], r: &mut [R]) = normal_radii_portable;
}

#[inline(always)]
fn normal_radii_portable<R: Real>(u: &[R], r: &mut [R]) {
    assert_eq!(u.len(), r.len(), "u and r have the same length");
    let minus_two = R::from_f64(-2.0);
    for (r, &u) in r.iter_mut().zip(u) {
        // 1 - u lies in (0, 1] and is exact, so the logarithm is finite.
        *r = (minus_two * (R::ONE - u).log()).sqrt();
    }
}

dispatched! {
    /// dz = da·f'(z) over `[rows, width]`; softmax row by row.
    pub fn activate_backward<R>(activation: &Activation, width: usize, z: &[R], a: &[R], da: &[R], dz: &mut [R]) = activate_backward_portable;
}

#[inline(always)]
fn activate_backward_portable<R: Real>(
    activation: &Activation,
    width: usize,
    z: &[R],
    a: &[R],
    da: &[R],
    dz: &mut [R],
) {
    activation.backward(width, z, a, da, dz);
}

dispatched! {
    /// a = f(z) where z lies; nothing for softmax.
    pub(crate) fn activate_in_place<R>(activation: &Activation, values: &mut [R]) = activate_in_place_portable;
}

#[inline(always)]
fn activate_in_place_portable<R: Real>(activation: &Activation, values: &mut [R]) {
    activation.forward_in_place(values);
}

dispatched! {
    /// dz = da·f'(z) where da lies; nothing for softmax.
    pub(crate) fn activate_backward_in_place<R>(activation: &Activation, z: &[R], a: &[R], d: &mut [R]) = activate_backward_in_place_portable;
}

#[inline(always)]
fn activate_backward_in_place_portable<R: Real>(activation: &Activation, z: &[R], a: &[R], d: &mut [R]) {
    assert_eq!(z.len(), d.len(), "z and dz have the same shape");
    assert_eq!(a.len(), d.len(), "a and dz have the same shape");
    activation.backward_in_place(z, a, d);
}

dispatched! {
    /// x ← factor·x.
    pub(crate) fn scale_in_place<R>(factor: R, x: &mut [R]) = scale_in_place_portable;
}

#[inline(always)]
fn scale_in_place_portable<R: Real>(factor: R, x: &mut [R]) {
    for x in x {
        *x = factor * *x;
    }
}

dispatched! {
    /// x ← mask·x.
    pub(crate) fn multiply_in_place<R>(mask: &[R], x: &mut [R]) = multiply_in_place_portable;
}

#[inline(always)]
fn multiply_in_place_portable<R: Real>(mask: &[R], x: &mut [R]) {
    assert_eq!(mask.len(), x.len(), "mask and x have the same shape");
    for i in 0..x.len() {
        x[i] = mask[i] * x[i];
    }
}

dispatched! {
    /// total ← total + x.
    pub(crate) fn add_in_place<R>(x: &[R], total: &mut [R]) = add_in_place_portable;
}

#[inline(always)]
fn add_in_place_portable<R: Real>(x: &[R], total: &mut [R]) {
    assert_eq!(x.len(), total.len(), "x and the total have the same shape");
    for i in 0..x.len() {
        total[i] += x[i];
    }
}

dispatched! {
    /// x ← 0 + x: a sum of one block, whose -0 becomes +0.
    pub(crate) fn add_zero<R>(x: &mut [R]) = add_zero_portable;
}

#[inline(always)]
fn add_zero_portable<R: Real>(x: &mut [R]) {
    for x in x {
        *x = R::ZERO + *x;
    }
}

dispatched! {
    /// One update of `w` by `dw` (NUMERICS rule 14).
    pub fn update<R>(optimizer: &Optimizer, update: &Update, w: &mut [R], dw: &[R], state: &mut [R]) = update_portable;
}

#[inline(always)]
fn update_portable<R: Real>(optimizer: &Optimizer, update: &Update, w: &mut [R], dw: &[R], state: &mut [R]) {
    optimizer.update(update, w, dw, state);
}

dispatched! {
    /// One update of `w` by `dw` with constants that are already at hand.
    pub(crate) fn apply<R>(rule: &StepRule<R>, w: &mut [R], dw: &[R], state: &mut [R]) = apply_portable;
}

#[inline(always)]
fn apply_portable<R: Real>(rule: &StepRule<R>, w: &mut [R], dw: &[R], state: &mut [R]) {
    rule.update(w, dw, state);
}

dispatched! {
    /// average ← fma(share, target - average, average); a share of 1 copies.
    pub(crate) fn move_towards<R>(share: f64, target: &[R], average: &mut [R]) = move_towards_portable;
}

#[inline(always)]
fn move_towards_portable<R: Real>(share: f64, target: &[R], average: &mut [R]) {
    assert_eq!(target.len(), average.len(), "each average has its value");
    if share == 1.0 {
        return average.copy_from_slice(target);
    }
    let share = R::from_f64(share);
    for (average, &target) in average.iter_mut().zip(target) {
        *average = share.mul_add(target - *average, *average);
    }
}

dispatched! {
    /// dw ← dw cut to [-limit, limit]; NaN stays.
    pub(crate) fn cut<R>(limit: R, dw: &mut [R]) = cut_portable;
}

#[inline(always)]
fn cut_portable<R: Real>(limit: R, dw: &mut [R]) {
    for dw in dw {
        let below = if *dw > limit { limit } else { *dw };
        *dw = if below < -limit { -limit } else { below };
    }
}

dispatched! {
    /// average ← fma(momentum, average, (1 - momentum)·value).
    pub(crate) fn average<R>(momentum: f64, averages: &mut [R], values: &[R]) = average_portable;
}

#[inline(always)]
fn average_portable<R: Real>(momentum: f64, averages: &mut [R], values: &[R]) {
    assert_eq!(averages.len(), values.len(), "each average has its value");
    let (momentum, rest) = (R::from_f64(momentum), R::from_f64(1.0 - momentum));
    for (average, &value) in averages.iter_mut().zip(values) {
        *average = momentum.mul_add(*average, rest * value);
    }
}

dispatched! {
    /// y = factor·x.
    pub fn scale<R>(factor: R, x: &[R], y: &mut [R]) = scale_portable;
}

#[inline(always)]
fn scale_portable<R: Real>(factor: R, x: &[R], y: &mut [R]) {
    assert_eq!(x.len(), y.len(), "x and y have the same shape");
    for i in 0..y.len() {
        y[i] = factor * x[i];
    }
}

dispatched! {
    /// dw ← fma(l2, w, dw), then dw ← dw + sign(w)·l1 where `l1` is not 0 (NUMERICS rule 7).
    pub fn penalise<R>(l2: R, l1: R, w: &[R], dw: &mut [R]) = penalise_portable;
}

#[inline(always)]
pub(super) fn penalise_portable<R: Real>(l2: R, l1: R, w: &[R], dw: &mut [R]) {
    assert_eq!(w.len(), dw.len(), "w and dw have the same shape");
    for i in 0..w.len() {
        dw[i] = l2.mul_add(w[i], dw[i]);
    }
    if l1 != R::ZERO {
        for i in 0..w.len() {
            let sign = if w[i] > R::ZERO {
                R::ONE
            } else if w[i] < R::ZERO {
                -R::ONE
            } else {
                R::ZERO
            };
            dw[i] += sign * l1;
        }
    }
}
