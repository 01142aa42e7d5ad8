//! What a run's folder holds: what was trained, how far it is, what came of it.

use std::path::Path;

use serde_json::json;
use thalweg::run::RunFolder;

use crate::exit::Failure;
use crate::numbers;
use crate::output::Output;
use crate::training;

pub(super) fn inspect(path: &Path, output: &Output) -> Result<(), Failure> {
    let run = RunFolder::open(path)?;
    let result = run.result()?;
    let reports = run.metrics()?.len();
    let step = run.state()?.map(|state| state.counters.step);
    let experiment = run.experiment();
    output.json(&json!({
        "kind": "run",
        "format": "folder",
        "name": experiment.name,
        "description": experiment.description,
        "finished": result.is_some(),
        "saved_step": step,
        "metrics_lines": reports,
        "environment": serde_json::to_value(run.environment()).unwrap_or_default(),
        "result": result.as_ref().map(training::object),
    }));
    if output.json {
        return Ok(());
    }
    let environment = run.environment();
    output.line(format_args!(
        "{}: a run of {}, {}",
        path.display(),
        experiment.name,
        match &result {
            Some(_) => "at its end".to_owned(),
            None => format!("not at its end; go on with: thalweg resume {}", path.display()),
        }
    ));
    output.line(format_args!(
        "trained by thalweg {} on {} with {} kernels",
        environment.version, environment.architecture, environment.cpu
    ));
    for file in &environment.data {
        output.line(format_args!("data: {} (SHA-256 {})", file.path.display(), file.sha256));
    }
    if let Some(origin) = &environment.from {
        let after =
            origin.step.map_or(String::new(), |step| format!(" after {}", numbers::counted(step, "step")));
        output.line(format_args!("began from {}{after}", origin.path.display()));
    }
    if let Some(step) = step {
        output.line(format_args!("saved after {}", numbers::counted(step, "step")));
    }
    if let Some(result) = &result {
        training::print_figures(result, output);
    }
    Ok(())
}
