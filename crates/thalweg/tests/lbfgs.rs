//! L-BFGS from data to trained parameters.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::train::{Every, Parts};
use thalweg::{Loss, Network, Optimizer, Shape, Trainer};

fn number(i: usize) -> f64 {
    (i * 7919 % 1009) as f64 / 504.5 - 1.0
}

/// 40 rows of five features of very different sizes, and a target that is nearly linear in them.
fn data() -> Dataset {
    let sizes = [1.0, 30.0, 0.1, 5.0, 1.0];
    let x: Vec<f64> = (0..200).map(|i| number(i) * sizes[i % 5]).collect();
    let t = x.chunks(5).enumerate();
    let t = t.map(|(n, x)| 2.0 * x[0] - 0.1 * x[1] + 7.0 * x[2] + 0.3 * x[3] * x[4] + 0.1 * number(n + 500));
    let targets = DatasetTargets::Values { values: t.collect(), outputs: 1 };
    Dataset::new(Features::F64(x), Shape::from(5), targets).unwrap()
}

fn trainer<'a>(steps: u64) -> Trainer<'a> {
    Trainer::new()
        .loss(Loss::MeanSquaredError)
        .optimizer(Optimizer::Lbfgs { history: 10 })
        .full_batch()
        .steps(steps)
}

/// The minimum of ‖X·w + b - t‖², where the gradient is 0, by the normal equations.
fn least_squares(data: &Dataset) -> Vec<f64> {
    let Features::F64(x) = data.features() else { unreachable!() };
    let DatasetTargets::Values { values: t, .. } = data.targets() else { unreachable!() };
    let mut a = vec![vec![0.0; 7]; 6];
    for (x, t) in x.chunks(5).zip(t) {
        let row = [x[0], x[1], x[2], x[3], x[4], 1.0];
        for i in 0..6 {
            for j in 0..6 {
                a[i][j] += row[i] * row[j];
            }
            a[i][6] += row[i] * t;
        }
    }
    for i in 0..6 {
        let pivot = a[i].clone();
        for (k, row) in a.iter_mut().enumerate() {
            if k != i {
                let factor = row[i] / pivot[i];
                row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
    }
    (0..6).map(|i| a[i][6] / a[i][i]).collect()
}

#[test]
fn linear_regression_ends_at_the_normal_equations() {
    let data = data();
    let expected = least_squares(&data);
    let mut network = Network::<f64>::builder(5).dense(1).build(0).unwrap();
    trainer(60).fit(&mut network, &data).unwrap();
    for (ours, expected) in network.parameters().iter().zip(&expected) {
        assert!((ours - expected).abs() < 1e-6 * expected.abs().max(1.0), "{ours} and {expected}");
    }
    // In f32 rounding ends it sooner; more steps do no harm.
    let mut single = Network::<f32>::builder(5).dense(1).build(0).unwrap();
    trainer(200).fit(&mut single, &data).unwrap();
    for (ours, expected) in single.parameters().iter().zip(&expected) {
        assert!(
            (f64::from(*ours) - expected).abs() < 1e-3 * expected.abs().max(1.0),
            "{ours} and {expected}"
        );
    }
}

#[test]
fn the_loss_never_rises_and_falls_far_below_gradient_descents() {
    let data = data();
    let fresh = || Network::<f64>::builder(5).dense(8).tanh().dense(1).build(3).unwrap();
    let mut network = fresh();
    let outcome = trainer(100).report_every(Every::Steps(1)).fit(&mut network, &data).unwrap();
    let losses: Vec<f64> = outcome.history.reports.iter().map(|report| report.parts[0].loss).collect();
    assert!(
        losses.len() > 90 && losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-12)),
        "{losses:?}"
    );
    let mut other = fresh();
    let sgd = Trainer::new().loss(Loss::MeanSquaredError).optimizer(Optimizer::Sgd).learning_rate(1e-3);
    let sgd = sgd.full_batch().steps(1000).fit(&mut other, &data).unwrap();
    let (ours, theirs) = (outcome.parts[0].loss, sgd.parts[0].loss);
    assert!(ours < 0.2 * theirs, "{ours} and {theirs}");
}

#[test]
fn a_resumed_run_goes_on_to_the_same_bits() {
    let data = data();
    let fresh = || Network::<f32>::builder(5).dense(6).tanh().dropout(0.1).dense(1).build(3).unwrap();
    let whole = trainer(14).fit(&mut fresh(), &data).unwrap();
    for stop in [1, 6, 13] {
        let mut network = fresh();
        let state = trainer(stop).fit(&mut network, &data).unwrap().state;
        let parts = Parts { train: &data, validation: None, test: None };
        let again = trainer(14).resume(&mut network, parts, &state).unwrap();
        assert_eq!(whole.parameters_sha256, again.parameters_sha256, "stopped at {stop}");
    }
}

#[test]
fn what_would_lead_it_astray_is_refused() {
    let data = data();
    let refuse = |trainer: Trainer<'_>| {
        let mut network = Network::<f64>::builder(5).dense(1).build(0).unwrap();
        trainer.fit(&mut network, &data).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        refuse(trainer(1).batch_size(8)),
        @r#"lbfgs needs every row in each step; set batch_size to "full" or choose another optimizer"#
    );
    insta::assert_snapshot!(
        refuse(trainer(1).weight_decay(0.1)),
        @"lbfgs takes no weight_decay, which its line search would not see; give l2 instead"
    );
    insta::assert_snapshot!(
        refuse(trainer(1).clip_norm(1.0)),
        @"lbfgs takes no clip_norm, which would make its gradient another function's; leave it out"
    );
}

/// 12 rows of three features, which may be of different sizes, in two classes: `reference/torch_optimizers.py` has the same.
fn regression(sizes: [f64; 3]) -> Dataset {
    let x = (0..36).map(|i| number(i) * sizes[i % 3]).collect();
    let ids = (700..712).map(|i| u32::from(number(i) > 0.0)).collect();
    Dataset::new(Features::F64(x), Shape::from(3), DatasetTargets::Classes { ids, count: 2 }).unwrap()
}

/// Losses, penalty included, before each step, and the last parameters.
fn logistic(sizes: [f64; 3], steps: u64) -> (Vec<f64>, Vec<f64>) {
    let mut network = Network::<f64>::builder(3).dense(1).build(0).unwrap();
    network.set_parameter("0.weight", &[0.0; 3]).unwrap();
    let outcome = Trainer::new()
        .loss(Loss::BinaryCrossEntropy)
        .optimizer(Optimizer::Lbfgs { history: 4 })
        .l2(0.1)
        .full_batch()
        .steps(steps)
        .report_every(Every::Steps(1))
        .fit(&mut network, &regression(sizes))
        .unwrap();
    let losses = outcome.history.reports.iter().map(|report| report.parts[0].loss).collect();
    (losses, network.parameters().to_vec())
}

/// As long as the first length tried is taken, the iterates are those of `torch.optim.LBFGS(line_search_fn="strong_wolfe")`, but for
/// roundings that ten steps carry on.
#[test]
fn ten_steps_are_torchs() {
    let expected = [
        std::f64::consts::LN_2,
        0.6721665026637264,
        0.63209268543331,
        0.6319869375243692,
        0.6319854379606203,
        0.6319852411651992,
        0.6319852407561184,
        0.631985240756021,
        0.6319852407560205,
        0.6319852407560204,
        0.6319852407560204,
    ];
    let (losses, parameters) = logistic([1.0; 3], 10);
    assert_eq!(losses.len(), expected.len());
    for (ours, theirs) in losses.iter().zip(expected) {
        assert!((ours - theirs).abs() < 1e-13, "{ours} and {theirs}");
    }
    let expected = [-0.8011722051925816, 0.18827113836232984, -0.024292598339423026, -0.002224931396703869];
    for (ours, theirs) in parameters.iter().zip(expected) {
        assert!((ours - theirs).abs() < 1e-9, "{ours} and {theirs}");
    }
}

/// Where several lengths have to be tried, PyTorch chooses them by rules of its own, and both end in the same minimum.
#[test]
fn the_minimum_is_torchs() {
    let (losses, parameters) = logistic([1.0, 30.0, 0.1], 60);
    assert!((losses.last().unwrap() - 0.6280095092083546).abs() < 1e-13, "{losses:?}");
    let expected = [-0.8332480243997507, 0.014445733768407906, -0.007198611884636516, -0.000474130799646003];
    for (ours, theirs) in parameters.iter().zip(expected) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} and {theirs}");
    }
}

#[test]
fn an_experiment_that_it_cannot_follow_is_refused_before_anything_is_written() {
    let text = "data.source = { name = \"moons\", rows = 60 }\nnetwork.layers = [{ dense = 1 }]\ntraining.optimizer = \"lbfgs\"\n";
    let refused = |more: &str| {
        let experiment = thalweg::Experiment::parse(&format!("{text}{more}"), None).unwrap();
        thalweg::run::prepare(experiment, None).map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused("").contains("lbfgs needs every row in each step"), "{}", refused(""));
    let full = "training.batch_size = \"full\"\n";
    assert!(refused(&format!("{full}training.clip_norm = 1.0")).contains("takes no clip_norm"));
    assert!(refused(&format!("{full}training.weight_decay = 0.1")).contains("takes no weight_decay"));
    let experiment = thalweg::Experiment::parse(&format!("{text}{full}"), None).unwrap();
    thalweg::run::prepare(experiment, None).unwrap();
}
