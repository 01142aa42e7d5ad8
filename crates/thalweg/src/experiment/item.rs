//! Reading a tree value by value: each reader either gives a valid value or says what was expected.

use super::nearest::nearest;
use super::problem::{Bounds, Expected, ExperimentProblem, Kind, Origin};
use super::tree::{Fault, Field, Node, Value};
use crate::custom::{Options, PartProblem};

type Read<T> = Result<T, Fault>;

/// A value and the path of its key: `training.batch_size`.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

/// A table whose keys are known.
#[derive(Clone, Debug)]
pub(super) struct Keys<'a> {
    pub(super) path: String,
    origin: &'a Origin,
    fields: &'a [Field],
}

/// A part that has a name, and the options beside it.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) item: Item<'a>,
    named: &'a Node,
    options: Option<Keys<'a>>,
}

impl<'a> Item<'a> {
    pub(super) fn fault(&self, problem: ExperimentProblem) -> Fault {
        Fault::new(&self.node.origin, problem)
    }

    /// "must be ..., not ...".
    pub(super) fn wrong(&self, expected: Expected) -> Fault {
        self.fault(ExperimentProblem::WrongValue {
            key: self.path.clone(),
            expected,
            given: self.node.given(),
        })
    }

    /// Text, if this is text or a flag's plain value.
    fn any_text(&self) -> Option<&'a str> {
        match (&self.node.value, &self.node.raw) {
            (Value::Text(text), _) => Some(text),
            (Value::Whole(_) | Value::Number(_) | Value::Truth(_) | Value::Other(_), Some(raw)) => Some(raw),
            _ => None,
        }
    }

    /// Text that may be empty.
    pub(super) fn text_or_empty(&self) -> Read<String> {
        self.any_text().map(str::to_owned).ok_or_else(|| self.wrong(Expected::Text))
    }

    pub(super) fn text(&self) -> Read<String> {
        match self.any_text() {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            _ => Err(self.wrong(Expected::Text)),
        }
    }

    /// A text, or a list of texts.
    pub(super) fn texts(&self) -> Read<Vec<String>> {
        match &self.node.value {
            Value::List(_) => self.list()?.iter().map(Item::text).collect(),
            _ if self.any_text().is_some() => Ok(vec![self.text()?]),
            _ => Err(self.wrong(Expected::Texts)),
        }
    }

    pub(super) fn truth(&self) -> Read<bool> {
        match self.node.value {
            Value::Truth(truth) => Ok(truth),
            _ => Err(self.wrong(Expected::Truth)),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn whole(&self, least: u64, most: u64) -> Read<u64> {
        let number = match self.node.value {
            Value::Whole(number) => u64::try_from(number).ok(),
            _ => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(Expected::Whole { least, most }))
    }

    /// A size: a whole number that fits a `usize`.
    pub(super) fn size(&self, least: u64, most: u64) -> Read<usize> {
        let number = self.whole(least, most)?;
        usize::try_from(number).map_err(|_| self.wrong(Expected::Whole { least, most }))
    }

    pub(super) fn number(&self, bounds: Bounds) -> Read<f64> {
        let number = match self.node.value {
            Value::Whole(number) => number as f64,
            Value::Number(number) => number,
            _ => return Err(self.wrong(Expected::Number(bounds))),
        };
        if bounds.contain(number) { Ok(number) } else { Err(self.wrong(Expected::Number(bounds))) }
    }

    /// The items of a list that is not empty.
    pub(super) fn list(&self) -> Read<Vec<Item<'a>>> {
        match &self.node.value {
            Value::List(nodes) if !nodes.is_empty() => {
                let item = |(i, node)| Item { node, path: format!("{}[{i}]", self.path) };
                Ok(nodes.iter().enumerate().map(item).collect())
            }
            _ => Err(self.wrong(Expected::List)),
        }
    }

    /// The table, its keys not yet checked.
    pub(super) fn keys(&self) -> Read<Keys<'a>> {
        match self.node.fields() {
            Some(fields) => Ok(Keys { path: self.path.clone(), origin: &self.node.origin, fields }),
            None => Err(self.wrong(Expected::Table)),
        }
    }

    /// One of the names, as written.
    pub(super) fn one_of(&self, kind: Kind, known: &[&'static str]) -> Read<&'static str> {
        let part = self.part()?;
        let name = part.known(kind, known)?;
        part.only(&[])?;
        Ok(name)
    }

    /// A name, or a table with a name and options.
    pub(super) fn part(&self) -> Read<Part<'a>> {
        if let Some(name) = self.any_text() {
            return Ok(Part { name: name.to_owned(), item: self.clone(), named: self.node, options: None });
        }
        if self.node.fields().is_none() {
            return Err(self.wrong(Expected::Part));
        }
        let options = self.keys()?;
        let Some(name) = options.get("name") else {
            return Err(options.missing("name", Expected::Text));
        };
        Ok(Part { name: name.text()?, item: self.clone(), named: name.node, options: Some(options) })
    }
}

/// A part of a program's own: its name, and the options that it is made from.
#[derive(Clone, Debug)]
pub(super) struct OwnPart<'a> {
    pub(super) name: String,
    pub(super) options: Options,
    pub(super) keys: Keys<'a>,
    item: Item<'a>,
}

impl<'a> Item<'a> {
    /// The part of a program's own that this is, `{ custom = NAME, options = ... }`; `None` where it is not written so. The table's
    /// keys are not yet checked.
    pub(super) fn own_part(&self) -> Read<Option<OwnPart<'a>>> {
        if self.node.get("custom").is_none() {
            return Ok(None);
        }
        let keys = self.keys()?;
        let name = keys.get("custom").map_or(Ok(String::new()), |item| item.text())?;
        let options = keys.get("options").map_or(Options::Null, |item| item.node.to_json());
        Ok(Some(OwnPart { name, options, keys, item: self.clone() }))
    }
}

impl OwnPart<'_> {
    /// What a registry made, or why it did not.
    pub(super) fn made<T>(&self, kind: &'static str, made: Result<T, PartProblem>) -> Read<T> {
        let (key, name) = (self.item.path.clone(), self.name.chars().take(60).collect());
        made.map_err(|problem| {
            self.item.fault(match problem {
                PartProblem::Unknown => ExperimentProblem::NotRegistered { key, kind, name },
                PartProblem::NotMade(reason) => ExperimentProblem::NotMade { key, kind, name, reason },
            })
        })
    }
}

impl<'a> Keys<'a> {
    /// Refuses keys other than these.
    pub(super) fn only(&self, known: &[&'static str]) -> Read<()> {
        let Some(field) = self.fields.iter().find(|field| !known.contains(&field.key.as_str())) else {
            return Ok(());
        };
        let key = self.join(&field.key);
        let nearest = nearest(&field.key, known);
        let problem = ExperimentProblem::UnknownKey { key, nearest, known: known.to_vec() };
        Err(Fault::new(&field.origin, problem))
    }

    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        let field = self.fields.iter().find(|field| field.key == key)?;
        Some(Item { node: &field.node, path: self.join(key) })
    }

    /// All keys with their values, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a Field, Item<'a>)> {
        self.fields.iter().map(|field| (field, Item { node: &field.node, path: self.join(&field.key) }))
    }

    /// The key's value by a reader, or `default` where the key is not there.
    pub(super) fn read<T>(&self, key: &str, default: T, reader: impl FnOnce(Item<'a>) -> Read<T>) -> Read<T> {
        match self.get(key) {
            Some(item) => reader(item),
            None => Ok(default),
        }
    }

    /// The key's value by a reader, if the key is there.
    pub(super) fn maybe<T>(&self, key: &str, reader: impl FnOnce(Item<'a>) -> Read<T>) -> Read<Option<T>> {
        self.get(key).map(reader).transpose()
    }

    /// "needs ...".
    pub(super) fn missing(&self, missing: &'static str, expected: Expected) -> Fault {
        let key = self.path.clone();
        Fault::new(self.origin, ExperimentProblem::MissingKey { key, missing, expected })
    }

    fn join(&self, key: &str) -> String {
        let key = if key.chars().count() > 60 {
            key.chars().take(60).collect::<String>() + "..."
        } else {
            key.into()
        };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

impl Part<'_> {
    /// The name, as one of these.
    pub(super) fn known(&self, kind: Kind, known: &[&'static str]) -> Read<&'static str> {
        match known.iter().find(|name| **name == self.name) {
            Some(name) => Ok(name),
            None => Err(Fault::new(
                &self.named.origin,
                ExperimentProblem::UnknownName {
                    key: self.item.path.clone(),
                    kind,
                    given: self.name.chars().take(60).collect(),
                    nearest: nearest(&self.name, known),
                    known: known.to_vec(),
                },
            )),
        }
    }

    /// Refuses options other than `name` and these.
    pub(super) fn only(&self, options: &[&'static str]) -> Read<()> {
        let known: Vec<_> = std::iter::once("name").chain(options.iter().copied()).collect();
        self.options.as_ref().map_or(Ok(()), |keys| keys.only(&known))
    }

    /// An option, if it is given.
    pub(super) fn get(&self, key: &str) -> Option<Item<'_>> {
        self.options.as_ref()?.get(key)
    }

    /// An option that is a number, or its default.
    pub(super) fn number(&self, key: &str, default: f64, bounds: Bounds) -> Read<f64> {
        self.get(key).map_or(Ok(default), |item| item.number(bounds))
    }

    /// An option that must be given.
    pub(super) fn required(&self, key: &'static str, expected: Expected) -> Read<Item<'_>> {
        self.get(key).ok_or_else(|| {
            self.item.fault(ExperimentProblem::MissingKey {
                key: format!("{} = \"{}\"", self.item.path, self.name),
                missing: key,
                expected,
            })
        })
    }
}
