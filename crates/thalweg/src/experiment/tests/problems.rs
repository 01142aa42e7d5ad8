//! What is refused, and in which words.

use super::{parse, sentence, text};
use crate::error::Error;
use crate::experiment::{Draft, Experiment};

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
        layers("[{ embedding = 0 }, { dense = 3 }]"),
        layers("[{ embedding = { columns = [1] } }, { dense = 3 }]"),
        layers("[{ embedding = { dimension = 4, categories = [0] } }, { dense = 3 }]"),
        layers("[\"embedding\", { dense = 3 }]"),
        layers("[{ periodic = { frequencies = 0 } }, { dense = 3 }]"),
        layers("[{ periodic = { sigma = 0 } }, { dense = 3 }]"),
        layers("[{ periodic = { relu = false } }, { dense = 3 }]"),
        layers("[{ piecewise_linear = { edges = [[0.0, true]] } }, { dense = 3 }]"),
        layers("[{ residual = [] }, { dense = 3 }]"),
        layers("[{ residual = [{ dense = 3, stride = 2 }] }, { dense = 3 }]"),
        layers("[{ residual = [\"relu\"], shortcut = 3 }, { dense = 3 }]"),
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
