use super::*;

fn numbers(values: &[f64], kind: NumberKind) -> RawTarget {
    RawTarget::Numbers { names: vec!["y".to_owned()], values: values.to_vec(), kind, label_names: None }
}

fn text(values: &[&str]) -> RawTarget {
    let values = values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect();
    RawTarget::Text { name: "kind".to_owned(), values }
}

fn decide(target: &RawTarget) -> TargetSchema {
    TargetSchema::decide(target, None, None).unwrap()
}

fn ids(target: &RawTarget) -> Vec<u32> {
    match decide(target).encode(target).unwrap() {
        DatasetTargets::Classes { ids, .. } => ids,
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_is_classes_in_alphabetical_order() {
    let target = text(&["dog", "cat", "dog", "ant"]);
    assert_eq!(ids(&target), [2, 1, 2, 0]);
    assert_eq!(decide(&target).task(), Some(Task::Classification { classes: 3 }));
}

#[test]
fn whole_numbers_are_classes_in_numeric_order() {
    assert_eq!(ids(&numbers(&[10.0, 9.0, -1.0, 9.0], NumberKind::Floats)), [2, 1, 0, 1]);
}

#[test]
fn many_different_or_broken_numbers_are_measurements() {
    let many: Vec<f64> = (0..42).map(|i| f64::from(i / 2)).collect();
    let regression = Some(Task::Regression { outputs: 1 });
    assert_eq!(decide(&numbers(&many, NumberKind::Floats)).task(), regression);
    assert_eq!(decide(&numbers(&[-1.0, 7.0, 2.5, 0.0], NumberKind::Floats)).task(), regression);
    // Every value differs: 4 rows say nothing of classes.
    assert_eq!(decide(&numbers(&[1.0, 2.0, 3.0, 4.0], NumberKind::Floats)).task(), regression);
    // In an integer array that counts from 0, 21 values are classes.
    assert_eq!(
        decide(&numbers(&many, NumberKind::Integers)).task(),
        Some(Task::Classification { classes: 21 })
    );
}

#[test]
fn the_caller_can_overrule() {
    let target = numbers(&[3.0, 5.0, 3.0], NumberKind::Floats);
    let kind = |kind| TargetSchema::decide(&target, Some(kind), None).unwrap().task();
    assert_eq!(kind(TaskKind::Regression), Some(Task::Regression { outputs: 1 }));
    assert_eq!(kind(TaskKind::Classification), Some(Task::Classification { classes: 2 }));
}

#[test]
fn the_number_of_classes_fixes_the_labels() {
    let target = numbers(&[0.0, 3.0, 3.0], NumberKind::Integers);
    let of_ten = TargetSchema::decide(&target, None, Some(10)).unwrap();
    assert_eq!(of_ten.task(), Some(Task::Classification { classes: 10 }));
    assert_eq!(of_ten.encode(&target).unwrap(), DatasetTargets::Classes { ids: vec![0, 3, 3], count: 10 });
    // Labels -1 and 1 are two classes as well.
    let signs = numbers(&[-1.0, 1.0, 1.0], NumberKind::Integers);
    assert_eq!(
        TargetSchema::decide(&signs, None, Some(2)).unwrap().task(),
        Some(Task::Classification { classes: 2 })
    );
}

#[test]
fn rows_of_one_1_are_classes() {
    let target = RawTarget::Numbers {
        names: ["y 0", "y 1", "y 2"].map(str::to_owned).into(),
        values: vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        kind: NumberKind::Floats,
        label_names: None,
    };
    assert_eq!(ids(&target), [1, 2]);
}

#[test]
fn names_of_classes_come_from_the_file() {
    let target = RawTarget::Numbers {
        names: vec!["train_set_y".to_owned()],
        values: vec![0.0, 1.0, 1.0],
        kind: NumberKind::Integers,
        label_names: Some(["non-cat", "cat"].map(str::to_owned).into()),
    };
    let TargetSchema::Classes { labels, .. } = decide(&target) else { panic!("classes") };
    assert_eq!(labels, ["non-cat", "cat"]);
}

#[test]
fn targets_that_teach_nothing_are_refused() {
    let refuse = |target: RawTarget, kind, classes| {
        TargetSchema::decide(&target, kind, classes).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refuse(numbers(&[1.0; 3], NumberKind::Floats), None, None), @r#"every label in "y" is 1: there is nothing to learn; choose another target"#);
    insta::assert_snapshot!(refuse(text(&["a", "b", "c"]), None, None), @r#"each of the 3 rows has a label of its own in "kind": nothing learned from one would hold for another; choose another target"#);
    insta::assert_snapshot!(refuse(text(&["a", "", "a"]), None, None), @r#"row 1 (counted from 0) has no value in the target column "kind"; fill it in or leave the row out"#);
    insta::assert_snapshot!(refuse(numbers(&[1.0, f64::NAN], NumberKind::Floats), None, None), @r#"row 1 (counted from 0) has no value in the target column "y"; fill it in or leave the row out"#);
    insta::assert_snapshot!(refuse(text(&["a", "b", "a"]), Some(TaskKind::Regression), None), @r#"the target "kind" is text ("a" in row 0, counted from 0); a loss for numbers needs numbers"#);
    insta::assert_snapshot!(refuse(numbers(&[0.0, 255.0, 0.0], NumberKind::Integers), None, Some(10)), @"row 1 (counted from 0) has label 255, but with 10 classes labels go from 0 to 9");
    insta::assert_snapshot!(refuse(text(&["a", "b", "c", "c"]), None, Some(2)), @r#"the target "kind" has 3 different labels, but the network has outputs for 2 classes"#);
}

#[test]
fn labels_that_training_did_not_know_are_refused() {
    let schema = decide(&text(&["cat", "dog", "dog"]));
    insta::assert_snapshot!(schema.encode(&text(&["dog", "cow"])).unwrap_err(), @r#"row 1 (counted from 0) has the label "cow", which is none of the classes known from training: cat, dog"#);
    let digits = decide(&numbers(&[0.0, 1.0, 1.0], NumberKind::Integers));
    insta::assert_snapshot!(digits.encode(&numbers(&[2.0], NumberKind::Integers)).unwrap_err(), @"row 0 (counted from 0) has label 2, but with 2 classes labels go from 0 to 1");
    // The same label as text, as a file of text may have it.
    assert_eq!(digits.encode(&text(&["1"])).unwrap(), DatasetTargets::Classes { ids: vec![1], count: 2 });
}
