//! `training`: the loss, the optimizer, and how long.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::augment;
use super::item::{Item, Keys};
use super::nearest::nearest;
use super::network::kind_of;
use super::parts::{self, MOST};
use super::problem::{Bounds, Expected, ExperimentProblem, Kind};
use super::tree::{Fault, Value};
use crate::custom::{CustomMetric, Registry};
use crate::layers::Layer;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::train::{
    BatchSize, EarlyStopping, Every, LayerTraining, ReduceOnPlateau, TrainingSettings, WeightAverage,
};

type OwnMetric = Arc<dyn CustomMetric>;

pub(super) const KEYS: &[&str] = &[
    "loss",
    "optimizer",
    "schedule",
    "l2",
    "l1",
    "weight_decay",
    "clip_value",
    "clip_norm",
    "max_norm",
    "batch_size",
    "accumulate",
    "shuffle",
    "augment",
    "epochs",
    "steps",
    "layer",
    "early_stopping",
    "reduce_on_plateau",
    "average",
    "metrics",
    "report_every",
    "checkpoint_every",
    "keep_checkpoints",
    "shards",
];

/// What a run may end early by, after `validation.` or `train.`.
const STOPPING: [&str; Metric::NAMES.len() + 2] = {
    let mut names = ["loss"; Metric::NAMES.len() + 2];
    names[1] = "data_loss";
    let mut i = 0;
    while i < Metric::NAMES.len() {
        names[i + 2] = Metric::NAMES[i];
        i += 1;
    }
    names
};

/// The parts that a run may end early by; the test part must not choose.
const STOPPING_PARTS: [&str; 2] = ["validation", "train"];

pub(super) fn training(
    keys: &Keys<'_>,
    layers: &[Layer],
    registry: &Registry,
) -> Result<TrainingSettings, Fault> {
    if let Some(item) = keys.get("learning_rate") {
        // The likeliest wrong key of all: the rate belongs to its optimizer.
        let nearest = Some("training.optimizer.learning_rate".to_owned());
        let known = KEYS.to_vec();
        return Err(item.fault(ExperimentProblem::UnknownKey { key: item.path.clone(), nearest, known }));
    }
    keys.only(KEYS)?;
    let default = TrainingSettings::default();
    let not_negative = |key| keys.read(key, 0.0, |item| item.number(Bounds::NotNegative));
    let (mut optimizer, learning_rate) =
        keys.read("optimizer", (default.optimizer, None), |item| parts::optimizer(&item, registry))?;
    let weight_decay = one_decay(keys, &mut optimizer, not_negative("weight_decay")?)?;
    let steps = keys.maybe("steps", |item| item.whole(1, MOST))?;
    // A file that counts in steps says how long by that alone.
    let epochs = if steps.is_some() { None } else { default.epochs };
    let (metrics, own) = keys.read("metrics", Default::default(), |item| metrics(&item, registry))?;
    Ok(TrainingSettings {
        loss: keys.maybe("loss", |item| parts::loss(&item, registry))?,
        optimizer,
        learning_rate,
        schedule: keys.read("schedule", default.schedule, |item| parts::schedule(&item))?,
        l2: not_negative("l2")?,
        l1: not_negative("l1")?,
        weight_decay,
        clip_value: keys.maybe("clip_value", |item| item.number(Bounds::Positive))?,
        clip_norm: keys.maybe("clip_norm", |item| item.number(Bounds::Positive))?,
        max_norm: keys.maybe("max_norm", |item| item.number(Bounds::Positive))?,
        batch_size: keys.read("batch_size", default.batch_size, |item| batch_size(&item))?,
        accumulate: keys.read("accumulate", default.accumulate, |item| item.size(1, 1_000_000))?,
        shuffle: keys.read("shuffle", default.shuffle, |item| item.truth())?,
        augment: keys.maybe("augment", |item| augment::read(&item))?,
        epochs: keys.read("epochs", epochs, |item| item.whole(1, MOST).map(Some))?,
        steps,
        layer: keys.read("layer", BTreeMap::new(), |item| layer_training(&item, layers))?,
        early_stopping: keys.maybe("early_stopping", |item| early_stopping(&item, &own))?,
        reduce_on_plateau: keys.maybe("reduce_on_plateau", |item| reduce_on_plateau(&item, &own))?,
        average: keys.maybe("average", |item| average(&item))?,
        metrics,
        custom_metrics: own,
        report_every: keys.maybe("report_every", |item| every(&item))?,
        checkpoint_every: keys.maybe("checkpoint_every", |item| every(&item))?,
        keep_checkpoints: keys
            .read("keep_checkpoints", default.keep_checkpoints, |item| item.size(1, 1000))?,
        shards: keys.read("shards", default.shards, |item| item.size(1, 65_536))?,
    })
}

/// Decay is said once: with AdamW, `training.weight_decay` takes the place of the optimizer's own default.
fn one_decay(keys: &Keys<'_>, optimizer: &mut Optimizer, training: f64) -> Result<f64, Fault> {
    let (Optimizer::AdamW { weight_decay, .. }, Some(item)) = (optimizer, keys.get("weight_decay")) else {
        return Ok(training);
    };
    let given = keys.get("optimizer").is_some_and(|item| item.node.get("weight_decay").is_some());
    if given && training != 0.0 {
        return Err(item.fault(ExperimentProblem::TwoDecays { training, optimizer: *weight_decay }));
    }
    if !given {
        *weight_decay = training;
    }
    Ok(0.0)
}

fn batch_size(item: &Item<'_>) -> Result<BatchSize, Fault> {
    match &item.node.value {
        Value::Text(text) if text == "full" => Ok(BatchSize::Full),
        Value::Whole(_) => {
            item.size(1, MOST).map(BatchSize::Rows).map_err(|_| item.wrong(Expected::BatchSize))
        }
        _ => Err(item.wrong(Expected::BatchSize)),
    }
}

fn every(item: &Item<'_>) -> Result<Every, Fault> {
    let wrong = || item.wrong(Expected::Every);
    let text = item.text().map_err(|_| wrong())?;
    let mut words = text.split_whitespace();
    let (Some(number), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return Err(wrong());
    };
    let count = || number.parse().ok().filter(|count| (1..=MOST).contains(count)).ok_or_else(wrong);
    match unit {
        "step" | "steps" => Ok(Every::Steps(count()?)),
        "epoch" | "epochs" => Ok(Every::Epochs(count()?)),
        "minute" | "minutes" => {
            let minutes = number.parse().ok().filter(|minutes| Bounds::Positive.contain(*minutes));
            Ok(Every::Minutes(minutes.ok_or_else(wrong)?))
        }
        _ => Err(wrong()),
    }
}

fn early_stopping(item: &Item<'_>, own: &[OwnMetric]) -> Result<EarlyStopping, Fault> {
    let keys = item.keys()?;
    keys.only(&["metric", "patience", "min_delta"])?;
    Ok(EarlyStopping {
        metric: keys.read("metric", "validation.loss".to_owned(), |item| stopping_metric(&item, own))?,
        patience: keys.read("patience", 10, |item| item.whole(1, MOST))?,
        min_delta: keys.read("min_delta", 0.0, |item| item.number(Bounds::NotNegative))?,
    })
}

fn reduce_on_plateau(item: &Item<'_>, own: &[OwnMetric]) -> Result<ReduceOnPlateau, Fault> {
    let keys = item.keys()?;
    keys.only(&["metric", "factor", "patience", "min_delta", "least_share"])?;
    Ok(ReduceOnPlateau {
        metric: keys.read("metric", "validation.loss".to_owned(), |item| stopping_metric(&item, own))?,
        factor: keys.read("factor", 0.1, |item| item.number(Bounds::Inside))?,
        patience: keys.read("patience", 10, |item| item.whole(1, MOST))?,
        min_delta: keys.read("min_delta", 0.0, |item| item.number(Bounds::NotNegative))?,
        least_share: keys.read("least_share", 0.0, |item| item.number(Bounds::BelowOne))?,
    })
}

fn average(item: &Item<'_>) -> Result<WeightAverage, Fault> {
    let part = item.part()?;
    Ok(match part.known(Kind::Average, &["ema", "swa"])? {
        "ema" => {
            part.only(&["decay"])?;
            WeightAverage::Ema { decay: part.number("decay", 0.999, Bounds::BelowOne)? }
        }
        _ => {
            part.only(&["start"])?;
            WeightAverage::Swa { start: part.number("start", 0.75, Bounds::BelowOne)? }
        }
    })
}

/// A part and one of its metrics: `"validation.f1_macro"`. Whether it fits the data is asked when those are there.
fn stopping_metric(item: &Item<'_>, own: &[OwnMetric]) -> Result<String, Fault> {
    let given = item.text()?;
    let (part, name) = given.split_once('.').unwrap_or(("", &given));
    let is_own = own.iter().any(|metric| metric.name() == name);
    if STOPPING_PARTS.contains(&part) && (is_own || STOPPING.contains(&name)) {
        return Ok(given);
    }
    let part = nearest(part, &STOPPING_PARTS).unwrap_or_else(|| "validation".to_owned());
    let near = nearest(name, &STOPPING).map(|name| format!("{part}.{name}"));
    Err(unknown(item, Kind::Metric, &given, near, &STOPPING))
}

/// Names of metrics, each once, and metrics of a program's own; the list may be empty.
fn metrics(item: &Item<'_>, registry: &Registry) -> Result<(Vec<Metric>, Vec<OwnMetric>), Fault> {
    let items = match &item.node.value {
        Value::List(items) if items.is_empty() => Vec::new(),
        Value::List(_) => item.list()?,
        _ => vec![item.clone()],
    };
    let (mut metrics, mut own): (Vec<Metric>, Vec<OwnMetric>) = Default::default();
    for item in items {
        if let Some(part) = item.own_part()? {
            part.keys.only(&["custom", "options"])?;
            own.push(part.made("metric", registry.make_metric(&part.name, &part.options))?);
            continue;
        }
        let given = item.text().map_err(|_| item.wrong(Expected::Texts))?;
        let Some(metric) = Metric::from_name(&given) else {
            // The part is not said here: `validation.f1_macro` is meant as `f1_macro`.
            let name = given.rsplit('.').next().unwrap_or(&given);
            let near = nearest(name, &Metric::NAMES);
            return Err(unknown(&item, Kind::ReportedMetric, &given, near, &Metric::NAMES));
        };
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    Ok((metrics, own))
}

fn unknown(
    item: &Item<'_>,
    kind: Kind,
    given: &str,
    nearest: Option<String>,
    known: &[&'static str],
) -> Fault {
    let (key, given) = (item.path.clone(), given.chars().take(60).collect());
    item.fault(ExperimentProblem::UnknownName { key, kind, given, nearest, known: known.to_vec() })
}

fn layer_training(item: &Item<'_>, layers: &[Layer]) -> Result<BTreeMap<usize, LayerTraining>, Fault> {
    let learns = Layer::learns;
    let mut settings = BTreeMap::new();
    for (field, item) in item.keys()?.all() {
        let fault = |problem| Fault::new(&field.origin, problem);
        let number = field.key.parse::<usize>().ok().filter(|number| number.to_string() == field.key);
        let Some(number) = number else {
            let given = field.key.chars().take(40).collect();
            return Err(fault(ExperimentProblem::NotALayersNumber { given, count: layers.len() }));
        };
        let key = item.path.clone();
        match layers.get(number) {
            None => {
                return Err(fault(ExperimentProblem::NoSuchLayer { key, number, count: layers.len() }));
            }
            Some(layer) if !learns(layer) => {
                let learning = (0..layers.len()).filter(|i| learns(&layers[*i])).collect();
                let kind = kind_of(layer);
                return Err(fault(ExperimentProblem::LayerWithoutParameters { key, number, kind, learning }));
            }
            Some(_) => {}
        }
        let keys = item.keys()?;
        keys.only(&["learning_rate", "frozen"])?;
        settings.insert(
            number,
            LayerTraining {
                learning_rate: keys.maybe("learning_rate", |item| item.number(Bounds::Positive))?,
                frozen: keys.read("frozen", false, |item| item.truth())?,
            },
        );
    }
    Ok(settings)
}
