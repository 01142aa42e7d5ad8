//! What is varied: settings, and the values or the range that each of them takes.

use super::problem::SweepProblem;
use crate::experiment::split_values;
use crate::real::Real;

/// From this ratio of its ends on, a range of real numbers above 0 is one of magnitudes unless it says otherwise: 100, and what
/// rounding may take from it.
const FAR_APART: f64 = 100.0 * (1.0 - 1e-9);

/// The settings that a sweep varies, in the order in which they were given.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// One axis per setting.
    pub axes: Vec<Axis>,
}

/// A setting and what it can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The setting's name, as it was given.
    pub key: String,
    /// What it can be.
    pub values: Values,
}

/// What a setting can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One of these, as they are written.
    List(Vec<String>),
    /// A number between two others.
    Range(Range),
}

/// Numbers between two ends, both of which belong to it.
///
/// ```text
/// with u from 0 up to, but without, 1
/// linear:           low + u·(high - low)
/// linear, whole:    low + ⌊u·(high - low + 1)⌋
/// log:              exp(log low + u·(log high - log low))
/// log, whole:       the same from low - ½ to high + ½, rounded to the nearest
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The smallest number.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Whether magnitudes are spread evenly, rather than the numbers.
    pub is_log: bool,
    /// Whether only whole numbers are meant.
    pub is_whole: bool,
}

/// One value for each varied setting: its name and the value, both as they are written.
pub type Setting = Vec<(String, String)>;

impl Space {
    /// Reads every `KEY=VALUES` of `--vary`.
    ///
    /// # Errors
    /// As [`Axis::parse`], and [`SweepProblem::VariedTwice`].
    pub fn parse(varied: &[String]) -> Result<Space, SweepProblem> {
        let mut axes: Vec<Axis> = Vec::new();
        for given in varied {
            let axis = Axis::parse(given)?;
            let again = axes.iter().find(|before| long_name(&before.key) == long_name(&axis.key));
            if let Some(before) = again {
                let before = before.key.clone();
                return Err(SweepProblem::VariedTwice { given: given.clone(), before });
            }
            axes.push(axis);
        }
        Ok(Space { axes })
    }

    /// The setting at a point of the unit cube, one coordinate per axis.
    pub fn at(&self, point: &[f64]) -> Setting {
        let value = |(axis, &u): (&Axis, &f64)| (axis.key.clone(), axis.values.at(u));
        self.axes.iter().zip(point).map(value).collect()
    }

    /// How a setting of this meaning is spelled here, if it is varied: `lr` for `learning_rate`.
    pub fn varied(&self, key: &str) -> Option<&str> {
        self.axes.iter().map(|axis| axis.key.as_str()).find(|own| long_name(own) == long_name(key))
    }
}

impl Axis {
    /// Reads `KEY=A,B,C` or `KEY=LOW..HIGH`.
    ///
    /// Two numbers with two points between them are a range: of whole numbers if both are written as such. Real numbers above 0 whose
    /// ratio is 100 or more are spread by magnitude, all others evenly; `log:` or `linear:` before the range says it outright.
    ///
    /// # Errors
    /// [`SweepProblem::NotASetting`], [`SweepProblem::MissingValue`], [`SweepProblem::Range`] and
    /// [`SweepProblem::RangeAmongValues`].
    ///
    /// # Example
    /// ```
    /// use thalweg::sweep::{Axis, Values};
    /// let rate = Axis::parse("lr=1e-4..1e-2").unwrap();
    /// assert_eq!([0.0, 0.5].map(|u| rate.values.at(u)), ["0.0001", "0.001"]);
    /// let width = Axis::parse("hidden=[32],[64, 64]").unwrap();
    /// assert_eq!(width.values, Values::List(vec!["[32]".to_owned(), "[64, 64]".to_owned()]));
    /// ```
    pub fn parse(given: &str) -> Result<Axis, SweepProblem> {
        let text = || given.to_owned();
        let (key, values) = match given.split_once('=') {
            Some((key, values)) if !key.trim().is_empty() => (key.trim(), values.trim()),
            _ => return Err(SweepProblem::NotASetting { given: text() }),
        };
        let values = split_values(values);
        if values.iter().any(|value| value.is_empty()) {
            return Err(SweepProblem::MissingValue { given: text() });
        }
        let ranges: Option<Vec<Option<Range>>> = values.iter().map(|value| Range::parse(value)).collect();
        let Some(ranges) = ranges else {
            let is_log = values.iter().any(|value| value.starts_with(LOG));
            return Err(SweepProblem::Range { given: text(), is_log });
        };
        let values = match ranges[..] {
            [Some(range)] => Values::Range(range),
            _ if ranges.iter().any(Option::is_some) => {
                return Err(SweepProblem::RangeAmongValues { given: text() });
            }
            _ => Values::List(values.into_iter().map(str::to_owned).collect()),
        };
        Ok(Axis { key: key.to_owned(), values })
    }
}

const LOG: &str = "log:";
const LINEAR: &str = "linear:";

impl Values {
    /// The value at `u`, from 0 up to, but without, 1. Real numbers are cut to four digits, so that a setting that was found can be typed.
    pub fn at(&self, u: f64) -> String {
        match self {
            Values::List(values) => {
                let place = (u * values.len() as f64) as usize;
                values[place.min(values.len() - 1)].clone()
            }
            Values::Range(range) => range.at(u),
        }
    }
}

impl Range {
    /// Reads `LOW..HIGH`, perhaps with `log:` or `linear:` before it. The outer `None`: it ought to be a range and is none; the inner one:
    /// it is something else.
    fn parse(text: &str) -> Option<Option<Range>> {
        let (named, ends) = match (text.strip_prefix(LOG), text.strip_prefix(LINEAR)) {
            (Some(ends), _) => (Some(true), ends),
            (_, Some(ends)) => (Some(false), ends),
            _ => (None, text),
        };
        let numbers = ends.split_once("..").and_then(|(low, high)| {
            Some((low.trim().parse::<f64>().ok()?, high.trim().parse::<f64>().ok()?, low, high))
        });
        let Some((low, high, written_low, written_high)) = numbers else {
            return if named.is_some() { None } else { Some(None) };
        };
        let is_whole = [written_low, written_high].iter().all(|end| end.trim().parse::<i64>().is_ok());
        let is_log = named.unwrap_or(!is_whole && low > 0.0 && high / low >= FAR_APART);
        let is_range = low.is_finite() && high.is_finite() && low < high && (!is_log || low > 0.0);
        is_range.then_some(Some(Range { low, high, is_log, is_whole }))
    }

    fn at(&self, u: f64) -> String {
        let Range { low, high, is_log, is_whole } = *self;
        let between = |low: f64, high: f64| {
            let (from, to) = (Real::log(low), Real::log(high));
            Real::exp(from + u * (to - from))
        };
        match (is_whole, is_log) {
            (true, false) => format!("{}", (low + (u * (high - low + 1.0)).floor()).clamp(low, high) as i64),
            (true, true) => format!("{}", between(low - 0.5, high + 0.5).round().clamp(low, high) as i64),
            (false, true) => short(between(low, high), low, high),
            (false, false) => short(low + u * (high - low), low, high),
        }
    }
}

/// A number with four digits, but not beyond the ends.
fn short(value: f64, low: f64, high: f64) -> String {
    let rounded = format!("{value:.3e}").parse().unwrap_or(value);
    format!("{:?}", f64::clamp(rounded, low, high))
}

/// A setting's name in one spelling, whichever of its names was given: `lr` and `training.optimizer.learning-rate` are
/// `learning_rate`.
fn long_name(key: &str) -> String {
    let key = key.replace('-', "_");
    let short = ["training.", "data.", "network."].iter().find_map(|table| key.strip_prefix(table));
    match short.unwrap_or(&key) {
        "lr" | "optimizer.learning_rate" => "learning_rate".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        match Axis::parse(&format!("key={text}")).unwrap().values {
            Values::Range(range) => range,
            Values::List(values) => panic!("{values:?}"),
        }
    }

    fn refuse(text: &str) -> SweepProblem {
        Axis::parse(text).unwrap_err()
    }

    #[test]
    fn a_range_is_of_magnitudes_where_its_ends_are_far_apart() {
        assert_eq!(range("1e-4..1e-1"), Range { low: 1e-4, high: 0.1, is_log: true, is_whole: false });
        assert_eq!(range("0.1..0.9"), Range { low: 0.1, high: 0.9, is_log: false, is_whole: false });
        assert!(!range("0.0..1.0").is_log && !range("-1.0..1.0").is_log);
        assert!(range("log:0.1..0.9").is_log && !range("linear:1e-4..1e-1").is_log);
        assert_eq!(range("1..1000"), Range { low: 1.0, high: 1000.0, is_log: false, is_whole: true });
        assert!(range("log:32..512").is_whole && range("log:32..512").is_log);
        assert!(!range("1.0..1000").is_whole);
    }

    #[test]
    fn numbers_of_a_range_are_worked_by_hand() {
        // The middle of four magnitudes is the second power of ten.
        assert_eq!(range("1e-4..1e-0").at(0.5), "0.01");
        assert_eq!(range("1e-4..1e-0").at(0.0), "0.0001");
        assert_eq!(range("0.0..0.9").at(1.0 / 3.0), "0.3");
        // 32 to 34 are three numbers, a third of the way each.
        assert_eq!([0.0, 0.34, 0.67, 0.999].map(|u| range("32..34").at(u)), ["32", "33", "34", "34"]);
        // √(31.5·512.5) = 127.06.
        assert_eq!([0.0, 0.5, 0.9999].map(|u| range("log:32..512").at(u)), ["32", "127", "512"]);
        // Four digits, and never beyond an end that has more of them.
        assert_eq!(range("0.0..0.123456").at(0.5), "0.06173");
        assert_eq!(range("0.0..0.123456").at(0.999_999), "0.123456");
        assert_eq!(range("-5..5").at(0.0), "-5");
        let list = Axis::parse("key=a,b,c").unwrap().values;
        assert_eq!([0.0, 0.33, 0.34, 0.99].map(|u| list.at(u)), ["a", "a", "b", "c"]);
    }

    #[test]
    fn what_is_no_range_is_a_value_or_refused() {
        let list = |text: &str| Axis::parse(text).unwrap().values;
        assert_eq!(list("data.source=../a.csv"), Values::List(vec!["../a.csv".to_owned()]));
        assert!(matches!(refuse("lr"), SweepProblem::NotASetting { .. }));
        assert!(matches!(refuse("lr=1,,2"), SweepProblem::MissingValue { .. }));
        assert!(matches!(refuse("lr=0.1..1,2"), SweepProblem::RangeAmongValues { .. }));
        for wrong in ["lr=1..0.1", "lr=log:0..1", "lr=log:a..b", "lr=1..1", "lr=0..inf"] {
            assert!(matches!(refuse(wrong), SweepProblem::Range { .. }), "{wrong}");
        }
        insta::assert_snapshot!(refuse("lr=log:0..1"), @"--vary lr=log:0..1: a range goes from a number up to a larger one, such as 1e-4..1e-1, log:8..512 or linear:0..0.9, and with log: both are above 0");
    }

    #[test]
    fn a_setting_is_varied_once_whatever_it_is_called() {
        for again in ["lr", "learning_rate", "training.optimizer.learning-rate"] {
            let twice = Space::parse(&["lr=1".to_owned(), format!("{again}=2")]).unwrap_err();
            assert!(matches!(&twice, SweepProblem::VariedTwice { before, .. } if before == "lr"), "{twice}");
        }
        let space = Space::parse(&["l2=1".to_owned(), "training.l1=2".to_owned()]).unwrap();
        assert_eq!((space.varied("training.l2"), space.varied("epochs")), (Some("l2"), None));
    }
}
