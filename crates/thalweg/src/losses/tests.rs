//! Values worked by hand, gradients against central differences, properties.

use super::*;
use crate::custom::CustomLoss;

const ROW: [f64; 3] = [1.0, -2.0, 0.5];
const TARGET: [f64; 3] = [0.0, 1.0, 0.5];

/// Every built-in loss, one with an option other than the default.
fn all() -> Vec<Loss> {
    let mut all: Vec<Loss> = Loss::NAMES.iter().filter_map(|name| Loss::from_name(name)).collect();
    all.push(Loss::Huber { delta: 0.3 });
    all.push(Loss::Quantile { quantile: 0.9 });
    all.push(Loss::Focal { gamma: 0.0, alpha: 0.5 });
    all.push(Loss::Focal { gamma: 0.5, alpha: 0.6 });
    all.push(Loss::SmoothedBinaryCrossEntropy { label_smoothing: 0.1 });
    all.push(Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.2 });
    all
}

fn gradient<R: Real>(loss: &Loss, predictions: &[R], target: Target<'_, R>) -> Vec<R> {
    let mut d = vec![R::from_f64(77.0); predictions.len()];
    loss.row_gradient(predictions, target, &mut d);
    d
}

#[test]
fn names_lead_to_their_loss_and_back() {
    for name in Loss::NAMES {
        assert_eq!(Loss::from_name(name).expect(name).name(), name);
    }
    assert!(Loss::from_name("mse").is_none());
}

#[test]
fn rows_worked_by_hand() {
    // Differences 1, -3, 0.
    let value = |loss: Loss| loss.row_value(&ROW, Target::Values(&TARGET));
    assert_eq!(value(Loss::SumOfSquares), 10.0);
    assert_eq!(value(Loss::MeanSquaredError), 10.0 / 3.0);
    assert_eq!(value(Loss::HalfSquares), 5.0);
    assert_eq!(value(Loss::MeanAbsoluteError), 4.0 / 3.0);
    assert_eq!(value(Loss::Huber { delta: 1.0 }), (0.5 + 2.5) / 3.0);
    // The first is 1 too high, the second 3 too low.
    assert_eq!(value(Loss::Quantile { quantile: 0.75 }), (0.25 + 2.25) / 3.0);
    let slopes = |loss: Loss| gradient(&loss, &ROW, Target::Values(&TARGET));
    assert_eq!(slopes(Loss::SumOfSquares), [2.0, -6.0, 0.0]);
    assert_eq!(slopes(Loss::MeanSquaredError), [2.0 / 3.0, -2.0, 0.0]);
    assert_eq!(slopes(Loss::HalfSquares), [1.0, -3.0, 0.0]);
    assert_eq!(slopes(Loss::MeanAbsoluteError), [1.0 / 3.0, -1.0 / 3.0, 0.0]);
    assert_eq!(slopes(Loss::Huber { delta: 1.0 }), [1.0 / 3.0, -1.0 / 3.0, 0.0]);
    assert_eq!(slopes(Loss::Quantile { quantile: 0.75 }), [0.25 / 3.0, -0.25, 0.0]);
}

#[test]
fn cross_entropies_worked_by_hand() {
    let ln2 = std::f64::consts::LN_2;
    assert_eq!(Loss::BinaryCrossEntropy.row_value(&[0.0], Target::Class(1)), ln2);
    assert_eq!(gradient(&Loss::BinaryCrossEntropy, &[0.0], Target::Class(1)), [-0.5]);
    assert_eq!(Loss::SoftmaxCrossEntropy.row_value(&[3.0, 3.0], Target::Class(0)), ln2);
    assert_eq!(gradient(&Loss::SoftmaxCrossEntropy, &[3.0, 3.0], Target::Class(0)), [-0.5, 0.5]);
}

/// With half of the certainty gone, a target of 1 of 2 classes is 0.75 and 0.25, and yes is 0.75.
#[test]
fn softened_targets_worked_by_hand() {
    let three = Real::log(3.0_f64); // logits whose probabilities are 3/4 and 1/4: the softened target itself
    let softmax = Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.5 };
    let entropy = -(0.75 * Real::log(0.75_f64) + 0.25 * Real::log(0.25_f64));
    assert!((softmax.row_value(&[three, 0.0], Target::Class(0)) - entropy).abs() < 1e-15);
    assert!(gradient(&softmax, &[three, 0.0], Target::Class(0)).iter().all(|d| d.abs() < 1e-15));
    let binary = Loss::SmoothedBinaryCrossEntropy { label_smoothing: 0.5 };
    assert!((binary.row_value(&[three], Target::Class(1)) - entropy).abs() < 1e-15);
    assert!(gradient(&binary, &[three], Target::Class(1))[0].abs() < 1e-15);
    assert_eq!(gradient(&binary, &[0.0], Target::Class(1)), [-0.25]);
}

/// The worked example of logistic regression: two rows, the first logit 9, the second 12, targets 1 and 0.
#[test]
fn the_first_cost_of_the_worked_example() {
    let cost = Loss::BinaryCrossEntropy.value(1, &[9.0, 12.0], Targets::Classes(&[1, 0]));
    // (log1p(e⁻⁹) + 12 + log1p(e⁻¹²)) / 2. The published 6.000064773192205 takes log(1 - sigmoid(12)), and 1 - sigmoid(12) =
    // 6e-6 carries the rounding of 1: half of 1.1e-16 / 6e-6.
    assert!((cost - 6.000_064_773_191_601).abs() < 1e-15, "{cost}");
    assert!((cost - 6.000_064_773_192_205).abs() < 9e-12, "{cost}");
    let mut dlogits = [0.0; 2];
    Loss::BinaryCrossEntropy.gradient(1, &[9.0, 12.0], Targets::Classes(&[1, 0]), &mut dlogits);
    // db is their sum, dw0 = 1·dz0 + 2·dz1, dw1 = 3·dz0 + 4·dz1.
    assert!((dlogits[0] + dlogits[1] - 0.499_935_23).abs() < 5e-9);
    assert!((dlogits[0] + 2.0 * dlogits[1] - 0.999_932_16).abs() < 5e-9);
    assert!((3.0 * dlogits[0] + 4.0 * dlogits[1] - 1.999_802_62).abs() < 5e-9);
}

/// With step h a central difference is off by h²/6·|f'''|, at most 8 here (for the focal loss; 1/8 for the cross-entropies), and
/// by the rounding of the loss, some EPSILON of its size (at most 10) on either side, over h.
#[test]
fn gradients_agree_with_central_differences() {
    let h = 6e-6;
    let tolerance = h * h / 6.0 * 8.0 + 8.0 * f64::EPSILON * 10.0 / h;
    // No difference lies within h of 0, 0.3 or 1, where two of the losses have kinks in value or slope.
    let (row, probabilities) = ([0.7, -1.4, 0.5, 2.0], [0.1, 0.2, 0.3, 0.4]);
    for loss in all() {
        for target in [Target::Values(&probabilities), Target::Class(2)] {
            let analytic = gradient(&loss, &row, target);
            for j in 0..row.len() {
                let at = |step: f64| {
                    let mut moved = row;
                    moved[j] += step;
                    loss.row_value(&moved, target)
                };
                let numeric = (at(h) - at(-h)) / (2.0 * h);
                assert!(
                    (analytic[j] - numeric).abs() <= tolerance,
                    "{} by prediction {j}: {}, differences say {numeric}",
                    loss.name(),
                    analytic[j]
                );
            }
        }
    }
}

#[test]
fn a_class_is_its_one_hot_row_to_the_bit() {
    let row = [0.3, -1.7, 2.2];
    for loss in all() {
        let one_hot = Target::Values(&[0.0, 1.0, 0.0]);
        assert_eq!(loss.row_value(&row, Target::Class(1)), loss.row_value(&row, one_hot), "{}", loss.name());
        assert_eq!(
            gradient(&loss, &row, Target::Class(1)),
            gradient(&loss, &row, one_hot),
            "{}",
            loss.name()
        );
    }
    // One output: the class is a number.
    assert_eq!(Loss::SumOfSquares.row_value(&[3.0], Target::Class(1)), 4.0);
    assert_eq!(Loss::SumOfSquares.row_value(&[3.0], Target::Class(0)), 9.0);
}

#[test]
fn shifting_logits_leaves_the_softmax_alone() {
    // 1024 is added to these without rounding.
    let (row, shifted) = ([1.0, -2.5, 0.25], [1025.0, 1021.5, 1024.25]);
    let loss = Loss::SoftmaxCrossEntropy;
    for target in [Target::Class(1), Target::Values(&[0.5, 0.25, 0.25])] {
        assert_eq!(loss.row_value(&row, target), loss.row_value(&shifted, target));
        assert_eq!(gradient(&loss, &row, target), gradient(&loss, &shifted, target));
    }
    // Every row of the gradient adds up to nothing.
    let sum: f64 = gradient(&loss, &row, Target::Class(1)).iter().sum();
    assert!(sum.abs() < 4.0 * f64::EPSILON);
}

#[test]
fn huber_with_a_large_delta_is_half_the_squared_error() {
    let huber = Loss::Huber { delta: 1e6 };
    let target = Target::Values(&TARGET);
    assert_eq!(huber.row_value(&ROW, target), 0.5 * Loss::MeanSquaredError.row_value(&ROW, target));
    // And with a small one, delta times the absolute error, less ½·delta for each output that is off.
    let (delta, absolute) = (1e-3, Loss::MeanAbsoluteError.row_value(&ROW, target));
    let small = Loss::Huber { delta }.row_value(&ROW, target);
    assert!((small - delta * (absolute - 0.5 * delta * 2.0 / 3.0)).abs() < 1e-17);
}

#[test]
fn the_median_is_half_the_absolute_error() {
    let target = Target::Values(&TARGET);
    let median = Loss::Quantile { quantile: 0.5 }.row_value(&ROW, target);
    assert_eq!(median, 0.5 * Loss::MeanAbsoluteError.row_value(&ROW, target));
}

#[test]
fn log_cosh_is_a_parabola_near_zero_and_a_line_far_away() {
    let ln2 = std::f64::consts::LN_2;
    let value = |d: f64| Loss::LogCosh.row_value(&[d], Target::Values(&[0.0]));
    // d²/2 - d⁴/12 + ..., with all its digits.
    assert!((value(1e-3) / (5e-7 - 1e-12 / 12.0) - 1.0).abs() < 1e-12);
    let single = Loss::LogCosh.row_value(&[1e-4_f32], Target::Values(&[0.0]));
    assert!((single / 5e-9 - 1.0).abs() < 1e-6, "{single}");
    // Where the two forms meet.
    let step = value(1.0) - value(1.0 - f64::EPSILON);
    assert!(step.abs() < 4.0 * f64::EPSILON, "{step}");
    assert_eq!(value(40.0), 40.0 - ln2);
    assert_eq!(gradient(&Loss::LogCosh, &[40.0], Target::Values(&[0.0])), [1.0]);
}

#[test]
fn the_focal_loss_without_focus_is_a_share_of_the_cross_entropy() {
    let (flat, half) = (Loss::Focal { gamma: 0.0, alpha: 0.5 }, Loss::BinaryCrossEntropy);
    for z in [-3.0, 0.0, 2.5] {
        for class in [0, 1] {
            let target = Target::Class(class);
            assert_eq!(flat.row_value(&[z], target), 0.5 * half.row_value(&[z], target));
            assert_eq!(gradient(&flat, &[z], target), [0.5 * gradient(&half, &[z], target)[0]]);
        }
    }
    // Nor does it ever overflow where the network is sure and right.
    for gamma in [0.0, 0.05, 0.5, 2.0] {
        for z in [-200.0_f32, -100.0, -95.0, -90.0, -80.0, 80.0, 90.0, 95.0, 100.0, 200.0] {
            for class in [0, 1] {
                let slope = gradient(&Loss::Focal { gamma, alpha: 0.25 }, &[z], Target::Class(class))[0];
                assert!(slope.is_finite(), "gamma {gamma}, z {z}, class {class}: {slope}");
            }
        }
    }
    // p = ½: ¼·½²·log 2 for class 1, three times as much for class 0.
    let focal = Loss::Focal { gamma: 2.0, alpha: 0.25 };
    let ln2 = std::f64::consts::LN_2;
    assert!((focal.row_value(&[0.0], Target::Class(1)) - ln2 / 16.0).abs() < 1e-16);
    assert!((focal.row_value(&[0.0], Target::Class(0)) - 3.0 * ln2 / 16.0).abs() < 1e-16);
}

#[test]
fn the_binary_cross_entropy_is_a_softmax_of_two() {
    for z in [-30.0f64, -1.5, 0.0, 0.25, 7.0] {
        for class in [0, 1] {
            let binary = Loss::BinaryCrossEntropy.row_value(&[z], Target::Class(class));
            let softmax = Loss::SoftmaxCrossEntropy.row_value(&[0.0, z], Target::Class(class));
            assert!((binary - softmax).abs() <= 4.0 * f64::EPSILON * f64::max(softmax, 1.0));
        }
    }
}

fn ends<R: Real>() {
    for loss in all() {
        for z in [1000.0, -1000.0] {
            let row = [R::from_f64(z), R::ZERO];
            for class in [0, 1] {
                let value = loss.row_value(&row, Target::Class(class));
                let slopes = gradient(&loss, &row, Target::Class(class));
                // A rate of e^1000 is beyond every number, and what it costs is infinite.
                if loss.from_log_rates() && z > 0.0 {
                    assert_eq!(value.to_f64(), f64::INFINITY);
                    continue;
                }
                assert!(value.is_finite() && slopes.iter().all(|d| d.is_finite()), "{} at {z}", loss.name());
            }
        }
        let row = [R::from_f64(f64::NAN), R::ZERO];
        assert!(!loss.row_value(&row, Target::Class(1)).is_finite(), "{} swallows NaN", loss.name());
        assert!(!gradient(&loss, &row, Target::Class(1))[0].is_finite(), "{} swallows NaN", loss.name());
    }
}

#[test]
fn nothing_overflows_and_nan_passes() {
    ends::<f32>();
    ends::<f64>();
}

#[test]
fn value_and_gradient_at_once_and_in_pieces_are_the_same_bits() {
    let predictions: Vec<f32> = (0..30).map(|i| ((i * 37) % 23) as f32 / 7.0 - 1.5).collect();
    let classes: Vec<u32> = (0..10).map(|n| (n * 2) % 3).collect();
    let targets = Targets::Classes(&classes);
    for loss in all() {
        let mut whole = vec![0.0; 30];
        loss.gradient(3, &predictions, targets, &mut whole);
        let (mut pieces, mut values) = (vec![0.0; 30], vec![0.0; 10]);
        let factors = Factors::Same(loss.gradient_factor(10));
        for (first, rows) in [(0, 4), (4, 6)] {
            let at = first * 3..(first + rows) * 3;
            loss.values_and_gradient_of_piece(
                3,
                factors,
                &predictions[at.clone()],
                targets.piece(first, rows, 3),
                &mut pieces[at],
                &mut values[first..first + rows],
            );
        }
        assert_eq!(whole, pieces, "{}", loss.name());
        let mut sum = OrderedSum::new();
        sum.push_all(&values);
        assert_eq!(
            loss.join::<f32>(sum.total(), 10.0),
            loss.value(3, &predictions, targets),
            "{}",
            loss.name()
        );
    }
}

#[test]
fn a_sum_adds_its_rows_and_a_mean_averages_them() {
    let (predictions, targets) = ([1.0, 2.0, 3.0, 4.0], Targets::Values(&[0.0; 4]));
    assert_eq!(Loss::SumOfSquares.value(2, &predictions, targets), 30.0);
    assert_eq!(Loss::HalfSquares.value(2, &predictions, targets), 7.5);
    let mut d = [0.0; 4];
    Loss::SumOfSquares.gradient(2, &predictions, targets, &mut d);
    assert_eq!(d, [2.0, 4.0, 6.0, 8.0]);
    Loss::HalfSquares.gradient(2, &predictions, targets, &mut d);
    assert_eq!(d, [0.5, 1.0, 1.5, 2.0]);
}

#[derive(Debug)]
struct Cubes;

impl<R: Real> CustomLoss<R> for Cubes {
    fn name(&self) -> &str {
        "cubes"
    }
    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }
    fn row_value(&self, predictions: &[R], _target: Target<'_, R>) -> R {
        predictions.iter().map(|&p| p * p * p).sum()
    }
    fn row_gradient(&self, predictions: &[R], _target: Target<'_, R>, dpredictions: &mut [R]) {
        for (d, &p) in dpredictions.iter_mut().zip(predictions) {
            *d = R::from_f64(3.0) * p * p;
        }
    }
}

#[test]
fn a_users_own_runs_in_both_precisions() {
    let cubes = Loss::Custom(Arc::new(Cubes));
    assert_eq!((cubes.name(), cubes.reduction(), cubes.from_logits()), ("cubes", Reduction::Sum, false));
    assert_eq!(cubes.value(1, &[1.0f32, 2.0], Targets::Classes(&[0, 0])), 9.0);
    let mut d = [0.0; 2];
    cubes.gradient(1, &[1.0f64, 2.0], Targets::Classes(&[0, 0]), &mut d);
    assert_eq!(d, [3.0, 12.0]);
}
