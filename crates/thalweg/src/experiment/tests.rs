//! Experiment files as a user writes them: examples, defaults, sugar, flags.

mod problems;
mod round_trip;

use std::path::Path;

use super::*;
use crate::activations::Activation;
use crate::data::Scaling;
use crate::init::Init;
use crate::layers::*;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::train::{BatchSize, Every};

/// The smallest experiment, with lines added to its three tables.
fn text(root: &str, data: &str, network: &str, training: &str) -> String {
    let network = if network.is_empty() {
        "layers = [{ dense = 3, activation = \"relu\" }, { dense = 2 }]"
    } else {
        network
    };
    format!("{root}\n[data]\nsource = \"iris\"\n{data}\n[network]\n{network}\n[training]\n{training}\n")
}

fn parse(text: &str) -> Result<Experiment> {
    Experiment::parse(text, Some(Path::new("mine.toml")))
}

fn sentence(result: Result<Experiment>) -> String {
    result.expect_err("should be refused").to_string()
}

#[test]
fn each_builtin_is_valid_and_called_what_it_is() {
    for builtin in BUILTIN {
        let experiment = Draft::builtin(builtin.name).unwrap().check().unwrap();
        assert_eq!(experiment.name, builtin.name);
        assert!(!experiment.description.is_empty());
        let again = Experiment::parse(&experiment.to_toml(), None).unwrap();
        assert_eq!(format!("{experiment:?}"), format!("{again:?}"));
        let from_comments = Experiment::parse(&experiment.commented_toml(), None).unwrap();
        assert_eq!(format!("{experiment:?}"), format!("{from_comments:?}"));
    }
}

#[test]
fn the_contract_lists_the_builtins() {
    let mut names: Vec<_> = BUILTIN.iter().map(|builtin| builtin.name).collect();
    names.sort_unstable();
    let contract = "cats cats-conv cats-published-start curve digits digits-conv fashion-conv iris mnist mnist-conv \
                    mnist-relu regression spiral spiral-linear";
    assert_eq!(names.join(" "), contract);
}

#[test]
fn the_tutorials_network_is_an_experiment_file() {
    let text = include_str!("../../experiments/tutorials/curve-published-network.toml");
    let experiment = Experiment::parse(text, None).unwrap();
    assert_eq!(experiment.network.layers.len(), 5); // dense, sigmoid, dense, sigmoid, scale
    assert_eq!(experiment.training.layer[&2].learning_rate, Some(1e-3));
    assert_eq!(experiment.random, RandomSource::Numpy);
}

#[test]
fn sugar_becomes_layers() {
    let network = r#"layers = ["flatten", { dense = 3, activation = "tanh", init = "zeros" }, { dropout = 0.5 },
        { activation = { name = "leaky_relu", slope = 0.2 } }, { scale = 2, activation = "softmax" }]"#;
    let layers = parse(&text("", "", network, "")).unwrap().network.layers;
    let kinds: Vec<_> = layers.iter().map(network::kind_of).collect();
    assert_eq!(kinds, ["flatten", "dense", "activation", "dropout", "activation", "scale", "activation"]);
    assert!(matches!(
        &layers[1],
        Layer::Dense(Dense { out_features: 3, init: Some(Init::Zeros), bias_init: None })
    ));
    assert!(matches!(layers[4], Layer::Activation(Activation::LeakyRelu { slope: 0.2 })));
}

#[test]
fn defaults_are_the_contracts() {
    let experiment = parse("data.source = \"iris\"\nnetwork.layers = [{ dense = 3 }]").unwrap();
    assert_eq!(
        (experiment.name.as_str(), experiment.seed, experiment.precision),
        ("mine", 0, Precision::F32)
    );
    assert_eq!(experiment.random, RandomSource::Philox);
    assert_eq!(experiment.data.split, None);
    assert_eq!(experiment.data.scale_target, Scaling::None);
    let training = experiment.training;
    assert!(matches!(training.optimizer, Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }));
    assert_eq!((training.batch_size, training.shuffle), (BatchSize::Rows(32), true));
    assert_eq!((training.epochs, training.steps, training.shards), (Some(100), None, 1));
}

#[test]
fn steps_alone_end_a_run_and_epochs_beside_them_too() {
    let training = parse(&text("", "", "", "steps = 5000")).unwrap().training;
    assert_eq!((training.epochs, training.steps), (None, Some(5000)));
    let training = parse(&text("", "", "", "steps = 5000\nepochs = 7")).unwrap().training;
    assert_eq!((training.epochs, training.steps), (Some(7), Some(5000)));
}

#[test]
fn a_flag_for_the_length_replaces_the_files() {
    let length = |flags: &[(&str, &str)]| {
        let mut draft = Draft::builtin("spiral").unwrap();
        for (key, value) in flags {
            draft = draft.set(key, value).unwrap();
        }
        let training = draft.check().unwrap().training;
        (training.epochs, training.steps)
    };
    assert_eq!(length(&[]), (None, Some(2000)));
    assert_eq!(length(&[("epochs", "10000")]), (Some(10_000), None));
    assert_eq!(length(&[("training.epochs", "10000")]), (Some(10_000), None));
    assert_eq!(length(&[("epochs", "5"), ("steps", "3")]), (Some(5), Some(3)));
    assert_eq!(length(&[("steps", "3"), ("epochs", "5")]), (Some(5), Some(3)));
}

#[test]
fn decay_with_adamw_is_said_once() {
    let training = parse(&text("", "", "", "optimizer = \"adamw\"\nweight_decay = 0.1")).unwrap().training;
    assert_eq!(training.weight_decay, 0.0);
    assert!(matches!(training.optimizer, Optimizer::AdamW { weight_decay: 0.1, .. }));
}

#[test]
fn settings_do_not_depend_on_their_order() {
    let flags = [
        ("lr", "0.5"),
        ("dropout", "0.2"),
        ("hidden", "7,8"),
        ("activation", "tanh"),
        ("optimizer", "momentum"),
    ];
    let with = |flags: &mut dyn Iterator<Item = &(&str, &str)>| {
        flags
            .fold(Draft::builtin("spiral").unwrap(), |draft, (key, value)| draft.set(key, value).unwrap())
            .check()
            .unwrap()
    };
    let experiment = with(&mut flags.iter());
    assert_eq!(experiment.to_toml(), with(&mut flags.iter().rev()).to_toml());
    assert_eq!(experiment.training.learning_rate, Some(0.5));
    assert!(matches!(experiment.training.optimizer, Optimizer::Momentum { momentum: 0.9, nesterov: false }));
    insta::assert_snapshot!(layer_list(&experiment), @r#"{ dense = 7 }, "tanh", { dropout = 0.2 }, { dense = 8 }, "tanh", { dropout = 0.2 }, { dense = 3 }"#);
}

/// The lines of the layers, joined.
fn layer_list(experiment: &Experiment) -> String {
    let text = experiment.to_toml();
    let lines = text.lines().skip_while(|line| *line != "layers = [").skip(1).take_while(|line| *line != "]");
    lines.map(|line| line.trim().trim_end_matches(',')).collect::<Vec<_>>().join(", ")
}

#[test]
fn hidden_layers_are_replaced_as_a_whole() {
    let layers = |name: &str, key: &str, value: &str| {
        layer_list(&Draft::builtin(name).unwrap().set(key, value).unwrap().check().unwrap())
    };
    insta::assert_snapshot!(layers("spiral-linear", "hidden", "4"), @r#"{ dense = 4 }, "relu", { dense = 3 }"#);
    insta::assert_snapshot!(layers("spiral", "hidden", "none"), @"{ dense = 3 }");
    insta::assert_snapshot!(layers("spiral", "hidden", "[5, 6]"), @r#"{ dense = 5 }, "relu", { dense = 6 }, "relu", { dense = 3 }"#);
    insta::assert_snapshot!(layers("mnist", "hidden", "100"), @r#""flatten", { dense = 100, bias_init = { name = "normal", std = 1.0 } }, "sigmoid", { dense = 10, bias_init = { name = "normal", std = 1.0 } }, "sigmoid""#);
    insta::assert_snapshot!(layers("mnist-relu", "dropout", "0"), @r#""flatten", { dense = 256 }, "relu", { dense = 10 }"#);
    insta::assert_snapshot!(layers("mnist-relu", "dropout", "0.5"), @r#""flatten", { dense = 256 }, "relu", { dropout = 0.5 }, { dense = 10 }"#);
    insta::assert_snapshot!(layers("digits", "activation", "gelu"), @r#""flatten", { dense = 64 }, "gelu", { dense = 64 }, "gelu", { dense = 10 }"#);
    insta::assert_snapshot!(layers("digits", "network.layers.1.dense", "32"), @r#""flatten", { dense = 32 }, "relu", { dense = 64 }, "relu", { dense = 10 }"#);
}

#[test]
fn an_activation_that_stands_alone_belongs_to_the_hidden_layer() {
    let text = text("", "", "layers = [{ dense = 3 }, \"tanh\", { dense = 2 }]", "");
    let change = |key, value| {
        layer_list(&Draft::parse(&text, None).unwrap().set(key, value).unwrap().check().unwrap())
    };
    assert_eq!(change("hidden", "9"), "{ dense = 9 }, \"tanh\", { dense = 2 }");
    assert_eq!(change("activation", "selu"), "{ dense = 3 }, \"selu\", { dense = 2 }");
    assert_eq!(change("dropout", "0.1"), "{ dense = 3 }, \"tanh\", { dropout = 0.1 }, { dense = 2 }");
}

#[test]
fn normalisations_belong_to_the_hidden_layer() {
    let layers = "layers = [{ dense = 3 }, \"batch_norm\", \"tanh\", { dense = 4, activation = \"relu\" }, \"layer_norm\", { dense = 2 }]";
    let text = text("", "", layers, "");
    let change = |key, value| {
        layer_list(&Draft::parse(&text, None).unwrap().set(key, value).unwrap().check().unwrap())
    };
    let norm = "{ batch_norm = { momentum = 0.9, epsilon = 1e-5 } }";
    let other = "{ layer_norm = { epsilon = 1e-5 } }";
    assert_eq!(
        change("hidden", "9,8"),
        format!("{{ dense = 9 }}, {norm}, \"tanh\", {{ dense = 8 }}, {norm}, \"tanh\", {{ dense = 2 }}")
    );
    assert_eq!(
        change("activation", "selu"),
        format!("{{ dense = 3 }}, {norm}, \"selu\", {{ dense = 4 }}, \"selu\", {other}, {{ dense = 2 }}")
    );
    assert_eq!(
        change("dropout", "0.1"),
        format!(
            "{{ dense = 3 }}, {norm}, \"tanh\", {{ dropout = 0.1 }}, {{ dense = 4 }}, \"relu\", {other}, {{ dropout = 0.1 }}, \
             {{ dense = 2 }}"
        )
    );
}

#[test]
fn flags_take_what_is_not_toml_as_text() {
    let draft = Draft::parse(&text("", "", "", ""), None).unwrap();
    let experiment = draft.set("name", "007").unwrap().set("report-every", "50 steps").unwrap();
    let experiment =
        experiment.set("features", "a,b").unwrap().set("description", "5").unwrap().check().unwrap();
    assert_eq!((experiment.name.as_str(), experiment.description.as_str()), ("007", "5"));
    assert_eq!(experiment.training.report_every, Some(Every::Steps(50)));
    assert_eq!(experiment.data.features, ["a", "b"]);
}

#[test]
fn a_new_optimizer_keeps_nothing_of_the_old_one() {
    let experiment = Draft::builtin("spiral").unwrap().set("optimizer", "adam").unwrap().check().unwrap();
    assert_eq!(experiment.training.learning_rate, None);
    let plain = Draft::parse(&text("", "", "", ""), None).unwrap().set("lr", "0.1").unwrap().check().unwrap();
    assert!(matches!(plain.training.optimizer, Optimizer::Adam { .. }));
    assert_eq!(plain.training.learning_rate, Some(0.1));
}

/// Each example is a whole experiment or, but for `data` and `network`, a piece of one.
#[test]
fn each_example_of_the_page_is_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/experiment-file.md");
    let page = std::fs::read_to_string(path).unwrap();
    let examples: Vec<_> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 10);
    for example in examples {
        let mut text = String::new();
        if !example.contains("source =") {
            text += "data.source = \"iris\"\n";
        }
        if !example.contains("layers =") {
            text += "network.layers = [{ dense = 3, activation = \"relu\" }, { dense = 3 }]\n";
        }
        if let Err(error) = parse(&(text + example)) {
            panic!("{error}\n{example}");
        }
    }
}

#[test]
fn each_key_stands_on_the_page() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/experiment-file.md");
    let page = std::fs::read_to_string(path).unwrap();
    let data = data::KEYS.iter().map(|key| format!("data.{key}"));
    let training = training::KEYS.iter().map(|key| format!("training.{key}"));
    let network = ["layers", "input_shape", "init"].iter().map(|key| format!("network.{key}"));
    for key in data.chain(training).chain(network) {
        assert!(page.contains(&format!("| `{key}`")), "{key}");
    }
    for key in network::LAYER_KEYS {
        assert!(page.contains(&format!("`{{ {key} = ")), "{key}");
    }
    let parts =
        [parts::ACTIVATIONS, parts::LOSSES, parts::OPTIMIZERS, parts::SCHEDULES, parts::INITS].concat();
    let sources = data::SETS.iter().chain(data::GENERATORS).copied();
    for name in parts.into_iter().chain(sources).chain(Metric::NAMES) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn layers_for_images_are_read_in_each_spelling() {
    let read = |line: &str| {
        let layers = format!("layers = [{line}, {{ dense = 2 }}]");
        format!("{:?}", parse(&text("", "", &layers, "")).unwrap().network.layers[0])
    };
    let usual = Conv2d::new(8, Window::square(3));
    let same = |line: &str, layer: Layer| assert_eq!(read(line), format!("{layer:?}"), "{line}");
    same("{ conv2d = 8, kernel_size = 3 }", usual.clone().into());
    same("{ conv2d = 8, kernel_size = [3, 3], padding = \"valid\", stride = 1 }", usual.clone().into());
    let padded = |padding| Conv2d { window: usual.window.padding(padding), ..usual.clone() }.into();
    same("{ conv2d = 8, kernel_size = 3, padding = \"same\" }", padded(Padding::Same));
    same("{ conv2d = 8, kernel_size = 3, padding = 2 }", padded(Padding::Numbers([[2, 2], [2, 2]])));
    same("{ conv2d = 8, kernel_size = 3, padding = [1, 0] }", padded(Padding::Numbers([[1, 1], [0, 0]])));
    same(
        "{ conv2d = 8, kernel_size = 3, padding = [[1, 0], 2] }",
        padded(Padding::Numbers([[1, 0], [2, 2]])),
    );
    same("{ conv1d = 4, kernel_size = 3 }", Conv1d::new(4, 3).into());
    let ends = Window::new([1, 3]).padding(Padding::Numbers([[0, 0], [2, 0]]));
    same(
        "{ conv1d = 4, kernel_size = 3, padding = [2, 0] }",
        Conv1d { window: ends, ..Conv1d::new(4, 3) }.into(),
    );
    let twice =
        ConvTranspose2d { output_padding: [1, 1], ..ConvTranspose2d::new(4, Window::square(3).stride(2)) };
    same("{ conv_transpose2d = 4, kernel_size = 3, stride = 2, output_padding = 1 }", twice.into());
    same("{ upsample = [2, 3] }", Upsample { factor: [2, 3] }.into());
    same("{ max_pool2d = 2 }", MaxPool2d::new(2).into());
    same("{ max_pool2d = 3, stride = 2 }", MaxPool2d { window: Window::square(3).stride(2) }.into());
    same("{ group_norm = 4 }", GroupNorm::new(4).into());
    same("\"global_average_pool\"", GlobalAveragePool.into());
    let refuse = |line: &str| {
        parse(&text("", "", &format!("layers = [{line}, {{ dense = 2 }}]"), "")).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        refuse("{ conv2d = 8 }"),
        @"mine.toml, line 6: `network.layers[0]` needs `kernel_size`: a whole number from 1, or two of them like [3, 5], the height first"
    );
    for (line, said) in [
        (
            "{ conv2d = 8, kernel_size = [3, 3, 3] }",
            "kernel_size` must be a whole number from 1, or two of them",
        ),
        ("{ conv2d = 8, kernel_size = 3, stride = 0 }", "stride` must be a whole number from 1"),
        (
            "{ conv2d = 8, kernel_size = 3, padding = \"full\" }",
            "padding` must be \"valid\", \"same\", a whole number",
        ),
        ("{ conv2d = 8, kernel_size = 3, padding = [1, 2, 3] }", "above, below, left, right), not "),
        ("{ max_pool2d = 2, kernel_size = 2 }", "kernel_size` is not a key"),
        ("{ max_pool2d = 2, conv2d = 2 }", "is a `conv2d` and a `max_pool2d` layer at once"),
        ("{ group_norm = {} }", "needs `groups`"),
        ("\"conv2d\"", "must be a layer"),
    ] {
        let message = refuse(line);
        assert!(message.contains(said), "{line}: {message}");
    }
}
