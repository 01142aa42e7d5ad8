//! All metrics together: batches, scikit-learn's values (`reference/metrics.py`), and what must not matter.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn classes_worked_by_hand() {
    let mut metrics = Metrics::new(Task::Classes { from_logits: false }, 3).with_confusion_matrix();
    let predictions = [0.1, 0.8, 0.1, 0.4, 0.4, 0.2, f32::NAN, 1.0, 0.0];
    metrics.add(&predictions, Targets::Classes(&[1, 1, 1]));
    let values = metrics.values();
    assert_eq!((values.rows, values.correct), (3, Some(1)));
    assert_eq!(values.accuracy, Some(1.0 / 3.0));
    assert_eq!((values.mse, values.mae, values.r2), (None, None, None));
    let confusion = metrics.confusion_matrix().expect("asked for");
    assert_eq!(confusion.row(1), [1, 1, 0]);
    assert_eq!(confusion.unclear(), 1);
    metrics.clear();
    assert_eq!(metrics.values(), MetricValues { correct: Some(0), ..MetricValues::default() });
}

#[test]
fn values_worked_by_hand() {
    let mut metrics = Metrics::new(Task::Values, 1);
    metrics.add(&[3.0], Targets::Values(&[1.0]));
    metrics.add(&[2.0, 5.0], Targets::Values(&[3.0, 5.0]));
    let values = metrics.values();
    // Differences 2, -1, 0; the targets 1, 3, 5 lie 2, 0, 2 from their mean.
    assert_eq!((values.mse, values.mae, values.r2), (Some(5.0 / 3.0), Some(1.0), Some(1.0 - 5.0 / 8.0)));
    assert_eq!((values.accuracy, values.correct), (None, None));
}

#[test]
fn the_batches_do_not_matter() {
    let predictions: Vec<f64> = (0..600).map(|i| f64::from((i * 31) % 101) / 7.0).collect();
    let targets: Vec<f64> = (0..600).map(|i| f64::from((i * 17) % 89) / 6.0).collect();
    let in_batches = |rows: usize| {
        let mut metrics = Metrics::new(Task::Values, 2);
        for (p, t) in predictions.chunks(2 * rows).zip(targets.chunks(2 * rows)) {
            metrics.add(p, Targets::Values(t));
        }
        metrics.values()
    };
    assert_eq!(in_batches(300), in_batches(7));
    assert_eq!(in_batches(300), in_batches(1));
}

#[test]
fn no_rows_have_no_metrics() {
    assert_eq!(Metrics::new(Task::Values, 2).values(), MetricValues::default());
}

/// What all metrics of rows with classes come to, `outputs` predictions a row.
fn scored(predictions: &[f64], outputs: usize, labels: &[u32]) -> impl Fn(Metric) -> Option<f64> + use<> {
    let mut metrics = Metrics::new(Task::Classes { from_logits: false }, outputs).with(&Metric::ALL);
    let mut scores = ClassScores::new(outputs, &Metric::ALL).expect("they are asked for");
    for (rows, labels) in predictions.chunks(7 * outputs).zip(labels.chunks(7)) {
        metrics.add(rows, Targets::Classes(labels));
        rows.chunks_exact(outputs).zip(labels).for_each(|(row, &label)| scores.add(row, label));
    }
    let scores = scores.values();
    let base = metrics.values();
    move |metric| base.get(metric).or_else(|| metrics.added_up(metric)).or_else(|| scores.get(metric))
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn assert_near(given: Option<f64>, expected: &Value, what: &str) {
    match (given, expected.as_f64()) {
        (None, None) => assert!(expected.is_null(), "{what}"),
        (Some(given), Some(expected)) => {
            assert!(
                (given - expected).abs() <= 1e-13 * expected.abs().max(1.0),
                "{what}: {given}, {expected}"
            );
        }
        (given, _) => panic!("{what}: {given:?}, {expected}"),
    }
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/metrics.json")).unwrap()
}

#[test]
fn classes_have_the_values_of_scikit_learn() {
    for case in fixture()["classes"].as_array().unwrap() {
        let (classes, outputs) =
            (case["classes"].as_u64().unwrap() as usize, case["outputs"].as_u64().unwrap() as usize);
        let predictions = numbers(&case["predictions"]);
        let labels: Vec<u32> = numbers(&case["labels"]).into_iter().map(|label| label as u32).collect();
        let given = scored(&predictions, outputs, &labels);
        let expected = case["expected"].as_object().unwrap();
        for (key, expected) in expected.iter().filter(|(key, _)| *key != "classes") {
            let metric = Metric::from_name(key).unwrap();
            assert_near(given(metric), expected, &format!("{} of {}", key, case["name"]));
        }
        // Each metric of classes is in one of the cases; those that are not in this one need more classes.
        for metric in Metric::ALL.into_iter().filter(|metric| metric.is_for_classes()) {
            let needs_more = match metric {
                Metric::TopK => classes <= TOP_K,
                Metric::RocAucWeighted => classes == 2,
                _ => metric == Metric::Correct,
            };
            assert_eq!(expected.contains_key(metric.name()), !needs_more, "{}", metric.name());
        }

        let mut counts = ClassCounts::new(classes);
        for (row, &label) in predictions.chunks_exact(outputs).zip(&labels) {
            counts.add(label as usize, predicted_class(row, false));
        }
        for (class, by_class) in expected["classes"].as_array().unwrap().iter().enumerate() {
            let own = &ClassValues::all(&counts, &[])[class];
            let given = [own.precision, own.recall, own.f1, own.support as f64];
            for (given, expected) in given.into_iter().zip(by_class.as_array().unwrap()) {
                assert_near(Some(given), expected, &format!("class {class} of {}", case["name"]));
            }
        }
    }
}

#[test]
fn numbers_have_the_values_of_scikit_learn() {
    for case in fixture()["values"].as_array().unwrap() {
        let outputs = case["outputs"].as_u64().unwrap() as usize;
        let mut metrics = Metrics::new(Task::Values, outputs).with(&Metric::ALL);
        metrics.add(&numbers(&case["predictions"]), Targets::Values(&numbers(&case["targets"])));
        let values = metrics.values_with(&Metric::ALL);
        for metric in Metric::ALL.into_iter().filter(|metric| !metric.is_for_classes()) {
            let what = format!("{} of {}", metric.name(), case["name"]);
            assert_near(values.get(metric), &case["expected"][metric.name()], &what);
        }
        assert_eq!(
            values.more.iter().map(|(metric, _)| *metric).collect::<Vec<_>>(),
            [Metric::Rmse, Metric::Mape]
        );
    }
}

#[test]
fn a_prediction_that_is_not_finite_leaves_nothing_to_score() {
    let given = scored(&[0.25, f64::NAN, 0.75], 1, &[0, 1, 1]);
    for metric in [Metric::RocAuc, Metric::AveragePrecision, Metric::LogLoss, Metric::Brier] {
        assert_eq!(given(metric), None);
    }
    // It is wrong, and a row of its class all the same.
    assert_eq!((given(Metric::Accuracy), given(Metric::RecallMacro)), (Some(2.0 / 3.0), Some(0.75)));
}

#[test]
fn what_was_added_up_is_forgotten_and_stored() {
    let empty = Metrics::new(Task::Classes { from_logits: true }, 6).with(&Metric::ALL);
    let mut metrics = empty.clone();
    metrics.add(&[1.0_f32, 2.0, 0.0, 0.0, 0.0, 0.0], Targets::Classes(&[2]));
    let again: Metrics = serde_json::from_str(&serde_json::to_string(&metrics).unwrap()).unwrap();
    assert_eq!(again, metrics);
    assert_eq!(metrics.added_up(Metric::TopK), Some(1.0));
    metrics.clear();
    assert_eq!(metrics, empty);
    let plain = Metrics::new(Task::Values, 1);
    assert!(!serde_json::to_string(&plain).unwrap().contains("top_k"), "a state is as it was without them");
    assert_eq!(plain.clone().with(&[Metric::F1Macro, Metric::TopK]), plain);
}

/// Rows of three classes; equal probabilities are frequent.
fn rows() -> impl Strategy<Value = Vec<([f64; 3], u32)>> {
    let row = (0..6u8, 0..6u8, 0..3u32).prop_map(|(a, b, label)| {
        let (a, b) = (f64::from(a) / 16.0, f64::from(b) / 16.0);
        ([a, b, 1.0 - a - b], label)
    });
    proptest::collection::vec(row, 1..60)
}

fn of_rows(rows: &[([f64; 3], u32)]) -> impl Fn(Metric) -> Option<f64> + use<> {
    let predictions: Vec<f64> = rows.iter().flat_map(|(row, _)| *row).collect();
    scored(&predictions, 3, &rows.iter().map(|(_, label)| *label).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        (given, mixed) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
    ) {
        let (given, mixed) = (of_rows(&given), of_rows(&mixed));
        for metric in Metric::ALL {
            let sums = metric.needs_probabilities();
            match (given(metric), mixed(metric)) {
                (Some(a), Some(b)) if sums => prop_assert!((a - b).abs() < 1e-12, "{}", metric.name()),
                (a, b) => prop_assert_eq!(a, b, "{}", metric.name()),
            }
        }
    }

    #[test]
    fn every_value_is_finite_and_in_its_range(given in rows()) {
        let given = of_rows(&given);
        for metric in Metric::ALL {
            let most = match metric {
                Metric::Correct => 60.0,
                Metric::LogLoss => 36.05,
                Metric::Brier => 2.0,
                _ => 1.0,
            };
            prop_assert!(given(metric).is_none_or(|value| (0.0..=most).contains(&value)), "{}", metric.name());
        }
        let near = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-12;
        prop_assert!(near(given(Metric::RecallWeighted), given(Metric::Accuracy)));
    }

    #[test]
    fn only_the_order_of_the_scores_matters(rows in proptest::collection::vec((-20..20i32, any::<bool>()), 1..80)) {
        let ranking = |map: &dyn Fn(f64) -> f64| {
            Ranking::new(rows.iter().map(|(score, own)| (map(f64::from(*score)), *own)).collect()).unwrap()
        };
        let plain = ranking(&|score| score);
        let growing: [&dyn Fn(f64) -> f64; 3] =
            [&|x| x * x * x + 7.0, &|x| Real::exp(x / 4.0), &|x| Real::tanh(x / 64.0)];
        for map in growing {
            prop_assert_eq!(&ranking(map), &plain);
        }
        let turned = ranking(&|score| -score);
        if let (Some(area), Some(other)) = (plain.roc_auc(), turned.roc_auc()) {
            prop_assert!((area + other - 1.0).abs() < 1e-15);
        }
        // The definition: pairs in the right order, equal ones half.
        let (own, others): (Vec<(i32, bool)>, Vec<_>) = rows.iter().copied().partition(|(_, own)| *own);
        let pairs = own.iter().flat_map(|a| others.iter().map(move |b| a.0.cmp(&b.0)));
        let twice: i64 = pairs.map(|order| 1 + order as i64).sum();
        let all = 2 * own.len() * others.len();
        prop_assert_eq!(plain.roc_auc(), (all > 0).then(|| twice as f64 / all as f64));
    }
}
