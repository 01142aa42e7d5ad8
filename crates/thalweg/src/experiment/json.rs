//! Layers, losses and training in the words of the experiment file, as JSON: what a model file says about its network, and what
//! programs in other languages hand over.

use serde_json::{Map, Number, Value as Json};

use super::item::Item;
use super::problem::{ExperimentProblem, Origin};
use super::tree::Fault;
use super::tree::{self, Field, Node, Value};
use super::{network, parts, training, write};
use crate::custom::Registry;
use crate::error::{Error, Result};
use crate::init::Init;
use crate::layers::{Layer, Residual};
use crate::losses::Loss;
use crate::train::TrainingSettings;

/// The layers, each as an entry of `network.layers`; how their weights started is left out.
pub fn layers_to_json(layers: &[Layer]) -> Json {
    let entry = |layer: &Layer| from_toml(&write::described(&without_start(layer), None).0);
    Json::Array(layers.iter().map(entry).collect())
}

fn without_start(layer: &Layer) -> Layer {
    if let Layer::Residual(residual) = layer {
        let all = |layers: &[Layer]| layers.iter().map(without_start).collect();
        return Residual::new(all(residual.layers())).with_shortcut(all(residual.shortcut())).into();
    }
    let mut layer = layer.clone();
    layer.inits_mut().into_iter().flatten().for_each(|init| *init = None);
    layer
}

/// Layers as `network.layers` of an experiment has them, each activation inside a layer made one of its own.
///
/// # Errors
/// [`Error::Experiment`] with the first problem found.
///
/// # Example
/// ```
/// use serde_json::json;
/// let layers = thalweg::experiment::read_layers(&json!([{ "dense": 3, "activation": "tanh" }, { "dense": 1 }]))?;
/// assert_eq!(layers.len(), 3);
/// # Ok::<(), thalweg::Error>(())
/// ```
pub fn read_layers(json: &Json) -> Result<Vec<Layer>> {
    layers_from_json(json, &Registry::new()).map_err(unlocated)
}

/// A loss as `training.loss` has it.
///
/// # Errors
/// [`Error::Experiment`].
pub fn read_loss(json: &Json) -> Result<Loss> {
    loss_from_json(json, &Registry::new()).map_err(unlocated)
}

/// How weights start, as `network.init` has it.
///
/// # Errors
/// [`Error::Experiment`].
pub fn init_from_json(json: &Json) -> Result<Init> {
    let node = to_node(json);
    parts::init(&Item { node: &node, path: "init".to_owned() }).map_err(|fault| unlocated(*fault.problem))
}

/// Training as the table `training` of an experiment has it, for a network of these layers.
///
/// # Errors
/// [`Error::Experiment`] with the first problem found.
///
/// # Example
/// ```
/// use serde_json::json;
/// use thalweg::experiment::training_from_json;
/// let training = training_from_json(&json!({ "optimizer": "sgd", "epochs": 7 }), &[])?;
/// assert_eq!(training.epochs, Some(7));
/// let error = training_from_json(&json!({ "epoch": 7 }), &[]).unwrap_err();
/// assert!(error.to_string().contains("did you mean `epochs`"), "{error}");
/// # Ok::<(), thalweg::Error>(())
/// ```
pub fn training_from_json(json: &Json, layers: &[Layer]) -> Result<TrainingSettings> {
    training_from_json_with(json, layers, &Registry::new())
}

/// As [`training_from_json`], with the parts of one's own that it names.
///
/// # Errors
/// As [`training_from_json`].
pub fn training_from_json_with(
    json: &Json,
    layers: &[Layer],
    registry: &Registry,
) -> Result<TrainingSettings> {
    let node = to_node(json);
    let item = Item { node: &node, path: "training".to_owned() };
    let read = |item: Item<'_>| -> std::result::Result<_, Fault> {
        training::training(&item.keys()?, layers, registry)
    };
    read(item).map_err(|fault| unlocated(*fault.problem))
}

/// A problem with words that come from no file.
fn unlocated(problem: ExperimentProblem) -> Error {
    Error::Experiment { file: None, origin: Origin::Whole, problem: Box::new(problem) }
}

/// The layers that [`layers_to_json`] wrote, checked as those of an experiment are.
pub(crate) fn layers_from_json(
    json: &Json,
    registry: &Registry,
) -> std::result::Result<Vec<Layer>, ExperimentProblem> {
    let node = to_node(json);
    let list = Item { node: &node, path: "layers".to_owned() };
    let mut layers = Vec::new();
    let entries = list.list().map_err(|fault| *fault.problem)?;
    for entry in &entries {
        network::layer(entry, registry, &mut layers).map_err(|fault| *fault.problem)?;
    }
    Ok(layers)
}

/// The loss, as `training.loss` has it.
pub fn loss_to_json(loss: &Loss) -> Json {
    from_toml(&write::loss(loss))
}

/// The loss that [`loss_to_json`] wrote.
pub(crate) fn loss_from_json(
    json: &Json,
    registry: &Registry,
) -> std::result::Result<Loss, ExperimentProblem> {
    let node = to_node(json);
    parts::loss(&Item { node: &node, path: "loss".to_owned() }, registry).map_err(|fault| *fault.problem)
}

/// A TOML value as JSON.
fn from_toml(text: &str) -> Json {
    tree::read_flag(text, &Origin::Whole).to_json()
}

fn to_node(json: &Json) -> Node {
    let number = |number: &Number| match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Value::Whole(whole),
        (None, Some(number)) => Value::Number(number),
        (None, None) => Value::Other(number.to_string()),
    };
    let field = |(key, value): (&String, &Json)| Field {
        key: key.clone(),
        origin: Origin::Whole,
        node: to_node(value),
    };
    let value = match json {
        Json::Null => Value::Other("null".to_owned()),
        Json::Bool(truth) => Value::Truth(*truth),
        Json::Number(value) => number(value),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(to_node).collect()),
        Json::Object(fields) => Value::Table(Map::iter(fields).map(field).collect()),
    };
    Node { origin: Origin::Whole, value, raw: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activations::Activation;
    use crate::layers::{Dense, Dropout, Scale};

    #[test]
    fn layers_and_losses_come_back_as_they_were() {
        let layers = [
            Layer::Flatten,
            Layer::Dense(Dense::new(30)),
            Layer::Activation(Activation::LeakyRelu { slope: 0.1 }),
            Layer::Dropout(Dropout { dropout: 0.25 }),
            Layer::Scale(Scale { factor: 100.0 }),
            Layer::Activation(Activation::Sigmoid),
        ];
        let json = layers_to_json(&layers);
        assert_eq!(
            json.to_string(),
            r#"["flatten",{"dense":30},{"activation":{"name":"leaky_relu","slope":0.1}},{"dropout":0.25},{"scale":100.0},"sigmoid"]"#
        );
        assert_eq!(
            format!("{:?}", layers_from_json(&json, &Registry::new()).unwrap()),
            format!("{layers:?}")
        );

        let loss = loss_to_json(&Loss::Huber { delta: 2.0 });
        assert!(matches!(loss_from_json(&loss, &Registry::new()), Ok(Loss::Huber { delta: 2.0 })));
        assert!(matches!(
            loss_from_json(&Json::from("half_squares"), &Registry::new()),
            Ok(Loss::HalfSquares)
        ));
    }

    #[test]
    fn a_wrong_layer_is_refused_in_the_experiments_words() {
        let problem = layers_from_json(&serde_json::json!([{ "dense": 0 }]), &Registry::new()).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "`layers[0].dense` must be a whole number from 1 to 1073741824, not 0"
        );
    }
}
