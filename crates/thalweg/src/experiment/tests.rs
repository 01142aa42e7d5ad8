use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::activations::Activation;
use crate::data::{Augmentation, ClassWeight, Fold, Generator, Scaling, Source, Split};
use crate::error::Error;
use crate::init::Init;
use crate::layers::{
    AdaptiveAveragePool2d, AveragePool2d, BatchNorm, ChannelDropout, Conv1d, Conv2d, ConvTranspose2d, Dense,
    Dropout, GlobalAveragePool, GroupNorm, LayerNorm, MaxPool2d, Noise, Padding, Scale, Upsample, Window,
};
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::schedules::Schedule;
use crate::train::{BatchSize, EarlyStopping, Every, LayerTraining, ReduceOnPlateau, WeightAverage};

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

#[test]
fn each_problem_is_one_sentence() {
    let with_data = |line: &str| text("", line, "", "");
    let source = |line: &str| format!("network.layers = [{{ dense = 2 }}]\ndata.source = {line}");
    let layers = |line: &str| text("", "", &format!("layers = {line}"), "");
    let training = |line: &str| text("", "", "", line);
    let cases = [
        "seed = 1\nseed = 2".to_owned(),
        "seed = ".to_owned(),
        "[data]\nsource = \"iris\"".to_owned(),
        "[network]\nlayers = []".to_owned(),
        text("sead = 1", "", "", ""),
        text("banana = 1", "", "", ""),
        text("name = \"../../etc\"", "", "", ""),
        text("seed = -1", "", "", ""),
        text("seed = 99999999999999999999", "", "", ""),
        text("seed = 4294967296\nrandom = \"numpy\"", "", "", ""),
        text("random = \"numpi\"", "", "", ""),
        text("precision = \"float64\"", "", "", ""),
        text("precision = 1979-05-27", "", "", ""),
        source("\"mnsit\""),
        source("\"train-images\""),
        source("[]"),
        source("7"),
        source("{ rows = 3 }"),
        source("{ name = \"moons\", classes = 3 }"),
        source("{ name = \"spiral\", rows = 1 }"),
        source("{ name = \"spiral\", noise = -0.1 }"),
        with_data("format = \"h5\""),
        with_data("scale = \"zscore\""),
        with_data("features = 3"),
        with_data("split = { validation = 0.5, test = 0.5 }"),
        with_data("split = { test = 1.5 }"),
        with_data("split = { val = 0.1 }"),
        with_data("test = \"test.csv\"\nsplit = { test = 0.2 }"),
        with_data("fold = { number = 6, of = 5 }"),
        with_data("fold = { number = 1 }"),
        layers("[]"),
        layers("3"),
        layers("[\"flatten\"]"),
        layers("[\"rleu\"]"),
        layers("[\"dense\"]"),
        layers("[7]"),
        layers("[{}]"),
        layers("[{ linear = 3 }]"),
        layers("[{ dense = 3, dropout = 0.5 }]"),
        layers("[{ dense = 0 }]"),
        layers("[{ dense = 3, stride = 2 }]"),
        layers("[{ dense = 3, activation = 5 }]"),
        layers("[{ dense = 3, activation = { name = \"relu\", slope = 0.1 } }]"),
        layers("[{ dense = 3, init = \"xavier_normal\" }]"),
        layers("[{ dense = 3, init = \"normal\" }]"),
        layers("[{ dense = 3, init = { name = \"uniform\", low = 1.0, high = 0.0 } }]"),
        layers("[{ dense = 3, bias_init = \"he_normal\" }]"),
        layers("[{ dense = 3 }, { dropout = 1.0 }]"),
        layers("[{ dense = 3 }, { scale = inf }]"),
        layers("[{ dense = 3 }]\ninput_shape = [3, 0]"),
        layers("[{ dense = 3 }]\ninput_shape = [65536, 65536]"),
        training("learning_rate = 0.1"),
        training("loss = \"mse\""),
        training("loss = { name = \"huber\", delta = 0 }"),
        training("optimizer = { name = \"rprop\", least = 60 }"),
        training("optimizer = \"adma\""),
        training("optimizer = { learning_rate = 0.1 }"),
        training("optimizer = { name = \"sgd\", learning_rat = 0.1 }"),
        training("optimizer = { name = \"sgd\", learning_rate = 0.0 }"),
        training("optimizer = { name = \"sgd\", learning_rate = nan }"),
        training("optimizer = { name = \"adam\", beta1 = 1.0 }"),
        training("optimizer = { name = \"adamw\", weight_decay = 0.2 }\nweight_decay = 0.1"),
        training("schedule = \"step\""),
        training("schedule = { name = \"warm_up\", steps = 5, then = \"warm_up\" }"),
        training("schedule = { name = \"cosine\", final_share = 2 }"),
        training("l2 = -1e-3"),
        training("clip_norm = 0"),
        training("batch_size = 0"),
        training("batch_size = \"all\""),
        training("shuffle = \"yes\""),
        training("epochs = 0"),
        training("epoch = 3"),
        training("steps = 1.5"),
        training("layer = { 9 = { frozen = true } }"),
        training("layer = { 1 = { frozen = true } }"),
        training("layer = { first = { frozen = true } }"),
        training("layer = { 0 = { freeze = true } }"),
        training("early_stopping = { metric = \"test.loss\" }"),
        training("early_stopping = { metric = \"f1\" }"),
        training("early_stopping = { metric = \"val.roc_auk\" }"),
        training("early_stopping = { metric = \"validation.banana\" }"),
        training("early_stopping = { patience = 0 }"),
        training("metrics = [\"f1_macro\", \"f1_micro\"]"),
        training("metrics = [\"validation.roc_auc\"]"),
        training("metrics = \"banana\""),
        training("metrics = 3"),
        training("report_every = 5"),
        training("report_every = \"0 steps\""),
        training("report_every = \"5 hours\""),
        training("shards = 0"),
        training("description = \"a long text that goes on\""),
        text(&format!("precision = \"{}\"", "x".repeat(100)), "", "", ""),
    ];
    let mut all = String::new();
    for case in cases {
        let said = sentence(parse(&case));
        assert!(!said.contains('\n') && said.len() < 400, "{said}");
        all += &said;
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn flags_are_refused_by_their_own_words() {
    let flag = |key: &str, value: &str| {
        sentence(Draft::builtin("spiral-linear").unwrap().set(key, value).and_then(|draft| draft.check()))
    };
    insta::assert_snapshot!(flag("batch_size", "0"), @r#"--set batch_size=0: `training.batch_size` must be a whole number from 1, or "full", not 0"#);
    insta::assert_snapshot!(flag("training.epoch", "3"), @"--set training.epoch=3: `training.epoch` is not a key; did you mean `epochs`?");
    insta::assert_snapshot!(flag("batchsize", "3"), @r#"--set batchsize=3: "batchsize" is not a setting; did you mean `batch_size`?"#);
    insta::assert_snapshot!(flag("hidden", "3,x"), @r#"--set hidden=3,x: `hidden` must be sizes from 1, like 64,64, or none, not "3,x""#);
    insta::assert_snapshot!(flag("activation", "relu"), @"--set activation=relu: the network has no hidden layer to change; give --hidden too");
    insta::assert_snapshot!(flag("optimizer", "adm"), @r#"--set optimizer=adm: `training.optimizer`: "adm" is not an optimizer; did you mean `adam`?"#);
    insta::assert_snapshot!(flag("network.layers.5.dense", "3"), @"--set network.layers.5.dense=3: `network.layers` must be a list that is not empty, not 3");
    let epochs =
        Draft::builtin("digits").unwrap().set_from("--epochs many", "epochs", "many").unwrap().check();
    insta::assert_snapshot!(sentence(epochs), @r#"--epochs many: `training.epochs` must be a whole number from 1, not "many""#);
}

#[test]
fn a_wrong_built_in_name_gets_the_nearest() {
    let said = |name: &str| Draft::builtin(name).unwrap_err().to_string();
    insta::assert_snapshot!(said("sprial"), @r#""sprial" is not a built-in experiment; did you mean `spiral`?"#);
    insta::assert_snapshot!(said("zebra"), @r#""zebra" is not a built-in experiment; known: digits, digits-conv, iris, curve, regression, spiral-linear, spiral, mnist, mnist-relu, mnist-conv, fashion-conv, cats, cats-published-start, cats-conv"#);
}

#[test]
fn files_that_are_no_experiment_are_refused_in_words() {
    let folder = std::env::temp_dir().join(format!("thalweg-experiment-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let read = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        let said = Draft::read(&path).map(|_| ()).unwrap_err().to_string();
        said.replace(&format!("{}/", folder.display()), "")
    };
    insta::assert_snapshot!(read("picture.toml", b"seed\xff"), @"picture.toml: byte 4 is not UTF-8 text; an experiment file is TOML");
    insta::assert_snapshot!(read("large.toml", &vec![b'#'; 1 << 21]), @"large.toml: an experiment file has at most 1048576 bytes, and this one has 2097152");
    assert!(matches!(Draft::read(&folder.join("absent.toml")), Err(Error::Io { action: "read", .. })));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn depth_does_not_overflow_the_stack() {
    for (open, close) in [("[", "]"), ("{ a = ", "}")] {
        let nested = format!("seed = {}1{}", open.repeat(50_000), close.repeat(50_000));
        assert!(Experiment::parse(&nested, None).is_err());
    }
    for dotted in [
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("x = {{ {}a = 1 }}", "a.".repeat(100_000)),
    ] {
        assert!(Experiment::parse(&dotted, None).is_err());
    }
    let flag = Draft::builtin("iris").unwrap().set("seed", &"[".repeat(100_000)).unwrap();
    assert!(flag.check().is_err());
}

/// A string with the characters that TOML must escape.
fn any_name() -> impl Strategy<Value = String> {
    "[a-z][a-zA-Z0-9 \"'#=é,_-]{0,12}"
}

fn positive() -> impl Strategy<Value = f64> {
    prop_oneof![1e-12..10.0f64, Just(1e-300), Just(1e300), Just(3.0)]
}

fn below_one() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.0..1.0f64]
}

fn any_init() -> impl Strategy<Value = Init> {
    prop_oneof![
        Just(Init::HeNormal),
        Just(Init::HeUniform),
        Just(Init::GlorotNormal),
        Just(Init::GlorotUniform),
        Just(Init::LecunNormal),
        Just(Init::Zeros),
        positive().prop_map(|std| Init::Normal { std }),
        (-1.0..0.0, 0.5..1.0).prop_map(|(low, high)| Init::Uniform { low, high }),
        any_name().prop_map(|path| Init::File { path: path.into() }),
    ]
}

fn any_bias_init() -> impl Strategy<Value = Init> {
    prop_oneof![
        Just(Init::Zeros),
        positive().prop_map(|std| Init::Normal { std }),
        (1usize..200).prop_map(|rows| Init::FirstRow { rows, of: Box::new(Init::Normal { std: 1.0 }) }),
        (1usize..200)
            .prop_map(|rows| Init::FirstRow { rows, of: Box::new(Init::Uniform { low: -1.0, high: 1.0 }) }),
    ]
}

fn any_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        proptest::sample::select(vec![
            Activation::Identity,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Relu,
            Activation::Selu,
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Silu,
            Activation::Softplus,
            Activation::Mish,
            Activation::Softmax,
        ]),
        (-2.0..2.0).prop_map(|slope| Activation::LeakyRelu { slope }),
        (-2.0..2.0).prop_map(|alpha| Activation::Elu { alpha }),
    ]
}

fn any_pair() -> impl Strategy<Value = [usize; 2]> {
    [1usize..9, 1usize..9]
}

fn any_padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        [[0usize..4, 1usize..4], [0usize..4, 0usize..4]].prop_map(Padding::Numbers),
        (1usize..4).prop_map(|side| Padding::Numbers([[side, side], [side, side]])),
    ]
}

fn any_pool() -> impl Strategy<Value = Window> {
    (any_pair(), any_pair(), any_padding()).prop_map(|(size, stride, padding)| Window {
        stride,
        padding,
        ..Window::new(size)
    })
}

fn any_image_layer() -> impl Strategy<Value = Layer> {
    let init = (proptest::option::of(any_init()), proptest::option::of(any_bias_init()));
    prop_oneof![
        (1usize..99, any_pool(), any_pair(), 1usize..9, init).prop_map(
            |(out_channels, window, dilation, groups, (init, bias_init))| {
                let window = Window { dilation, ..window };
                Layer::Conv2d(Conv2d { out_channels, window, groups, init, bias_init })
            }
        ),
        (1usize..99, any_pool(), any_pair(), 1usize..9, [0usize..3, 0usize..3]).prop_map(
            |(out_channels, window, dilation, groups, output_padding)| {
                let window = Window { dilation, ..window };
                ConvTranspose2d { output_padding, groups, ..ConvTranspose2d::new(out_channels, window) }
                    .into()
            }
        ),
        (1usize..99, any_pool(), 1usize..9).prop_map(|(out_channels, window, groups)| {
            let padding = match window.padding {
                Padding::Numbers([_, [0, 0]]) => Padding::Valid,
                Padding::Numbers([_, ends]) => Padding::Numbers([[0, 0], ends]),
                other => other,
            };
            let [kernel_size, stride] = [window.kernel_size, window.stride].map(|pair| [1, pair[1]]);
            let window = Window { kernel_size, stride, padding, dilation: [1, groups] };
            Conv1d { window, groups, ..Conv1d::new(out_channels, 1) }.into()
        }),
        any_pair().prop_map(|factor| Upsample { factor }.into()),
        any_pool().prop_map(|window| MaxPool2d { window }.into()),
        any_pool().prop_map(|window| AveragePool2d { window }.into()),
        any_pair().prop_map(|output_size| AdaptiveAveragePool2d { output_size }.into()),
        Just(GlobalAveragePool.into()),
        below_one().prop_map(|dropout| ChannelDropout { dropout }.into()),
        (1usize..99, positive()).prop_map(|(groups, epsilon)| GroupNorm { groups, epsilon }.into()),
    ]
}

fn any_layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        any_image_layer().boxed(),
        (1usize..1000, proptest::option::of(any_init()), proptest::option::of(any_bias_init())).prop_map(
            |(out_features, init, bias_init)| Layer::Dense(Dense { out_features, init, bias_init })
        ),
        any_activation().prop_map(Layer::Activation),
        (-1e3..1e3).prop_map(|factor| Layer::Scale(Scale { factor })),
        below_one().prop_map(|dropout| Layer::Dropout(Dropout { dropout })),
        positive().prop_map(|noise| Layer::Noise(Noise { noise })),
        (below_one(), positive()).prop_map(|(momentum, epsilon)| BatchNorm { momentum, epsilon }.into()),
        positive().prop_map(|epsilon| LayerNorm { epsilon }.into()),
        Just(Layer::Flatten),
    ]
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        proptest::sample::select(data::SETS).prop_map(|name| Source::Named(name.to_owned())),
        any_name().prop_map(|name| Source::Files(vec![format!("./{name}").into()])),
        proptest::collection::vec(any_name(), 2..4)
            .prop_map(|names| Source::Files(names.into_iter().map(Into::into).collect())),
        (
            proptest::sample::select(vec!["spiral", "blobs"]),
            proptest::option::of(2usize..1000),
            proptest::option::of(2usize..9),
            proptest::option::of(0.0..1.0f64),
            proptest::option::of(0..MOST),
        )
            .prop_map(|(name, rows, classes, noise, seed)| Source::Generator(Generator {
                name: name.to_owned(),
                rows,
                classes,
                noise,
                seed
            })),
    ]
}

fn any_optimizer() -> impl Strategy<Value = Optimizer> {
    prop_oneof![
        Just(Optimizer::Sgd),
        (below_one(), any::<bool>())
            .prop_map(|(momentum, nesterov)| Optimizer::Momentum { momentum, nesterov }),
        (below_one(), positive()).prop_map(|(rho, epsilon)| Optimizer::RmsProp { rho, epsilon }),
        (below_one(), below_one(), positive()).prop_map(|(beta1, beta2, epsilon)| Optimizer::Adam {
            beta1,
            beta2,
            epsilon
        }),
        positive().prop_map(|epsilon| Optimizer::Adagrad { epsilon }),
        (below_one(), positive()).prop_map(|(rho, epsilon)| Optimizer::Adadelta { rho, epsilon }),
        (below_one(), below_one(), positive()).prop_map(|(beta1, beta2, epsilon)| Optimizer::Nadam {
            beta1,
            beta2,
            epsilon
        }),
        (below_one(), below_one()).prop_map(|(beta1, beta2)| Optimizer::Lion { beta1, beta2 }),
        (1usize..100).prop_map(|history| Optimizer::Lbfgs { history }),
        (below_one(), 1usize..9, positive()).prop_map(|(momentum, iterations, adam_share)| Optimizer::Muon {
            momentum,
            iterations,
            adam_share
        }),
        (0.1..0.9f64, 1.1..3.0f64, positive(), 1.5..9.0f64).prop_map(|(shrink, grow, least, times)| {
            Optimizer::Rprop { shrink, grow, least, most: times * least }
        }),
        (below_one(), below_one(), positive(), below_one()).prop_map(
            |(beta1, beta2, epsilon, weight_decay)| {
                Optimizer::AdamW { beta1, beta2, epsilon, weight_decay }
            }
        ),
    ]
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let plain = prop_oneof![
        Just(Schedule::Constant),
        (1..100u64, positive()).prop_map(|(every, factor)| Schedule::Step { every, factor }),
        positive().prop_map(|decay| Schedule::Exponential { decay }),
        below_one().prop_map(|final_share| Schedule::Cosine { final_share }),
        (positive(), below_one())
            .prop_map(|(power, final_share)| Schedule::Polynomial { power, final_share }),
        (0.1..0.9f64, below_one(), below_one()).prop_map(|(rise, start_share, final_share)| {
            Schedule::OneCycle { rise, start_share, final_share }
        }),
        (1..100u64, 1..9u64, below_one()).prop_map(|(first, longer, final_share)| {
            Schedule::WarmRestarts { first, longer, final_share }
        }),
    ];
    (plain, proptest::option::of(1..100u64)).prop_map(|(plain, rise)| match rise {
        Some(steps) => Schedule::WarmUp { steps, then: Box::new(plain) },
        None => plain,
    })
}

fn any_every() -> impl Strategy<Value = Every> {
    prop_oneof![
        (1..MOST).prop_map(Every::Steps),
        (1..MOST).prop_map(Every::Epochs),
        positive().prop_map(Every::Minutes),
    ]
}

fn any_data() -> impl Strategy<Value = DataSettings> {
    let scaling = || {
        proptest::sample::select(vec![Scaling::None, Scaling::Divide255, Scaling::Standard, Scaling::MinMax])
    };
    let split = (0.0..0.5f64, 0.0..0.5f64, any::<bool>());
    (
        any_source(),
        proptest::option::of(any_source()),
        proptest::collection::vec(any_name(), 0..3),
        proptest::collection::vec(any_name(), 0..3),
        (proptest::option::of(any_name()), proptest::option::of(any_class_weight())),
        (proptest::option::of(split), proptest::option::of((1..=3usize, 3..9usize))),
        proptest::option::of(Just("npz".to_owned())),
        proptest::option::of(scaling()),
        scaling(),
    )
        .prop_map(
            |(source, test, features, target, weights, (split, fold), format, scale, scale_target)| {
                DataSettings {
                    source,
                    fold: fold.map(|(number, of)| Fold { number, of }),
                    split: split.map(|(validation, share, stratify)| {
                        let share = if test.is_some() { 0.0 } else { share };
                        Split { validation, test: share, stratify }
                    }),
                    validation: None,
                    test,
                    features,
                    target,
                    weight: weights.0,
                    class_weight: weights.1,
                    format,
                    scale,
                    scale_target,
                }
            },
        )
}

fn any_class_weight() -> impl Strategy<Value = ClassWeight> {
    let named = proptest::collection::btree_map(any_name(), positive(), 1..3);
    prop_oneof![
        Just(ClassWeight::Balanced),
        named.prop_map(|named| ClassWeight::Named(named.into_iter().collect())),
    ]
}

fn any_augmentation() -> impl Strategy<Value = Augmentation> {
    let flip = proptest::option::of(proptest::sample::select(augment::FLIPS.map(|(_, flip)| flip).to_vec()));
    (0usize..9, flip, below_one(), 0.1..=1.0f64, 0usize..9, (below_one(), below_one(), below_one())).prop_map(
        |(shift, flip, rotate, crop, cutout, (mixup, brightness, contrast))| Augmentation {
            shift,
            flip,
            rotate: 180.0 * rotate,
            crop,
            cutout,
            mixup,
            brightness,
            contrast,
        },
    )
}

fn any_training() -> impl Strategy<Value = TrainingSettings> {
    let losses = vec![
        Loss::SumOfSquares,
        Loss::MeanSquaredError,
        Loss::HalfSquares,
        Loss::MeanAbsoluteError,
        Loss::Huber { delta: 0.3 },
        Loss::LogCosh,
        Loss::Quantile { quantile: 0.9 },
        Loss::BinaryCrossEntropy,
        Loss::Focal { gamma: 1.5, alpha: 0.6 },
        Loss::SoftmaxCrossEntropy,
        Loss::SmoothedBinaryCrossEntropy { label_smoothing: 0.1 },
        Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.2 },
    ];
    let what = (
        proptest::option::of(proptest::sample::select(losses)),
        any_optimizer(),
        proptest::option::of(positive()),
        any_schedule(),
        (below_one(), below_one(), below_one()),
        (
            proptest::option::of(positive()),
            proptest::option::of(positive()),
            proptest::option::of(positive()),
        ),
    );
    let how_long = (
        (proptest::option::of(1usize..1000), 1usize..4),
        (any::<bool>(), proptest::option::of(any_augmentation())),
        proptest::option::of(1..MOST),
        proptest::option::of(1..MOST),
        (
            proptest::option::of((1..100u64, below_one())),
            proptest::option::of((0.1..0.9f64, 1..100u64, below_one(), below_one())),
            proptest::option::of((any::<bool>(), below_one())),
        ),
        proptest::option::of(any_every()),
        (proptest::option::of(any_every()), 1usize..1001),
        1usize..9,
        proptest::option::of((proptest::option::of(positive()), any::<bool>())),
        proptest::sample::subsequence(Metric::ALL.to_vec(), 0..4),
    );
    (what, how_long).prop_map(|(what, how_long)| {
        let (loss, optimizer, learning_rate, schedule, (l2, l1, weight_decay), limits) = what;
        let (
            (rows, accumulate),
            (shuffle, augment),
            epochs,
            steps,
            (stop, plateau, average),
            report_every,
            checkpoints,
            shards,
            layer,
            metrics,
        ) = how_long;
        TrainingSettings {
            weight_decay: if matches!(optimizer, Optimizer::AdamW { .. }) { 0.0 } else { weight_decay },
            loss,
            optimizer,
            learning_rate,
            schedule,
            l2,
            l1,
            clip_value: limits.0,
            clip_norm: limits.1,
            max_norm: limits.2,
            batch_size: rows.map_or(BatchSize::Full, BatchSize::Rows),
            accumulate,
            shuffle,
            augment,
            epochs: if steps.is_none() { epochs.or(Some(3)) } else { epochs },
            steps,
            layer: layer
                .map(|(learning_rate, frozen)| (0, LayerTraining { learning_rate, frozen }))
                .into_iter()
                .collect(),
            early_stopping: stop.map(|(patience, min_delta)| EarlyStopping {
                metric: "validation.accuracy".to_owned(),
                patience,
                min_delta,
            }),
            reduce_on_plateau: plateau.map(|(factor, patience, min_delta, least_share)| ReduceOnPlateau {
                metric: "train.loss".to_owned(),
                factor,
                patience,
                min_delta,
                least_share,
            }),
            average: average.map(|(is_ema, share)| match is_ema {
                true => WeightAverage::Ema { decay: share },
                false => WeightAverage::Swa { start: share },
            }),
            metrics,
            report_every,
            checkpoint_every: checkpoints.0,
            keep_checkpoints: checkpoints.1,
            shards,
        }
    })
}

fn any_experiment() -> impl Strategy<Value = Experiment> {
    let dense = Just(Layer::Dense(Dense { out_features: 2, init: None, bias_init: None }));
    let network = (
        dense,
        proptest::collection::vec(any_layer(), 0..6),
        proptest::option::of(proptest::collection::vec(1usize..100, 1..4)),
        proptest::option::of(any_init()),
    );
    (any_name(), any::<String>(), 0..=MOST, any::<bool>(), any::<bool>(), any_data(), network, any_training())
        .prop_map(
            |(name, description, seed, numpy, double, data, (first, rest, input_shape, init), training)| {
                Experiment {
                    name,
                    description,
                    seed: if numpy { seed % (1 << 32) } else { seed },
                    random: if numpy { RandomSource::Numpy } else { RandomSource::Philox },
                    precision: if double { Precision::F64 } else { Precision::F32 },
                    data,
                    network: NetworkSettings {
                        layers: std::iter::once(first).chain(rest).collect(),
                        input_shape: input_shape.map(Shape::from),
                        init,
                    },
                    training,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_the_same(experiment in any_experiment()) {
        for text in [experiment.to_toml(), experiment.commented_toml()] {
            let again = Experiment::parse(&text, None).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            // What is left to the optimizer is written out.
            let mut experiment = experiment.clone();
            let rate = experiment.training.optimizer.default_learning_rate();
            experiment.training.learning_rate.get_or_insert(rate);
            prop_assert_eq!(format!("{experiment:?}"), format!("{again:?}"));
        }
    }

    #[test]
    fn arbitrary_text_is_refused_without_a_panic(text in any::<String>()) {
        let _ = Experiment::parse(&text, None);
    }

    #[test]
    fn a_broken_file_is_refused_without_a_panic(cut in 0usize..900, with in "[\\[\\]{}=\",.0-9a-z\n ]{0,8}", to in 0usize..900) {
        let text = BUILTIN[cut % BUILTIN.len()].text;
        let whole = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let (from, to) = (whole(cut.min(to)), whole(cut.max(to)));
        let _ = Experiment::parse(&format!("{}{with}{}", &text[..from], &text[to..]), None);
    }

    #[test]
    fn any_setting_is_refused_without_a_panic(key in "[a-z0-9_.]{0,20}|training.optimizer.[a-z.]{0,9}|network.layers.[0-9]{1,2}.[a-z]{0,5}|hidden|dropout|activation", value in any::<String>()) {
        let _ = Draft::builtin("mnist-relu").unwrap().set(&key, &value).and_then(|draft| draft.check());
    }
}
