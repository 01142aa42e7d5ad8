//! First steps worked by hand, ten steps against `reference/optimizers.py`, the state's floor.

use super::*;
use crate::custom::CustomOptimizer;

const START: [f64; 4] = [0.5, -1.25, 2.0, -0.125];
const TARGET: [f64; 4] = [1.0, 1.0, -1.0, -0.25];
const CURVATURE: [f64; 4] = [1.0, 0.5, 2.0, 8.0];

fn first_step(optimizer: &Optimizer, weight_decay: f64) -> ([f64; 2], Vec<f64>) {
    let (mut w, mut state) = ([1.0, 2.0], vec![0.0; 2 * optimizer.state_slots()]);
    optimizer.update(
        &Update { step: 1, learning_rate: 0.25, weight_decay },
        &mut w,
        &[2.0, -4.0],
        &mut state,
    );
    (w, state)
}

#[test]
fn names_lead_to_their_optimizer_and_back() {
    for name in Optimizer::NAMES {
        let optimizer = Optimizer::from_name(name).expect(name);
        assert_eq!(optimizer.name(), name);
        assert_eq!(optimizer.slot_names().len(), optimizer.state_slots());
    }
    assert!(Optimizer::from_name("adabound").is_none());
}

#[test]
fn first_steps_worked_by_hand() {
    assert_eq!(first_step(&Optimizer::Sgd, 0.0), ([0.5, 3.0], vec![]));
    // Before the step, a quarter of a half is taken off: 1 - 1/8, 2 - 2/8.
    assert_eq!(first_step(&Optimizer::Sgd, 0.5), ([0.375, 2.75], vec![]));
    let heavy = Optimizer::Momentum { momentum: 0.5, nesterov: false };
    assert_eq!(first_step(&heavy, 0.0), ([0.5, 3.0], vec![2.0, -4.0]));
    // The step is 2 + 0.5·2 = 3 and -4 - 0.5·4 = -6.
    let nesterov = Optimizer::Momentum { momentum: 0.5, nesterov: true };
    assert_eq!(first_step(&nesterov, 0.0), ([0.25, 3.5], vec![2.0, -4.0]));
    // v = ¾·4 and ¾·16, √v = √3 and 2√3: both gradients become 2/√3 in size.
    let (w, state) = first_step(&Optimizer::RmsProp { rho: 0.25, epsilon: 0.0 }, 0.0);
    let step = 0.25 * 2.0 / 3.0_f64.sqrt();
    assert_eq!(state, [3.0, 12.0]);
    assert!((w[0] - (1.0 - step)).abs() < 1e-15 && (w[1] - (2.0 + step)).abs() < 1e-15);
    // Adam's first step is the sign of the gradient: m/(1-β1) = dw, √(v/(1-β2)) = |dw|.
    let (w, state) = first_step(&Optimizer::Adam { beta1: 0.5, beta2: 0.75, epsilon: 0.0 }, 0.0);
    assert_eq!((w, state), ([0.75, 2.25], vec![1.0, -2.0, 1.0, 4.0]));
    // So are Adagrad's, Lion's and Rprop's.
    assert_eq!(first_step(&Optimizer::Adagrad { epsilon: 0.0 }, 0.0), ([0.75, 2.25], vec![4.0, 16.0]));
    let lion = Optimizer::Lion { beta1: 0.5, beta2: 0.75 };
    assert_eq!(first_step(&lion, 0.0), ([0.75, 2.25], vec![0.5, -1.0]));
    let rprop = Optimizer::from_name("rprop").expect("a name of the list");
    assert_eq!(first_step(&rprop, 0.0), ([0.75, 2.25], vec![2.0, -4.0, 0.25, 0.25]));
    // v = ½·4 + ½·0 and so on; √(½) / √(2 + ½)·2 and √(½) / √(8 + ½)·-4.
    let (w, _) = first_step(&Optimizer::Adadelta { rho: 0.5, epsilon: 0.5 }, 0.0);
    let steps = [2.0 * 0.2_f64.sqrt(), -4.0 * (0.5_f64 / 8.5).sqrt()];
    assert!((w[0] - (1.0 - 0.25 * steps[0])).abs() < 1e-15);
    assert!((w[1] - (2.0 - 0.25 * steps[1])).abs() < 1e-15);
}

fn ten_steps<R: Real>(optimizer: &Optimizer, weight_decay: f64) -> Vec<R> {
    let mut w = START.map(R::from_f64);
    let mut state = vec![R::ZERO; 4 * optimizer.state_slots()];
    for step in 1..=10 {
        let mut dw = [R::ZERO; 4];
        for i in 0..4 {
            dw[i] = R::from_f64(CURVATURE[i]) * (w[i] - R::from_f64(TARGET[i]));
        }
        optimizer.update(&Update { step, learning_rate: 0.0625, weight_decay }, &mut w, &dw, &mut state);
    }
    w.to_vec()
}

/// The numbers are printed by `reference/optimizers.py`.
#[test]
fn ten_steps_agree_with_the_documented_formulas() {
    let adam_w = Optimizer::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.125 };
    let named = |name| Optimizer::from_name(name).expect(name);
    let cases = [
        (named("sgd"), [0.7377697624756365, -0.6379463525122893, -0.21077327150851488, -0.2498779296875]),
        (named("momentum"), [1.2261408392702857, 0.9480941766903611, -2.5499374743830936, -0.239034404]),
        (
            Optimizer::Momentum { momentum: 0.9, nesterov: true },
            [1.1732414070243233, 0.9991689322760415, -1.7391547313659685, -0.2520373074140747],
        ),
        (
            named("rmsprop"),
            [0.9969841068627366, -0.27033785055951665, 0.9913619484462176, -0.24766545692180694],
        ),
        (named("adam"), [1.0516886607596063, -0.6320473726288095, 1.3799837996086577, -0.2274577502109432]),
        (adam_w, [1.0052205057054253, -0.5603159053724475, 1.2518857086111874, -0.2248489440821432]),
        (named("adagrad"), [0.768810089542361, -0.9449591559010871, 1.692700295219386, -0.249611799568849]),
        (
            named("adadelta"),
            [0.5021066991802257, -1.2478911489307891, 1.9978909893134362, -0.12709856734346017],
        ),
        (named("nadam"), [0.8977447702399455, -0.7645993002053703, 1.5094861287440844, -0.2550420784056229]),
        (named("lion"), [1.125, -0.625, 1.375, -0.25]),
        (named("rprop"), [0.949548, 0.37241763199999967, 0.37758236800000033, -0.2415]),
    ];
    for (optimizer, expected) in cases {
        let (double, single) = (
            ten_steps::<f64>(&optimizer, optimizer.weight_decay()),
            ten_steps::<f32>(&optimizer, optimizer.weight_decay()),
        );
        for i in 0..4 {
            // Ten steps of some ten roundings of numbers up to 4: 400 half EPSILONs. The constants' own error in f32 is one of them.
            let error = |epsilon: f64, w: f64| ((w - expected[i]) / (200.0 * epsilon)).abs();
            assert!(
                error(f64::EPSILON, double[i]) < 1.0,
                "{}: {double:?}, not {expected:?}",
                optimizer.name()
            );
            let single = f64::from(single[i]);
            assert!(
                error(f64::from(f32::EPSILON), single) < 1.0,
                "{}: {single}, not {}",
                optimizer.name(),
                expected[i]
            );
        }
    }
}

#[test]
fn nadams_product_ends_where_it_counts_for_nothing() {
    // Below EPSILON/4, which is added to 1 without a trace, the product is not taken any more.
    let all = |t: u64| (1..=t).map(|step| nadam::momentum(0.9, step)).product::<f64>();
    for t in [1, 2, 20, 50, 300] {
        assert_eq!(1.0 - nadam::product(0.9, t), 1.0 - all(t));
    }
    assert_eq!((nadam::product(0.9, 2), nadam::product(0.9, 300)), (all(2), 0.0));
}

#[test]
fn rprop_takes_back_its_pace_where_the_gradient_turns() {
    let rprop = Optimizer::from_name("rprop").expect("a name of the list");
    let (mut w, mut state) = ([0.0], [0.0; 2]);
    let mut step = |dw: f64| {
        let update = Update { step: 1, learning_rate: 0.25, weight_decay: 0.0 };
        rprop.update(&update, &mut w, &[dw], &mut state);
        (w[0], state[1])
    };
    assert_eq!(step(1.0), (-0.25, 0.25));
    assert_eq!(step(9.0), (-0.25 - 1.2 * 0.25, 1.2 * 0.25)); // the size does not matter
    let after = step(-1.0); // turned: no step, half the pace
    assert_eq!(after, (-0.25 - 1.2 * 0.25, 0.5 * (1.2 * 0.25)));
    assert_eq!(step(-1.0), (after.0 + after.1, after.1)); // the turn is forgotten
}

fn floor<R: Real>(floor: f64) {
    let half_floor = R::from_f64(floor / 2.0);
    let update = Update { step: 5, learning_rate: 0.5, weight_decay: 0.0 };
    let heavy = Optimizer::Momentum { momentum: 0.5, nesterov: false };
    let (mut w, mut state) = ([R::ONE; 3], [half_floor, R::from_f64(4.0 * floor), R::from_f64(f64::NAN)]);
    heavy.update(&update, &mut w, &[R::ZERO; 3], &mut state);
    assert_eq!(state[0], R::ZERO);
    assert_eq!(state[1], R::from_f64(2.0 * floor));
    assert!(!state[2].is_finite() && !w[2].is_finite());
}

#[test]
fn state_below_the_floor_becomes_zero() {
    floor::<f32>(1e-30);
    floor::<f64>(1e-290);
}

#[test]
fn where_a_run_of_parameters_is_cut_does_not_matter() {
    for name in Optimizer::ELEMENTWISE_NAMES {
        let optimizer = Optimizer::from_name(name).expect(name);
        let update = Update { step: 3, learning_rate: 0.01, weight_decay: 0.1 };
        let dw: Vec<f32> = (0..37).map(|i| i as f32 / 9.0 - 2.0).collect();
        let slots = optimizer.state_slots();
        let (mut whole, mut state) = (vec![0.5f32; 37], vec![0.25f32; 37 * slots]);
        optimizer.update(&update, &mut whole, &dw, &mut state);
        let mut pieces = vec![0.5f32; 37];
        for (w, dw) in pieces.chunks_mut(5).zip(dw.chunks(5)) {
            optimizer.update(&update, w, dw, &mut vec![0.25; slots * dw.len()]);
        }
        assert_eq!(whole, pieces, "{name}");
    }
}

#[derive(Debug)]
struct SignDescent;

impl<R: Real> CustomOptimizer<R> for SignDescent {
    fn name(&self) -> &str {
        "sign_descent"
    }
    fn state_slots(&self) -> usize {
        1
    }
    fn update(&self, update: &Update, w: &mut [R], dw: &[R], state: &mut [R]) {
        let rate = R::from_f64(update.learning_rate);
        for ((w, &g), steps) in w.iter_mut().zip(dw).zip(state) {
            *w -= if g > R::ZERO { rate } else { -rate };
            *steps += R::ONE;
        }
    }
}

#[test]
fn a_users_own_runs_in_both_precisions() {
    let own = Optimizer::Custom(Arc::new(SignDescent));
    assert_eq!((own.name(), own.state_slots()), ("sign_descent", 1));
    assert_eq!(own.slot_names(), ["slot0"]);
    assert_eq!(first_step(&own, 0.0), ([0.75, 2.25], vec![1.0, 1.0]));
    let (mut w, mut state) = ([1.0f32], [0.0]);
    own.update(&Update { step: 1, learning_rate: 0.5, weight_decay: 0.0 }, &mut w, &[3.0], &mut state);
    assert_eq!((w, state), ([0.5], [1.0]));
}
