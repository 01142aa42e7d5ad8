//! A program's own parts by their names, so that files can name them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{
    AnyCustomActivation, AnyCustomLayer, AnyCustomLoss, AnyCustomOptimizer, CustomActivation, CustomLayer,
    CustomLoss, CustomMetric, CustomOptimizer, Options,
};

/// What makes a part from its options, or says in words what is wrong with them.
type Make<T> = Arc<dyn Fn(&Options) -> Result<Arc<T>, String> + Send + Sync>;

/// The parts that a program has of its own, each by its name and with what makes it again from its options: what a model file, an
/// experiment file and a run's folder need where they name such a part.
///
/// A file has the part's `name` and `options`, never its code. Whoever reads it gives the same names; a name that is not
/// there is an error that says so. A later part of the same kind and name takes the place of an earlier one.
///
/// # Example
/// ```
/// use thalweg::custom::{CustomActivation, Options, Registry};
/// use thalweg::activations::Activation;
/// use thalweg::{Network, Real};
///
/// /// a = z where |z| < edge, else ±edge.
/// #[derive(Debug)]
/// struct Clamp {
///     edge: f64,
/// }
///
/// impl<R: Real> CustomActivation<R> for Clamp {
///     fn name(&self) -> &str {
///         "clamp"
///     }
///     fn options(&self) -> Options {
///         [("edge".to_owned(), Options::from(self.edge))].into_iter().collect()
///     }
///     fn value(&self, z: R) -> R {
///         let edge = R::from_f64(self.edge);
///         if z > edge { edge } else if z < -edge { -edge } else { z }
///     }
///     fn derivative(&self, z: R, _a: R) -> R {
///         if z.abs() < R::from_f64(self.edge) { R::ONE } else { R::ZERO }
///     }
/// }
///
/// let registry = Registry::new().activation("clamp", |options| {
///     let edge = options["edge"].as_f64().ok_or("it needs a number `edge`")?;
///     Ok(Clamp { edge })
/// });
/// # let path = std::env::temp_dir().join(format!("thalweg-doc-registry-{}", std::process::id()));
/// let clamp = Activation::Custom(std::sync::Arc::new(Clamp { edge: 0.5 }));
/// let network = Network::<f32>::builder([2]).dense(3).activation(clamp).build(0)?;
/// network.save(&path)?;
/// assert_eq!(Network::<f32>::load_with(&path, &registry)?.parameters(), network.parameters());
/// assert!(Network::<f32>::load(&path).is_err());
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    layers: BTreeMap<String, Make<dyn AnyCustomLayer>>,
    activations: BTreeMap<String, Make<dyn AnyCustomActivation>>,
    losses: BTreeMap<String, Make<dyn AnyCustomLoss>>,
    optimizers: BTreeMap<String, Make<dyn AnyCustomOptimizer>>,
    metrics: BTreeMap<String, Make<dyn CustomMetric>>,
}

/// Why a part that a file names cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartProblem {
    /// Nobody registered the name.
    Unknown,
    /// What was registered refuses the options, or makes a part of another name; in words.
    NotMade(String),
}

impl Registry {
    /// No parts.
    pub fn new() -> Self {
        Registry::default()
    }

    /// Adds a layer.
    pub fn layer<T: AnyCustomLayer + 'static>(
        mut self,
        name: &str,
        make: impl Fn(&Options) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        self.layers.insert(name.to_owned(), Arc::new(move |options| Ok(Arc::new(make(options)?))));
        self
    }

    /// Adds an activation.
    pub fn activation<T: AnyCustomActivation + 'static>(
        mut self,
        name: &str,
        make: impl Fn(&Options) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        self.activations.insert(name.to_owned(), Arc::new(move |options| Ok(Arc::new(make(options)?))));
        self
    }

    /// Adds a loss.
    pub fn loss<T: AnyCustomLoss + 'static>(
        mut self,
        name: &str,
        make: impl Fn(&Options) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        self.losses.insert(name.to_owned(), Arc::new(move |options| Ok(Arc::new(make(options)?))));
        self
    }

    /// Adds an update rule.
    pub fn optimizer<T: AnyCustomOptimizer + 'static>(
        mut self,
        name: &str,
        make: impl Fn(&Options) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        self.optimizers.insert(name.to_owned(), Arc::new(move |options| Ok(Arc::new(make(options)?))));
        self
    }

    /// Adds a metric.
    pub fn metric<T: CustomMetric + 'static>(
        mut self,
        name: &str,
        make: impl Fn(&Options) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        self.metrics.insert(name.to_owned(), Arc::new(move |options| Ok(Arc::new(make(options)?))));
        self
    }

    pub(crate) fn make_layer(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<Arc<dyn AnyCustomLayer>, PartProblem> {
        made(&self.layers, name, options, |part| CustomLayer::<f64>::name(part))
    }

    pub(crate) fn make_activation(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<Arc<dyn AnyCustomActivation>, PartProblem> {
        made(&self.activations, name, options, |part| CustomActivation::<f64>::name(part))
    }

    pub(crate) fn make_loss(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<Arc<dyn AnyCustomLoss>, PartProblem> {
        made(&self.losses, name, options, |part| CustomLoss::<f64>::name(part))
    }

    pub(crate) fn make_optimizer(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<Arc<dyn AnyCustomOptimizer>, PartProblem> {
        made(&self.optimizers, name, options, |part| CustomOptimizer::<f64>::name(part))
    }

    pub(crate) fn make_metric(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<Arc<dyn CustomMetric>, PartProblem> {
        made(&self.metrics, name, options, |part| part.name())
    }
}

/// The part of a name, which it must have itself, so that it is written as it was read.
fn made<T: ?Sized>(
    parts: &BTreeMap<String, Make<T>>,
    name: &str,
    options: &Options,
    own_name: impl Fn(&T) -> &str,
) -> Result<Arc<T>, PartProblem> {
    let make = parts.get(name).ok_or(PartProblem::Unknown)?;
    let part = make(options).map_err(PartProblem::NotMade)?;
    match own_name(&part) {
        own if own == name => Ok(part),
        own => Err(PartProblem::NotMade(format!("what is registered by this name calls itself {own:?}"))),
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("layers", &self.layers.keys())
            .field("activations", &self.activations.keys())
            .field("losses", &self.losses.keys())
            .field("optimizers", &self.optimizers.keys())
            .field("metrics", &self.metrics.keys())
            .finish()
    }
}
