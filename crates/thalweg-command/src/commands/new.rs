//! `thalweg new`: a commented experiment file to start from.

use serde_json::json;

use crate::arguments::{DataFlags, NewArguments, SettingFlags};
use crate::draft;
use crate::exit::{Failure, Status};
use crate::output::Output;

pub(crate) fn run(arguments: &NewArguments, output: &Output) -> Result<Status, Failure> {
    let data =
        DataFlags { data: None, features: arguments.features.clone(), target: arguments.target.clone() };
    let experiment = draft::named(&arguments.what, &data, &SettingFlags::default())?.check()?;
    let text = experiment.commented_toml();
    match &arguments.out {
        Some(path) if path.exists() && !arguments.force => {
            return Err(Failure::usage(format!(
                "{} is already there; overwrite it with --force, or choose another --out",
                path.display()
            )));
        }
        Some(path) => {
            thalweg::whole_file::write_whole(path, |file| file.write_all(text.as_bytes()))?;
            output.note(format_args!("wrote {}; train it with: thalweg train {0}", path.display()));
            output.json(&json!({ "path": path.display().to_string(), "name": experiment.name }));
        }
        None => {
            output.json(&json!({ "name": experiment.name, "experiment": text }));
            output.text(&text);
        }
    }
    Ok(Status::Done)
}
