//! From what the user names (a built-in experiment, an experiment file, a data file) to an experiment.

use std::path::{Path, PathBuf};

use thalweg::data::generators::GENERATORS;
use thalweg::data::{self, LoadOptions, Task};
use thalweg::experiment::{BUILTIN, Draft};
use thalweg::run::{self, RunFolder};
use thalweg::{Experiment, Loss};

use crate::arguments::{DataFlags, SettingFlags};
use crate::exit::Failure;

/// An experiment, and the folder of `--data`.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) draft: Draft,
    pub(crate) data_folder: Option<PathBuf>,
}

/// What a user's word means.
enum Meaning<'a> {
    Builtin(&'a str),
    File(&'a Path),
    Data(&'a Path),
}

/// Finds what the user names and lays the flags over it; nothing is checked yet.
pub(crate) fn named(what: &str, data: &DataFlags, settings: &SettingFlags) -> Result<Named, Failure> {
    let (data_folder, data_file) = match &data.data {
        Some(path) if path.is_dir() => (Some(path.clone()), None),
        Some(path) if path.exists() => (None, Some(path.as_path())),
        Some(path) => return Err(missing(path)),
        None => (None, None),
    };
    let mut draft = match meaning(what)? {
        Meaning::Builtin(name) => Draft::builtin(name)?,
        Meaning::File(path) => Draft::read(path)?,
        Meaning::Data(path) => {
            return Ok(Named { draft: around_data(path, data, settings)?, data_folder });
        }
    };
    if let Some(path) = data_file {
        let flag = format!("--data {}", path.display());
        draft = draft.set_from(&flag, "data.source", &quoted(&source_of(path)))?;
    }
    Ok(Named { draft: settings.lay_over(columns(draft, data)?)?, data_folder })
}

impl Named {
    /// The experiment, checked.
    pub(crate) fn check(&self) -> Result<Experiment, Failure> {
        Ok(self.draft.check()?)
    }
}

fn meaning(what: &str) -> Result<Meaning<'_>, Failure> {
    if BUILTIN.iter().any(|builtin| builtin.name == what) {
        return Ok(Meaning::Builtin(what));
    }
    let path = Path::new(what);
    let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if is_toml {
        return Ok(Meaning::File(path));
    }
    if RunFolder::is_run(path) {
        return Err(Failure::usage(format!(
            "{what}: this is a run; `thalweg resume {what}` goes on with it, and {} trains it again",
            path.join("experiment.toml").display()
        )));
    }
    if path.exists() || what.contains('*') {
        return Ok(Meaning::Data(path));
    }
    if path.extension().is_some() || path.components().count() > 1 {
        return Err(missing(path));
    }
    if GENERATORS.contains(&what) {
        return Err(Failure::usage(format!(
            "`{what}` is a generator of data, not an experiment; write `thalweg new spiral --out my.toml` and put \
             `source = \"{what}\"` under [data] in it"
        )));
    }
    match Draft::builtin(what) {
        Ok(_) => Ok(Meaning::Builtin(what)),
        Err(error) => Err(Failure::usage(format!("{error} (`thalweg list` shows them all)"))),
    }
}

/// Why a path that is not there cannot be read, in the system's own words.
pub(crate) fn missing(path: &Path) -> Failure {
    let not_there = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let error = std::fs::metadata(path).err().unwrap_or_else(not_there);
    Failure::from(thalweg::Error::io(path, "read", error))
}

fn columns(mut draft: Draft, data: &DataFlags) -> Result<Draft, Failure> {
    for (key, names) in [("features", &data.features), ("target", &data.target)] {
        if let Some(names) = names {
            draft = draft.set_from(&format!("--{key} {names}"), &format!("data.{key}"), names)?;
        }
    }
    Ok(draft)
}

/// An experiment around a data file: two hidden layers of 64, an output per class or number, and the loss that goes with
/// the target; the flags laid over it.
fn around_data(path: &Path, data: &DataFlags, settings: &SettingFlags) -> Result<Draft, Failure> {
    const HIDDEN: &str = "{ dense = 64, activation = \"relu\" }";
    let source = source_of(path);
    let draft = |first: &str, outputs: usize, scale_target: &str| -> Result<Draft, Failure> {
        let text = format!(
            "name = {}\ndata.source = {}\ndata.scale_target = \"{scale_target}\"\n\
             network.layers = [{first}{HIDDEN}, {HIDDEN}, {{ dense = {outputs} }}]\n",
            quoted(&name_of(path)),
            quoted(&source),
        );
        settings.lay_over(columns(Draft::parse(&text, None)?, data)?)
    };
    // The data say what the output is, so they are read before the network is known.
    let experiment = draft("", 1, "none")?.check()?;
    let options = LoadOptions { classes: None, ..run::load_options(&experiment, None) };
    let parts = data::load(&experiment.data, &options)?;
    let (outputs, scale_target) = match parts.task {
        Task::Classification { classes: 2 }
            if !matches!(
                experiment.training.loss,
                Some(Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. })
            ) =>
        {
            (1, "none")
        }
        Task::Classification { classes } => (classes, "none"),
        // Counts have no units but their own.
        Task::Regression { outputs } if matches!(experiment.training.loss, Some(Loss::Poisson)) => {
            (outputs, "none")
        }
        Task::Regression { outputs } => (outputs, "standard"),
    };
    let flatten = if parts.train.feature_shape().axes().len() > 1 { "\"flatten\", " } else { "" };
    draft(flatten, outputs, scale_target)
}

/// A data file as `data.source` has it: one that looks like the name of a data set gets a folder, so that it stays a file.
fn source_of(path: &Path) -> String {
    let source = path.display().to_string();
    let is_word = source.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_word { format!("./{source}") } else { source }
}

/// The file's name up to the first dot.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default().replace(['*', '?', '[', ']'], "");
    if stem.is_empty() { "data".to_owned() } else { stem }
}

/// Text as TOML writes it; JSON's escapes are TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Status;

    #[test]
    fn a_word_is_an_experiment_and_a_path_is_a_path() {
        let status = |what| meaning(what).map(|_| ()).unwrap_err().status;
        assert!(matches!(meaning("spiral"), Ok(Meaning::Builtin("spiral"))));
        assert!(matches!(meaning("my.toml"), Ok(Meaning::File(_))));
        assert_eq!(status("spirl"), Status::Usage);
        assert_eq!(status("absent.csv"), Status::File);
        assert_eq!(status("absent/table"), Status::File);
        let xor = meaning("xor").map(|_| ()).unwrap_err();
        assert_eq!(xor.status, Status::Usage);
        assert!(xor.message.contains("`xor` is a generator of data"), "{}", xor.message);
    }

    #[test]
    fn a_file_that_looks_like_a_name_stays_a_file() {
        assert_eq!(source_of(Path::new("houses")), "./houses");
        assert_eq!(source_of(Path::new("houses.csv")), "houses.csv");
        assert_eq!(source_of(Path::new("data/houses")), "data/houses");
    }

    #[test]
    fn runs_are_named_after_their_data() {
        assert_eq!(name_of(Path::new("a/houses.csv.gz")), "houses");
        assert_eq!(name_of(Path::new("parts-*.csv")), "parts-");
        assert_eq!(name_of(Path::new("part[12].csv")), "part12");
        assert_eq!(name_of(Path::new(".csv")), "data");
    }
}
