//! L-BFGS: a step by what the last gradients tell of the curvature, as far along as the loss falls.

mod line_search;

pub(crate) use line_search::{Point, strong_wolfe};

use crate::kernels::OrderedSum;
use crate::real::Real;

/// How many steps back the curvature is remembered where nothing else is said.
pub(super) const DEFAULT_HISTORY: usize = 10;

/// A pair counts only if sᵀy is more than this share of |s|·|y|: then the curvature along it is positive, however large the inputs are.
const LEAST_CURVATURE: f64 = 1e-10;

/// The memory of L-BFGS, for full batches: the last steps s = w' - w and what they did to the gradient, y = g' - g.
///
/// ```text
/// q ← g;              for each pair, the newest first:  a ← sᵀq/(sᵀy), q ← q - a·y
/// q ← (sᵀy/yᵀy)·q     of the newest pair
///                     for each pair, the oldest first:  b ← yᵀq/(sᵀy), q ← q + (a - b)·s
/// d ← -q;             w ← w + t·d, with t by a line search for the strong Wolfe conditions
/// ```
///
/// Sums are taken in f64 (NUMERICS rule 5), and so is the direction; w, s and y are rounded to the scalar type.
///
/// # Units and ranges
/// The learning rate is the first t that is tried, 1 by default; before there is a pair, no more than 1/Σ|g|.
///
/// # Source
/// Nocedal, Wright, *Numerical optimization* (2nd edition, 2006), algorithms 7.4 and 7.5.
///
/// Where the first t that is tried is taken, the steps are those of `torch.optim.LBFGS(line_search_fn="strong_wolfe")`. Where it is not,
/// PyTorch widens the interval by extrapolation and not by doubling, and narrows it by other bounds: the iterates differ
/// from there on, the minimum does not. PyTorch keeps a pair by sᵀy > 1e-10, whatever its length, and takes s for t·d, not for the
/// difference of the rounded parameters; it ends a step early where loss or gradient hardly change.
#[derive(Clone, Debug)]
pub(crate) struct Memory<R> {
    /// How many values w has.
    len: usize,
    /// s and y of each pair, one after the other, in no order.
    pairs: Vec<R>,
    /// Which pairs there are, the newest first; the places of others follow.
    order: Vec<usize>,
    count: usize,
    /// sᵀy by place.
    curvature: Vec<f64>,
    /// a by place.
    shares: Vec<f64>,
}

impl<R: Real> Memory<R> {
    /// Room for so many pairs of so many values.
    pub(crate) fn new(history: usize, len: usize) -> Self {
        Memory {
            len,
            pairs: vec![R::ZERO; 2 * history * len],
            order: (0..history).collect(),
            count: 0,
            curvature: vec![0.0; history],
            shares: vec![0.0; history],
        }
    }

    /// How many pairs are remembered.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Forgets all pairs.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// s (0) or y (1) of the pair at a place.
    fn vector(&self, place: usize, which: usize) -> &[R] {
        let start = (2 * place + which) * self.len;
        &self.pairs[start..start + self.len]
    }

    /// d = -H·g.
    pub(crate) fn direction(&mut self, g: &[f64], d: &mut [f64]) {
        d.copy_from_slice(g);
        for i in 0..self.count {
            let place = self.order[i];
            let share = dot(self.vector(place, 0), d) / self.curvature[place];
            add(-share, self.vector(place, 1), d);
            self.shares[place] = share;
        }
        if let Some(&newest) = self.order.first().filter(|_| self.count > 0) {
            let y = self.vector(newest, 1);
            let scale = self.curvature[newest] / squares(y);
            d.iter_mut().for_each(|d| *d *= scale);
        }
        for i in (0..self.count).rev() {
            let place = self.order[i];
            let share = dot(self.vector(place, 1), d) / self.curvature[place];
            add(self.shares[place] - share, self.vector(place, 0), d);
        }
        d.iter_mut().for_each(|d| *d = -*d);
    }

    /// Remembers the step from `w` to `new_w`, in place of the oldest pair; not one along which the gradient did not rise.
    pub(crate) fn remember(&mut self, w: [&[R]; 2], g: [&[f64]; 2]) {
        let Some(&place) = self.order.last() else { return };
        let start = 2 * place * self.len;
        let (s, y) = self.pairs[start..start + 2 * self.len].split_at_mut(self.len);
        for i in 0..self.len {
            s[i] = w[1][i] - w[0][i];
            y[i] = R::from_f64(g[1][i] - g[0][i]);
        }
        self.keep(place);
    }

    /// Takes the pair at the last place of the order as the newest, if its curvature is positive.
    fn keep(&mut self, place: usize) {
        let (s, y) = (self.vector(place, 0), self.vector(place, 1));
        let mut sum = OrderedSum::new();
        for (s, y) in s.iter().zip(y) {
            sum.push(s.to_f64() * y.to_f64());
        }
        let curvature = sum.total();
        if curvature > LEAST_CURVATURE * squares(s).sqrt() * squares(y).sqrt() {
            self.curvature[place] = curvature;
            self.order.rotate_right(1);
            self.count = (self.count + 1).min(self.order.len());
        } else if self.count == self.order.len() {
            self.count -= 1; // the oldest was overwritten
        }
    }

    /// Writes the pairs into slots, the newest pair first, s before y; zeros where there are none. `at(slot, i)` says where value
    /// `i` of a slot lies.
    pub(crate) fn write(&self, state: &mut [R], at: impl Fn(usize, usize) -> usize) {
        for rank in 0..self.order.len() {
            for which in 0..2 {
                let vector = self.vector(self.order[rank], which);
                for (i, &value) in vector.iter().enumerate() {
                    state[at(2 * rank + which, i)] = if rank < self.count { value } else { R::ZERO };
                }
            }
        }
    }

    /// Takes the pairs that [`write`](Self::write) wrote.
    pub(crate) fn read(&mut self, state: &[R], at: impl Fn(usize, usize) -> usize) {
        self.count = 0;
        for rank in (0..self.order.len()).rev() {
            let Some(&place) = self.order.last() else { return };
            for which in 0..2 {
                let start = (2 * place + which) * self.len;
                for i in 0..self.len {
                    self.pairs[start + i] = state[at(2 * rank + which, i)];
                }
            }
            self.keep(place);
        }
    }
}

/// aᵀb
fn dot<R: Real>(a: &[R], b: &[f64]) -> f64 {
    let mut sum = OrderedSum::new();
    for (a, b) in a.iter().zip(b) {
        sum.push(a.to_f64() * b);
    }
    sum.total()
}

/// aᵀa
fn squares<R: Real>(a: &[R]) -> f64 {
    crate::kernels::sums::sum_of_squares(a)
}

/// q ← q + share·v
fn add<R: Real>(share: f64, v: &[R], q: &mut [f64]) {
    for (q, v) in q.iter_mut().zip(v) {
        *q += share * v.to_f64();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ½·Σ cᵢ·wᵢ², whose minimum is 0.
    const CURVATURES: [f64; 3] = [1.0, 4.0, 100.0];

    fn gradient(w: &[f64]) -> Vec<f64> {
        w.iter().zip(CURVATURES).map(|(w, c)| c * w).collect()
    }

    #[test]
    fn with_a_pair_along_each_axis_a_step_of_one_ends_in_the_minimum() {
        let mut memory = Memory::new(3, 3);
        for axis in 0..3 {
            let (w, mut moved) = ([0.0; 3], [0.0; 3]);
            moved[axis] = 0.5;
            memory.remember([&w, &moved], [&gradient(&w), &gradient(&moved)]);
        }
        assert_eq!(memory.count(), 3);
        let (w, mut d) = ([3.0, -2.0, 1.0], [0.0; 3]);
        memory.direction(&gradient(&w), &mut d);
        for (w, d) in w.iter().zip(d) {
            assert!((w + d).abs() < 1e-14, "{d}");
        }
    }

    #[test]
    fn no_pair_is_steepest_descent_and_bad_pairs_are_not_kept() {
        let mut memory = Memory::new(2, 3);
        let (g, mut d) = ([1.0, -2.0, 3.0], [0.0; 3]);
        memory.direction(&g, &mut d);
        assert_eq!(d, [-1.0, 2.0, -3.0]);
        memory.remember([&[0.0; 3], &[1.0, 0.0, 0.0]], [&g, &[0.5, -2.0, 3.0]]);
        assert_eq!(memory.count(), 0, "the gradient fell along the step");
    }

    #[test]
    fn a_pair_is_kept_whatever_its_unit() {
        for unit in [1e-9, 1.0, 1e9] {
            let mut memory = Memory::new(1, 3);
            let moved = [0.5 * unit, 0.1 * unit, 0.2 * unit];
            let g = gradient(&moved).iter().map(|g| g / (unit * unit)).collect::<Vec<_>>();
            memory.remember([&[0.0; 3], &moved], [&[0.0; 3], &g]);
            assert_eq!(memory.count(), 1, "in units of {unit}");
        }
    }

    #[test]
    fn written_and_read_it_goes_on_alike() {
        let mut memory = Memory::<f32>::new(2, 3);
        for k in 1..=4_u8 {
            let moved = [0.1 * f32::from(k), 0.2, 0.05 * f32::from(k)];
            let wide: Vec<f64> = moved.iter().map(|&value| f64::from(value)).collect();
            memory.remember([&[0.0; 3], &moved], [&[0.0; 3], &gradient(&wide)]);
        }
        let mut state = [0.0; 12];
        memory.write(&mut state, |slot, i| slot * 3 + i);
        let mut again = Memory::new(2, 3);
        again.read(&state, |slot, i| slot * 3 + i);
        let (mut d, mut other) = ([0.0; 3], [0.0; 3]);
        memory.direction(&[1.0, 2.0, 3.0], &mut d);
        again.direction(&[1.0, 2.0, 3.0], &mut other);
        assert_eq!(d, other);
        assert_eq!(again.count(), 2);
    }
}
