//! What is to be learned: classes or numbers, decided by the target, and which class has which number.

use serde::{Deserialize, Serialize};

use super::dataset::DatasetTargets;
use super::problem::DataProblem;
use super::raw::{NumberKind, RawTarget};

/// What a network learns from the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One of several classes per row.
    Classification {
        /// How many.
        classes: usize,
    },
    /// Numbers per row.
    Regression {
        /// How many.
        outputs: usize,
    },
}

/// A kind of task, for a caller who knows which one is meant (from the loss, say).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// The target is a class.
    Classification,
    /// The target is numbers.
    Regression,
}

/// A numeric target of a table with at most this many different values, all whole, is taken for classes.
pub const MOST_CLASSES_BY_VALUE: usize = 20;

/// An array of an integer type whose values are 0 to n - 1 is taken for classes up to this n.
pub const MOST_CLASSES_BY_TYPE: usize = 1000;

/// What the model file keeps of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TargetSchema {
    /// Classes.
    Classes {
        /// The target's name.
        name: String,
        /// What stands in the file for each class, by id.
        keys: LabelKeys,
        /// What each class is called, by id.
        labels: Vec<String>,
    },
    /// Numbers.
    Values {
        /// One name per output.
        names: Vec<String>,
    },
    /// Nothing: rows without targets.
    None,
}

/// What stands in the file for each class: numbers in their order, or text in alphabetical order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKeys {
    /// Numbers, ascending.
    Numbers(Vec<f64>),
    /// Text, ascending by code point.
    Text(Vec<String>),
    /// One column per class that holds 1 for the row's class and 0 for the others.
    OneHot(usize),
}

impl TargetSchema {
    /// Decides what the target is, from all rows for which it is known.
    ///
    /// Text and true/false are classes. Whole numbers are classes when there are at most
    /// [`MOST_CLASSES_BY_VALUE`] different ones and some label repeats; an array of an integer type also when its values
    /// are 0 to n - 1 with n at most [`MOST_CLASSES_BY_TYPE`] and two rows for each. Rows of zeros and a single 1 are
    /// classes. Everything else is numbers. `kind` overrules this, and `classes` says how many there are, so that labels
    /// are 0 to `classes` - 1 even if some do not occur.
    pub(crate) fn decide(
        target: &RawTarget,
        kind: Option<TaskKind>,
        classes: Option<usize>,
    ) -> Result<TargetSchema, DataProblem> {
        match target {
            RawTarget::None => Ok(TargetSchema::None),
            RawTarget::Classes { name, labels, .. } => Ok(TargetSchema::Classes {
                name: name.clone(),
                keys: LabelKeys::Numbers((0..labels.len()).map(|id| id as f64).collect()),
                labels: labels.clone(),
            }),
            RawTarget::Text { name, values } => decide_text(name, values, kind, classes),
            RawTarget::Numbers { names, values, kind: numbers, label_names } => {
                decide_numbers(names, values, *numbers, label_names.as_deref(), kind, classes)
            }
        }
    }

    /// The task.
    pub fn task(&self) -> Option<Task> {
        match self {
            TargetSchema::Classes { labels, .. } => Some(Task::Classification { classes: labels.len() }),
            TargetSchema::Values { names } => Some(Task::Regression { outputs: names.len() }),
            TargetSchema::None => None,
        }
    }

    /// Class ids or numbers of some rows.
    pub(crate) fn encode(&self, target: &RawTarget) -> Result<DatasetTargets, DataProblem> {
        match (self, target) {
            (_, RawTarget::None) | (TargetSchema::None, _) => Ok(DatasetTargets::None),
            (TargetSchema::Values { names }, RawTarget::Numbers { names: given, values, .. }) => {
                if given.len() != names.len() {
                    return Err(DataProblem::ColumnCount { expected: names.len(), found: given.len() });
                }
                check_numbers(given, values)?;
                Ok(DatasetTargets::Values { values: values.clone(), outputs: names.len() })
            }
            (TargetSchema::Values { names }, RawTarget::Classes { ids, .. }) => {
                if names.len() != 1 {
                    return Err(DataProblem::ColumnCount { expected: names.len(), found: 1 });
                }
                Ok(DatasetTargets::Values {
                    values: ids.iter().map(|&id| f64::from(id)).collect(),
                    outputs: 1,
                })
            }
            (TargetSchema::Values { .. }, RawTarget::Text { name, values }) => {
                let (row, example) = super::raw::first_text(values);
                Err(DataProblem::TextTarget { target: name.clone(), row, example })
            }
            (TargetSchema::Classes { keys, labels, .. }, target) => {
                let ids = match target {
                    RawTarget::Classes { ids, labels: given, .. } => {
                        let check = |(row, &id): (usize, &u32)| {
                            let label = given.get(id as usize).cloned().unwrap_or_default();
                            keys.find_number(f64::from(id)).ok_or_else(|| unknown(row, label, labels))
                        };
                        ids.iter().enumerate().map(check).collect::<Result<Vec<u32>, _>>()?
                    }
                    RawTarget::Text { name, values } => keys.ids_of_text(name, values, labels)?,
                    RawTarget::Numbers { names, values, .. } => keys.ids_of_numbers(names, values, labels)?,
                    RawTarget::None => Vec::new(),
                };
                Ok(DatasetTargets::Classes { ids, count: labels.len() })
            }
        }
    }

    /// The names that a data set gets: the class column's, or one per output.
    pub(crate) fn target_names(&self) -> Vec<String> {
        match self {
            TargetSchema::Classes { name, .. } => vec![name.clone()],
            TargetSchema::Values { names } => names.clone(),
            TargetSchema::None => Vec::new(),
        }
    }

    /// Whether the parts of a schema that was read fit each other.
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            TargetSchema::Classes { keys, labels, .. } => {
                labels.len() >= 2
                    && match keys {
                        LabelKeys::Numbers(keys) => {
                            keys.len() == labels.len() && keys.windows(2).all(|pair| pair[0] < pair[1])
                        }
                        LabelKeys::Text(keys) => {
                            keys.len() == labels.len() && keys.windows(2).all(|pair| pair[0] < pair[1])
                        }
                        LabelKeys::OneHot(count) => *count == labels.len(),
                    }
            }
            TargetSchema::Values { names } => !names.is_empty(),
            TargetSchema::None => true,
        }
    }
}

impl LabelKeys {
    fn find_number(&self, number: f64) -> Option<u32> {
        match self {
            LabelKeys::Numbers(keys) => keys.binary_search_by(|key| key.total_cmp(&(number + 0.0))).ok(),
            LabelKeys::Text(keys) => keys.binary_search(&number.to_string()).ok(),
            LabelKeys::OneHot(_) => None,
        }
        .map(|id| id as u32)
    }

    fn find_text(&self, text: &str) -> Option<u32> {
        match self {
            LabelKeys::Text(keys) => {
                keys.binary_search_by(|key| key.as_str().cmp(text)).ok().map(|id| id as u32)
            }
            LabelKeys::Numbers(_) => text.parse().ok().and_then(|number| self.find_number(number)),
            LabelKeys::OneHot(_) => None,
        }
    }

    fn ids_of_text(
        &self,
        name: &str,
        values: &[Option<String>],
        labels: &[String],
    ) -> Result<Vec<u32>, DataProblem> {
        let id = |(row, value): (usize, &Option<String>)| {
            let text = value
                .as_deref()
                .ok_or_else(|| DataProblem::MissingTarget { row, target: name.to_owned() })?;
            self.find_text(text).ok_or_else(|| unknown(row, text.to_owned(), labels))
        };
        values.iter().enumerate().map(id).collect()
    }

    fn ids_of_numbers(
        &self,
        names: &[String],
        values: &[f64],
        labels: &[String],
    ) -> Result<Vec<u32>, DataProblem> {
        check_numbers(names, values)?;
        if let LabelKeys::OneHot(count) = self {
            if names.len() != *count {
                return Err(DataProblem::ColumnCount { expected: *count, found: names.len() });
            }
            let id = |(row, values): (usize, &[f64])| {
                one_hot(values).ok_or_else(|| unknown(row, format!("{values:?}"), labels))
            };
            return values.chunks_exact(*count).enumerate().map(id).collect();
        }
        if names.len() != 1 {
            return Err(DataProblem::ColumnCount { expected: 1, found: names.len() });
        }
        let id = |(row, &number): (usize, &f64)| {
            self.find_number(number).ok_or_else(|| self.unknown_number(row, number, labels))
        };
        values.iter().enumerate().map(id).collect()
    }

    /// Labels that are 0 to n - 1 are out of range; others are unknown.
    fn unknown_number(&self, row: usize, number: f64, labels: &[String]) -> DataProblem {
        match self {
            LabelKeys::Numbers(keys) if keys.iter().enumerate().all(|(id, &key)| key == id as f64) => {
                DataProblem::LabelOutOfRange { row, label: number.to_string(), classes: keys.len() }
            }
            _ => unknown(row, number.to_string(), labels),
        }
    }
}

fn unknown(row: usize, label: String, labels: &[String]) -> DataProblem {
    DataProblem::UnknownLabel { row, label, known: labels.to_vec() }
}

/// The place of the one 1 among zeros.
fn one_hot(values: &[f64]) -> Option<u32> {
    let place = values.iter().position(|&value| value == 1.0)?;
    values.iter().enumerate().all(|(i, &value)| i == place || value == 0.0).then_some(place as u32)
}

fn check_numbers(names: &[String], values: &[f64]) -> Result<(), DataProblem> {
    let outputs = names.len().max(1);
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) if values[index].is_nan() => {
            let target = names.get(index % outputs).cloned().unwrap_or_default();
            Err(DataProblem::MissingTarget { row: index / outputs, target })
        }
        Some(index) => Err(DataProblem::TargetNotFinite { row: index / outputs, value: values[index] }),
    }
}

fn decide_text(
    name: &str,
    values: &[Option<String>],
    kind: Option<TaskKind>,
    classes: Option<usize>,
) -> Result<TargetSchema, DataProblem> {
    if kind == Some(TaskKind::Regression) {
        let (row, example) = super::raw::first_text(values);
        return Err(DataProblem::TextTarget { target: name.to_owned(), row, example });
    }
    if let Some(row) = values.iter().position(Option::is_none) {
        return Err(DataProblem::MissingTarget { row, target: name.to_owned() });
    }
    let mut labels: Vec<String> = values.iter().flatten().cloned().collect();
    labels.sort_unstable();
    labels.dedup();
    check_labels(name, values.len(), labels.len(), labels.first().cloned().unwrap_or_default())?;
    check_class_count(name, labels.len(), classes)?;
    Ok(TargetSchema::Classes { name: name.to_owned(), keys: LabelKeys::Text(labels.clone()), labels })
}

fn decide_numbers(
    names: &[String],
    values: &[f64],
    numbers: NumberKind,
    label_names: Option<&[String]>,
    kind: Option<TaskKind>,
    classes: Option<usize>,
) -> Result<TargetSchema, DataProblem> {
    check_numbers(names, values)?;
    let name = names.join(", ");
    let first = values.first().copied().unwrap_or(0.0);
    let as_values = TargetSchema::Values { names: names.to_vec() };
    if values.iter().all(|&value| value == first) {
        return Err(DataProblem::ConstantTarget { target: name, label: first.to_string() });
    }
    if names.len() > 1 {
        let all_one_hot = values.chunks_exact(names.len()).all(|row| one_hot(row).is_some());
        return Ok(if all_one_hot && kind != Some(TaskKind::Regression) {
            let labels = (0..names.len()).map(|id| id.to_string()).collect();
            TargetSchema::Classes { name: common_name(names), keys: LabelKeys::OneHot(names.len()), labels }
        } else {
            as_values
        });
    }
    if kind == Some(TaskKind::Regression) || (kind.is_none() && numbers == NumberKind::Measured) {
        return Ok(as_values);
    }
    let mut distinct = values.to_vec();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup_by(|a, b| a == b); // -0 and 0 are one
    let whole = distinct.iter().all(|value| value.fract() == 0.0);
    let counted = distinct.iter().enumerate().all(|(id, &value)| value == id as f64);
    let few = whole && distinct.len() <= MOST_CLASSES_BY_VALUE && distinct.len() < values.len();
    let by_type = numbers == NumberKind::Integers
        && counted
        && distinct.len() <= MOST_CLASSES_BY_TYPE
        && distinct.len() * 2 <= values.len();
    if kind.is_none() && classes.is_none() && !few && !by_type && numbers != NumberKind::Truth {
        return Ok(as_values);
    }
    let count = distinct.len();
    let keys: Vec<f64> = match classes {
        // The user's network says how many classes there are: labels are 0 to classes - 1 if they can be.
        Some(classes) if whole => {
            let in_range = |&value: &f64| value >= 0.0 && value < classes as f64;
            match values.iter().position(|value| !in_range(value)) {
                None => (0..classes).map(|id| id as f64).collect(),
                Some(row) if distinct.len() > classes || distinct[0] == 0.0 => {
                    return Err(DataProblem::LabelOutOfRange {
                        row,
                        label: values[row].to_string(),
                        classes,
                    });
                }
                Some(_) => distinct, // 1 to 3, say, or -1 and 1
            }
        }
        _ => distinct.iter().map(|&value| value + 0.0).collect(),
    };
    check_class_count(&name, keys.len(), classes)?;
    check_labels(&name, values.len(), count, values[0].to_string())?;
    let labels = keys
        .iter()
        .map(|key| match label_names {
            Some(names) if *key >= 0.0 && (*key as usize) < names.len() => names[*key as usize].clone(),
            _ => key.to_string(),
        })
        .collect();
    Ok(TargetSchema::Classes { name, keys: LabelKeys::Numbers(keys), labels })
}

/// "y" for "y 0", "y 1" ...; else the first name.
fn common_name(names: &[String]) -> String {
    let first = names.first().cloned().unwrap_or_default();
    first.strip_suffix(" 0").map_or(first.clone(), str::to_owned)
}

fn check_labels(target: &str, rows: usize, distinct: usize, label: String) -> Result<(), DataProblem> {
    if distinct < 2 {
        Err(DataProblem::ConstantTarget { target: target.to_owned(), label })
    } else if distinct == rows && rows > 2 {
        Err(DataProblem::EveryLabelDiffers { target: target.to_owned(), rows })
    } else {
        Ok(())
    }
}

fn check_class_count(target: &str, found: usize, classes: Option<usize>) -> Result<(), DataProblem> {
    match classes {
        Some(classes) if found > classes => {
            Err(DataProblem::TooManyClasses { target: target.to_owned(), found, classes })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
