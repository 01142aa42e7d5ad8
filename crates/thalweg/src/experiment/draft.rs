//! An experiment that is still being put together: a file's text, and settings laid over it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::problem::{ExperimentProblem, Kind, Origin};
use super::settings::{self, Target};
use super::tree::{self, Fault, Field, Node, Value};
use super::{BUILTIN, Experiment, builtin, hidden_layers, nearest};
use crate::custom::Registry;
use crate::error::{Error, Result};

/// More bytes than any experiment needs.
const LARGEST_FILE: u64 = 1 << 20;

/// An experiment's text with settings laid over it, to be checked by [`Draft::check`].
///
/// Settings do not depend on the order in which they are given: whole tables come before what is inside them (an
/// optimizer's name before its learning rate), and `hidden` before `activation` and `dropout`.
#[derive(Clone, Debug)]
pub struct Draft {
    file: Option<PathBuf>,
    name: String,
    root: Node,
    settings: Vec<Setting>,
    registry: Registry,
}

#[derive(Clone, Debug)]
struct Setting {
    target: Target,
    value: Node,
}

impl Draft {
    /// Reads TOML text. `file` names it in errors, and the experiment where the text does not.
    ///
    /// # Errors
    /// [`ExperimentProblem::Syntax`] if the text is not TOML.
    pub fn parse(text: &str, file: Option<&Path>) -> Result<Draft> {
        let stem = file.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
        let root = tree::read(text).map_err(|fault| located(fault, file))?;
        let name = stem.unwrap_or_else(|| "experiment".to_owned());
        let (file, settings, registry) = (file.map(Path::to_owned), Vec::new(), Registry::new());
        Ok(Draft { file, name, root, settings, registry })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`ExperimentProblem::TooLarge`], [`ExperimentProblem::NotText`] or
    /// [`ExperimentProblem::Syntax`] if it is no TOML.
    pub fn read(path: &Path) -> Result<Draft> {
        let refuse = |problem| located(Fault::new(&Origin::Whole, problem), Some(path));
        let failed = |error| Error::io(path, "read", error);
        let file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LARGEST_FILE {
            let bytes = std::fs::metadata(path).map_or(bytes.len() as u64, |metadata| metadata.len());
            return Err(refuse(ExperimentProblem::TooLarge { bytes, limit: LARGEST_FILE }));
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| refuse(ExperimentProblem::NotText { byte: error.utf8_error().valid_up_to() }))?;
        Draft::parse(text.strip_prefix('\u{feff}').unwrap_or(&text), Some(path))
    }

    /// A built-in experiment by its name.
    ///
    /// # Errors
    /// [`ExperimentProblem::NoSuchName`] with the nearest name.
    pub fn builtin(name: &str) -> Result<Draft> {
        match builtin(name) {
            Some(builtin) => {
                Draft::parse(builtin.text, None).map(|draft| Draft { name: name.to_owned(), ..draft })
            }
            None => {
                let known: Vec<_> = BUILTIN.iter().map(|builtin| builtin.name).collect();
                let nearest = nearest::nearest(name, &known);
                let given = name.chars().take(60).collect();
                let problem = ExperimentProblem::NoSuchName { kind: Kind::Experiment, given, nearest, known };
                Err(located(Fault::new(&Origin::Whole, problem), None))
            }
        }
    }

    /// Starts from a finished experiment, with its registry, to lay settings over it.
    ///
    /// # Errors
    /// [`ExperimentProblem::NotRegistered`] later, from [`Draft::check`], if it has a user's own part that is not registered.
    pub fn from_experiment(experiment: &Experiment) -> Result<Draft> {
        Ok(Draft::parse(&experiment.to_toml(), None)?.with_registry(experiment.registry.clone()))
    }

    /// Gives meaning to the names of a program's own parts, written `{ custom = NAME, options = ... }`.
    ///
    /// # Example
    /// ```
    /// use thalweg::custom::Registry;
    /// use thalweg::experiment::Draft;
    /// let text = "data.source = \"iris\"\nnetwork.layers = [{ custom = \"gain\" }, { dense = 3 }]";
    /// let error = Draft::parse(text, None)?.with_registry(Registry::new()).check().unwrap_err().to_string();
    /// assert!(error.contains("the layer \"gain\" is of a program's own"), "{error}");
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn with_registry(self, registry: Registry) -> Draft {
        Draft { registry, ..self }
    }

    /// Lays `--set KEY=VALUE` over the draft: a key's path (`training.batch_size`) or a short name (`batch_size`,
    /// `hidden`). The value is TOML, or text where it is not; [`Draft::check`] checks it like a value of the file.
    ///
    /// # Errors
    /// [`ExperimentProblem::NoSuchName`] if there is no such key.
    pub fn set(self, key: &str, value: &str) -> Result<Draft> {
        let flag = format!("--set {}={}", short(key), short(value));
        self.set_from(&flag, key, value)
    }

    /// As [`Draft::set`], from a flag of its own: `flag` is what errors begin with, such as `--epochs 0`.
    ///
    /// # Errors
    /// [`ExperimentProblem::NoSuchName`] if there is no such key.
    pub fn set_from(mut self, flag: &str, key: &str, value: &str) -> Result<Draft> {
        let origin = Origin::Flag(flag.to_owned());
        let target = settings::target(key).map_err(|problem| located(Fault::new(&origin, problem), None))?;
        let value = tree::read_flag(value, &origin);
        self.settings.push(Setting { target, value });
        Ok(self)
    }

    /// Applies the settings and checks all into an experiment that holds valid values only.
    ///
    /// # Errors
    /// [`Error::Experiment`] with the first problem found.
    pub fn check(&self) -> Result<Experiment> {
        let checked = self.applied().and_then(|root| super::check(&root, &self.name, &self.registry));
        checked.map_err(|fault| located(fault, self.file.as_deref()))
    }

    fn applied(&self) -> Result<Node, Fault> {
        let mut root = self.root.clone();
        let mut settings: Vec<_> = self.settings.iter().collect();
        settings.sort_by(|a, b| a.target.cmp(&b.target)); // stable: of two equal ones, the later wins
        for setting in settings {
            let value = &setting.value;
            match &setting.target {
                Target::Key(_, path) => put(&mut root, path, value),
                Target::Hidden => hidden_layers::replace(&mut root, value)?,
                Target::Activation => hidden_layers::activate(&mut root, value)?,
                Target::Dropout => hidden_layers::drop_out(&mut root, value)?,
            }
        }
        Ok(root)
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn located(fault: Fault, file: Option<&Path>) -> Error {
    Error::Experiment { file: file.map(Path::to_owned), origin: fault.origin, problem: fault.problem }
}

/// Puts a flag's value at the path.
fn put(root: &mut Node, path: &[String], value: &Node) {
    let dotted = path.join(".");
    ends_the_run(root, &dotted, value);
    match &value.value {
        // Columns are given to a flag with commas between them.
        Value::Text(text)
            if matches!(dotted.as_str(), "data.features" | "data.target") && text.contains(',') =>
        {
            let name = |name: &str| Node::flagged(&value.origin, Value::Text(name.trim().to_owned()));
            let names = Value::List(text.split(',').map(name).collect());
            put_below(root, path, &Node::flagged(&value.origin, names));
        }
        _ => put_below(root, path, value),
    }
}

/// What lies on the way becomes a table, a part's bare name `{ name = ... }`; a list's items go by their place.
fn put_below(node: &mut Node, path: &[String], value: &Node) {
    let Some((key, rest)) = path.split_first() else {
        *node = value.clone();
        return;
    };
    if let Value::List(items) = &mut node.value {
        match key.parse::<usize>().ok().and_then(|place| items.get_mut(place)) {
            Some(item) => put_below(item, rest, value),
            None => *node = value.clone(), // beyond the end: the check says that this is no list
        }
        return;
    }
    if node.fields().is_none() {
        let name =
            Node { value: std::mem::replace(&mut node.value, Value::Table(Vec::new())), ..node.clone() };
        node.put("name", name);
    }
    let mut inner = match node.get(key) {
        Some(inner) => inner.clone(),
        None => Node::flagged(&value.origin, Value::Table(Vec::new())),
    };
    // An optimizer that the file does not name is its default.
    if key == "optimizer" && !rest.is_empty() && inner.fields().is_some_and(<[Field]>::is_empty) {
        inner.put("name", Node::flagged(&value.origin, Value::Text("adam".to_owned())));
    }
    put_below(&mut inner, rest, value);
    node.put(key, inner);
}

/// A flag that says how long a run lasts takes the place of what the file says in the other unit; of two flags, both
/// hold.
fn ends_the_run(root: &mut Node, dotted: &str, value: &Node) {
    let other = match dotted {
        "training.epochs" => "steps",
        "training.steps" => "epochs",
        _ => return,
    };
    if let Value::Table(fields) = &mut root.value
        && let Some(training) = fields.iter_mut().find(|field| field.key == "training")
        && let Some(field) = training.node.get(other)
        && !matches!((&field.origin, &value.origin), (Origin::Flag(_), Origin::Flag(_)))
    {
        training.node.remove(other);
    }
}
