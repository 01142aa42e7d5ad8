use super::*;
use crate::data::formats::Contents;
use crate::data::raw::RawTarget;
use crate::data::table::{Column, ColumnValues, Table};
use crate::data::task::LabelKeys;
use crate::data::{Array, Features, Values};

fn number(name: &str, values: &[f64]) -> Column {
    Column { name: name.to_owned(), values: ColumnValues::Numbers(values.to_vec()) }
}

fn text(name: &str, values: &[&str]) -> Column {
    let values = values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect();
    Column { name: name.to_owned(), values: ColumnValues::Text(values) }
}

fn raw(columns: Vec<Column>, labels: &[u32]) -> RawData {
    let target = RawTarget::Text {
        name: "kind".to_owned(),
        values: labels.iter().map(|label| Some(["cat", "dog"][*label as usize].to_owned())).collect(),
    };
    RawData { inputs: RawInputs::Columns(columns), target, weights: None }
}

/// Rows 0, 1 and 2 train; row 3 has a colour they do not.
fn fitted() -> Fitted {
    let columns =
        vec![number("size", &[1.0, f64::NAN, 3.0, 100.0]), text("colour", &["red", "blue", "red", "green"])];
    let raw = raw(columns, &[0, 1, 0, 1]);
    let target = TargetSchema::decide(&raw.target, None, None).unwrap();
    Preprocessing::fit(raw, &[0, 1, 2], target, (InputScale::Fit(Scaling::Standard), None), Scaling::None)
        .unwrap()
}

fn gathered(dataset: &Dataset) -> Vec<f64> {
    let rows: Vec<u32> = (0..dataset.rows() as u32).collect();
    let mut x = vec![0.0; dataset.rows() * dataset.columns()];
    dataset.gather(&rows, &mut x);
    x
}

#[test]
fn fitting_looks_at_the_training_rows_only() {
    let Fitted { preprocessing, dataset, notices } = fitted();
    assert_eq!(preprocessing.feature_names(), ["size", "colour=blue", "colour=red"]);
    // size: 1, mean 2 for the missing one, 3, 100: mean 2, deviation √(2/3) over the training rows.
    assert_eq!(
        dataset.features(),
        &Features::F64(vec![1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 3.0, 0.0, 1.0, 100.0, 0.0, 0.0])
    );
    let deviation = (2.0_f64 / 3.0).sqrt();
    assert_eq!(gathered(&dataset)[..3], [-1.0 / deviation, 0.0, 1.0]);
    assert_eq!(gathered(&dataset)[9], 98.0 / deviation);
    let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notices.join("\n"), @r#"
    1 missing in the column "size" took the training part's mean, 2
    1 value in the column "colour" (such as "green") did not occur in training and count as none of its categories
    "#);
}

#[test]
fn json_keeps_everything() {
    let preprocessing = fitted().preprocessing;
    let text = preprocessing.to_json().to_string();
    let again = Preprocessing::from_json(serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again, preprocessing);
}

#[test]
fn json_that_does_not_hold_together_is_refused() {
    let good = fitted().preprocessing.to_json();
    let refuse = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = good.clone();
        change(&mut json);
        Preprocessing::from_json(json).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refuse(&|json| json["version"] = 2.into()), @"model file: the model's preprocessing is not valid: its version is 2, this program knows up to 1");
    insta::assert_snapshot!(refuse(&|json| json["scale"]["shift"] = vec![1.0].into()), @"model file: the model's preprocessing is not valid: the scale does not fit the inputs");
    insta::assert_snapshot!(refuse(&|json| json["inputs"]["columns"] = serde_json::json!([])), @"model file: the model's preprocessing is not valid: the number of inputs is out of range");
    insta::assert_snapshot!(refuse(&|json| json["target"]["labels"] = serde_json::json!(["a"])), @"model file: the model's preprocessing is not valid: the target's labels do not fit each other");
    assert!(refuse(&|json| json["more"] = 1.into()).contains("unknown field"));
}

#[test]
fn predicting_finds_columns_by_name() {
    let preprocessing = fitted().preprocessing;
    let table = Table::new(vec![text("colour", &["blue"]), number("extra", &[7.0]), number("size", &[3.0])]);
    let (dataset, notices) = preprocessing.apply(Contents::Table(table), "new.csv").unwrap();
    assert_eq!(*dataset.features(), Features::F64(vec![3.0, 1.0, 0.0]));
    assert_eq!(*dataset.targets(), DatasetTargets::None);
    assert_eq!(notices, []);
}

#[test]
fn targets_are_read_where_the_file_has_them() {
    let preprocessing = fitted().preprocessing;
    let table = Table::new(vec![text("kind", &["dog"]), text("colour", &["blue"]), number("size", &[3.0])]);
    let (dataset, _) = preprocessing.apply(Contents::Table(table), "new.csv").unwrap();
    assert_eq!(*dataset.targets(), DatasetTargets::Classes { ids: vec![1], count: 2 });
    assert_eq!(dataset.label_names(), ["cat", "dog"]);
}

#[test]
fn what_is_missing_is_named_with_the_nearest() {
    let preprocessing = fitted().preprocessing;
    let refuse = |columns| {
        preprocessing.apply(Contents::Table(Table::new(columns)), "new.csv").unwrap_err().to_string()
    };
    insta::assert_snapshot!(refuse(vec![text("color", &["red"]), number("size", &[1.0])]), @r#"new.csv: there is no column "colour" (did you mean "color"?); there are: color, size"#);
    insta::assert_snapshot!(refuse(vec![text("colour", &["red"]), text("size", &["big"])]), @r#"new.csv: row 0 (counted from 0) has "big" in the column "size", which held numbers in training"#);
    insta::assert_snapshot!(refuse(vec![text("colour", &["red"]), number("size", &[f64::INFINITY])]), @r"new.csv: row 0 (counted from 0), column size is inf, which a network cannot be trained on; leave the row out or replace the value");
}

#[test]
fn columns_without_names_are_found_by_position() {
    let columns = vec![number("1", &[1.0, 2.0, 4.0]), number("2", &[0.5, 0.0, 0.25])];
    let raw = raw(columns, &[0, 1, 1]);
    let target = TargetSchema::decide(&raw.target, None, None).unwrap();
    let scale = InputScale::Fit(Scaling::None);
    let preprocessing =
        Preprocessing::fit(raw, &[0, 1, 2], target, (scale, None), Scaling::None).unwrap().preprocessing;
    // Without the target, which was column 0, the columns have other numbers.
    let table = Table::new(vec![number("0", &[8.0]), number("1", &[9.0])]);
    let (dataset, _) = preprocessing.apply(Contents::Table(table), "new.csv").unwrap();
    assert_eq!(*dataset.features(), Features::F64(vec![8.0, 9.0]));
    let matrix = Array::new(vec![1, 2], Values::F32(vec![8.0, 9.0]));
    let (dataset, _) = preprocessing.apply(Contents::Array(matrix), "new.npy").unwrap();
    assert_eq!(*dataset.features(), Features::F64(vec![8.0, 9.0]));
}

#[test]
fn images_keep_their_shape_and_one_image_will_do() {
    let inputs = RawInputs::Array {
        name: Some("train_set_x".to_owned()),
        features: Features::U8((0..12).collect()),
        shape: vec![2, 2],
        column_names: Vec::new(),
    };
    let target = raw(Vec::new(), &[0, 1, 1]).target;
    let schema = TargetSchema::decide(&target, None, None).unwrap();
    let scale = InputScale::Fit(Scaling::Divide255);
    let fitted = Preprocessing::fit(
        RawData { inputs, target, weights: None },
        &[0, 1, 2],
        schema,
        (scale, None),
        Scaling::None,
    )
    .unwrap();
    assert_eq!(fitted.dataset.feature_shape().axes(), [2, 2]);
    let image = Array::new(vec![2, 2], Values::U8(vec![0, 51, 102, 255]));
    let (dataset, _) = fitted.preprocessing.apply(Contents::Array(image), "one.npy").unwrap();
    assert_eq!(gathered(&dataset), [0.0, 0.2, 0.4, 1.0]);
    let wrong = Array::new(vec![1, 3, 2], Values::U8(vec![0; 6]));
    insta::assert_snapshot!(fitted.preprocessing.apply(Contents::Array(wrong), "one.npy").unwrap_err(), @"one.npy: one row has the shape [3, 2], but [2, 2] in training");
}

#[test]
fn columns_that_cannot_help_are_left_out() {
    let rows = 24;
    let counted: Vec<f64> = (0..rows).map(f64::from).collect();
    let names: Vec<String> = (0..rows).map(|row| format!("name{row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let nothing = vec![f64::NAN; rows as usize];
    let columns =
        vec![number("", &counted), text("name", &names), number("empty", &nothing), number("x", &counted)];
    let labels: Vec<u32> = (0..rows as u32).map(|row| row % 2).collect();
    let raw = raw(columns, &labels);
    let target = TargetSchema::decide(&raw.target, None, None).unwrap();
    let all: Vec<u32> = (0..rows as u32).collect();
    let fitted =
        Preprocessing::fit(raw, &all, target, (InputScale::Fit(Scaling::None), None), Scaling::None).unwrap();
    assert_eq!(fitted.preprocessing.feature_names(), ["x"]);
    let notices: Vec<String> = fitted.notices.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notices.join("\n"), @r#"
    the column "" is left out: it has no name and numbers the rows
    the column "name" is left out: its text is different in every row
    the column "empty" is left out: the training part has no value in it
    "#);
}

#[test]
fn for_an_embedding_text_becomes_ids_that_no_scale_touches() {
    for (scaling, mean) in
        [(Scaling::Standard, 0.0), (Scaling::Divide255, 2.0 / 255.0), (Scaling::MinMax, 0.5)]
    {
        let columns = vec![
            number("size", &[1.0, f64::NAN, 3.0, 100.0]),
            text("colour", &["red", "blue", "", "green"]),
            number("month", &[1.0, 2.0, 11.0, 0.0]),
        ];
        let raw = raw(columns, &[0, 1, 0, 1]);
        let target = TargetSchema::decide(&raw.target, None, None).unwrap();
        let scale = (InputScale::Fit(scaling), Some(&[2][..]));
        let fitted = Preprocessing::fit(raw, &[0, 1, 2], target, scale, Scaling::None).unwrap();
        let preprocessing = fitted.preprocessing;
        assert_eq!(preprocessing.feature_names(), ["size", "colour", "month"]);
        let x = gathered(&fitted.dataset);
        assert_eq!(x[3], mean, "the missing size is the mean");
        // Blue, then red; a missing colour and one that training did not see are none of them.
        assert_eq!([x[1], x[4], x[7], x[10]], [1.0, 0.0, -1.0, -1.0], "{scaling:?}");
        assert_eq!([x[2], x[5], x[8], x[11]], [1.0, 2.0, 11.0, 0.0], "{scaling:?}");
        let json = preprocessing.to_json();
        assert_eq!(json["inputs"]["columns"][1]["encoding"]["kind"], "ids");
        assert_eq!(Preprocessing::from_json(json).unwrap(), preprocessing);
    }
}

#[test]
fn rows_in_memory_become_what_a_file_becomes() {
    let columns = vec![
        number("size", &[1.0, 3.0, 5.0, 7.0]),
        text("colour", &["red", "blue", "red", "blue"]),
        number("age", &[10.0, 20.0, 30.0, 40.0]),
    ];
    let target = RawTarget::Numbers {
        names: vec!["price".to_owned()],
        values: vec![100.0, 200.0, 300.0, 400.0],
        kind: crate::data::raw::NumberKind::Measured,
        label_names: None,
    };
    let schema = TargetSchema::decide(&target, None, None).unwrap();
    let raw = RawData { inputs: RawInputs::Columns(columns.clone()), target, weights: None };
    let scale = (InputScale::Fit(Scaling::Standard), None);
    let fitted = Preprocessing::fit(raw, &[0, 1, 2, 3], schema, scale, Scaling::Standard).unwrap();
    let preprocessing = fitted.preprocessing;
    assert_eq!(preprocessing.column_names(), ["size", "colour", "age"]);

    let turned = Table::new(columns.into_iter().rev().collect());
    let (features, notices) = preprocessing.features(&turned).unwrap();
    assert_eq!((&features, notices.len()), (fitted.dataset.features(), 0));
    let values = DatasetTargets::Values { values: vec![100.0, 200.0, 300.0, 400.0], outputs: 1 };
    let rows = Dataset::new(features, Shape::from([4]), values).unwrap();
    let rows = preprocessing.rows(&rows).unwrap();
    assert_eq!(gathered(&rows), gathered(&fitted.dataset));
    assert_eq!(rows.target_scale(), fitted.dataset.target_scale());
    assert_eq!(rows.target_names(), ["price"]);
    // Once more changes nothing.
    assert_eq!(gathered(&preprocessing.rows(&rows).unwrap()), gathered(&rows));

    let wide = Dataset::new(Features::F64(vec![1.0; 3]), Shape::from([3]), DatasetTargets::None).unwrap();
    insta::assert_snapshot!(preprocessing.rows(&wide).unwrap_err(), @"data: one row has the shape [3], but [4] in training");
    assert_eq!(preprocessing.class_ids(vec![number("labels", &[1.0])]).unwrap(), None);
}

#[test]
fn labels_in_memory_are_those_of_training() {
    let columns = vec![number("x", &[0.0, 1.0, 2.0])];
    let raw = raw(columns, &[0, 1, 1]);
    let target = TargetSchema::Classes {
        name: "kind".to_owned(),
        keys: LabelKeys::Text(vec!["large".to_owned(), "small".to_owned()]),
        labels: vec!["large".to_owned(), "small".to_owned()],
    };
    let raw = RawData { target: RawTarget::None, ..raw };
    let scale = (InputScale::Fit(Scaling::None), None);
    let preprocessing =
        Preprocessing::fit(raw, &[0, 1, 2], target, scale, Scaling::None).unwrap().preprocessing;
    let ids = preprocessing.class_ids(vec![text("labels", &["small", "large"])]).unwrap();
    assert_eq!(ids, Some(vec![1, 0]));
    let several = vec![number("0", &[0.5]), number("1", &[0.5])];
    assert_eq!(preprocessing.class_ids(several).unwrap(), None);
    let unknown = preprocessing.class_ids(vec![text("labels", &["huge"])]).unwrap_err();
    insta::assert_snapshot!(unknown, @r#"data: row 0 (counted from 0) has the label "huge", which is none of the classes known from training: large, small"#);
}

#[test]
fn images_in_memory_become_planes() {
    let inputs = RawInputs::Array {
        name: None,
        features: Features::U8((0..12).collect()),
        shape: vec![3, 1, 2],
        column_names: Vec::new(),
    };
    let raw = RawData { inputs, target: RawTarget::None, weights: None };
    let scale = (InputScale::Fit(Scaling::Divide255), None);
    let fitted = Preprocessing::fit(raw, &[0, 1], TargetSchema::None, scale, Scaling::None).unwrap();
    // The same two images, pixel by pixel.
    let pixels = Features::U8(vec![0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
    let images = Dataset::new(pixels, Shape::from([1, 2, 3]), DatasetTargets::None).unwrap();
    let rows = fitted.preprocessing.rows(&images).unwrap();
    assert_eq!(rows.feature_shape().axes(), [3, 1, 2]);
    assert_eq!(gathered(&rows), gathered(&fitted.dataset));
}
