//! Weights of rows and classes, from data to trained parameters.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::experiment::Draft;
use thalweg::train::Part;
use thalweg::{Loss, Network, Optimizer, Shape, Trainer, run};

const ROWS: usize = 24;

/// Rows of three features that are no pattern, and a target of two outputs or three classes.
fn data(of_classes: bool) -> Dataset {
    let number = |i: usize| (i * 7919 % 1009) as f64 / 504.5 - 1.0;
    let features = Features::F64((0..ROWS * 3).map(number).collect());
    let targets = if of_classes {
        DatasetTargets::Classes { ids: (0..ROWS as u32).map(|n| n * n % 3).collect(), count: 3 }
    } else {
        DatasetTargets::Values { values: (100..100 + ROWS * 2).map(number).collect(), outputs: 2 }
    };
    Dataset::new(features, Shape::from(3), targets).unwrap()
}

/// Every third row twice, every fourth (but the first) not at all: as weights, and as a list of rows.
fn weights_and_rows() -> (Vec<f64>, Vec<u32>) {
    let weight = |n: usize| {
        if n % 3 == 1 {
            2.0
        } else if n % 4 == 3 {
            0.0
        } else {
            1.0
        }
    };
    let weights: Vec<f64> = (0..ROWS).map(weight).collect();
    let rows = (0..ROWS).flat_map(|n| std::iter::repeat_n(n as u32, weights[n] as usize)).collect();
    (weights, rows)
}

/// Parameters and last loss after 30 full-batch steps.
fn trained(data: &Dataset, loss: &Loss, hidden: usize) -> (Vec<f64>, f64) {
    let outputs = if matches!(loss, Loss::SoftmaxCrossEntropy) { 3 } else { 2 };
    let mut network = Network::<f64>::builder(3).dense(hidden).tanh().dense(outputs).build(4).unwrap();
    let outcome = Trainer::new()
        .loss(loss.clone())
        .optimizer(Optimizer::Momentum { momentum: 0.9, nesterov: false })
        .learning_rate(if matches!(loss, Loss::SumOfSquares) { 0.001 } else { 0.05 })
        .full_batch()
        .steps(30)
        .fit(&mut network, data)
        .unwrap();
    (network.parameters().to_vec(), outcome.parts[0].loss)
}

#[test]
fn a_weight_of_two_is_the_row_twice_and_of_zero_its_absence() {
    let (weights, rows) = weights_and_rows();
    for loss in
        [Loss::SumOfSquares, Loss::MeanSquaredError, Loss::BinaryCrossEntropy, Loss::SoftmaxCrossEntropy]
    {
        let data = data(matches!(loss, Loss::SoftmaxCrossEntropy));
        let weighted = data.clone().with_weights(weights.clone()).unwrap();
        for hidden in [5, 40] {
            let (parameters, last) = trained(&weighted, &loss, hidden);
            let (expected, expected_last) = trained(&data.select(&rows), &loss, hidden);
            let name = format!("{} with {hidden} hidden units", loss.name());
            assert!(
                (last - expected_last).abs() <= 1e-12 * expected_last.abs(),
                "{name}: {last}, {expected_last}"
            );
            for (parameter, expected) in parameters.iter().zip(&expected) {
                assert!((parameter - expected).abs() < 1e-11, "{name}: {parameter} and {expected}");
            }
            let (unweighted, _) = trained(&data, &loss, hidden);
            let moved = unweighted.iter().zip(&expected).any(|(a, b)| (a - b).abs() > 1e-4);
            assert!(moved, "{name}: weights make a difference");
        }
    }
}

#[test]
fn equal_weights_change_nothing_but_the_size_of_a_sum() {
    let data = data(false);
    let weighted = data.clone().with_weights(vec![4.0; ROWS]).unwrap();
    let (one, loss) = trained(&data, &Loss::MeanSquaredError, 5);
    let (other, weighted_loss) = trained(&weighted, &Loss::MeanSquaredError, 5);
    assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-12));
    assert!((loss - weighted_loss).abs() < 1e-14);
}

#[test]
fn mini_batches_weigh_within_their_epoch_and_go_on_from_a_state() {
    let (weights, _) = weights_and_rows();
    let data = data(true).with_weights(weights.clone()).unwrap();
    let fresh = || Network::<f32>::builder(3).dense(6).relu().dense(3).build(1).unwrap();
    let trainer = |steps| Trainer::new().loss(Loss::SoftmaxCrossEntropy).batch_size(5).steps(steps);
    let mut whole = fresh();
    let outcome = trainer(12).fit(&mut whole, &data).unwrap();
    // Seven steps end in the middle of the second epoch of five batches.
    let mut resumed = fresh();
    let state = trainer(7).fit(&mut resumed, &data).unwrap().state;
    let parts = thalweg::train::Parts { train: &data, validation: None, test: None };
    let again = trainer(12).resume(&mut resumed, parts, &state).unwrap();
    assert_eq!(outcome.parameters_sha256, again.parameters_sha256);
    // A report tells the loss of the epoch that was interrupted.
    let second = |outcome: &thalweg::train::Outcome| {
        let report = outcome.history.reports.iter().find(|report| report.step == 10);
        report.unwrap().parts[0].data_loss
    };
    assert_eq!(second(&outcome), second(&again));

    // What is reported at the end is the weighted mean of the rows' losses.
    let mut sum = 0.0;
    for (n, weight) in weights.iter().enumerate() {
        let row = data.select(&[n as u32]);
        if *weight > 0.0 {
            sum += weight * whole.evaluate(&Loss::SoftmaxCrossEntropy, &row, Part::Train).unwrap().data_loss;
        }
    }
    let mean = sum / weights.iter().sum::<f64>();
    assert!((outcome.parts[0].data_loss - mean).abs() < 1e-6, "{} and {mean}", outcome.parts[0].data_loss);
}

#[test]
fn a_column_and_classes_of_an_experiment_weigh() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, "a,count,kind\n1,2,yes\n2,0,no\n3,1,yes\n4,1,yes\n").unwrap();
    let text = format!(
        "[data]\nsource = {path:?}\nsplit = {{ validation = 0.0, test = 0.0 }}\ntarget = \"kind\"\n\
         weight = \"count\"\nclass_weight = {{ no = 3.0, yes = 0.5 }}\n[network]\nlayers = [{{ dense = 1 }}]\n"
    );
    let prepare = |draft: Draft| run::prepare(draft.check().unwrap(), None);
    let draft = || Draft::parse(&text, None).unwrap();
    let prepared = prepare(draft()).unwrap();
    assert_eq!(prepared.train.feature_names(), ["a"]);
    assert_eq!(prepared.train.weights(), Some(&[1.0, 0.0, 0.5, 0.5][..]));
    let written = prepared.experiment.to_toml();
    assert!(written.contains("weight = \"count\"") && written.contains("\"no\" = 3.0"), "{written}");

    let balanced = prepare(draft().set("class_weight", "balanced").unwrap()).unwrap();
    let expected = [2.0 * 4.0 / 6.0, 0.0, 4.0 / 6.0, 4.0 / 6.0];
    assert_eq!(balanced.train.weights(), Some(&expected[..]));

    let refused = |key: &str, value: &str| prepare(draft().set(key, value).unwrap()).unwrap_err().to_string();
    let short = |text: String| text.rsplit("table.csv: ").next().unwrap().to_owned();
    insta::assert_snapshot!(
        short(refused("weight", "kind")),
        @r#"the column "kind" is the weight and the target; name another for one of them"#
    );
    insta::assert_snapshot!(
        short(refused("weight", "cuont")),
        @r#"there is no weight column "cuont" (did you mean "count"?); there are: a, count, kind"#
    );
    insta::assert_snapshot!(
        short(refused("class_weight", "{ maybe = 2.0 }")),
        @r#"data.class_weight names the class "maybe", but the classes are no, yes"#
    );
}
