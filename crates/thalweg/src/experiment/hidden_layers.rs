//! The flags that change all hidden layers at once: `--hidden`, `--activation`, `--dropout`.
//!
//! The last dense layer and what follows it is the network's head; what stands before the first dense layer prepares
//! its input. The hidden layers are those between.

use super::parts::ACTIVATIONS;
use super::problem::{Expected, ExperimentProblem, Origin};
use super::tree::{Fault, Node, Value};

/// Replaces all hidden layers by dense ones of the given sizes. Each takes the options of the first hidden layer that
/// was there (its activation, how it starts), or ReLU where there was none.
pub(super) fn replace(root: &mut Node, value: &Node) -> Result<(), Fault> {
    let sizes = sizes(value)?;
    let Some(layers) = layers(root) else { return Ok(()) };
    let Some((first, last)) = dense_ends(layers) else { return Ok(()) };
    let mut template = Node::flagged(&value.origin, Value::Table(Vec::new()));
    let mut activation = Node::flagged(&value.origin, Value::Text("relu".to_owned()));
    if first < last {
        template = layers[first].clone();
        let own = template.get("activation").cloned();
        let following = layers[first + 1..last]
            .iter()
            .find(|layer| is_activation(layer))
            .map(|layer| layer.get("activation").unwrap_or(layer).clone());
        activation = own.or(following).unwrap_or(activation);
    }
    let hidden = sizes.into_iter().map(|size| {
        let mut layer = template.clone();
        layer.put("dense", size);
        layer.put("activation", activation.clone());
        layer
    });
    layers.splice(first..last, hidden.collect::<Vec<_>>());
    Ok(())
}

/// Gives all hidden layers this activation, in place of those they have.
pub(super) fn activate(root: &mut Node, value: &Node) -> Result<(), Fault> {
    let Some(layers) = layers(root) else { return Ok(()) };
    let (first, last) = hidden_ends(layers, &value.origin)?;
    let mut hidden: Vec<_> =
        layers[first..last].iter().filter(|layer| !is_activation(layer)).cloned().collect();
    for layer in hidden.iter_mut().filter(|layer| is_dense(layer)) {
        layer.put("activation", value.clone());
    }
    layers.splice(first..last, hidden);
    Ok(())
}

/// Puts a dropout layer after each hidden layer, in place of those that are there; 0 takes them away.
pub(super) fn drop_out(root: &mut Node, value: &Node) -> Result<(), Fault> {
    let Some(layers) = layers(root) else { return Ok(()) };
    let (first, last) = hidden_ends(layers, &value.origin)?;
    let nothing = matches!(value.value, Value::Whole(0)) || matches!(value.value, Value::Number(0.0));
    let old: Vec<_> =
        layers[first..last].iter().filter(|layer| layer.get("dropout").is_none()).cloned().collect();
    let mut hidden = Vec::new();
    for (i, layer) in old.iter().enumerate() {
        hidden.push(layer.clone());
        let ends_here = is_dense(layer) && !old.get(i + 1).is_some_and(is_activation);
        let ends_activated = is_activation(layer) && i > 0 && is_dense(&old[i - 1]);
        if !nothing && (ends_here || ends_activated) {
            let mut dropout = Node::flagged(&value.origin, Value::Table(Vec::new()));
            dropout.put("dropout", value.clone());
            hidden.push(dropout);
        }
    }
    layers.splice(first..last, hidden);
    Ok(())
}

/// The list of layers, if it is there as it should be; if not, the check says so.
fn layers(root: &mut Node) -> Option<&mut Vec<Node>> {
    let mut node = root;
    for key in ["network", "layers"] {
        let Value::Table(fields) = &mut node.value else { return None };
        node = &mut fields.iter_mut().find(|field| field.key == key)?.node;
    }
    match &mut node.value {
        Value::List(layers) => Some(layers),
        _ => None,
    }
}

fn is_dense(layer: &Node) -> bool {
    layer.get("dense").is_some()
}

/// Whether this is an activation that stands as a layer of its own.
fn is_activation(layer: &Node) -> bool {
    match &layer.value {
        Value::Text(name) => ACTIVATIONS.contains(&name.as_str()),
        Value::Table(fields) => fields.len() == 1 && fields[0].key == "activation",
        _ => false,
    }
}

/// The places of the first and the last dense layer.
fn dense_ends(layers: &[Node]) -> Option<(usize, usize)> {
    Some((layers.iter().position(is_dense)?, layers.iter().rposition(is_dense)?))
}

/// The same, where there must be a hidden layer between.
fn hidden_ends(layers: &[Node], origin: &Origin) -> Result<(usize, usize), Fault> {
    dense_ends(layers)
        .filter(|(first, last)| first < last)
        .ok_or_else(|| Fault::new(origin, ExperimentProblem::NoHiddenLayer))
}

/// The sizes of `64,64`, `[64, 64]`, `64`, or none for `none`, `[]` and an empty text.
fn sizes(value: &Node) -> Result<Vec<Node>, Fault> {
    let wrong = || {
        let (expected, given) = (Expected::HiddenSizes, value.given());
        Fault::new(&value.origin, ExperimentProblem::WrongValue { key: "hidden".to_owned(), expected, given })
    };
    let size = |number: i64| match number {
        1.. => Ok(Node::flagged(&value.origin, Value::Whole(number))),
        _ => Err(wrong()),
    };
    match &value.value {
        Value::Whole(number) => Ok(vec![size(*number)?]),
        Value::List(items) => items
            .iter()
            .map(|item| match item.value {
                Value::Whole(number) => size(number),
                _ => Err(wrong()),
            })
            .collect(),
        Value::Text(text) if matches!(text.trim(), "" | "none") => Ok(Vec::new()),
        Value::Text(text) => {
            text.split(',').map(|part| part.trim().parse().map_err(|_| wrong()).and_then(size)).collect()
        }
        _ => Err(wrong()),
    }
}
