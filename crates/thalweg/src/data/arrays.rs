//! Named arrays of one file (HDF5, NPZ): which are features, which are targets, and of which part.

use super::array::{Array, Values};
use super::problem::{DataProblem, nearest};
use super::raw::{RawData, RawTarget, inputs_of_array, target_of_array, weights_of_array};

/// A part of the data as a name says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartName {
    /// No part is named: all there is.
    Whole,
    Train,
    Validation,
    Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Features,
    Targets,
    /// Known by no name of its own: only a user says which array it is.
    Weights,
}

/// The parts that one file of arrays has.
#[derive(Debug)]
pub(crate) struct ArrayParts {
    pub(crate) train: RawData,
    pub(crate) validation: Option<RawData>,
    pub(crate) test: Option<RawData>,
}

/// What an array's name says: `train_set_x`, `x_train`, `X`, `test/images`, `y`, `labels` ...
fn read_name(name: &str) -> Option<(PartName, Role)> {
    let lower = name.to_lowercase();
    let words = [
        ("validation", PartName::Validation),
        ("valid", PartName::Validation),
        ("val", PartName::Validation),
        ("dev", PartName::Validation),
        ("train", PartName::Train),
        ("test", PartName::Test),
    ];
    let (part, rest) = match words.iter().find(|(word, _)| lower.contains(word)) {
        Some((word, part)) => (*part, lower.replacen(word, "", 1)),
        None => (PartName::Whole, lower),
    };
    let rest: String = rest.chars().filter(char::is_ascii_alphanumeric).collect();
    let role = match rest.trim_start_matches("ing").trim_start_matches("set") {
        "x" | "xorig" | "image" | "images" | "data" | "feature" | "features" | "input" | "inputs" => {
            Role::Features
        }
        "y" | "yorig" | "label" | "labels" | "target" | "targets" => Role::Targets,
        _ => return None,
    };
    Some((part, role))
}

/// The names of the classes, where a file has them.
fn class_names(arrays: &[(String, Array)]) -> Option<Vec<String>> {
    let known = ["list_classes", "classes", "class_names", "label_names", "target_names"];
    arrays.iter().find(|(name, _)| known.contains(&name.to_lowercase().as_str())).and_then(|(_, array)| {
        match array.values() {
            Values::Text(names) => Some(names.clone()),
            _ => None,
        }
    })
}

fn names(arrays: &[(String, Array)]) -> Vec<String> {
    arrays.iter().map(|(name, _)| name.clone()).collect()
}

/// The array of this name; a leading slash, as HDF5 paths have it, does not matter.
fn position(arrays: &[(String, Array)], name: &str) -> Option<usize> {
    arrays.iter().position(|(given, _)| given.trim_start_matches('/') == name.trim_start_matches('/'))
}

fn by_role(arrays: &[(String, Array)], part: PartName, role: Role) -> Option<usize> {
    arrays.iter().position(|(name, array)| {
        let is_text_input = role == Role::Features && matches!(array.values(), Values::Text(_));
        read_name(name) == Some((part, role)) && !is_text_input
    })
}

/// The array that a user named, or the problem that there is none.
fn named(arrays: &[(String, Array)], name: &str) -> Result<usize, DataProblem> {
    position(arrays, name).ok_or_else(|| {
        let available = names(arrays);
        let nearest = nearest(name, &available);
        DataProblem::UnknownColumn { role: "array", name: name.to_owned(), nearest, available }
    })
}

/// The same name for another part: `test_set_x` for `train_set_x`.
fn twin(name: &str, part: &str) -> Option<String> {
    let changed = name.replacen("train", part, 1);
    (changed != name).then_some(changed)
}

/// Finds the features and targets of every part. Without names, arrays are told by theirs; `prefer` says which part is
/// meant where the file serves as one part only.
pub(crate) fn parts_of_arrays(
    arrays: &[(String, Array)],
    features: &[String],
    target: &[String],
    weight: Option<&str>,
    prefer: Option<PartName>,
) -> Result<ArrayParts, DataProblem> {
    if features.len() > 1 || target.len() > 1 {
        let names = if features.len() > 1 { features } else { target };
        return Err(DataProblem::SeveralArrays { names: names.to_vec() });
    }
    let order: &[PartName] = match prefer {
        None | Some(PartName::Train | PartName::Whole) => &[PartName::Train, PartName::Whole],
        Some(PartName::Validation) => {
            &[PartName::Validation, PartName::Whole, PartName::Test, PartName::Train]
        }
        Some(PartName::Test) => &[PartName::Test, PartName::Whole, PartName::Validation, PartName::Train],
    };
    let first = |role| order.iter().find_map(|&part| by_role(arrays, part, role));
    let part_words: &[&str] = match prefer {
        Some(PartName::Test) => &["test"],
        Some(PartName::Validation) => &["validation", "valid", "val", "dev"],
        _ => &[],
    };
    // A name given for training stands for its twin in a file of another part.
    let choose = |names: &[String], role| -> Result<Option<usize>, DataProblem> {
        match names.first() {
            None => Ok(first(role)),
            Some(name) => {
                let of_part = part_words.iter().filter_map(|word| twin(name, word));
                match of_part.filter_map(|name| position(arrays, &name)).next() {
                    Some(found) => Ok(Some(found)),
                    None => named(arrays, name).map(Some),
                }
            }
        }
    };
    let x = choose(features, Role::Features)?;
    let y = choose(target, Role::Targets)?;
    let (Some(x), Some(y)) = (x, y) else {
        return Err(DataProblem::NoTarget { columns: names(arrays) });
    };
    if x == y {
        return Err(DataProblem::TargetAmongFeatures { name: arrays[x].0.clone() });
    }
    let weight: Vec<String> = weight.map(str::to_owned).into_iter().collect();
    let weight = choose(&weight, Role::Weights)?;
    if let Some(weight) = weight.filter(|weight| [x, y].contains(weight)) {
        let role = if weight == x { "a feature" } else { "the target" };
        return Err(DataProblem::WeightTwice { name: arrays[weight].0.clone(), role });
    }
    let train = pair(arrays, x, y, weight)?;
    let part = |part: PartName, words: &[&str]| -> Result<Option<RawData>, DataProblem> {
        if prefer.is_some() {
            return Ok(None);
        }
        let of_twin = words.iter().find_map(|word| {
            let x = position(arrays, &twin(&arrays[x].0, word)?)?;
            let y = position(arrays, &twin(&arrays[y].0, word)?)?;
            Some((x, y))
        });
        let of_role =
            || Some((by_role(arrays, part, Role::Features)?, by_role(arrays, part, Role::Targets)?));
        let by_names = features.is_empty() && target.is_empty();
        match of_twin.or_else(|| if by_names { of_role() } else { None }) {
            Some((x, y)) => {
                let twin = |weight: usize| {
                    words.iter().find_map(|word| position(arrays, &twin(&arrays[weight].0, word)?))
                };
                pair(arrays, x, y, weight.and_then(twin)).map(Some)
            }
            None => Ok(None),
        }
    };
    Ok(ArrayParts {
        train,
        validation: part(PartName::Validation, &["validation", "valid", "val", "dev"])?,
        test: part(PartName::Test, &["test"])?,
    })
}

/// Features, targets and, where they are given, weights; a part without weights counts each row once.
fn pair(
    arrays: &[(String, Array)],
    x: usize,
    y: usize,
    weight: Option<usize>,
) -> Result<RawData, DataProblem> {
    let inputs = inputs_of_array(Some(&arrays[x].0), arrays[x].1.clone())?;
    let mut target = target_of_array(&arrays[y].0, arrays[y].1.clone(), inputs.rows());
    if let RawTarget::Numbers { label_names, .. } = &mut target {
        *label_names = class_names(arrays);
    }
    let weights =
        weight.map(|place| weights_of_array(&arrays[place].0, arrays[place].1.clone())).transpose()?;
    RawData { inputs, target, weights }.checked()
}

/// Features, and targets if there are any, for a model that was trained on an array of this name and row length.
pub(crate) fn arrays_to_predict(
    arrays: &[(String, Array)],
    name: Option<&str>,
    target: Option<&str>,
    row_len: usize,
) -> Result<RawData, DataProblem> {
    let order = [PartName::Whole, PartName::Test, PartName::Validation, PartName::Train];
    let by_name = name.and_then(|name| position(arrays, name));
    let by_part = || order.iter().find_map(|&part| by_role(arrays, part, Role::Features));
    let by_size =
        || arrays.iter().position(|(_, a)| a.row_len() == row_len && !matches!(a.values(), Values::Text(_)));
    let Some(x) = by_name.or_else(by_part).or_else(by_size) else {
        let available = names(arrays);
        let name = name.unwrap_or("x").to_owned();
        let nearest = nearest(&name, &available);
        return Err(DataProblem::UnknownColumn { role: "array", name, nearest, available });
    };
    let part = read_name(&arrays[x].0).map_or(PartName::Whole, |(part, _)| part);
    let y = by_role(arrays, part, Role::Targets).or_else(|| target.and_then(|name| position(arrays, name)));
    match y {
        Some(y) if y != x => pair(arrays, x, y, None),
        _ => RawData {
            inputs: inputs_of_array(Some(&arrays[x].0), arrays[x].1.clone())?,
            target: RawTarget::None,
            weights: None,
        }
        .checked(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrays(names: &[&str]) -> Vec<(String, Array)> {
        names
            .iter()
            .map(|name| {
                let is_target = matches!(read_name(name), Some((_, Role::Targets)));
                let shape = if is_target { vec![2] } else { vec![2, 3] };
                let values = Values::F32(vec![name.len() as f32; shape.iter().product()]);
                ((*name).to_owned(), Array::new(shape, values))
            })
            .collect()
    }

    #[test]
    fn names_tell_part_and_role() {
        use PartName::{Test, Train, Validation, Whole};
        let features = [
            ("train_set_x", Train),
            ("X_test", Test),
            ("x", Whole),
            ("x_val", Validation),
            ("train/images", Train),
        ];
        for (name, part) in features {
            assert_eq!(read_name(name), Some((part, Role::Features)), "{name}");
        }
        for (name, part) in [("train_set_y", Train), ("y", Whole), ("test_labels", Test), ("Targets", Whole)]
        {
            assert_eq!(read_name(name), Some((part, Role::Targets)), "{name}");
        }
        assert_eq!(read_name("list_classes"), None);
        assert_eq!(read_name("weights"), None);
    }

    #[test]
    fn pairs_of_all_parts_are_found() {
        let parts =
            parts_of_arrays(&arrays(&["x_test", "x_train", "y_test", "y_train"]), &[], &[], None, None)
                .unwrap();
        assert!(parts.test.is_some() && parts.validation.is_none());
        let own = parts_of_arrays(
            &arrays(&["train_a", "train_b", "test_a", "test_b"]),
            &["train_a".to_owned()],
            &["train_b".to_owned()],
            None,
            None,
        );
        assert!(own.unwrap().test.is_some());
        let test = arrays(&["test_set_x", "test_set_y"]);
        let names = (["train_set_x".to_owned()], ["train_set_y".to_owned()]);
        assert!(parts_of_arrays(&test, &names.0, &names.1, None, Some(PartName::Test)).is_ok());
    }

    #[test]
    fn a_name_that_is_not_there_gets_the_nearest() {
        let error =
            parts_of_arrays(&arrays(&["train_x", "train_y"]), &["trian_x".to_owned()], &[], None, None)
                .unwrap_err();
        insta::assert_snapshot!(error, @r#"there is no array "trian_x" (did you mean "train_x"?); there are: train_x, train_y"#);
    }
}
