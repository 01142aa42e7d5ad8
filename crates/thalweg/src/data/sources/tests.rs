use super::*;
use crate::data::Fold;
use crate::data::test_files::shared;

fn settings(source: Source) -> DataSettings {
    DataSettings {
        source,
        validation: None,
        test: None,
        features: Vec::new(),
        target: Vec::new(),
        split: None,
        fold: None,
        format: None,
        scale: None,
        scale_target: Scaling::None,
        weight: None,
        class_weight: None,
    }
}

fn named(name: &str) -> DataSettings {
    settings(Source::Named(name.to_owned()))
}

fn files(paths: &[PathBuf]) -> DataSettings {
    settings(Source::Files(paths.to_vec()))
}

fn generator(name: &str) -> Source {
    Source::Generator(Generator { name: name.to_owned(), ..Generator::default() })
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn byte_sum(dataset: &Dataset) -> u64 {
    match dataset.features() {
        Features::U8(bytes) => bytes.iter().map(|&byte| u64::from(byte)).sum(),
        other => panic!("{} values that are not bytes", other.len()),
    }
}

fn ids(dataset: &Dataset) -> &[u32] {
    match dataset.targets() {
        DatasetTargets::Classes { ids, .. } => ids,
        other => panic!("{other:?}"),
    }
}

/// The settings, loaded from the shared data; `None` where that is not there.
fn from_shared(name: &str) -> Option<Parts> {
    let folder = shared("data")?;
    Some(load(&named(name), &LoadOptions { data_folder: Some(folder), ..LoadOptions::default() }).unwrap())
}

#[test]
fn cats_are_what_their_description_says() {
    let Some(parts) = from_shared("cats") else { return };
    let test = parts.test.unwrap();
    assert_eq!((parts.train.rows(), test.rows()), (209, 50));
    assert!(parts.validation.is_none());
    assert_eq!(parts.train.feature_shape().axes(), [64, 64, 3]);
    assert_eq!((byte_sum(&parts.train), byte_sum(&test)), (264_542_077, 65_969_547));
    assert_eq!(ids(&parts.train).iter().sum::<u32>(), 72);
    assert_eq!(ids(&test).iter().sum::<u32>(), 33);
    assert_eq!(parts.train.label_names(), ["non-cat", "cat"]);
    assert_eq!(*parts.train.scale(), crate::data::FittedScale::Divide { divisor: 255.0 });
    assert_eq!(parts.task, Task::Classification { classes: 2 });
    let hashes: Vec<&str> = parts.files.iter().map(|(_, hash)| hash.as_str()).collect();
    assert_eq!(
        hashes,
        [
            "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
            "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951"
        ]
    );
}

#[test]
fn mnist_is_read_from_its_four_files() {
    let Some(parts) = from_shared("mnist") else { return };
    let test = parts.test.as_ref().unwrap();
    assert_eq!((parts.train.rows(), test.rows()), (60_000, 10_000));
    assert_eq!(parts.train.feature_shape().axes(), [28, 28]);
    assert_eq!(parts.task, Task::Classification { classes: 10 });
    assert_eq!(ids(&parts.train)[..5], [5, 0, 4, 1, 9]);
    assert_eq!(ids(test)[..5], [7, 2, 1, 0, 4]);
    // As published with the set: the mean of the scaled training pixels is 0.1307.
    assert!((byte_sum(&parts.train) as f64 / 255.0 / 47_040_000.0 - 0.1307).abs() < 5e-5);
    assert_eq!(parts.files[0].1, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609");
    // A split of the user's cuts the training files; the test files stay the test part.
    let cut =
        DataSettings { split: Some(Split { validation: 0.1, test: 0.3, stratify: true }), ..named("mnist") };
    let options = LoadOptions { data_folder: shared("data"), ..LoadOptions::default() };
    let cut = load(&cut, &options).unwrap();
    let rows = (cut.train.rows(), cut.validation.unwrap().rows(), cut.test.unwrap().rows());
    assert_eq!(rows, (54_000, 6000, 10_000));
}

#[test]
fn a_folder_of_four_idx_files_is_a_set() {
    let Some(folder) = shared("data/mnist") else { return };
    assert_eq!(load(&files(&[folder]), &LoadOptions::default()).unwrap().test.unwrap().rows(), 10_000);
}

#[test]
fn digits_and_iris_need_no_files() {
    let digits = load(&named("digits"), &LoadOptions::default()).unwrap();
    let rows = (digits.train.rows(), digits.validation.unwrap().rows(), digits.test.unwrap().rows());
    assert_eq!(rows, (1437, 180, 180));
    let mut x = vec![0.0_f64; 64];
    digits.train.gather(&[0], &mut x);
    assert!(x.iter().all(|&x| (0.0..=1.0).contains(&x) && (x * 16.0).fract() == 0.0));

    let iris = load(&named("iris"), &LoadOptions::default()).unwrap();
    assert_eq!(iris.train.label_names(), ["setosa", "versicolor", "virginica"]);
    assert_eq!(iris.train.feature_names().len(), 4);
    assert_eq!((iris.train.rows(), iris.test.unwrap().rows()), (120, 15));
    assert!(matches!(iris.train.scale(), crate::data::FittedScale::Columns { .. }));
}

#[test]
fn sets_that_are_not_there_say_where_they_were_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t10k-labels-idx1-ubyte.gz"), b"").unwrap();
    let options = LoadOptions { data_folder: Some(folder.path().to_owned()), ..LoadOptions::default() };
    let message = load(&named("mnist"), &options).unwrap_err().to_string();
    assert!(
        message.starts_with("mnist: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte not found; looked in"),
        "{message}"
    );
    assert!(message.contains(&folder.path().join("mnist").display().to_string()), "{message}");
    assert!(message.ends_with("To download them: thalweg data fetch mnist"), "{message}");
    let cats = load(&named("cats"), &options).unwrap_err().to_string();
    assert!(
        cats.contains("train_catvnoncat.h5, test_catvnoncat.h5 not found") && cats.contains("no licence"),
        "{cats}"
    );
    insta::assert_snapshot!(load(&named("minst"), &options).unwrap_err(), @r#"minst: no data set has this name (did you mean "mnist"?); known are mnist, fashion-mnist, cats, digits, iris"#);
}

#[test]
fn generators_are_not_cut_unless_told() {
    let parts = load(&settings(generator("spiral")), &LoadOptions::default()).unwrap();
    assert_eq!(parts.train.rows(), 300);
    assert!(parts.validation.is_none() && parts.test.is_none() && parts.numpy.is_none());
    let own = DataSettings { test: Some(generator("spiral")), ..settings(generator("spiral")) };
    let own = load(&own, &LoadOptions::default()).unwrap();
    assert_ne!(own.train.features(), own.test.unwrap().features());
    let curve = DataSettings { scale_target: Scaling::Standard, ..settings(generator("curve")) };
    let curve = load(&curve, &LoadOptions::default()).unwrap();
    assert_eq!(curve.task, Task::Regression { outputs: 1 });
    assert!(!curve.train.target_scale().is_none());
    assert_eq!(curve.train.target_names(), ["y"]);
}

#[test]
fn numpys_stream_goes_on_to_the_weights() {
    let options = LoadOptions { draws_from_numpy: true, ..LoadOptions::default() };
    let parts = load(&settings(generator("curve")), &options).unwrap();
    let mut expected = NumpyRandom::new(0);
    (0..30).for_each(|_| {
        expected.random();
    });
    assert_eq!(parts.numpy.unwrap().randn(), expected.randn());
    let options = LoadOptions { seed: 1 << 32, ..options };
    insta::assert_snapshot!(load(&settings(generator("curve")), &options).unwrap_err(), @"curve: NumPy's streams take seeds from 0 to 4294967295, not 4294967296");
}

#[test]
fn a_table_is_cut_scaled_and_split() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..40).map(|row| format!("{row},{}\n", ["no", "yes"][row % 2])).collect();
    let path = written(&folder, "data.csv", &format!("x,answer\n{rows}"));
    let ask = DataSettings { target: vec!["answer".to_owned()], ..files(std::slice::from_ref(&path)) };
    let parts = load(&ask, &LoadOptions::default()).unwrap();
    assert_eq!(
        (parts.train.rows(), parts.validation.unwrap().rows(), parts.test.unwrap().rows()),
        (32, 4, 4)
    );
    assert_eq!(parts.train.label_names(), ["no", "yes"]);
    assert_eq!(ids(&parts.train).iter().sum::<u32>(), 16);
    // Row numbers are those of the file.
    let row = parts.train.row_numbers()[5];
    assert_eq!(parts.train.feature(5, 0), f64::from(row));

    let message = load(&files(std::slice::from_ref(&path)), &LoadOptions::default()).unwrap_err().to_string();
    assert!(
        message.ends_with("which column is the target? give --target with one of: x, answer"),
        "{message}"
    );
    let wrong = DataSettings { target: vec!["anser".to_owned()], ..files(std::slice::from_ref(&path)) };
    let message = load(&wrong, &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains(r#"there is no target column "anser" (did you mean "answer"?)"#), "{message}");
    // The model's preprocessing reads the same file without its target.
    let new = written(&folder, "new.csv", "x\n3\n4\n");
    let loaded =
        load_for(&parts.preprocessing, &Source::Files(vec![new]), None, &LoadOptions::default()).unwrap();
    assert_eq!(loaded.dataset.rows(), 2);
    assert_eq!(*loaded.dataset.targets(), DatasetTargets::None);
}

#[test]
fn several_files_and_patterns_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    written(&folder, "a.csv", "x,y\n1,0\n2,1\n3,0\n4,1\n5,0\n");
    written(&folder, "b.csv", "x,y\n6,1\n7,0\n8,1\n9,0\n10,1\n");
    let parts = load(&files(&[folder.path().join("*.csv")]), &LoadOptions::default()).unwrap();
    assert_eq!(parts.train.rows() + parts.validation.unwrap().rows() + parts.test.unwrap().rows(), 10);
    assert_eq!(parts.files.len(), 2);
    assert!(parts.notices.contains(&DataNotice::TargetByName { target: "y".to_owned() }));
    let other = written(&folder, "c.csv", "x,z\n1,2\n");
    let message =
        load(&files(&[folder.path().join("a.csv"), other]), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("c.csv has the columns x, z, but the first file has x, y"), "{message}");
    let nothing =
        load(&files(&[folder.path().join("*.txt")]), &LoadOptions::default()).unwrap_err().to_string();
    assert!(nothing.ends_with("no file matches the pattern"), "{nothing}");
}

/// The cases of `data/formats/bad` that only show when a data set is put together.
#[test]
fn a_fold_takes_the_place_of_the_validation_part() {
    let fold = |number| DataSettings { fold: Some(Fold { number, of: 4 }), ..named("iris") };
    let options = LoadOptions::default();
    let whole = load(&named("iris"), &options).unwrap();
    let parts = load(&fold(4), &options).unwrap();
    // 15 of the 150 rows are the test part, the others four folds of 34, 34, 34 and 33.
    let rows = (parts.train.rows(), parts.validation.as_ref().unwrap().rows());
    assert_eq!(rows, (102, 33));
    assert_eq!(parts.split, Split { validation: 0.0, test: 0.1, stratify: true });
    assert_eq!(ids(parts.test.as_ref().unwrap()), ids(whole.test.as_ref().unwrap()));
    let own = DataSettings { validation: Some(Source::Named("iris".to_owned())), ..fold(1) };
    insta::assert_snapshot!(load(&own, &options).unwrap_err(), @"iris: it has a validation part of its own, whose place a fold would take; leave one of the two out");
    let many = DataSettings { fold: Some(Fold { number: 1, of: 136 }), ..named("iris") };
    insta::assert_snapshot!(load(&many, &options).unwrap_err(), @"iris: 135 rows outside the test part cannot be cut into 136 folds; take fewer");
}

#[test]
fn a_column_has_one_name_and_one_role() {
    let folder = tempfile::tempdir().unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let refuse = |header: &str, features: &[&str], target: &[&str]| {
        let path = written(&folder, "data.csv", &format!("{header}\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n"));
        let settings = DataSettings {
            features: names(features),
            target: names(target),
            ..files(std::slice::from_ref(&path))
        };
        let message = load(&settings, &LoadOptions::default()).unwrap_err().to_string();
        message.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
    };
    insta::assert_snapshot!(refuse("a,b,c", &["a", "c"], &["c"]), @r#""c" is the target and cannot be an input too; leave it out of the features, or choose another target"#);
    insta::assert_snapshot!(refuse("a,b,y", &["a", "y"], &[]), @r#""y" is the target and cannot be an input too; leave it out of the features, or choose another target"#);
    insta::assert_snapshot!(refuse("a,b,c", &["a", "b", "a"], &["c"]), @r#""a" is named twice as a feature column; name it once"#);
    insta::assert_snapshot!(refuse("a,b,c", &[], &["c", "c"]), @r#""c" is named twice as a target column; name it once"#);
    insta::assert_snapshot!(refuse("a,b,a", &[], &["a"]), @r#"2 columns are called "a", so that the target column is ambiguous; give each column a name of its own"#);
    insta::assert_snapshot!(refuse("y,b,y", &[], &[]), @r#"2 columns are called "y", so that the target column is ambiguous; give each column a name of its own"#);
    insta::assert_snapshot!(refuse("a,a,c", &["a"], &["c"]), @r#"2 columns are called "a", so that the feature column is ambiguous; give each column a name of its own"#);
}

#[test]
fn bad_sets_end_in_a_sentence() {
    let Some(bad) = shared("data/formats/bad") else { return };
    let refuse = |names: &[&str], options: &LoadOptions| {
        let paths: Vec<PathBuf> = names.iter().map(|name| bad.join(name)).collect();
        let message = load(&files(&paths), options).unwrap_err().to_string();
        assert!(message.contains(names[0]) && !message.contains('\n'), "{message}");
        message.rsplit_once(": ").map_or(message.clone(), |(_, tail)| tail.to_owned())
    };
    let plain = LoadOptions::default();
    insta::assert_snapshot!(refuse(&["pair_images.idx", "pair_labels.idx"], &plain), @"10 rows of features but 9 targets; each row needs exactly one");
    let ten = LoadOptions { classes: Some(10), ..LoadOptions::default() };
    let message = refuse(&["pair_images.idx", "labels_out_of_range.idx"], &ten);
    assert!(message.contains("has label 255, but with 10 classes labels go from 0 to 9"), "{message}");
    insta::assert_snapshot!(refuse(&["csv_constant_label.csv"], &plain), @r"there is nothing to learn; choose another target");
    insta::assert_snapshot!(refuse(&["csv_huge_number_classes.csv"], &plain), @"nothing learned from one would hold for another; choose another target");
    insta::assert_snapshot!(refuse(&["csv_one_row.csv"], &plain), @"there is nothing to learn; choose another target");
}

/// Every other table there is refused or read; none panics.
#[test]
fn bad_tables_never_panic() {
    let Some(bad) = shared("data/formats/bad") else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(bad).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            seen += 1;
            if let Err(error) = load(&files(&[path]), &LoadOptions::default()) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
    assert!(seen > 50);
}
