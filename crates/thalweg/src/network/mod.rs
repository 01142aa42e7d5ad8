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
pub(crate) use placed::id_columns;
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
    /// [`Error::Layer`](crate::Error::Layer) when a layer does not fit the output of the one before it;
    /// [`NetworkProblem::NoLayers`] and [`NetworkProblem::OutOfMemory`].
    pub fn new(input_shape: impl Into<Shape>, layers: Vec<Layer>) -> Result<Self> {
        let input_shape = input_shape.into();
        let layers = placed::place(&input_shape, layers)?;
        let count = layers.last().map_or(0, |layer| layer.range.end);
        Ok(Network { input_shape, layers, parameters: zeros(count)? })
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

    /// A copy of the network.
    ///
    /// # Errors
    /// [`NetworkProblem::OutOfMemory`], where `clone` would end the program.
    pub fn try_clone(&self) -> Result<Self> {
        let mut parameters = zeros(self.parameters.len())?;
        parameters.copy_from_slice(&self.parameters);
        Ok(Network { input_shape: self.input_shape.clone(), layers: self.layers.clone(), parameters })
    }

    fn find(&self, name: &str) -> Result<&Parameter> {
        self.parameter_tensors().find(|parameter| parameter.name == name).ok_or_else(|| {
            let known: Vec<&str> =
                self.parameter_tensors().map(|parameter| parameter.name.as_str()).collect();
            NetworkProblem::UnknownParameter { name: name.to_owned(), known: known.join(", ") }.into()
        })
    }

    /// A table of the layers: number, kind, output shape and parameters. Those inside a block follow it, counted in it.
    pub fn summary(&self) -> String {
        let mut rows = vec![["layer", "kind", "output", "parameters"].map(str::to_owned)];
        for layer in &self.layers {
            let mut line = |number: &str, kind: &str, output: &Shape, parameters: usize| {
                rows.push([number.to_owned(), kind.to_owned(), output.to_string(), parameters.to_string()]);
            };
            let number = layer.number.to_string();
            line(&number, layer.layer.kind(), &layer.output, layer.range.len());
            if let Layer::Residual(residual) = &layer.layer {
                residual.list(&number, &layer.input, &mut line);
            }
        }
        let count = self.parameter_count().to_string();
        rows.push([String::new(), "total".to_owned(), String::new(), count]);
        let width = |column: usize, least: usize| {
            rows.iter().map(|row| row[column].len()).max().unwrap_or(0).max(least)
        };
        let [a, b, c, d] = [width(0, 5), width(1, 12), width(2, 16), width(3, 12)];
        let mut text = String::new();
        for [number, kind, output, parameters] in &rows {
            text.push_str(&format!("{number:>a$}  {kind:<b$} {output:<c$} {parameters:>d$}\n"));
        }
        text
    }
}

/// So many zeros.
///
/// # Errors
/// [`NetworkProblem::OutOfMemory`].
fn zeros<R: Real>(count: usize) -> Result<Vec<R>> {
    has_memory_for::<R>(count, 1)?;
    Ok(vec![R::ZERO; count])
}

/// Whether the system would now give the memory for so many copies of `count` parameters. Asking costs nothing: the memory is given back
/// unused.
///
/// # Errors
/// [`NetworkProblem::OutOfMemory`].
pub(crate) fn has_memory_for<R: Real>(count: usize, copies: usize) -> Result<()> {
    /// What is smaller is not asked for: it is there, or the program is lost anyway.
    const LARGE: usize = 1 << 20;
    let wanted = count.saturating_mul(copies);
    if wanted >= LARGE && Vec::<R>::new().try_reserve_exact(wanted).is_err() {
        let bytes = wanted as f64 * size_of::<R>() as f64;
        return Err(NetworkProblem::OutOfMemory { parameters: count, gigabytes: (bytes / 1e9).ceil() }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_beyond_all_memory_is_refused() {
        let large = Network::<f64>::builder([1 << 30]).dense(1 << 30).build(0).unwrap_err();
        assert_eq!(
            large.to_string(),
            "the network has 1152921505680588800 parameters, for which 9223372046 GB of memory cannot be had; make its layers smaller"
        );
        let beyond_count = Network::<f32>::builder([1 << 40]).dense(1 << 40).build(0).unwrap_err();
        assert!(beyond_count.to_string().contains("make its layers smaller"));
    }
}
