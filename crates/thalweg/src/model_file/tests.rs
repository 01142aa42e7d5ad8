//! Model and state files: round trips, and every kind of damage.

use std::fs;
use std::path::Path;

use super::*;
use crate::activations::Activation;
use crate::custom::Registry;
use crate::data::Features;
use crate::layers::{Dense, Layer};
use crate::shape::Shape;
use crate::train::{State, Trainer};
use tempfile::tempdir;

fn small<R: Real>() -> Network<R> {
    Network::builder([2]).dense(3).activation(Activation::LeakyRelu { slope: 0.1 }).dense(1).build(7).unwrap()
}

/// 1 + 2x over four rows of two features.
fn rows() -> Dataset {
    let x = Features::F64(vec![0.0, 1.0, 1.0, 0.0, 2.0, 1.0, 3.0, 0.0]);
    let targets = DatasetTargets::Values { values: vec![1.0, 3.0, 5.0, 7.0], outputs: 1 };
    Dataset::new(x, Shape::from(2), targets).unwrap()
}

/// The message of a file that holds these bytes; it must be one line, and there must be no panic.
fn refusal(bytes: &[u8]) -> Option<String> {
    let message = match read::model(bytes, &Registry::new()) {
        Ok(_) => return None,
        Err(problem) => at(Path::new("m.safetensors"), problem).to_string(),
    };
    assert!(message.lines().count() == 1 && message.starts_with("cannot use m.safetensors: "), "{message}");
    Some(message)
}

fn bytes_of(model: &Model) -> Vec<u8> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    model.save(&path).unwrap();
    fs::read(path).unwrap()
}

/// A file with this header and these bytes after it.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// A file whose metadata is this JSON and whose tensors are those of `dense = 1` after 2 inputs.
fn described(metadata: &str) -> Vec<u8> {
    let tensors = r#""0.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"0.bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}"#;
    let metadata = serde_json::to_string(metadata).unwrap();
    file(&format!(r#"{{"__metadata__":{{"thalweg":{metadata}}},{tensors}}}"#), &[0; 12])
}

const GOOD: &str = r#"{"format":1,"kind":"model","version":"0","numerics":1,"precision":"f32","network":{"input_shape":[2],"layers":[{"dense":1}]}}"#;

#[test]
fn blocks_and_embeddings_come_back_whole_and_their_tensors_are_named_by_place() {
    use crate::layers::{BatchNorm, Embedding, Periodic, PiecewiseLinear, Residual};
    let edges = vec![vec![-0.1, 1.0 / 3.0, 1e10]];
    let inner = Residual::new(vec![Dense::new(3).into(), BatchNorm::default().into()]);
    let block =
        Residual::new(vec![Dense::new(4).into(), inner.into()]).with_shortcut(vec![Dense::new(3).into()]);
    let network = Network::<f32>::builder(3)
        .layer(Embedding { columns: Some(vec![2]), ..Embedding::new(vec![5], 2) })
        .layer(Periodic { columns: Some(vec![0]), frequencies: 2, ..Periodic::default() })
        .layer(PiecewiseLinear {
            columns: Some(vec![0]),
            edges,
            dimension: Some(2),
            ..PiecewiseLinear::default()
        })
        .layer(block)
        .dense(1)
        .build(7)
        .unwrap();
    let bytes = bytes_of(&Model::from(network.clone()));
    let AnyNetwork::F32(again) = read::model(&bytes, &Registry::new()).unwrap().network else {
        panic!("a network in f32")
    };
    assert_eq!(again.parameters(), network.parameters());
    assert_eq!(again.summary(), network.summary());
    assert_eq!(format!("{:?}", again.layers()), format!("{:?}", network.layers()));
    insta::assert_snapshot!(network.summary());
    let names: Vec<&str> = network.parameter_tensors().map(|parameter| parameter.name.as_str()).collect();
    insta::assert_snapshot!(names.join(" "));
}

/// A file of a few hundred bytes must not ask for more memory than that, whatever shape it speaks of.
#[test]
fn an_embedding_of_a_huge_row_asks_for_no_memory() {
    let layers = r#"[{"embedding":{"dimension":1,"columns":[1073741823],"categories":[2]}},{"dense":1}]"#;
    let metadata = GOOD
        .replace(r#"[{"dense":1}]"#, layers)
        .replace("\"input_shape\":[2]", "\"input_shape\":[1073741824]");
    let message = refusal(&described(&metadata)).unwrap();
    assert!(message.contains("1.weight"), "{message}");
}

#[test]
fn a_users_own_layer_inside_a_block_is_named_by_its_place() {
    for (layers, place) in [
        (r#"[{"residual":["relu",{"custom":"mine"}]}]"#, "layer 0.1"),
        (r#"[{"residual":["relu"],"shortcut":[{"residual":[{"custom":"mine"}]}]}]"#, "layer 0.shortcut.0.0"),
    ] {
        let metadata = GOOD.replace(r#"[{"dense":1}]"#, layers);
        let message = refusal(&described(&metadata)).unwrap();
        assert!(message.contains(place) && message.contains("mine"), "{message}");
    }
}

#[test]
fn saved_and_loaded_are_the_same_to_the_bit() {
    fn check<R: Real>()
    where
        AnyNetwork: From<Network<R>>,
    {
        let folder = tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        let mut network = small::<R>();
        // The smallest subnormal and a negative zero survive too.
        network.parameters_mut()[0] = R::from_bits(1);
        network.parameters_mut()[1] = -R::ZERO;
        network.save(&path).unwrap();
        let bits = |network: &Network<R>| network.parameters().iter().map(|v| v.bits()).collect::<Vec<_>>();
        let loaded = Network::<R>::load(&path).unwrap();
        assert_eq!(bits(&loaded), bits(&network));
        assert_eq!(loaded.summary(), network.summary());

        let mut other = small::<R>();
        other.load_parameters(&path).unwrap();
        assert_eq!(bits(&other), bits(&network));
        assert_eq!(read_tensor(&path, "2.weight").unwrap().0, Shape::from([3, 1]));
        assert_eq!(fs::read(&path).unwrap(), bytes_of(&Model::from(loaded))); // the same network, the same file
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn the_other_precision_is_refused_and_its_parameters_are_converted() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    let network = small::<f32>();
    network.save(&path).unwrap();
    let error = Network::<f64>::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("it is f32, but f64 is wanted; load it as it is and convert it with `cast`"));
    let mut wide = small::<f64>();
    wide.load_parameters(&path).unwrap();
    assert_eq!(wide.parameters(), network.cast::<f64>().parameters());
}

#[test]
fn predictions_and_figures_survive() {
    let mut network = small::<f64>();
    let data = rows();
    let outcome = Trainer::new().full_batch().epochs(3).l2(0.5).fit(&mut network, &data).unwrap();
    let mut model = Model::from(network);
    model.loss = Some(Loss::MeanSquaredError);
    model.l2 = 0.5;
    model.target_names = vec!["y".to_owned()];
    model.summary = Some(TrainingSummary::new("line", model.network.parameter_count(), &outcome));
    let loaded = read::model(&bytes_of(&model), &Registry::new()).unwrap();
    assert_eq!(loaded.summary, model.summary);
    assert_eq!(loaded.predict(&data).unwrap(), model.predict(&data).unwrap());
    // Evaluating gives what training reported at its end, penalty included.
    assert_eq!(loaded.evaluate(&data, Part::Train).unwrap(), outcome.parts[0]);
}

#[test]
fn a_file_cut_at_any_length_is_refused() {
    let bytes = bytes_of(&Model::from(small::<f32>()));
    for len in 0..bytes.len() {
        assert!(refusal(&bytes[..len]).is_some(), "cut to {len} of {}", bytes.len());
    }
    assert!(refusal(&bytes).is_none());
    assert!(refusal(&[&bytes[..], b"x"].concat()).is_some());
}

#[test]
fn a_flipped_bit_is_refused_or_gives_another_valid_model() {
    let bytes = bytes_of(&Model::from(small::<f32>()));
    for index in 0..bytes.len() {
        for bit in [0, 3, 6, 7] {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1 << bit;
            let _ = refusal(&damaged); // must return, with one line if anything
        }
    }
}

#[test]
fn hostile_files_are_refused_in_one_sentence() {
    let with = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        refusal(&described(&GOOD.replace(from, to))).unwrap_or_else(|| "accepted".to_owned())
    };
    assert_eq!(refusal(&described(GOOD)), None);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nan = r#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let twice = r#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let overlap = r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
    let huge = r#"{"x":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#;
    let messages = [
        refusal(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n"),
        refusal(b"PK\x03\x04 and a whole archive after it"),
        refusal(&[0xff; 64]),
        refusal(&file("[]", &[])),
        refusal(&file(&deep, &[])),
        refusal(&file(nan, &[0; 4])),
        refusal(&file(twice, &[0; 4])),
        refusal(&file(overlap, &[0; 12])),
        refusal(&file(huge, &[0; 8])),
        refusal(&described(&deep)),
        Some(with("\"format\":1", "\"format\":2")),
        Some(with("\"model\"", "\"state\"")),
        Some(with("\"f32\"", "\"f16\"")),
        Some(with("\"f32\"", "\"f64\"")),
        Some(with("\"numerics\":1", "\"numerics\":1,\"numerics\":1")),
        Some(with("\"numerics\":1", "\"numerics\":1,\"colour\":1")),
        Some(with("{\"dense\":1}", "{\"dense\":1073741824},{\"dense\":1073741824}")),
        Some(with("{\"dense\":1}", "{\"dense\":0}")),
        Some(with("{\"dense\":1}", "{\"danse\":1}")),
        Some(with("{\"dense\":1}", "\"my_layer\"")),
        Some(with("{\"dense\":1}", "\"relu\"")),
        Some(with("[2]", "[4294967296,4294967296]")),
        Some(with("[2]", "[3]")),
        Some(with("\"numerics\":1", "\"numerics\":1,\"labels\":[\"a\",\"b\",\"c\"]")),
        Some(with("\"numerics\":1", "\"numerics\":1,\"preprocessing\":{\"version\":9}")),
    ];
    let text: Vec<String> = messages.into_iter().map(|message| message.expect("it is refused")).collect();
    insta::assert_snapshot!(text.join("\n").replace("cannot use m.safetensors: ", ""));
}

#[test]
fn a_header_whose_length_looks_like_another_format_is_read() {
    let bytes = described(GOOD);
    let header = String::from_utf8(bytes[8..bytes.len() - 12].to_vec()).unwrap();
    for first in [b'<', b'{', 0x80] {
        let spaces = (usize::from(first) + 512 - header.len() % 256) % 256;
        let padded = format!("{header}{}", " ".repeat(spaces));
        let bytes = file(&padded, &[0; 12]);
        assert_eq!((bytes[0], refusal(&bytes)), (first, None));
    }
}

#[test]
fn a_value_that_is_not_finite_is_named() {
    let mut bytes = bytes_of(&Model::from(small::<f32>()));
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let message = refusal(&bytes).unwrap();
    assert!(
        message.contains("NaN at position") && message.contains("every value must be finite"),
        "{message}"
    );

    let mut network = small::<f32>();
    network.parameters_mut()[3] = f32::INFINITY;
    let error = network.save("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.contains("\"0.weight\" holds inf at position 3"), "{error}");
}

#[test]
fn a_header_that_claims_more_than_the_file_is_refused_before_it_is_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    fs::write(&path, [&(1_u64 << 40).to_le_bytes()[..], b"{}"].concat()).unwrap();
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(error.contains("claims 1099511627776 bytes, but the file has 2 after"), "{error}");
    assert!(Model::load(folder.path()).unwrap_err().to_string().ends_with("it is not a file"));
    assert!(Model::load(folder.path().join("none")).unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
fn layers_of_ones_own_are_written_by_name_and_named_when_they_cannot_be_read() {
    #[derive(Debug)]
    struct Halve;
    impl<R: Real> crate::custom::CustomLayer<R> for Halve {
        fn name(&self) -> &str {
            "halve"
        }
        fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
            Ok(input.clone())
        }
        fn parameters(&self, _input: &Shape) -> Vec<crate::layers::ParameterShape> {
            Vec::new()
        }
        fn forward(&self, pass: crate::layers::Forward<'_, R>) {
            pass.y.copy_from_slice(pass.x);
        }
        fn backward(&self, _pass: crate::layers::Backward<'_, R>) {}
    }
    let layers = vec![Layer::Dense(Dense::new(1)), Layer::Custom(std::sync::Arc::new(Halve))];
    let network = Network::<f32>::new([2], layers).unwrap();
    let message = refusal(&bytes_of(&Model::from(network))).unwrap();
    assert!(message.contains("its layer 1 \"halve\" is of a program's own"), "{message}");
}

fn state() -> State {
    let mut network = small::<f32>();
    Trainer::new().epochs(2).batch_size(3).fit(&mut network, &rows()).unwrap().state
}

fn state_bytes(state: &State) -> Vec<u8> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.safetensors");
    save_state(state, &path).unwrap();
    assert_eq!(load_state(&path).unwrap(), *state);
    fs::read(path).unwrap()
}

#[test]
fn a_state_comes_back_and_any_damage_to_it_is_found() {
    let mut best = state();
    best.best_parameters = Some(best.parameters.clone());
    state_bytes(&best);
    let state = state();
    let bytes = state_bytes(&state);
    for len in 0..bytes.len() {
        assert!(state::read(&bytes[..len]).is_err(), "cut to {len} of {}", bytes.len());
    }
    let changed: Vec<usize> = (0..bytes.len())
        .filter(|&index| {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1;
            state::read(&damaged).is_ok_and(|read| read != state)
        })
        .collect();
    assert_eq!(changed, [0; 0], "a flipped bit passed for another state");
    let message = state::read(&bytes_of(&Model::from(small::<f32>()))).err().unwrap().to_string();
    assert_eq!(message, "it is a model, not a state");
}

#[test]
fn a_state_of_another_network_is_refused() {
    let state = state();
    let data = rows();
    let parts = crate::train::Parts { train: &data, validation: None, test: None };
    let mut other = Network::<f32>::builder([2]).dense(1).build(0).unwrap();
    let error = Trainer::new().resume(&mut other, parts, &state).unwrap_err();
    assert!(matches!(error, Error::State), "{error}");
}
