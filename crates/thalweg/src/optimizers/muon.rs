//! Muon: hidden matrices move by the nearest matrix without preferred directions.

use crate::explain::number::short;
use crate::kernels::dense::{self, DenseSizes};
use crate::kernels::sums::sum_of_squares;
use crate::layers::Layer;
use crate::network::PlacedLayer;
use crate::optimizers::{Optimizer, Update};
use crate::real::Real;
use crate::shape::Shape;

/// How much of the old mean stays where nothing is said, as in the source.
pub(super) const DEFAULT_MOMENTUM: f64 = 0.95;
/// How often the iteration is made where nothing is said, as in the source.
pub(super) const DEFAULT_ITERATIONS: usize = 5;
/// The rate of all other parameters as a share of the rate: 1e-3 beside 0.02.
pub(super) const DEFAULT_ADAM_SHARE: f64 = 0.05;

/// The quintic whose iteration brings singular values near 1, fast rather than exactly: a, b, c.
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Keeps the divisor from zero.
const LEAST_NORM: f64 = 1e-7;

/// Steps by the momentum of the gradient with its singular values brought near 1.
///
/// ```text
/// m ← fma(momentum, m, (1-momentum)·dw)
/// X = fma(momentum, m, (1-momentum)·dw)                     Nesterov's look ahead
/// X ← X / max(‖X‖, 1e-7)                                    ‖X‖ in f64; transposed if it is higher than wide
/// iterations times:  A = X·Xᵀ,  B = b·A + c·A·A,  X ← a·X + B·X
/// w ← fma(-rate·√max(1, out_features/in_features), X, w)
/// ```
///
/// The products are those of a dense layer, in its order of additions; the panel plan shares out their rows.
///
/// # Shapes
/// `w`, `dw`, `m`: `[inputs, outputs]`, row-major.
///
/// # Units and ranges
/// `momentum` weighs the old mean, 0.95 by default; 5 iterations by default.
///
/// # Source
/// Jordan, "Muon: an optimizer for hidden layers in neural networks", 2024, with the scale of its implementation. There the
/// iteration runs in 16 bits; here in the network's own type. So it does in `torch.optim.Muon`, which is else the same with
/// `nesterov=True` and `adjust_lr_fn="original"`, its weights being `[out, in]`.
pub(crate) fn update<R: Real>(
    step: &Step<R>,
    sizes: [usize; 2],
    w: &mut [R],
    dw: &[R],
    m: &mut [R],
    room: &mut Room<R>,
) {
    let [inputs, outputs] = sizes;
    let x = &mut room.x[..w.len()];
    for ((m, &g), x) in m.iter_mut().zip(dw).zip(x.iter_mut()) {
        *x = step.look_ahead(m, g);
    }
    let factor = one_over_norm(sum_of_squares(x));
    x.iter_mut().for_each(|x| *x *= factor);
    let is_high = inputs > outputs;
    let (rows, columns) = if is_high { (outputs, inputs) } else { (inputs, outputs) };
    if is_high {
        room.scratch[..w.len()].copy_from_slice(x);
        transpose(inputs, outputs, &room.scratch[..w.len()], x);
    }
    for _ in 0..step.iterations {
        room.iterate(rows, columns);
    }
    let x = &mut room.x[..w.len()];
    if is_high {
        room.scratch[..w.len()].copy_from_slice(x);
        transpose(outputs, inputs, &room.scratch[..w.len()], x);
    }
    step.decay(w);
    for (w, &x) in w.iter_mut().zip(x.iter()) {
        *w = step.minus_rate.mul_add(x, *w);
    }
}

/// The constants of one step of a matrix, rounded to the scalar type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<R> {
    kept: R,
    new: R,
    decay: Option<R>,
    /// How often the iteration is made.
    pub(crate) iterations: usize,
    /// -rate·√max(1, out_features/in_features)
    pub(crate) minus_rate: R,
}

impl<R: Real> Step<R> {
    /// For a matrix of `[inputs, outputs]`, if the optimizer is Muon.
    pub(crate) fn new(optimizer: &Optimizer, update: &Update, [inputs, outputs]: [usize; 2]) -> Option<Self> {
        let Optimizer::Muon { momentum, iterations, .. } = *optimizer else { return None };
        let scale = (outputs as f64 / inputs as f64).max(1.0).sqrt();
        Some(Step {
            kept: R::from_f64(momentum),
            new: R::from_f64(1.0 - momentum),
            decay: super::weight_decay::share(update),
            iterations,
            minus_rate: R::from_f64(-update.learning_rate * scale),
        })
    }

    /// Moves a mean by the gradient, and gives Nesterov's look ahead.
    #[inline(always)]
    pub(crate) fn look_ahead(&self, m: &mut R, g: R) -> R {
        *m = super::settled(self.kept.mul_add(*m, self.new * g));
        self.kept.mul_add(*m, self.new * g)
    }

    /// The decay of weights, before they move.
    pub(crate) fn decay(&self, w: &mut [R]) {
        if let Some(share) = self.decay {
            super::weight_decay::decay(share, w);
        }
    }
}

/// 1 / max(‖X‖, 1e-7)
pub(crate) fn one_over_norm<R: Real>(sum_of_squares: f64) -> R {
    R::from_f64(1.0 / sum_of_squares.sqrt().max(LEAST_NORM))
}

/// Rows of A·A become rows of B = b·A + c·A·A.
pub(crate) fn add_square<R: Real>(a: &[R], square: &mut [R]) {
    let [_, b, c] = QUINTIC.map(R::from_f64);
    for (square, &a) in square.iter_mut().zip(a) {
        *square = b.mul_add(a, c * *square);
    }
}

/// X ← a·X + B·X, the product given.
pub(crate) fn add_product<R: Real>(product: &[R], x: &mut [R]) {
    let [a, _, _] = QUINTIC.map(R::from_f64);
    for (x, &product) in x.iter_mut().zip(product) {
        *x = a.mul_add(*x, product);
    }
}

/// Working memory for matrices of up to some size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room<R> {
    x: Vec<R>,
    product: Vec<R>,
    scratch: Vec<R>,
    /// A, A·A and then B, each as high as wide.
    squares: [Vec<R>; 2],
    zeros: Vec<R>,
}

impl<R: Real> Room<R> {
    /// Room for matrices of these sizes.
    pub(crate) fn new(sizes: impl Iterator<Item = [usize; 2]>) -> Self {
        let (mut len, mut side, mut wide) = (0, 0, 0);
        for [inputs, outputs] in sizes {
            len = len.max(inputs * outputs);
            side = side.max(inputs.min(outputs));
            wide = wide.max(inputs.max(outputs));
        }
        let zeros = |len: usize| vec![R::ZERO; len];
        Room {
            x: zeros(len),
            product: zeros(len),
            scratch: zeros(len),
            squares: [zeros(side * side), zeros(side * side)],
            zeros: zeros(wide),
        }
    }

    /// X ← a·X + (b·A + c·A·A)·X with A = X·Xᵀ, X `[rows, columns]`.
    fn iterate(&mut self, rows: usize, columns: usize) {
        let x = &mut self.x[..rows * columns];
        let [first, second] = &mut self.squares;
        let (first, second) = (&mut first[..rows * rows], &mut second[..rows * rows]);
        let to_square = DenseSizes { rows, in_features: rows, out_features: columns };
        dense::backward_input(to_square, x, x, &mut self.scratch, first);
        let square = DenseSizes { rows, in_features: rows, out_features: rows };
        dense::forward(square, first, first, &self.zeros[..rows], second);
        add_square(first, second);
        let product = &mut self.product[..rows * columns];
        let to_x = DenseSizes { rows, in_features: rows, out_features: columns };
        dense::forward(to_x, second, x, &self.zeros[..columns], product);
        add_product(product, x);
    }
}

fn transpose<R: Real>(rows: usize, columns: usize, from: &[R], to: &mut [R]) {
    for n in 0..rows {
        for j in 0..columns {
            to[j * rows + n] = from[n * columns + j];
        }
    }
}

/// What a step does to the hidden matrix called `w`, line after line.
pub(crate) fn formulas(
    [momentum, iterations]: [f64; 2],
    update: &Update,
    w: &str,
    shape: &Shape,
) -> Vec<String> {
    let (kept, new) = (short(momentum), short(1.0 - momentum));
    let rate = short(update.learning_rate);
    let mut lines = Vec::new();
    if update.weight_decay > 0.0 {
        lines.push(format!("{w} ← {w} - {rate}·{}·{w}", short(update.weight_decay)));
    }
    let [inputs, outputs] = [0, 1].map(|axis| shape.axes().get(axis).copied().unwrap_or(1));
    let [a, b, c] = QUINTIC.map(short);
    lines.push(format!("mean ← {kept}·mean + {new}·d{w}"));
    lines.push(format!("X = {kept}·mean + {new}·d{w}, divided by its norm"));
    lines.push(format!("{} times: A = X·Xᵀ, X ← {a}·X + ({b}·A + {c}·A·A)·X", short(iterations)));
    lines.push(format!("{w} ← {w} - {rate}·√max(1, {outputs}/{inputs})·X"));
    lines
}

/// Whether a layer's weight is a hidden matrix: that of a dense layer between two others.
pub(crate) fn is_hidden(layers: &[PlacedLayer], number: usize) -> bool {
    let is_dense = |layer: &PlacedLayer| matches!(layer.layer, Layer::Dense(_));
    is_dense(&layers[number])
        && layers[..number].iter().any(is_dense)
        && layers[number + 1..].iter().any(is_dense)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: Update = Update { step: 1, learning_rate: 1.0, weight_decay: 0.0 };

    /// The step from 0 by a gradient, without a memory before it.
    fn step(sizes: [usize; 2], dw: &[f64]) -> Vec<f64> {
        let (mut w, mut m) = (vec![0.0; dw.len()], vec![0.0; dw.len()]);
        let mut room = Room::new([sizes].into_iter());
        let muon = Optimizer::Muon { momentum: 0.0, iterations: 5, adam_share: 1.0 };
        let step = Step::new(&muon, &UPDATE, sizes).unwrap();
        update(&step, sizes, &mut w, dw, &mut m, &mut room);
        w
    }

    #[test]
    fn singular_values_come_near_one() {
        // Along two axes, of very different strength: the directions stay, and both get about the same length.
        let w = step([2, 2], &[3.0, 0.0, 0.0, -0.5]);
        assert!(w[1].abs() < 1e-12 && w[2].abs() < 1e-12);
        assert!((-1.3..-0.6).contains(&w[0]) && (0.6..1.3).contains(&w[3]), "{w:?}");
    }

    #[test]
    fn a_high_matrix_is_its_transpose_but_for_the_scale() {
        let dw: Vec<f64> = (0..12).map(|i| f64::from(i * 37 % 23) / 9.0 - 1.0).collect();
        let mut turned = vec![0.0; 12];
        transpose(3, 4, &dw, &mut turned);
        let (wide, high) = (step([3, 4], &dw), step([4, 3], &turned));
        let scale = (4.0_f64 / 3.0).sqrt();
        for n in 0..3 {
            for j in 0..4 {
                assert!((wide[n * 4 + j] - scale * high[j * 3 + n]).abs() < 1e-14);
            }
        }
    }

    /// Ten steps of rate 0.05, momentum 0.9 and a decay of 0.1 on Σ curvature·(w - target)²/2, for a matrix that PyTorch has as `[out, in]`.
    fn ten_steps([out, inputs]: [usize; 2]) -> Vec<f64> {
        let count = out * inputs;
        let irregular = |start: usize| -> Vec<f64> {
            let of = |i: usize| ((start + i) * 7919 % 1009) as f64 / 504.5 - 1.0;
            // [in, out] from [out, in]
            (0..count).map(|i| of(i % out * inputs + i / out)).collect()
        };
        let (mut w, target, curvature) = (irregular(0), irregular(300), irregular(600));
        let (mut m, mut room) = (vec![0.0; count], Room::new([[inputs, out]].into_iter()));
        for step in 1..=10 {
            let rules = Update { step, learning_rate: 0.05, weight_decay: 0.1 };
            let dw: Vec<f64> = (0..count).map(|i| (1.5 + curvature[i]) * (w[i] - target[i])).collect();
            let muon = Optimizer::Muon { momentum: 0.9, iterations: 5, adam_share: 1.0 };
            let step = Step::new(&muon, &rules, [inputs, out]).unwrap();
            update(&step, [inputs, out], &mut w, &dw, &mut m, &mut room);
        }
        let mut turned = vec![0.0; count];
        transpose(inputs, out, &w, &mut turned);
        turned
    }

    /// `reference/torch_optimizers.py` prints these: with its iteration in 64 bits, where ten steps carry on some roundings, and as it
    /// is, in 16 bits of which 8 are digits (2⁻⁹ of an entry of X at most 1, in each of 5 iterations of factor 3.4 a step).
    #[test]
    fn ten_steps_are_torchs() {
        let cases = [
            (
                [3, 2],
                [
                    -0.6891813386688653,
                    0.22436956639290406,
                    0.031090315982413103,
                    -0.11957202296858503,
                    0.05936121124883456,
                    -0.3634132809610375,
                ],
                [
                    -0.6764275395804202,
                    0.21198330967340387,
                    0.02656834508988099,
                    -0.11962528725250456,
                    0.0626204490109342,
                    -0.3639354423446623,
                ],
            ),
            (
                [2, 3],
                [
                    -1.0386641309813416,
                    0.41172368583917557,
                    0.1361977198752939,
                    -0.2536161289538315,
                    -0.11076636182839139,
                    -0.44799879008018056,
                ],
                [
                    -1.039064719910816,
                    0.41218347954893675,
                    0.1369391672505449,
                    -0.25280191534369323,
                    -0.11139964025908689,
                    -0.4484638438496249,
                ],
            ),
        ];
        for (shape, exact, coarse) in cases {
            let ours = ten_steps(shape);
            for ((ours, exact), coarse) in ours.iter().zip(exact).zip(coarse) {
                assert!((ours - exact).abs() < 1e-12, "{ours} and {exact}");
                assert!((ours - coarse).abs() < 0.02, "{ours} and {coarse}");
            }
        }
    }

    #[test]
    fn no_gradient_is_no_step() {
        assert_eq!(step([2, 3], &[0.0; 6]), [0.0; 6]);
    }
}
