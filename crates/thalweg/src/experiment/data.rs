//! `data`: where rows come from and how they are cut and scaled.

use std::path::PathBuf;

use super::item::{Item, Keys};
use super::nearest::nearest;
use super::parts::MOST;
use super::problem::{Bounds, Expected, ExperimentProblem, Kind};
use super::tree::{Fault, Value};
use crate::data::{ClassWeight, DataSettings, Fold, Generator, Scaling, Source, Split};

/// The sets that are known by name.
pub(super) const SETS: &[&str] = &["digits", "iris", "mnist", "fashion-mnist", "cats"];
/// The data made by formulas.
pub(super) const GENERATORS: &[&str] =
    &["curve", "regression", "spiral", "moons", "circles", "blobs", "xor", "checkerboard"];
/// The generators that make as many classes as they are told to.
const WITH_CLASSES: &[&str] = &["spiral", "blobs"];

const FORMATS: &[&str] = &["csv", "tsv", "npy", "npz", "idx", "hdf5"];
const SCALINGS: &[&str] = &["none", "divide-255", "standard", "min-max"];

pub(super) const KEYS: &[&str] = &[
    "source",
    "validation",
    "test",
    "features",
    "target",
    "weight",
    "class_weight",
    "split",
    "fold",
    "format",
    "scale",
    "scale_target",
];

pub(super) fn data(keys: &Keys<'_>) -> Result<DataSettings, Fault> {
    keys.only(KEYS)?;
    let Some(main) = keys.get("source") else {
        return Err(keys.missing("source", Expected::Source));
    };
    let settings = DataSettings {
        source: source(&main)?,
        validation: keys.maybe("validation", |item| source(&item))?,
        test: keys.maybe("test", |item| source(&item))?,
        features: keys.read("features", Vec::new(), |item| item.texts())?,
        target: keys.read("target", Vec::new(), |item| item.texts())?,
        weight: keys.maybe("weight", |item| item.text())?,
        class_weight: keys.maybe("class_weight", |item| class_weight(&item))?,
        split: keys.maybe("split", |item| split(&item))?,
        fold: keys.maybe("fold", |item| fold(&item))?,
        format: keys.maybe("format", |item| item.one_of(Kind::Format, FORMATS).map(str::to_owned))?,
        scale: keys.maybe("scale", |item| scaling(&item))?,
        scale_target: keys.read("scale_target", Scaling::None, |item| scaling(&item))?,
    };
    if let (Some(cut), Some(item)) = (&settings.split, keys.get("split")) {
        let twice = [
            ("validation", cut.validation, settings.validation.is_some()),
            ("test", cut.test, settings.test.is_some()),
        ];
        if let Some((part, ..)) = twice.into_iter().find(|(_, share, own)| *own && *share > 0.0) {
            return Err(item.fault(ExperimentProblem::PartGivenTwice { part }));
        }
    }
    Ok(settings)
}

fn split(item: &Item<'_>) -> Result<Split, Fault> {
    let keys = item.keys()?;
    keys.only(&["validation", "test", "stratify"])?;
    let default = Split::default();
    let split = Split {
        validation: keys.read("validation", default.validation, |item| item.number(Bounds::BelowOne))?,
        test: keys.read("test", default.test, |item| item.number(Bounds::BelowOne))?,
        stratify: keys.read("stratify", default.stratify, |item| item.truth())?,
    };
    if split.validation + split.test < 1.0 {
        return Ok(split);
    }
    Err(item.fault(ExperimentProblem::NothingToTrainOn {
        key: item.path.clone(),
        validation: split.validation,
        test: split.test,
    }))
}

/// `"balanced"`, or a table of classes and what they weigh.
fn class_weight(item: &Item<'_>) -> Result<ClassWeight, Fault> {
    if item.node.fields().is_none() {
        item.one_of(Kind::ClassWeight, &["balanced"])?;
        return Ok(ClassWeight::Balanced);
    }
    let weights = item.keys()?;
    let weights =
        weights.all().map(|(field, item)| Ok((field.key.clone(), item.number(Bounds::NotNegative)?)));
    Ok(ClassWeight::Named(weights.collect::<Result<_, Fault>>()?))
}

fn fold(item: &Item<'_>) -> Result<Fold, Fault> {
    const MOST_FOLDS: u64 = 1_000_000;
    let keys = item.keys()?;
    keys.only(&["number", "of"])?;
    let needed = |key, least| {
        let missing = || keys.missing(key, Expected::Whole { least, most: MOST_FOLDS });
        keys.get(key).ok_or_else(missing)
    };
    let of = needed("of", 2)?.size(2, MOST_FOLDS)?;
    Ok(Fold { number: needed("number", 1)?.size(1, of as u64)?, of })
}

fn scaling(item: &Item<'_>) -> Result<Scaling, Fault> {
    Ok(match item.one_of(Kind::Scaling, SCALINGS)? {
        "divide-255" => Scaling::Divide255,
        "standard" => Scaling::Standard,
        "min-max" => Scaling::MinMax,
        _ => Scaling::None,
    })
}

fn source(item: &Item<'_>) -> Result<Source, Fault> {
    match &item.node.value {
        Value::List(paths) if paths.is_empty() => Err(item.wrong(Expected::Source)),
        Value::List(_) => Ok(Source::Files(item.texts()?.into_iter().map(PathBuf::from).collect())),
        Value::Table(_) => described(item),
        _ => named(item, item.text().map_err(|_| item.wrong(Expected::Source))?),
    }
}

/// A word is a name; a path has a dot, a slash or a star in it.
pub(super) fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn named(item: &Item<'_>, text: String) -> Result<Source, Fault> {
    if SETS.contains(&text.as_str()) {
        return Ok(Source::Named(text));
    }
    if GENERATORS.contains(&text.as_str()) {
        return Ok(Source::Generator(Generator { name: text, ..Generator::default() }));
    }
    if !is_word(&text) {
        return Ok(Source::Files(vec![text.into()]));
    }
    let known = [SETS, GENERATORS].concat();
    let (key, nearest) = (item.path.clone(), nearest(&text, &known));
    let given = text.chars().take(60).collect();
    Err(item.fault(ExperimentProblem::UnknownSource { key, given, nearest, known }))
}

fn described(item: &Item<'_>) -> Result<Source, Fault> {
    let part = item.part()?;
    let name = part.known(Kind::Source, &[SETS, GENERATORS].concat())?.to_owned();
    if SETS.contains(&part.name.as_str()) {
        part.only(&[])?;
        return Ok(Source::Named(name));
    }
    let with_classes = WITH_CLASSES.contains(&part.name.as_str());
    part.only(if with_classes { &["rows", "classes", "noise", "seed"] } else { &["rows", "noise", "seed"] })?;
    Ok(Source::Generator(Generator {
        name,
        rows: part.get("rows").map(|rows| rows.size(2, 1_000_000_000)).transpose()?,
        classes: part.get("classes").map(|classes| classes.size(2, 10_000)).transpose()?,
        noise: part.get("noise").map(|noise| noise.number(Bounds::NotNegative)).transpose()?,
        seed: part.get("seed").map(|seed| seed.whole(0, MOST)).transpose()?,
    }))
}
