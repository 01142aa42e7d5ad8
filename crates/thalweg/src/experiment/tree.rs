//! An experiment file as a tree of values that each know where they came from.

use serde_json::{Number, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{ExperimentProblem, Origin};

/// A problem and where it is; the file is added at the edge.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) origin: Origin,
    pub(super) problem: Box<ExperimentProblem>,
}

impl Fault {
    pub(super) fn new(origin: &Origin, problem: ExperimentProblem) -> Fault {
        Fault { origin: origin.clone(), problem: Box::new(problem) }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
    /// A flag's own characters, which stand for the value where text is wanted: `--name 007`.
    pub(super) raw: Option<String>,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    Truth(bool),
    List(Vec<Node>),
    Table(Vec<Field>),
    /// What no key takes: a date, or a number beyond every range.
    Other(String),
}

/// A key of a table and its value.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) origin: Origin,
    pub(super) node: Node,
}

impl Node {
    /// A value that a flag gave.
    pub(super) fn flagged(origin: &Origin, value: Value) -> Node {
        Node { origin: origin.clone(), value, raw: None }
    }

    /// The fields, if this is a table.
    pub(super) fn fields(&self) -> Option<&[Field]> {
        match &self.value {
            Value::Table(fields) => Some(fields),
            _ => None,
        }
    }

    /// The value of a key, if this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.fields()?.iter().find(|field| field.key == key).map(|field| &field.node)
    }

    /// Puts a value in the place of the key's old one, or at the end. Does nothing unless this is a table.
    pub(super) fn put(&mut self, key: &str, node: Node) {
        if let Value::Table(fields) = &mut self.value {
            match fields.iter_mut().find(|field| field.key == key) {
                Some(field) => field.node = node,
                None => fields.push(Field { key: key.to_owned(), origin: node.origin.clone(), node }),
            }
        }
    }

    /// The value as JSON.
    pub(super) fn to_json(&self) -> Json {
        match &self.value {
            Value::Text(text) | Value::Other(text) => Json::String(text.clone()),
            Value::Whole(number) => Json::from(*number),
            Value::Number(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Value::Truth(truth) => Json::Bool(*truth),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Table(fields) => {
                Json::Object(fields.iter().map(|field| (field.key.clone(), field.node.to_json())).collect())
            }
        }
    }

    /// Takes a key away, if it is there.
    pub(super) fn remove(&mut self, key: &str) {
        if let Value::Table(fields) = &mut self.value {
            fields.retain(|field| field.key != key);
        }
    }

    /// The value in a few words, for "not ...".
    pub(super) fn given(&self) -> String {
        match &self.value {
            Value::Text(text) if text.chars().count() > 40 => {
                format!("{:?} ...", text.chars().take(40).collect::<String>())
            }
            Value::Text(text) => format!("{text:?}"),
            Value::Whole(number) => number.to_string(),
            Value::Number(number) if number.is_nan() => "nan".to_owned(),
            Value::Number(number) => format!("{number:?}"),
            Value::Truth(truth) => truth.to_string(),
            Value::List(items) if items.is_empty() => "an empty list".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
            Value::Other(text) => text.clone(),
        }
    }
}

/// Reads TOML text. The library limits how deep a text may nest, so that the recursion here stays shallow.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| {
        let origin = error.span().map_or(Origin::Whole, |span| lines.at(span.start));
        Fault::new(&origin, ExperimentProblem::Syntax { message: one_line(error.message()) })
    })?;
    Ok(Node { origin: Origin::Whole, value: table_value(table.get_ref(), &|at| lines.at(at)), raw: None })
}

/// Reads a flag's value: TOML where it is TOML, else text.
pub(super) fn read_flag(text: &str, origin: &Origin) -> Node {
    let plain = Node { origin: origin.clone(), value: Value::Text(text.to_owned()), raw: None };
    if text.trim().is_empty() {
        return plain;
    }
    match DeValue::parse(text.trim()) {
        Ok(value) => {
            let mut node = convert(&value, &|_| origin.clone());
            node.raw = Some(text.to_owned());
            node
        }
        Err(_) => plain,
    }
}

fn convert(value: &Spanned<DeValue<'_>>, place: &dyn Fn(usize) -> Origin) -> Node {
    let origin = place(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Other(digits.to_string()),
        },
        DeValue::Float(digits) => match digits.as_str().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Other(digits.to_string()),
        },
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(date) => Value::Other(format!("the date {date}")),
        DeValue::Array(items) => Value::List(items.iter().map(|item| convert(item, place)).collect()),
        DeValue::Table(table) => table_value(table, place),
    };
    Node { origin, value, raw: None }
}

fn table_value(table: &DeTable<'_>, place: &dyn Fn(usize) -> Origin) -> Value {
    let mut fields: Vec<_> = table.iter().collect();
    fields.sort_by_key(|(key, _)| key.span().start); // in the order of the file
    let field = |(key, value): (&Spanned<_>, _)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        Field { key: key.get_ref().to_string(), origin: place(key.span().start), node: convert(value, place) }
    };
    Value::Table(fields.into_iter().map(field).collect())
}

/// The library's message as one line.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines(std::iter::once(0).chain(after_breaks).collect())
    }

    /// The line, from 1, in which the byte lies.
    fn at(&self, byte: usize) -> Origin {
        Origin::Line(self.0.partition_point(|start| *start <= byte))
    }
}
