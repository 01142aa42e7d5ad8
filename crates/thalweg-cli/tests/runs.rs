//! Runs from the command line: train, resume, evaluate, predict, sweep, gradcheck, inspect.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::fs;

use program::Program;

const TABLE: &str = "a,b,kind\n0,0,cold\n0,1,warm\n1,0,warm\n1,1,hot\n0,0.1,cold\n0.1,1,warm\n1,0.2,warm\n0.9,1,hot\n\
                     0.1,0,cold\n0.2,1,warm\n0.9,0,warm\n1,0.9,hot\n";

#[test]
fn flags_reach_the_experiment() {
    let program = Program::new();
    let run = program.json(&[
        "train",
        "spiral",
        "--hidden",
        "7,5",
        "--activation",
        "tanh",
        "--steps",
        "3",
        "--seed",
        "4",
        "--name",
        "small",
        "--set",
        "training.l1=0.5",
        "--lr",
        "0.25",
    ]);
    assert_eq!(run["parameter_count"], 2 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3);
    assert_eq!((run["run"].as_str(), run["name"].as_str()), (Some("runs/small-001"), Some("small")));
    let toml = fs::read_to_string(program.path("runs/small-001/experiment.toml")).unwrap();
    for line in ["seed = 4", "l1 = 0.5", "learning_rate = 0.25", "tanh"] {
        assert!(toml.contains(line), "{line}: {toml}");
    }
    let environment = fs::read_to_string(program.path("runs/small-001/environment.json")).unwrap();
    assert!(environment.contains("training.l1=0.5"), "{environment}");
}

#[test]
fn a_run_is_overwritten_with_force_only() {
    let program = Program::new();
    let train = ["train", "spiral-linear", "--steps", "2", "--out", "here"];
    program.succeed(&train);
    let again = program.run(&train);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    program.succeed(&[&train[..], &["--force"]].concat());
}

#[test]
fn a_table_is_trained_evaluated_and_predicted() {
    let program = Program::new();
    program.write("weather.csv", TABLE);
    let train =
        ["train", "weather.csv", "--target", "kind", "--set", "data.split={ validation = 0, test = 0 }"];
    let run = program.json(&[&train[..], &["--epochs", "200", "--batch-size", "4"]].concat());
    assert_eq!(run["run"], "runs/weather-001");
    assert_eq!(run["train"]["correct"], 12);
    assert_eq!(run["parameter_count"], 2 * 64 + 64 + 64 * 64 + 64 + 64 * 3 + 3);

    let figures = program.json(&["evaluate", "runs/weather-001", "weather.csv"]);
    assert_eq!((figures["rows"].as_u64(), figures["accuracy"].as_f64()), (Some(12), Some(1.0)));
    assert_eq!(figures["loss"], run["train"]["loss"]);
    assert_eq!(program.json(&["evaluate", "runs/weather-001"])["loss"], run["train"]["loss"]);
    let path = program.path("weather.csv").display().to_string();
    let table = program.succeed(&["evaluate", "runs/weather-001", &path]).stdout;
    assert!(table.contains("weather.csv") && !table.contains(&path), "{table}");

    // Without a target, and with the columns in another order.
    program.write("new.csv", "b,a\n0,0\n1,1\n");
    let csv = program.succeed(&["predict", "runs/weather-001/model.safetensors", "new.csv"]).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "row,prediction,probability cold,probability hot,probability warm");
    assert!(lines[1].starts_with("0,cold,0.") && lines[2].starts_with("1,hot,"), "{csv}");
    program.succeed(&["predict", "runs/weather-001", "new.csv", "--out", "said.csv"]);
    assert_eq!(fs::read_to_string(program.path("said.csv")).unwrap(), csv);
    let object = program.json(&["predict", "runs/weather-001", "new.csv"]);
    assert_eq!(object["predictions"][1]["prediction"], "hot");
    assert_eq!(object["predictions"][1]["row"].as_u64(), Some(1));

    program.write("other.csv", "a,c\n0,0\n");
    let said = program.run(&["predict", "runs/weather-001", "other.csv"]);
    assert!(said.status != 0 && said.stderr.contains('b'), "{}", said.stderr);
}

#[test]
fn an_evaluation_says_all_there_is() {
    let program = Program::new();
    program.succeed(&["train", "iris", "--epochs", "4", "--out", "run"]);
    let table = program.succeed(&["evaluate", "run"]).stdout;
    insta::assert_snapshot!("evaluated-classes", table);
    let figures = program.json(&["evaluate", "run"]);
    let run = program.json(&["resume", "run"]);
    assert_eq!(figures, run["test"]);
    let keys = ["precision_macro", "recall_macro", "f1_macro", "f1_weighted", "roc_auc", "roc_auc_weighted"];
    for key in keys.into_iter().chain(["average_precision", "log_loss", "brier", "calibration_error"]) {
        assert!(figures[key].as_f64().is_some_and(|value| (0.0..1.1).contains(&value)), "{key}: {figures}");
    }
    assert_eq!(figures["classes"][2]["label"], "virginica");
    assert!(figures.get("top_k").is_none() && figures.get("rmse").is_none());

    // Ten classes have a top 5.
    program.succeed(&["train", "digits", "--epochs", "1", "--out", "digits"]);
    let top = program.json(&["evaluate", "digits"])["top_k"].as_f64().unwrap();
    assert!((0.9..=1.0).contains(&top), "{top}");

    // Of one class alone there is no ROC curve, and nobody is told a NaN.
    program.write("weather.csv", TABLE);
    program.write("cold.csv", "a,b,kind\n0,0,cold\n0,0.1,cold\n");
    program.succeed(&["train", "weather.csv", "--target", "kind", "--epochs", "2", "--out", "weather"]);
    let cold = program.json(&["evaluate", "weather", "cold.csv"]);
    assert!(cold.get("roc_auc").is_none() && cold["brier"].is_number(), "{cold}");
    let said = program.succeed(&["evaluate", "weather", "cold.csv"]).stdout;
    let why = "\nno roc_auc, roc_auc_weighted, average_precision: no row is of class hot\n";
    assert!(said.contains(why), "{said}");

    // Numbers; 0 is no measure of an error.
    let rows: String = (0..40).map(|i| format!("{i},{}\n", 50 * i)).collect();
    program.write("prices.csv", &format!("size,price\n{rows}"));
    program.succeed(&["train", "prices.csv", "--target", "price", "--epochs", "2", "--out", "prices"]);
    let all = program.json(&["evaluate", "prices", "prices.csv"]);
    let (rmse, mse) = (all["rmse"].as_f64().unwrap(), all["mse"].as_f64().unwrap());
    assert!((rmse * rmse - mse).abs() < 1e-9 * mse && all.get("mape").is_none(), "{all}");
    let said = program.succeed(&["evaluate", "prices", "prices.csv"]).stdout;
    assert!(said.contains("no mape: row 0 (counted from 0) has the target 0"), "{said}");
}

#[test]
fn a_sweep_and_the_reports_show_the_metrics_asked_for() {
    let program = Program::new();
    let with = ["--set", "metrics=[\"f1_macro\"]", "--epochs", "2"];
    let said = program.succeed(&[&["sweep", "iris", "--vary", "lr=0.1,0.01"], &with[..]].concat()).stdout;
    assert!(said.lines().next().unwrap().ends_with("test loss  test accuracy  test f1_macro"), "{said}");
    let said = program.succeed(&[&["train", "iris", "--no-progress"], &with[..]].concat()).stderr;
    let line = said.lines().find(|line| line.starts_with("epoch 2: ")).unwrap();
    assert_eq!(line.matches(", f1_macro 0.").count(), 2, "{line}");
}

#[test]
fn numbers_are_predicted_in_their_own_units() {
    let program = Program::new();
    let rows: String = (0..40).map(|i| format!("{i},{}\n", 1000 + 50 * i)).collect();
    program.write("prices.csv", &format!("size,price\n{rows}"));
    let run = program.json(&["train", "prices.csv", "--target", "price", "--epochs", "300"]);
    assert!(run["test"]["r2"].as_f64().unwrap() > 0.98, "{run}");
    program.write("one.csv", "size\n20\n");
    let price = program.json(&["predict", run["run"].as_str().unwrap(), "one.csv"]);
    let price = price["predictions"][0]["prediction"].as_f64().unwrap();
    assert!((price - 2000.0).abs() < 150.0, "{price}");
}

#[test]
fn a_finished_run_prints_its_result_again() {
    let program = Program::new();
    let run = program.json(&["train", "spiral-linear", "--steps", "5"]);
    assert_eq!(program.json(&["resume", "runs/spiral-linear-001"]), run);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let program = Program::new();
    let train = ["train", "spiral", "--steps", "4000", "--report-every", "50 steps"];
    let whole = program.json(&[&train[..], &["--out", "whole"]].concat());
    for (signal, status, out) in [("INT", 130, "first"), ("TERM", 143, "second")] {
        let child = program
            .command(&[&train[..], &["--out", out, "--json"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let metrics = program.path(out).join("metrics.jsonl");
        let started = Instant::now();
        while fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < 3 {
            assert!(started.elapsed() < Duration::from_secs(60), "the run does not begin");
            std::thread::sleep(Duration::from_millis(2));
        }
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let said = program::said(child.wait_with_output().unwrap());
        assert_eq!(said.status, status, "{}", said.stderr);
        let object: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!((object["status"].as_str(), object["run"].as_str()), (Some("interrupted"), Some(out)));
        assert!(said.stderr.contains(&format!("thalweg resume {out}")), "{}", said.stderr);

        // What there is of it is right, and what is added when it goes on is too.
        assert_eq!(program.json(&["verify", out]), serde_json::json!({ "identical": true }));
        let resumed = program.json(&["resume", out]);
        assert_eq!(program.json(&["verify", out]), serde_json::json!({ "identical": true }));
        assert_eq!(resumed["parameters_sha256"], whole["parameters_sha256"]);
        assert_eq!(resumed["train"], whole["train"]);
        let losses = |out: &str| {
            let text = fs::read_to_string(program.path(out).join("metrics.csv")).unwrap();
            text.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(losses(out).len(), losses("whole").len());
    }
}

/// A run trained again on other threads and by other kernels is the same; a changed line is found, and where.
#[test]
fn a_run_is_verified_and_a_difference_is_placed() {
    let program = Program::new();
    program.succeed(&["train", "digits", "--epochs", "3", "--out", "run"]);
    assert_eq!(program.json(&["verify", "run", "--threads", "3"]), serde_json::json!({ "identical": true }));
    let portable = program.command(&["verify", "run"]).env("THALWEG_CPU", "portable").output().unwrap();
    let portable = program::said(portable);
    assert_eq!(portable.status, 0, "{}", portable.stderr);
    assert!(portable.stdout.starts_with("identical: 3 reports up to step "), "{}", portable.stdout);

    let lines = fs::read_to_string(program.path("run/hashes.jsonl")).unwrap();
    let second: serde_json::Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    let hash = second["tensors"][1][1].as_str().unwrap();
    program.write("run/hashes.jsonl", &lines.replacen(hash, "0123456789abcdef", 1));
    let steps: Vec<u64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap())
        .collect();
    let found = program.run(&["verify", "run", "--json"]);
    assert_eq!(found.status, 1, "{}", found.stderr);
    let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let expected = serde_json::json!({ "identical": false, "between_steps": steps[..2], "tensor": "1.bias" });
    assert_eq!(found, expected);

    // A number that somebody made better.
    program.write("run/hashes.jsonl", &lines);
    let metrics = fs::read_to_string(program.path("run/metrics.jsonl")).unwrap();
    let second = metrics.lines().filter(|line| line.contains("\"test\"")).nth(1).unwrap();
    let object: serde_json::Value = serde_json::from_str(second).unwrap();
    let better = second.replace(&format!("\"accuracy\":{}", object["accuracy"]), "\"accuracy\":1.0");
    program.write("run/metrics.jsonl", &metrics.replace(second, &better));
    let found = program.run(&["verify", "run"]);
    assert_eq!(found.status, 1);
    let said = format!(
        "different: between step {} and step {}, in test.accuracy of metrics.jsonl, not in losses and weights: the file was changed\n",
        steps[0], steps[1]
    );
    assert_eq!(found.stdout, said);
    program.write("run/metrics.jsonl", &metrics);

    // A report too many, and one too few.
    program.write("run/hashes.jsonl", &format!("{lines}{}\n", lines.lines().next().unwrap()));
    let more = program.run(&["verify", "run"]);
    assert_eq!(more.status, 1);
    assert!(more.stdout.contains("where one of them made a report and the other did not"), "{}", more.stdout);
    let first_two: String = lines.lines().take(2).map(|line| format!("{line}\n")).collect();
    program.write("run/hashes.jsonl", &first_two);
    let found = program.run(&["verify", "run"]);
    assert_eq!(found.status, 1);
    let said = format!("different: between step {} and step {}, where one of them", steps[1], steps[2]);
    assert!(found.stdout.starts_with(&said), "{}", found.stdout);

    program.succeed(&[
        "train",
        "spiral-linear",
        "--steps",
        "9",
        "--report-every",
        "1 minutes",
        "--out",
        "timed",
    ]);
    assert_eq!(program.run(&["verify", "timed"]).status, 2);
    fs::remove_file(program.path("run/hashes.jsonl")).unwrap();
    let refused = program.run(&["verify", "run"]);
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("there is no hashes.jsonl with a report in it"), "{}", refused.stderr);
}

/// The model of a step is that of a run which was only so long, from the start or from a state before it.
#[test]
fn any_step_of_a_run_comes_back() {
    let program = Program::new();
    let train = ["train", "spiral", "--lr", "0.5"];
    program.succeed(&[&train[..], &["--steps", "400", "--out", "long"]].concat());
    program.succeed(&[&train[..], &["--steps", "130", "--out", "short"]].concat());
    let at = |step: &str, out: &str| program.run(&["at", "long", "--step", step, "--out", out]);
    assert_eq!(at("130", "early.safetensors").status, 0);
    // What comes after a file's header, which says how long it is.
    let weights = |file: &str| {
        let bytes = fs::read(program.path(file)).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        bytes[8 + header as usize..].to_vec()
    };
    assert!(weights("early.safetensors") == weights("short/model.safetensors"));
    assert_eq!(at("400", "late.safetensors").status, 0);
    assert!(weights("late.safetensors") == weights("long/model.safetensors"));
    assert_eq!(at("0", "start.safetensors").status, 0);
    assert!(weights("start.safetensors") != weights("early.safetensors"));

    let beyond = at("401", "none.safetensors");
    assert_eq!(beyond.status, 2, "{}", beyond.stderr);
    assert!(beyond.stderr.contains("it has no step 401: it ended after 400"), "{}", beyond.stderr);
    assert_eq!(at("130", "early.safetensors").status, 2); // it is there
}

#[test]
fn a_sweep_compares_runs_that_are_as_if_alone() {
    let program = Program::new();
    let base = ["--steps", "30"];
    let sweep = program.json(
        &[
            &["sweep", "spiral-linear", "--vary", "lr=1,0.1", "--vary", "l2=0,0.01", "--threads", "3"],
            &base[..],
        ]
        .concat(),
    );
    let runs = sweep["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    assert_eq!(runs[1]["settings"], serde_json::json!({ "lr": "1", "l2": "0.01" }));
    let alone =
        program.json(&[&["train", "spiral-linear", "--lr", "0.1", "--l2", "0.01"], &base[..]].concat());
    assert_eq!(runs[3]["parameters_sha256"], alone["parameters_sha256"]);
    assert_eq!(runs[3]["train"], alone["train"]);
    assert!(program.path("runs/spiral-linear-sweep-001").is_dir());

    let said =
        program.succeed(&["sweep", "spiral-linear", "--vary", "lr=1,0.5", "--steps", "3", "--out", "here"]);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(
        lines[0].trim_start().starts_with("lr ") && lines[0].ends_with("train accuracy"),
        "{}",
        said.stdout
    );
    assert!(lines[1].trim_start().starts_with('1') && lines[2].starts_with("0.5"), "{}", said.stdout);
}

#[test]
fn runs_are_held_against_each_other() {
    let program = Program::new();
    program.succeed(&["train", "spiral-linear", "--steps", "300", "--out", "slow", "--lr", "0.1"]);
    program.succeed(&[
        "train",
        "spiral-linear",
        "--steps",
        "200",
        "--out",
        "fast",
        "--lr",
        "0.5",
        "--l2",
        "0",
    ]);
    let compared = program.json(&["compare", "slow", "fast", "--out", "both.svg"]);
    let settings = &compared["settings"];
    assert_eq!(settings["training.steps"], serde_json::json!(["300", "200"]));
    assert_eq!(settings["training.l2"], serde_json::json!(["0.001", "0.0"]));
    assert!(settings["training.optimizer"][0].as_str().unwrap().contains("learning_rate = 0.1"));
    assert_eq!(settings.as_object().unwrap().len(), 3, "{settings}");
    assert_eq!((&compared["runs"][0]["run"], &compared["runs"][1]["steps"]), (&"slow".into(), &200.into()));
    let picture = fs::read_to_string(program.path("both.svg")).unwrap();
    assert!(picture.contains("slow") && picture.contains("fast"));

    let table = program.succeed(&["compare", "slow", "fast"]).stdout;
    assert!(table.contains("training.steps") && table.contains("finished"), "{table}");
    let same = program.succeed(&["compare", "slow", "slow"]).stdout;
    assert!(same.starts_with("all settings are the same"), "{same}");
    assert_eq!(program.run(&["compare", "slow"]).status, 2);
    assert_eq!(program.run(&["compare", "slow", "nowhere"]).status, 3);
    assert_eq!(program.run(&["compare", "slow", "fast", "--out", "both.jpg"]).status, 2);
}

#[test]
fn a_learning_rate_is_found() {
    let program = Program::new();
    let found = program.json(&["lr-find", "digits", "--out", "rates.png"]);
    let suggestion = found["suggestion"].as_f64().unwrap();
    assert!((1e-4..1e-1).contains(&suggestion), "{suggestion}");
    assert!(found["lowest"].as_f64().unwrap() > suggestion);
    assert!(found["points"].as_array().unwrap().len() > 100);
    assert!(fs::read(program.path("rates.png")).unwrap().starts_with(b"\x89PNG"));
    let said = program.succeed(&["lr-find", "digits", "--to", "0.1", "--tries", "50"]).stdout;
    assert!(said.contains("try --lr "), "{said}");
    assert_eq!(program.run(&["lr-find", "digits", "--from", "1", "--to", "0.1"]).status, 2);
}

#[test]
fn gradients_are_checked() {
    let program = Program::new();
    let report = program.json(&["gradcheck", "iris"]);
    assert_eq!(report["ok"], true);
    assert!(report["worst"]["relative_error"].as_f64().unwrap() < 1e-5);
    let said = program.succeed(&["gradcheck", "spiral-linear"]);
    assert!(said.stdout.contains("0.weight") && said.stdout.contains("right: "), "{}", said.stdout);
}

/// Findings are a result, not a failure: the status stays 0.
#[test]
fn a_doctor_names_what_is_wrong_and_what_mends_it() {
    let program = Program::new();
    let healthy = program.json(&["doctor", "iris"]);
    assert_eq!(healthy["findings"], serde_json::json!([]));
    assert!(healthy["checked"].as_array().unwrap().contains(&"dead_relus".into()), "{healthy}");
    let said = program.succeed(&["doctor", "iris"]).stdout;
    assert!(said.contains("\nNothing to report: unscaled columns, constant columns, "), "{said}");
    assert!(said.contains("\nnot judged: overfitting, since there is no validation part\n"), "{said}");

    let ill = program.json(&["doctor", "regression", "--lr", "1e-2"]);
    let finding = &ill["findings"][0];
    assert_eq!((&finding["kind"], &finding["severity"]), (&"rate_too_high".into(), &"problem".into()));
    assert_eq!(
        (&finding["cure"], &finding["evidence"]["learning_rate"]),
        (&"--lr 0.001".into(), &0.01.into())
    );
    assert_eq!(finding["layer"], serde_json::Value::Null);
    let said = program.succeed(&["doctor", "regression", "--lr", "1e-2"]).stdout;
    assert!(said.contains("\nproblem: a learning rate that is too high\n  the loss stops "), "{said}");
    assert!(
        said.contains("\n  evidence: learning_rate 0.01, ") && said.contains("\n  cure: --lr 0.001\n"),
        "{said}"
    );

    program.succeed(&["train", "spiral", "--activation", "sigmoid", "--lr", "1e-6", "--out", "run"]);
    let run = program.json(&["doctor", "run"]);
    assert_eq!(run["findings"][0]["kind"], "rate_too_low", "{run}");
    let refused = program.run(&["doctor", "run", "--lr", "1"]);
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("thalweg doctor run/experiment.toml"), "{}", refused.stderr);
    assert_eq!(program.succeed(&["doctor", "run/experiment.toml", "--lr", "1", "--json"]).status, 0);
}

#[test]
fn files_and_folders_are_inspected() {
    let program = Program::new();
    program.write("weather.csv", TABLE);
    let data = program.json(&["inspect", "weather.csv"]);
    assert_eq!((data["kind"].as_str(), data["format"].as_str()), (Some("data"), Some("csv")));
    assert_eq!(data["rows"], 12);
    assert_eq!(data["columns"][2]["type"], "text");
    assert_eq!(data["columns"][0]["max"], 1.0);
    insta::assert_snapshot!("inspected-table", program.succeed(&["inspect", "weather.csv"]).stdout);

    program.succeed(&["train", "spiral", "--steps", "2", "--out", "run"]);
    let model = program.json(&["inspect", "run/model.safetensors"]);
    assert_eq!((model["kind"].as_str(), model["parameter_count"].as_u64()), (Some("model"), Some(603)));
    assert_eq!(model["layers"].as_array().unwrap().len(), 3);
    assert_eq!(program.json(&["inspect", "run"])["result"]["steps"], 2);
    insta::assert_snapshot!("inspected-model", program.succeed(&["inspect", "run/model.safetensors"]).stdout);
    assert!(program.succeed(&["inspect", "run/experiment.toml"]).stdout.contains("name = \"spiral\""));
    assert_eq!(program.json(&["inspect", "run/state.safetensors"])["kind"], "tensors");
}

#[test]
fn a_step_is_explained() {
    let program = Program::new();
    let said = program.succeed(&["explain", "regression", "--hidden", "3", "--step", "2"]);
    for line in ["step 2: epoch 3, batch 1", "z0 = x·w0 + b0", "[100, 3] = [100, 27]·[27, 3] + [3]"] {
        assert!(said.stdout.contains(line), "{line}: {}", said.stdout);
    }
    assert!(said.stdout.lines().all(|line| line.chars().count() <= 100), "{}", said.stdout);
    let object = program.json(&["explain", "iris", "--step", "1"]);
    assert_eq!((object["step"].as_u64(), object["epoch"].as_u64()), (Some(1), Some(1)));
    program.succeed(&["train", "spiral-linear", "--steps", "2", "--out", "run"]);
    assert!(program.succeed(&["explain", "run"]).stdout.starts_with("step 0"));
    let late = program.run(&["explain", "run", "--step", "7"]);
    assert_eq!(late.status, 2, "{}", late.stderr);
}

#[test]
fn pictures_are_left_behind_and_drawn_again() {
    let program = Program::new();
    program.succeed(&["train", "spiral-linear", "--steps", "20", "--out", "run"]);
    for file in ["loss.svg", "loss.png", "boundary.svg"] {
        assert!(program.path("run/pictures").join(file).is_file(), "{file}");
    }
    program.succeed(&["draw", "run", "boundary", "--out", "here.png"]);
    assert!(fs::read(program.path("here.png")).unwrap().starts_with(b"\x89PNG"));
    program.succeed(&["draw", "run", "loss", "--out", "here.svg"]);
    assert!(fs::read_to_string(program.path("here.svg")).unwrap().contains("<svg"));
    // What only the run could record is copied from its pictures.
    for kind in ["surface", "boundary-animation"] {
        for ending in ["svg", "png"] {
            let (out, kept) = (format!("copy.{ending}"), format!("run/pictures/{kind}.{ending}"));
            program.succeed(&["draw", "run", kind, "--out", &out]);
            assert_eq!(fs::read(program.path(&out)).unwrap(), fs::read(program.path(&kept)).unwrap());
        }
    }
    let show = program.run(&["draw", "run", "loss-animation", "--out", "a.svg"]);
    assert_eq!((show.status, show.stderr.contains("--live")), (2, true), "{}", show.stderr);
    for wrong in [["draw", "run", "fit", "--out", "a.svg"], ["draw", "run", "hat", "--out", "a.svg"]] {
        assert_eq!(program.run(&wrong).status, 2);
    }
    let ending = program.run(&["draw", "run", "loss", "--out", "a.gif"]);
    assert_eq!((ending.status, ending.stderr.contains(".svg or .png")), (2, true));
}

#[test]
fn a_show_without_a_terminal_says_so_and_trains() {
    let program = Program::new();
    let said =
        program.succeed(&["train", "spiral-linear", "--steps", "20", "--live", "--live-seconds", "0.1"]);
    assert!(said.stderr.contains("--live draws in a terminal"), "{}", said.stderr);
    assert!(said.stderr.contains("step 20: loss"), "{}", said.stderr);
    assert_eq!(program.run(&["train", "spiral", "--live", "--live-seconds", "1e9"]).status, 2);
}

#[test]
fn a_run_records_its_threads_and_gives_the_same_on_any() {
    let program = Program::new();
    let mut weights = Vec::new();
    for threads in ["1", "3"] {
        let train = ["train", "spiral", "--steps", "5", "--out", threads, "--threads", threads];
        weights.push(program.json(&train)["parameters_sha256"].clone());
        let environment = fs::read(program.path(&format!("{threads}/environment.json"))).unwrap();
        let environment: serde_json::Value = serde_json::from_slice(&environment).unwrap();
        assert_eq!(environment["threads"].to_string(), threads);
    }
    assert_eq!(weights[0], weights[1]);
}

#[test]
fn a_data_file_needs_no_ending() {
    let program = Program::new();
    program.write("weather", TABLE);
    let train = ["train", "weather", "--target", "kind", "--epochs", "2"];
    assert_eq!(program.json(&train)["name"], "weather");
}

#[test]
fn the_kept_weights_of_a_full_batch_are_those_of_a_step() {
    let program = Program::new();
    let rows: String = (0..40).map(|i| format!("{i},{}\n", 1000 + 50 * i)).collect();
    program.write("prices.csv", &format!("size,price\n{rows}"));
    let train = ["train", "prices.csv", "--target", "price", "--batch-size", "full", "--steps", "20"];
    let said = program.succeed(&[&train[..], &["--out", "run"]].concat());
    assert!(said.stdout.contains("the weights kept are those of step 20, the best"), "{}", said.stdout);
    assert!(said.stdout.contains("its pictures in run/pictures"), "{}", said.stdout);
    fs::remove_dir_all(program.path("run/pictures")).unwrap();
    let again = program.succeed(&["resume", "run"]);
    assert!(again.stdout.contains("step 20") && !again.stdout.contains("pictures"), "{}", again.stdout);
    assert!(!again.stderr.contains("run/pictures"), "{}", again.stderr);
}
