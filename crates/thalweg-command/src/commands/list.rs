//! `thalweg list`: the built-in experiments, what data they need, and whether it is there.

use serde_json::json;
use thalweg::data::Source;
use thalweg::data::sources::named_files;
use thalweg::experiment::{BUILTIN, Builtin, Draft};

use crate::arguments::ListArguments;
use crate::exit::{Failure, Status};
use crate::output::Output;
use crate::table::Table;

/// The sets that are in the binary.
const EMBEDDED: [&str; 2] = ["digits", "iris"];

pub(crate) fn run(arguments: &ListArguments, output: &Output) -> Result<Status, Failure> {
    let mut table = Table::new(["experiment", "what it trains", "data", "there"]);
    let mut objects = Vec::new();
    let mut missing = Vec::new();
    for builtin in BUILTIN {
        let (data, is_there) = data_of(builtin, arguments)?;
        let there = if is_there { "yes" } else { "no" };
        if !is_there && !missing.contains(&builtin.data) {
            missing.push(builtin.data);
        }
        table.row([builtin.name, builtin.description, data.as_str(), there]);
        objects.push(json!({
            "name": builtin.name,
            "description": builtin.description,
            "data": builtin.data,
            "available": is_there,
        }));
    }
    output.json(&json!({ "experiments": objects }));
    output.line(table);
    for data in missing {
        output.line(format_args!("\nTo get {data}"));
    }
    Ok(Status::Done)
}

/// A few words on an experiment's data, and whether it can be read.
fn data_of(builtin: &Builtin, arguments: &ListArguments) -> Result<(String, bool), Failure> {
    Ok(match Draft::builtin(builtin.name)?.check()?.data.source {
        Source::Named(name) if EMBEDDED.contains(&name.as_str()) => ("embedded".to_owned(), true),
        Source::Named(name) => {
            let is_there = named_files(&name, arguments.data.as_deref()).is_ok();
            (format!("files of {name}"), is_there)
        }
        Source::Files(_) => ("files".to_owned(), true),
        Source::Generator(_) => ("made by a formula".to_owned(), true),
    })
}
