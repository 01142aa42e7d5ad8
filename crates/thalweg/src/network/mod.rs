//! A network: ordered layers and their parameters.

mod any;
mod builder;
mod placed;
mod problem;
mod start;
mod weights_file;

pub use any::AnyNetwork;
pub(crate) use any::either;
pub use builder::NetworkBuilder;
pub use placed::{Parameter, PlacedLayer};
pub use problem::NetworkProblem;
pub use start::Draw;

use crate::error::Result;
use crate::layers::Layer;
use crate::real::Real;
use crate::shape::Shape;

/// Ordered layers and their parameters.
///
/// The parameters are one flat vector, row-major, layer after layer, a layer's weight before its bias. Layers are
/// numbered from 0, activations included, as in a PyTorch `Sequential`.
///
/// # Example
/// ```
/// use thalweg::Network;
/// let network = Network::<f32>::builder([2]).dense(3).relu().dense(1).build(0)?;
/// assert_eq!(network.parameter_count(), 2 * 3 + 3 + 3 * 1 + 1);
/// assert_eq!(network.layers()[2].parameters[0].name, "2.weight");
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network<R: Real = f32> {
    input_shape: Shape,
    layers: Vec<PlacedLayer>,
    parameters: Vec<R>,
}

impl<R: Real> Network<R> {
    /// A network whose parameters are all zero.
    ///
    /// # Errors
    /// [`Error::Layer`](crate::Error::Layer) when a layer does not fit the output of the one before it, and
    /// [`NetworkProblem::NoLayers`].
    pub fn new(input_shape: impl Into<Shape>, layers: Vec<Layer>) -> Result<Self> {
        let input_shape = input_shape.into();
        let layers = placed::place(&input_shape, layers)?;
        let count = layers.last().map_or(0, |layer| layer.range.end);
        Ok(Network { input_shape, layers, parameters: vec![R::ZERO; count] })
    }

    /// Starts a network that takes examples of this shape.
    pub fn builder(input_shape: impl Into<Shape>) -> NetworkBuilder<R> {
        NetworkBuilder::new(input_shape.into())
    }

    /// The shape of one example.
    pub fn input_shape(&self) -> &Shape {
        &self.input_shape
    }

    /// The shape of one prediction.
    pub fn output_shape(&self) -> &Shape {
        self.layers.last().map_or(&self.input_shape, |layer| &layer.output)
    }

    /// The layers with their shapes and places.
    pub fn layers(&self) -> &[PlacedLayer] {
        &self.layers
    }

    /// How many values training changes: weights and biases, and the running averages of batch normalisations.
    pub fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    /// All parameters, row-major, in layer order.
    pub fn parameters(&self) -> &[R] {
        &self.parameters
    }

    /// All parameters, to be changed in place.
    pub fn parameters_mut(&mut self) -> &mut [R] {
        &mut self.parameters
    }

    /// Every parameter tensor, in layer order.
    pub fn parameter_tensors(&self) -> impl Iterator<Item = &Parameter> {
        self.layers.iter().flat_map(|layer| &layer.parameters)
    }

    /// The values of the parameter with this name, row-major.
    ///
    /// # Errors
    /// [`NetworkProblem::UnknownParameter`].
    pub fn parameter(&self, name: &str) -> Result<&[R]> {
        let range = self.find(name)?.range.clone();
        Ok(&self.parameters[range])
    }

    /// Sets the parameter with this name.
    ///
    /// # Errors
    /// [`NetworkProblem::UnknownParameter`], [`NetworkProblem::ParameterShape`] when the count of values differs, and
    /// [`NetworkProblem::NotFinite`]; [`NetworkProblem::NegativeVariance`] for a running variance.
    pub fn set_parameter(&mut self, name: &str, values: &[R]) -> Result<()> {
        let parameter = self.find(name)?;
        if values.len() != parameter.shape.len() {
            return Err(NetworkProblem::ParameterShape {
                name: name.to_owned(),
                expected: parameter.shape.clone(),
                given: format!("{} values", values.len()),
            }
            .into());
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let value = values[index].to_f64();
            return Err(NetworkProblem::NotFinite { name: name.to_owned(), index, value }.into());
        }
        if let Some(index) = values.iter().position(|value| parameter.is_variance() && *value < R::ZERO) {
            let value = values[index].to_f64();
            return Err(NetworkProblem::NegativeVariance { name: name.to_owned(), index, value }.into());
        }
        let range = parameter.range.clone();
        self.parameters[range].copy_from_slice(values);
        Ok(())
    }

    /// The same network in the other precision; to `f32`, every parameter is rounded.
    pub fn cast<T: Real>(&self) -> Network<T> {
        Network {
            input_shape: self.input_shape.clone(),
            layers: self.layers.clone(),
            parameters: self.parameters.iter().map(|value| T::from_f64(value.to_f64())).collect(),
        }
    }

    fn find(&self, name: &str) -> Result<&Parameter> {
        self.parameter_tensors().find(|parameter| parameter.name == name).ok_or_else(|| {
            let known: Vec<&str> =
                self.parameter_tensors().map(|parameter| parameter.name.as_str()).collect();
            NetworkProblem::UnknownParameter { name: name.to_owned(), known: known.join(", ") }.into()
        })
    }

    /// A table of the layers: number, kind, output shape and parameters.
    pub fn summary(&self) -> String {
        let kinds = self.layers.iter().map(|layer| layer.layer.kind().len());
        let width = kinds.max().unwrap_or(0).max(12);
        let line = |number: String, kind: &str, output: String, parameters: String| {
            format!("{number:>5}  {kind:<width$} {output:<16} {parameters:>12}\n")
        };
        let mut text = line("layer".into(), "kind", "output".into(), "parameters".into());
        for layer in &self.layers {
            let (number, count) = (layer.number.to_string(), layer.range.len().to_string());
            text.push_str(&line(number, layer.layer.kind(), layer.output.to_string(), count));
        }
        text.push_str(&line(String::new(), "total", String::new(), self.parameter_count().to_string()));
        text
    }
}
