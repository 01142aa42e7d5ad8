//! How each parameter of a layer starts, before anything is drawn.

use super::Layer;
use crate::activations::Activation;
use crate::init::Init;
use crate::shape::Shape;

/// How one parameter starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ParameterStart {
    /// A value that is never drawn: the scales and averages of normalisations.
    pub(crate) fixed: Option<f64>,
    /// What the layer's description says.
    pub(crate) own: Option<Init>,
    /// What holds where neither the layer nor, for a weight, the network says anything.
    pub(crate) usual: Init,
    /// Whether `usual` also holds where the network says something: for what is no weight of sums.
    pub(crate) is_settled: bool,
    /// How many inputs each output sums over.
    pub(crate) fan_in: usize,
    /// How many outputs each input feeds; `None`: as many as the last axis of the parameter has.
    pub(crate) fan_out: Option<usize>,
}

impl ParameterStart {
    /// A parameter for which nothing is said.
    fn usually(usual: Init, fan_in: usize) -> Self {
        ParameterStart { fixed: None, own: None, usual, is_settled: false, fan_in, fan_out: None }
    }

    fn settled(usual: Init) -> Self {
        ParameterStart { is_settled: true, ..ParameterStart::usually(usual, 1) }
    }
}

impl Layer {
    /// How each of the layer's parameters starts, in their order. `after` are the layers that follow.
    pub(crate) fn starts<'a>(
        &'a self,
        input: &Shape,
        after: impl Iterator<Item = &'a Layer>,
    ) -> Vec<ParameterStart> {
        let fixed = |value| ParameterStart { fixed: Some(value), ..ParameterStart::settled(Init::Zeros) };
        let bias = ParameterStart::settled(Init::Zeros);
        let relu_or_not = |relu| if relu { Init::HeNormal } else { Init::GlorotUniform };
        match self {
            Layer::Dense(dense) => {
                let weight = ParameterStart::usually(before(after), input.len());
                vec![
                    ParameterStart { own: dense.init.clone(), ..weight },
                    ParameterStart { own: dense.bias_init.clone(), fan_in: input.len(), ..bias },
                ]
            }
            Layer::Conv2d(_) | Layer::Conv1d(_) | Layer::ConvTranspose2d(_) => {
                let Some((fan_in, fan_out)) = self.fans(input) else { return Vec::new() };
                let [weight, own_bias] = self.inits();
                let weight =
                    ParameterStart { own: weight.cloned(), ..ParameterStart::usually(before(after), fan_in) };
                let bias = ParameterStart { own: own_bias.cloned(), fan_in, ..bias };
                [weight, bias].map(|start| ParameterStart { fan_out: Some(fan_out), ..start }).into()
            }
            Layer::BatchNorm(_) => [1.0, 0.0, 0.0, 1.0].map(fixed).into(),
            Layer::LayerNorm(_) | Layer::GroupNorm(_) => [1.0, 0.0].map(fixed).into(),
            Layer::Embedding(embedding) => {
                let rows = ParameterStart::settled(Init::Normal { std: 1.0 });
                vec![ParameterStart { own: embedding.init.clone(), ..rows }]
            }
            Layer::Periodic(periodic) => {
                let mut all = vec![ParameterStart::settled(Init::Normal { std: periodic.sigma })];
                if periodic.dimension.is_some() {
                    let fan_in = 2 * periodic.frequencies;
                    all.push(ParameterStart::usually(relu_or_not(periodic.relu), fan_in));
                    all.push(bias);
                }
                all
            }
            Layer::PiecewiseLinear(piecewise) if piecewise.dimension.is_some() => {
                let fan_in = piecewise.most_bins();
                vec![ParameterStart::usually(relu_or_not(piecewise.relu), fan_in), bias]
            }
            Layer::Residual(residual) => {
                let Ok(block) = residual.block(input) else { return Vec::new() };
                let mut all = Vec::with_capacity(block.parameters.len());
                for (path, steps) in
                    [(residual.layers(), &block.straight), (residual.shortcut(), &block.shortcut)]
                {
                    for (i, step) in steps.iter().enumerate() {
                        let after: Box<dyn Iterator<Item = &Layer>> = Box::new(path[i + 1..].iter());
                        all.extend(path[i].starts(&step.input, after));
                    }
                }
                if block.projection.is_some() {
                    all.push(ParameterStart::usually(Init::GlorotUniform, input.len()));
                }
                all
            }
            Layer::Custom(_) => {
                let after: Vec<&Layer> = after.collect();
                let start = |role: super::ParameterRole| match role.is_penalised() {
                    true => ParameterStart::usually(before(after.iter().copied()), input.len()),
                    false => ParameterStart { fan_in: input.len(), ..ParameterStart::settled(Init::Zeros) },
                };
                self.parameters(input).into_iter().map(|parameter| start(parameter.role)).collect()
            }
            Layer::Activation(_)
            | Layer::Scale(_)
            | Layer::Dropout(_)
            | Layer::Noise(_)
            | Layer::PiecewiseLinear(_)
            | Layer::Flatten
            | Layer::Upsample(_)
            | Layer::MaxPool2d(_)
            | Layer::AveragePool2d(_)
            | Layer::AdaptiveAveragePool2d(_)
            | Layer::GlobalAveragePool(_)
            | Layer::ChannelDropout(_) => Vec::new(),
        }
    }
}

/// He's rule before a ReLU-like activation, with or without a normalisation or a pool between, else Glorot's.
fn before<'a>(mut after: impl Iterator<Item = &'a Layer>) -> Init {
    let is_between = |layer: &Layer| {
        let is_norm = matches!(layer, Layer::BatchNorm(_) | Layer::LayerNorm(_) | Layer::GroupNorm(_));
        is_norm || matches!(layer, Layer::MaxPool2d(_) | Layer::AveragePool2d(_) | Layer::ChannelDropout(_))
    };
    match after.find(|layer| !is_between(layer)) {
        Some(Layer::Activation(activation)) if Activation::is_relu_like(activation) => Init::HeNormal,
        _ => Init::GlorotUniform,
    }
}
