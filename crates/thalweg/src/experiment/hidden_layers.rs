//! The flags that change all hidden layers at once: `--hidden`, `--activation`, `--dropout`.
//!
//! The last dense layer and what follows it is the network's head; what stands before the first dense layer prepares
//! its input. The hidden layers are those between.

use super::parts::ACTIVATIONS;
use super::problem::{Expected, ExperimentProblem, Origin};
use super::tree::{Fault, Node, Value};

/// Replaces all hidden layers by dense ones of the given sizes. Each takes the options of the first hidden layer that
/// was there (its activation, its normalisations, how it starts), or ReLU where there was none.
pub(super) fn replace(root: &mut Node, value: &Node) -> Result<(), Fault> {
    let sizes = sizes(value)?;
    let Some(layers) = layers(root) else { return Ok(()) };
    let Some((first, last)) = dense_ends(layers) else { return Ok(()) };
    let mut template = vec![Node::flagged(&value.origin, Value::Table(Vec::new()))];
    let mut activation = Node::flagged(&value.origin, Value::Text("relu".to_owned()));
    if first < last {
        template = layers[first..group_end(layers, first, last)].to_vec();
        let own = template.iter().find_map(own_activation);
        let mut following =
            layers[first + 1..last].iter().filter(|layer| is_activation(layer)).map(activation_of);
        activation = own.or(following.next().cloned()).unwrap_or(activation);
    }
    set_activation(&mut template, &activation);
    let hidden = sizes.into_iter().flat_map(|size| {
        let mut group = template.clone();
        group[0].put("dense", size);
        group
    });
    layers.splice(first..last, hidden.collect::<Vec<_>>());
    Ok(())
}

/// Gives all hidden layers this activation, in place of those they have.
pub(super) fn activate(root: &mut Node, value: &Node) -> Result<(), Fault> {
    let Some(layers) = layers(root) else { return Ok(()) };
    let (first, last) = hidden_ends(layers, &value.origin)?;
    let mut hidden = Vec::new();
    let mut at = first;
    while at < last {
        if is_dense(&layers[at]) {
            let end = group_end(layers, at, last);
            let mut group = layers[at..end].to_vec();
            set_activation(&mut group, value);
            hidden.extend(group);
            at = end;
        } else {
            if !is_activation(&layers[at]) {
                hidden.push(layers[at].clone());
            }
            at += 1;
        }
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
    let mut at = 0;
    while at < old.len() {
        let end = if is_dense(&old[at]) { group_end(&old, at, old.len()) } else { at + 1 };
        hidden.extend_from_slice(&old[at..end]);
        if is_dense(&old[at]) && !nothing {
            let mut dropout = Node::flagged(&value.origin, Value::Table(Vec::new()));
            dropout.put("dropout", value.clone());
            hidden.push(dropout);
        }
        at = end;
    }
    layers.splice(first..last, hidden);
    Ok(())
}

/// The end of the group that begins with the dense layer at `at`: with the normalisations and activations that follow it.
fn group_end(layers: &[Node], at: usize, last: usize) -> usize {
    let more = layers[at + 1..last].iter().take_while(|layer| is_norm(layer) || is_activation(layer));
    at + 1 + more.count()
}

/// Gives a group this activation where its first one stands, else after its normalisations, and takes any other away.
fn set_activation(group: &mut Vec<Node>, activation: &Node) {
    let place = group.iter().position(|layer| own_activation(layer).is_some());
    let mut index = 0;
    group.retain_mut(|layer| {
        let is_place = place == Some(index);
        index += 1;
        if is_place && is_activation(layer) {
            *layer = alone(activation);
        } else if is_place {
            layer.put("activation", activation.clone());
        } else if is_activation(layer) {
            return false;
        } else {
            layer.remove("activation");
        }
        true
    });
    if place.is_none() {
        match group.len() {
            1 => group[0].put("activation", activation.clone()),
            _ => group.push(alone(activation)),
        }
    }
}

/// An activation as a layer of its own.
fn alone(activation: &Node) -> Node {
    let mut layer = Node::flagged(&activation.origin, Value::Table(Vec::new()));
    layer.put("activation", activation.clone());
    layer
}

/// The activation that stands in a layer's table, or that the layer is.
fn own_activation(layer: &Node) -> Option<Node> {
    match is_activation(layer) {
        true => Some(activation_of(layer).clone()),
        false => layer.get("activation").cloned(),
    }
}

/// What an activation that is a layer says.
fn activation_of(layer: &Node) -> &Node {
    layer.get("activation").unwrap_or(layer)
}

/// Whether this is a normalisation.
fn is_norm(layer: &Node) -> bool {
    const NORMS: [&str; 3] = ["batch_norm", "layer_norm", "group_norm"];
    match &layer.value {
        Value::Text(name) => NORMS.contains(&name.as_str()),
        _ => NORMS.iter().any(|norm| layer.get(norm).is_some()),
    }
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
