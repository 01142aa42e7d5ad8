use super::*;
use crate::data::array::Array;
use crate::data::formats::{self, Contents};
use crate::data::test_files::shared;
use crate::random::numpy::NumpyRandom;

fn asked(name: &str) -> Generator {
    Generator { name: name.to_owned(), ..Generator::default() }
}

fn made(generator: &Generator, seed: u64) -> RawData {
    generate(generator, &mut Draws::philox(seed, 0)).unwrap().checked().unwrap()
}

fn values(raw: &RawData) -> &[f64] {
    match &raw.inputs {
        RawInputs::Array { features: Features::F64(values), .. } => values,
        _ => panic!("generators make f64"),
    }
}

fn ids(raw: &RawData) -> &[u32] {
    match &raw.target {
        RawTarget::Classes { ids, .. } => ids,
        _ => panic!("classes"),
    }
}

fn numbers_of(raw: &RawData) -> &[f64] {
    match &raw.target {
        RawTarget::Numbers { values, .. } => values,
        _ => panic!("numbers"),
    }
}

/// The arrays of a reference file.
fn reference(file: &str) -> Option<Vec<(String, Array)>> {
    let path = shared(&format!("reference/{file}"))?;
    match formats::read(&path, None).unwrap().contents {
        Contents::Arrays(arrays) => Some(arrays),
        _ => panic!("an NPZ file has arrays"),
    }
}

fn array(arrays: &[(String, Array)], name: &str) -> Vec<f64> {
    let (_, array) = arrays.iter().find(|(given, _)| given == name).unwrap();
    array.numbers().unwrap().collect()
}

/// NumPy's normal numbers use the system's logarithm, ours the nearest number: about one in a thousand differs in its last
/// digit.
fn close(ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{ours} and {theirs}");
    }
}

#[test]
fn linspace_ends_exactly() {
    assert_eq!(linspace(0.0, 1.0, 5), [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(linspace(-5.0, 5.0, 30)[29], 5.0);
    assert_eq!(linspace(2.0, 3.0, 1), [2.0]);
    assert!(linspace(2.0, 3.0, 0).is_empty());
}

#[test]
fn classes_are_equal_the_first_larger_by_one() {
    assert_eq!(class_sizes(8, 3).collect::<Vec<_>>(), [3, 3, 2]);
}

#[test]
fn the_curve_is_numpys() {
    let Some(theirs) = reference("curve.npz") else { return };
    let mut random = NumpyRandom::new(0);
    let ours = generate(&asked("curve"), &mut Draws::numpy(&mut random)).unwrap();
    close(values(&ours), &array(&theirs, "x"), 1e-15);
    close(numbers_of(&ours), &array(&theirs, "targets"), 1e-15);
    // The stream goes on with the weights: randn(5, 1)·0.01.
    let weights: Vec<f64> = (0..5).map(|_| random.randn() * 0.01).collect();
    close(&weights, &array(&theirs, "w0_start"), 1e-15);
}

#[test]
fn the_regression_is_numpys() {
    let Some(theirs) = reference("regression.npz") else { return };
    let mut random = NumpyRandom::new(0);
    let ours = generate(&asked("regression"), &mut Draws::numpy(&mut random)).unwrap();
    close(values(&ours), &array(&theirs, "x"), 1e-15);
    // NumPy adds the 27 products in another order.
    close(numbers_of(&ours), &array(&theirs, "targets"), 1e-14);
    let weights: Vec<f64> = (0..27 * 9).map(|_| random.randn()).collect();
    close(&weights, &array(&theirs, "w0_start"), 1e-15);
}

#[test]
fn the_spiral_is_numpys() {
    let Some(theirs) = reference("spiral.npz") else { return };
    let mut random = NumpyRandom::new(0);
    let ours = generate(&asked("spiral"), &mut Draws::numpy(&mut random)).unwrap();
    close(values(&ours), &array(&theirs, "x"), 1e-15);
    let labels: Vec<u32> = array(&theirs, "labels").into_iter().map(|label| label as u32).collect();
    assert_eq!(ids(&ours), labels);
    let weights: Vec<f64> = (0..200).map(|_| 0.01 * random.randn()).collect();
    close(&weights, &array(&theirs, "w0_start"), 1e-15);
}

#[test]
fn seeds_and_parts_differ_and_repeat() {
    for name in GENERATORS {
        let generator = Generator { noise: Some(0.1), ..asked(name) };
        assert_eq!(values(&made(&generator, 1)), values(&made(&generator, 1)), "{name}");
        let test = generate(&generator, &mut Draws::philox(1, 2)).unwrap();
        if name == "curve" {
            assert_ne!(numbers_of(&made(&generator, 1)), numbers_of(&made(&generator, 2)));
            assert_ne!(numbers_of(&made(&generator, 1)), numbers_of(&test));
        } else {
            assert_ne!(values(&made(&generator, 1)), values(&made(&generator, 2)), "{name}");
            assert_ne!(values(&made(&generator, 1)), values(&test), "{name}");
        }
    }
}

#[test]
fn all_parts_of_a_regression_have_the_same_functions() {
    let ratio = |part| {
        let raw = generate(&asked("regression"), &mut Draws::philox(5, part)).unwrap();
        // With the same a, the least-squares fit through many rows is the same; here: y of a row built from x.
        let (x, y) = (values(&raw).to_vec(), numbers_of(&raw).to_vec());
        let a: Vec<f64> = Draws::philox(5, part).shared(|draws| (0..81).map(|_| draws.normal()).collect());
        let first: f64 = (0..27).map(|k| x[k] * a[k * 3]).sum();
        (first - y[0]).abs()
    };
    assert!(ratio(0) < 1e-12 && ratio(2) < 1e-12);
}

#[test]
fn four_rows_without_noise_are_the_truth_table() {
    let raw = made(&Generator { rows: Some(4), noise: Some(0.0), ..asked("xor") }, 0);
    assert_eq!(values(&raw), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    assert_eq!(ids(&raw), [0, 1, 1, 0]);
}

#[test]
fn shapes_without_noise_lie_where_the_formula_says() {
    let still = |name| made(&Generator { rows: Some(4), noise: Some(0.0), ..asked(name) }, 0);
    close(values(&still("moons")), &[1.0, 0.0, -1.0, 0.0, 0.0, 0.5, 2.0, 0.5], 1e-15);
    close(values(&still("circles")), &[1.0, 0.0, -1.0, 0.0, 0.5, 0.0, -0.5, 0.0], 1e-15);
    let blobs = made(&Generator { rows: Some(2), classes: Some(2), noise: Some(0.0), ..asked("blobs") }, 0);
    close(values(&blobs), &[4.0, 0.0, -4.0, 0.0], 1e-15);
}

#[test]
fn fields_of_the_board_alternate() {
    let raw = made(&asked("checkerboard"), 3);
    for (point, &id) in values(&raw).chunks_exact(2).zip(ids(&raw)) {
        assert!(point.iter().all(|place| (0.0..4.0).contains(place)));
        assert_eq!((point[0].floor() + point[1].floor()) as u32 % 2, id);
    }
    assert_eq!(ids(&raw).iter().filter(|&&id| id == 1).count(), 200);
}

#[test]
fn what_cannot_be_made_is_refused() {
    let refuse =
        |generator: Generator| generate(&generator, &mut Draws::philox(0, 0)).unwrap_err().to_string();
    insta::assert_snapshot!(refuse(asked("spirla")), @r#"no data set has this name (did you mean "spiral"?); known are curve, regression, spiral, moons, circles, blobs, xor, checkerboard"#);
    insta::assert_snapshot!(refuse(Generator { rows: Some(0), ..asked("moons") }), @"rows = 0 is not possible: a whole number from 1 to 10000000");
    insta::assert_snapshot!(refuse(Generator { noise: Some(-1.0), ..asked("moons") }), @"noise = -1 is not possible: a number, 0 or more");
    insta::assert_snapshot!(refuse(Generator { classes: Some(3), ..asked("moons") }), @"classes = 3 is not possible: moons has 2 classes");
    insta::assert_snapshot!(refuse(Generator { classes: Some(2), ..asked("curve") }), @"classes = 2 is not possible: curve has no classes");
    let mut random = NumpyRandom::new(0);
    let error = generate(&asked("moons"), &mut Draws::numpy(&mut random)).unwrap_err();
    insta::assert_snapshot!(error, @"this generator cannot draw from NumPy's streams; curve, regression and spiral can");
}
