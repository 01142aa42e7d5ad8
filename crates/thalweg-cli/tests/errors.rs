//! One sentence and the right status for everything that a user can get wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::fmt::Write;

use program::Program;

/// Arguments that are wrong, and the status that each ends with.
const WRONG: &[(&[&str], i32)] = &[
    (&["train", "spirl"], 2),
    (&["train", "absent.csv"], 3),
    (&["train", "absent.toml"], 3),
    (&["train", "wrong-key.toml"], 2),
    (&["train", "not.toml"], 2),
    (&["train", "table.csv"], 2),
    (&["train", "table.csv", "--target", "prize"], 2),
    (&["train", "table.csv", "--target", "constant"], 3),
    (&["train", "spiral", "--lr", "-1"], 2),
    (&["train", "spiral", "--optimizer", "addam"], 2),
    (&["train", "spiral", "--set", "training.epoch=3"], 2),
    (&["train", "spiral", "--set", "seed"], 2),
    (&["train", "iris", "--set", "metrics=f1"], 2),
    (&["train", "iris", "--set", "metrics=top_k"], 2),
    (&["train", "spiral", "--set", "metrics=roc_auc"], 2),
    (&["train", "iris", "--set", "training.early_stopping.metric=validation.auc"], 2),
    (&["train", "iris", "--set", "training.early_stopping.metric=validation.f1_macro"], 2),
    (&["train", "digits", "--set", "training.early_stopping.metric=train.log_loss"], 2),
    (&["train", "spiral", "--threads", "0"], 2),
    (&["train", "spiral", "--name", "a/b"], 2),
    (&["train", "spiral", "--data", "absent"], 3),
    (&["train", "mnist"], 3),
    (&["train", "xor"], 2),
    (&["train", "run"], 2),
    (&["gradcheck", "run"], 2),
    (&["doctor", "run", "--epochs", "3"], 2),
    (&["doctor", "spirl"], 2),
    (&["train", "cats"], 3),
    (&["resume", "absent"], 3),
    (&["evaluate", "absent"], 3),
    (&["evaluate", "table.csv"], 3),
    (&["predict", "pickle.safetensors", "table.csv"], 3),
    (&["sweep", "spiral", "--vary", "lr"], 2),
    (&["sweep", "spiral", "--vary", "lr=1", "--vary", "learning_rate=2"], 2),
    (&["sweep", "spiral", "--vary", "lr=0.1,fast"], 2),
    (&["sweep", "spiral", "--vary", "lr=0.1..1"], 2),
    (&["sweep", "spiral", "--vary", "lr=1..0.1", "--samples", "3"], 2),
    (&["sweep", "spiral", "--vary", "lr=0.1..1", "--search", "sobol"], 2),
    (&["sweep", "spiral", "--seeds", "1,1"], 2),
    (&["sweep", "spiral", "--folds", "1"], 2),
    (&["sweep", "spiral", "--folds", "301"], 2),
    (&["sweep", "spiral", "--vary", "lr=1,2", "--sort", "validation.loss"], 2),
    (&["sweep", "spiral", "--vary", "lr=1,2", "--halving", "--first-epochs", "900"], 2),
    (&["sweep", "iris", "--vary", "lr=1,2", "--halving", "--sort", "test.loss"], 2),
    (&["sweep", "iris", "--vary", "lr=1,2", "--halving", "--steps", "100"], 2),
    (&["sweep", "mnist", "--vary", "lr=1,2"], 3),
    (&["sweep", "--resume", "run"], 3),
    (&["bench", "--work", "W11"], 2),
    (&["bench", "--work", "784"], 2),
    (&["bench", "--threads", "0"], 2),
    (&["bench", "--seconds", "0"], 2),
    (&["bench", "--data", "absent"], 3),
    (&["inspect", "absent"], 3),
    (&["inspect", "."], 3),
    (&["inspect", "picture.csv"], 3),
];

fn program() -> Program {
    let program = Program::new();
    program.write("wrong-key.toml", "data.source = \"iris\"\n\n[network]\nlayer = [{ dense = 3 }]\n");
    program.write("not.toml", "data = = 3\n");
    program.write(
        "table.csv",
        "size,rooms,constant,price\n10,1,7,100.5\n20,2,7,210.25\n30,2,7,290\n40,3,7,401\n",
    );
    std::fs::create_dir(program.path("run")).unwrap();
    program.write("run/experiment.toml", "data.source = \"iris\"\n");
    program.write("run/environment.json", "{}\n");
    program.write("pickle.safetensors", "\u{80}\u{4}not a model, whatever its name says");
    std::fs::write(program.path("picture.csv"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01").unwrap();
    program
}

#[test]
fn each_error_is_one_sentence_with_its_status() {
    let program = program();
    let mut all = String::new();
    for (arguments, status) in WRONG {
        let said = program.run(arguments);
        assert_eq!(said.status, *status, "{arguments:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{arguments:?}");
        let errors: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.ends_with('\n') && said.stderr.lines().last() == errors.last().copied());
        writeln!(all, "$ thalweg {}\n{}", arguments.join(" "), errors[0]).unwrap();
    }
    let folder = program.folder().display().to_string();
    insta::assert_snapshot!("errors", all.replace(&folder, "HOME"));
}

#[test]
fn wrong_flags_and_verbs_are_usage_errors() {
    let program = Program::new();
    for arguments in
        [&["trian"][..], &["train"], &["train", "spiral", "--learning-rat", "1"], &["sweep", "spiral"]]
    {
        let said = program.run(arguments);
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(said.stderr.starts_with("error: "), "{arguments:?}: {}", said.stderr);
    }
    assert!(program.run(&["trian"]).stderr.contains("'train'"));
    assert!(program.run(&["train", "x", "--learning-rat", "1"]).stderr.contains("--learning-rate"));
}

#[test]
fn kernels_and_threads_of_the_environment_are_checked() {
    let program = Program::new();
    let with = |name: &str, value: &str| {
        let mut command = program.command(&["train", "spiral-linear", "--steps", "1"]);
        program::said(command.env(name, value).output().unwrap())
    };
    let wrong = with("THALWEG_CPU", "sse9");
    assert_eq!(wrong.status, 2);
    assert_eq!(
        wrong.stderr,
        "error: THALWEG_CPU=sse9: there are no such kernels; there are avx512, avx2, portable\n"
    );
    assert_eq!(with("THALWEG_CPU", "portable").status, 0);
    assert_eq!(with("THALWEG_THREADS", "many").status, 2);
    assert_eq!(with("THALWEG_THREADS", "2").status, 0);
}

#[test]
fn a_run_that_diverges_ends_with_status_4() {
    let program = Program::new();
    let said = program.run(&["train", "regression", "--lr", "1"]);
    assert_eq!(said.status, 4, "{}", said.stderr);
    assert!(said.stderr.contains("error: the loss is"), "{}", said.stderr);
    assert!(said.stderr.contains("runs/regression-001"), "{}", said.stderr);
}
