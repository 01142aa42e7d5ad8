//! Values worked by hand, derivatives against central differences, behaviour at the ends.

use super::*;
use crate::custom::CustomActivation;

/// Every built-in activation, some with options other than the defaults.
fn all() -> Vec<Activation> {
    let mut all: Vec<Activation> =
        Activation::NAMES.iter().filter_map(|name| Activation::from_name(name)).collect();
    all.push(Activation::LeakyRelu { slope: 0.25 });
    all.push(Activation::Elu { alpha: 2.0 });
    all
}

fn forward<R: Real>(activation: &Activation, z: &[R]) -> Vec<R> {
    let mut a = vec![R::ZERO; z.len()];
    activation.forward(z.len(), z, &mut a);
    a
}

fn backward<R: Real>(activation: &Activation, z: &[R], da: &[R]) -> Vec<R> {
    let mut dz = vec![R::from_f64(77.0); z.len()];
    activation.backward(z.len(), z, &forward(activation, z), da, &mut dz);
    dz
}

#[test]
fn names_lead_to_their_activation_and_back() {
    for name in Activation::NAMES {
        assert_eq!(Activation::from_name(name).expect(name).name(), name);
    }
    assert!(Activation::from_name("swish").is_none());
}

#[test]
fn values_worked_by_hand() {
    let close = |name: &str, z: f64, expected: f64| {
        let a = forward(&Activation::from_name(name).expect(name), &[z])[0];
        assert!(
            (a - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
            "{name}({z}) = {a}, not {expected}"
        );
    };
    close("identity", -3.5, -3.5);
    close("sigmoid", 0.0, 0.5);
    close("sigmoid", 3.0f64, 0.952_574_126_822_433_4);
    close("tanh", 1.0, 0.761_594_155_955_764_9);
    close("relu", -2.0, 0.0);
    close("relu", 2.0, 2.0);
    close("leaky_relu", -2.0, -0.02);
    close("elu", -1.0, -0.632_120_558_828_557_7);
    close("selu", -1.0, -1.111_330_737_812_562_8);
    close("selu", 2.0, 2.101_401_974_710_961);
    close("gelu", 1.0, 0.841_344_746_068_542_9);
    close("gelu_tanh", 1.0, 0.841_191_990_608_276_3);
    close("silu", 1.0, 0.731_058_578_630_004_9);
    close("softplus", 0.0, std::f64::consts::LN_2);
    close("mish", 1.0, 0.865_098_388_267_310_3);
}

#[test]
fn relu_keeps_to_rule_10() {
    let a = forward(&Activation::Relu, &[-1.0f32, -0.0, 0.0, f32::NAN, f32::INFINITY]);
    assert_eq!(a[0].to_bits(), 0.0f32.to_bits());
    assert_eq!(a[1].to_bits(), (-0.0f32).to_bits());
    assert_eq!(a[2], 0.0);
    assert!(a[3].is_nan());
    assert_eq!(a[4], f32::INFINITY);
    assert_eq!(backward(&Activation::Relu, &[-1.0f32, 0.0, 2.0], &[5.0, 5.0, 5.0]), [0.0, 0.0, 5.0]);
}

/// Central differences in f64 with step h are off by h²/6·|f'''| from the formula and by the rounding of f, a few EPSILON
/// of its size on either side, over h. No third derivative here is above 8 (two-fold ELU, and the others below 3).
#[test]
fn derivatives_agree_with_central_differences() {
    let h = 6e-6;
    for activation in all() {
        for i in -40..=40 {
            let z = f64::from(i) * 0.173 + 0.011;
            let softmax = matches!(activation, Activation::Softmax);
            if softmax {
                continue;
            }
            let at = |z: f64| forward(&activation, &[z])[0];
            let numeric = (at(z + h) - at(z - h)) / (2.0 * h);
            let tolerance = h * h / 6.0 * 8.0 + 8.0 * f64::EPSILON * at(z).abs().max(1.0) / h;
            let analytic = backward(&activation, &[z], &[1.0])[0];
            assert!(
                (analytic - numeric).abs() <= tolerance,
                "{}'({z}) = {analytic}, differences say {numeric}",
                activation.name()
            );
        }
    }
}

#[test]
fn softmax_gradient_agrees_with_central_differences() {
    let (z, da) = ([0.3, -1.2, 2.0, 0.0], [0.5, -1.0, 0.25, 2.0]);
    let dz = backward(&Activation::Softmax, &z, &da);
    let h = 6e-6;
    for j in 0..4 {
        let at = |step: f64| {
            let mut moved = z;
            moved[j] += step;
            forward(&Activation::Softmax, &moved).iter().zip(da).map(|(a, da)| a * da).sum::<f64>()
        };
        let numeric = (at(h) - at(-h)) / (2.0 * h);
        // |f'''| ≤ 8 for this row; the sum is of size 2.
        let tolerance = h * h / 6.0 * 8.0 + 16.0 * f64::EPSILON / h;
        assert!((dz[j] - numeric).abs() <= tolerance, "dz[{j}] = {}, differences say {numeric}", dz[j]);
    }
}

#[test]
fn softmax_works_row_by_row_and_ignores_a_shift() {
    let mut a = [0.0; 4];
    Activation::Softmax.forward(2, &[0.0, 0.0, 0.0, Real::log(3.0)], &mut a);
    assert_eq!(a[..2], [0.5, 0.5]);
    assert!((a[2] - 0.25).abs() < 1e-15 && (a[3] - 0.75).abs() < 1e-15);
    // 1024 is added without rounding, so even the bits are the same.
    assert_eq!(
        forward(&Activation::Softmax, &[1.0, 2.5, -3.0]),
        forward(&Activation::Softmax, &[1025.0, 1026.5, 1021.0])
    );
    let sum: f64 = forward(&Activation::Softmax, &[1.0, 2.5, -3.0]).iter().sum();
    assert!((sum - 1.0).abs() < 4.0 * f64::EPSILON);
}

fn ends<R: Real>() {
    for activation in all() {
        for size in [20.0, 100.0, 1000.0, 1e20] {
            for z in [size, -size] {
                let z = [R::from_f64(z), R::ZERO];
                let a = forward(&activation, &z);
                let dz = backward(&activation, &z, &[R::ONE, R::ONE]);
                assert!(
                    a.iter().chain(&dz).all(|v| v.is_finite()),
                    "{} at {z:?}: {a:?} {dz:?}",
                    activation.name()
                );
            }
        }
        let nan = [R::from_f64(f64::NAN)];
        assert!(!forward(&activation, &nan)[0].is_finite(), "{} swallows NaN", activation.name());
    }
}

#[test]
fn nothing_overflows_and_nan_passes() {
    ends::<f32>();
    ends::<f64>();
}

#[test]
fn kinks_are_where_one_sided_derivatives_differ() {
    for activation in all() {
        if matches!(activation, Activation::Softmax) {
            continue;
        }
        let (left, right) =
            (backward(&activation, &[-1e-9], &[1.0])[0], backward(&activation, &[1e-9], &[1.0])[0]);
        assert_eq!(activation.has_kink_at(0.0), (left - right).abs() > 1e-3, "{}", activation.name());
    }
}

#[derive(Debug)]
struct Square;

impl<R: Real> CustomActivation<R> for Square {
    fn name(&self) -> &str {
        "square"
    }
    fn value(&self, z: R) -> R {
        z * z
    }
    fn derivative(&self, z: R, _a: R) -> R {
        z + z
    }
}

#[test]
fn a_users_own_runs_in_both_precisions() {
    let square = Activation::Custom(Arc::new(Square));
    assert_eq!(square.name(), "square");
    assert_eq!(forward(&square, &[3.0f32, -2.0]), [9.0, 4.0]);
    assert_eq!(backward(&square, &[3.0f64, -2.0], &[1.0, 10.0]), [6.0, -40.0]);
}
