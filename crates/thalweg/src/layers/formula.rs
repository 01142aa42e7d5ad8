//! The formulas of the layers, as a textbook writes them, with the names and shapes of one step.

use super::Layer;
use crate::explain::{Formula, number::short};
use crate::shape::Shape;

/// What a layer's formulas speak of: how its matrices are called in this network, and their sizes.
#[derive(Clone, Copy, Debug)]
pub struct FormulaNames<'a> {
    /// How many rows the batch has.
    pub rows: usize,
    /// The shape of one example of the input.
    pub input: &'a Shape,
    /// The shape of one example of the output.
    pub output: &'a Shape,
    /// The layer's number, inside a block with its place there: `"3.0"`.
    pub number: &'a str,
    /// The input's name.
    pub x: &'a str,
    /// The output's name.
    pub y: &'a str,
    /// The parameters' names, in the layer's order.
    pub parameters: &'a [String],
}

impl FormulaNames<'_> {
    /// The axes of the input or output with the batch in front.
    pub(super) fn batch(&self, one: &Shape) -> String {
        let axes: Vec<usize> = [self.rows].into_iter().chain(one.axes().iter().copied()).collect();
        format!("{axes:?}")
    }
}

impl Layer {
    /// What forward computes: `"z0 = x·w0 + b0"`.
    ///
    /// A dropout's mask comes first, since it is drawn before it is used.
    pub fn forward_formulas(&self, names: FormulaNames<'_>) -> Vec<Formula> {
        let FormulaNames { rows, x, y, number, .. } = names;
        let (from, to) = (names.batch(names.input), names.batch(names.output));
        match self {
            Layer::Dense(_) => {
                let [w, b] = weight_and_bias(names.parameters);
                let (k, j) = (names.input.len(), names.output.len());
                let shapes = format!("[{rows}, {j}] = [{rows}, {k}]·[{k}, {j}] + [{j}]");
                vec![Formula::new(format!("{y} = {x}·{w} + {b}"), shapes)]
            }
            Layer::Activation(activation) => {
                vec![Formula::new(format!("{y} = {}", activation.formula(x)), to)]
            }
            Layer::Scale(scale) => vec![Formula::new(format!("{y} = {}·{x}", short(scale.factor)), to)],
            Layer::Dropout(dropout) => {
                let (chance, kept) = (short(dropout.dropout), short(1.0 / (1.0 - dropout.dropout)));
                vec![
                    Formula::new(
                        format!("mask{number} = 0 with chance {chance}, else 1 / (1 - {chance}) = {kept}"),
                        to.clone(),
                    ),
                    Formula::new(format!("{y} = mask{number} ⊙ {x}"), to),
                ]
            }
            Layer::Noise(noise) => {
                vec![Formula::new(format!("{y} = {x} + {}·ε, ε normal", short(noise.noise)), to)]
            }
            Layer::BatchNorm(norm) => {
                let epsilon = short(norm.epsilon);
                let [w, b] = weight_and_bias(names.parameters);
                vec![
                    Formula::new(
                        format!(
                            "m{number} = mean of {x}, v{number} = mean of ({x} - m{number})², over the batch"
                        ),
                        format!("[{}]", names.input.axes()[0]),
                    ),
                    Formula::new(
                        format!("u{number} = ({x} - m{number}) / √(v{number} + {epsilon})"),
                        to.clone(),
                    ),
                    Formula::new(format!("{y} = {w} ⊙ u{number} + {b}"), to),
                ]
            }
            Layer::LayerNorm(norm) => {
                let epsilon = short(norm.epsilon);
                let [w, b] = weight_and_bias(names.parameters);
                vec![
                    Formula::new(
                        format!(
                            "m{number} = mean of {x}[n,:], v{number} = mean of ({x}[n,:] - m{number})², for each row"
                        ),
                        format!("[{rows}]"),
                    ),
                    Formula::new(
                        format!("u{number} = ({x} - m{number}) / √(v{number} + {epsilon})"),
                        to.clone(),
                    ),
                    Formula::new(format!("{y} = {w} ⊙ u{number} + {b}"), to),
                ]
            }
            Layer::Embedding(embedding) => embedding.forward_formulas(names),
            Layer::Periodic(periodic) => periodic.forward_formulas(names),
            Layer::PiecewiseLinear(piecewise) => piecewise.forward_formulas(names),
            Layer::Residual(residual) => residual.forward_formulas(names),
            Layer::Flatten => vec![Formula::new(format!("{y} = {x} as one axis"), format!("{to} = {from}"))],
            Layer::Conv1d(_) => {
                let [w, b] = weight_and_bias(names.parameters);
                let text = format!(
                    "{y}[n,o,j] = {b}[o] + Σ {w}[o,c,q]·{x}[n,c,...] over its window, in short {y} = {x} ∗ {w} + {b}"
                );
                vec![Formula::new(text, format!("{to} = {from} ∗ {}", self.weight_shape(names)))]
            }
            Layer::ConvTranspose2d(_) => {
                let [w, b] = weight_and_bias(names.parameters);
                let text = format!(
                    "{y} = {b}[o] + Σ {w}[c,o,p,q]·{x}[n,c,i,j] over the inputs whose windows hold it"
                );
                vec![Formula::new(text, format!("{to} = Σ {}·{from}", self.weight_shape(names)))]
            }
            Layer::Upsample(upsample) => {
                let [down, across] = upsample.factor;
                let text = format!("{y}[n,c,i,j] = {x}[n,c,⌊i/{down}⌋,⌊j/{across}⌋]");
                vec![Formula::new(text, format!("{to} of {from}"))]
            }
            Layer::Conv2d(_) => {
                let [w, b] = weight_and_bias(names.parameters);
                let text = format!(
                    "{y}[n,o,i,j] = {b}[o] + Σ {w}[o,c,p,q]·{x}[n,c,...] over its window, in short {y} = {x} ∗ {w} + {b}"
                );
                vec![Formula::new(text, format!("{to} = {from} ∗ {}", self.weight_shape(names)))]
            }
            Layer::MaxPool2d(pool) => {
                let text = format!("{y} = max of {x} over each window of {}", size(pool.window.kernel_size));
                vec![Formula::new(text, format!("{to} of {from}"))]
            }
            Layer::AveragePool2d(pool) => {
                let text = format!("{y} = mean of {x} over each window of {}", size(pool.window.kernel_size));
                vec![Formula::new(text, format!("{to} of {from}"))]
            }
            Layer::AdaptiveAveragePool2d(pool) => {
                let text = format!("{y} = mean of {x} over each of {} parts", size(pool.output_size));
                vec![Formula::new(text, format!("{to} of {from}"))]
            }
            Layer::GlobalAveragePool(_) => {
                let text = format!("{y} = mean of {x} over each channel");
                vec![Formula::new(text, format!("{to} of {from}"))]
            }
            Layer::ChannelDropout(dropout) => {
                let (chance, kept) = (short(dropout.dropout), short(1.0 / (1.0 - dropout.dropout)));
                let channels = format!("[{rows}, {}]", names.input.axes()[0]);
                vec![
                    Formula::new(
                        format!("mask{number} = 0 with chance {chance}, else 1 / (1 - {chance}) = {kept}"),
                        channels,
                    ),
                    Formula::new(format!("{y}[n,c,:] = mask{number}[n,c]·{x}[n,c,:]"), to),
                ]
            }
            Layer::GroupNorm(norm) => {
                let epsilon = short(norm.epsilon);
                let [w, b] = weight_and_bias(names.parameters);
                vec![
                    Formula::new(
                        format!(
                            "m{number} = mean of {x}, v{number} = mean of ({x} - m{number})², for each row and group of channels"
                        ),
                        format!("[{rows}, {}]", norm.groups),
                    ),
                    Formula::new(
                        format!("u{number} = ({x} - m{number}) / √(v{number} + {epsilon})"),
                        to.clone(),
                    ),
                    Formula::new(format!("{y} = {w}[c]·u{number} + {b}[c]"), to),
                ]
            }
            Layer::Custom(_) => {
                let arguments = [x].into_iter().chain(names.parameters.iter().map(String::as_str));
                let arguments: Vec<&str> = arguments.collect();
                let text = format!("{y} = {}({})", self.kind(), arguments.join(", "));
                vec![Formula::new(text, format!("{to} = {}({from})", self.kind()))]
            }
        }
    }

    /// What backward computes: first the gradients of the parameters, in their order, then, if `wants_dx`, that of the
    /// input.
    pub fn backward_formulas(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let FormulaNames { rows, x, y, number, .. } = names;
        let (from, to) = (names.batch(names.input), names.batch(names.output));
        let dx = match self {
            Layer::Dense(_) => {
                let [w, b] = weight_and_bias(names.parameters);
                let (k, j) = (names.input.len(), names.output.len());
                let mut formulas = vec![
                    Formula::new(
                        format!("d{w} = {x}ᵀ·d{y}"),
                        format!("[{k}, {j}] = [{k}, {rows}]·[{rows}, {j}]"),
                    ),
                    Formula::new(format!("d{b} = Σₙ d{y}[n,:]"), format!("[{j}] = Σₙ [{rows}, {j}]")),
                ];
                if wants_dx {
                    let shapes = format!("[{rows}, {k}] = [{rows}, {j}]·[{j}, {k}]");
                    formulas.push(Formula::new(format!("d{x} = d{y}·{w}ᵀ"), shapes));
                }
                return formulas;
            }
            Layer::Custom(_) => {
                let parameters = names.parameters.iter().map(|name| format!("d{name}"));
                let all: Vec<String> = parameters.chain(wants_dx.then(|| format!("d{x}"))).collect();
                if all.is_empty() {
                    return Vec::new();
                }
                let text = format!("{} = backward of {}(d{y})", all.join(", "), self.kind());
                return vec![Formula::new(text, String::new())];
            }
            Layer::Activation(activation) => {
                Formula::new(format!("d{x} = {}", activation.backward_formula(x, y)), from)
            }
            Layer::Scale(scale) => Formula::new(format!("d{x} = {}·d{y}", short(scale.factor)), from),
            Layer::Dropout(_) => Formula::new(format!("d{x} = mask{number} ⊙ d{y}"), from),
            Layer::Noise(_) => Formula::new(format!("d{x} = d{y}"), from),
            Layer::BatchNorm(_) | Layer::LayerNorm(_) | Layer::GroupNorm(_) => {
                return self.norm_backward(names, wants_dx);
            }
            Layer::Embedding(embedding) => return embedding.backward_formulas(names, wants_dx),
            Layer::Periodic(periodic) => return periodic.backward_formulas(names, wants_dx),
            Layer::PiecewiseLinear(piecewise) => return piecewise.backward_formulas(names, wants_dx),
            Layer::Residual(residual) => return residual.backward_formulas(names, wants_dx),
            Layer::Conv2d(_) | Layer::Conv1d(_) | Layer::ConvTranspose2d(_) => {
                return self.convolution_backward(names, wants_dx);
            }
            Layer::Upsample(_) => {
                Formula::new(format!("d{x} = Σ d{y} over the pixels made of it"), format!("{from} of {to}"))
            }
            Layer::MaxPool2d(_) => {
                let text = format!("d{x} = Σ d{y} over the windows whose largest value stands there");
                Formula::new(text, format!("{from} of {to}"))
            }
            Layer::AveragePool2d(_) | Layer::AdaptiveAveragePool2d(_) => {
                let text = format!("d{x} = Σ d{y} / N over the windows, of N values, that hold it");
                Formula::new(text, format!("{from} of {to}"))
            }
            Layer::GlobalAveragePool(_) => {
                let count = names.input.len() / names.output.len();
                Formula::new(format!("d{x}[n,c,:] = d{y}[n,c] / {count}"), format!("{from} of {to}"))
            }
            Layer::ChannelDropout(_) => {
                Formula::new(format!("d{x}[n,c,:] = mask{number}[n,c]·d{y}[n,c,:]"), from)
            }
            Layer::Flatten => {
                Formula::new(format!("d{x} = d{y} in the axes of {x}"), format!("{from} = {to}"))
            }
        };
        if wants_dx { vec![dx] } else { Vec::new() }
    }
}

impl Layer {
    /// The shape of its first parameter, in words.
    fn weight_shape(&self, names: FormulaNames<'_>) -> String {
        self.parameters(names.input).first().map_or(String::new(), |weight| weight.shape.to_string())
    }

    /// What a convolution's backward computes.
    fn convolution_backward(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let FormulaNames { x, y, .. } = names;
        let [w, b] = weight_and_bias(names.parameters);
        let (from, to) = (names.batch(names.input), names.batch(names.output));
        let weight = self.weight_shape(names);
        let [of_weight, of_bias, of_input] = match self {
            Layer::ConvTranspose2d(_) => [
                format!("d{w}[c,o,p,q] = Σ {x}[n,c,i,j]·d{y}[n,o,...] over rows and windows"),
                format!("d{b}[o] = Σ d{y}[n,o,r,s] over rows and pixels"),
                format!("d{x} = Σ {w}[c,o,p,q]·d{y}[n,o,...] over its window, in short d{x} = d{y} ∗ {w}"),
            ],
            Layer::Conv1d(_) => [
                format!("d{w}[o,c,q] = Σ d{y}[n,o,j]·{x}[n,c,...] over rows and windows"),
                format!("d{b}[o] = Σ d{y}[n,o,j] over rows and windows"),
                format!("d{x} = Σ {w}[o,c,q]·d{y}[n,o,j] over the windows that hold it"),
            ],
            _ => [
                format!("d{w}[o,c,p,q] = Σ d{y}[n,o,i,j]·{x}[n,c,...] over rows and windows"),
                format!("d{b}[o] = Σ d{y}[n,o,i,j] over rows and windows"),
                format!("d{x} = Σ {w}[o,c,p,q]·d{y}[n,o,i,j] over the windows that hold it"),
            ],
        };
        let mut formulas = vec![
            Formula::new(of_weight, format!("{weight} = Σ {to}·{from}")),
            Formula::new(of_bias, format!("[{}] = Σ {to}", names.output.axes()[0])),
        ];
        if wants_dx {
            let text = of_input;
            formulas.push(Formula::new(text, format!("{from} = Σ {weight}·{to}")));
        }
        formulas
    }

    /// What a normalisation's backward computes.
    fn norm_backward(&self, names: FormulaNames<'_>, wants_dx: bool) -> Vec<Formula> {
        let FormulaNames { x, y, number, .. } = names;
        let [w, b] = weight_and_bias(names.parameters);
        let by_channel = format!("[{}]", names.input.axes()[0]);
        let (shape, over, mean) = match self {
            Layer::BatchNorm(_) => (by_channel, "batch", "Σ over the batch / N"),
            Layer::GroupNorm(_) => (by_channel, "rows and positions", "Σ over the group / J"),
            _ => (names.input.to_string(), "rows", "Σ over the row / J"),
        };
        let mut formulas = vec![
            Formula::new(format!("d{w} = Σ d{y} ⊙ u{number} over the {over}"), shape.clone()),
            Formula::new(format!("d{b} = Σ d{y} over the {over}"), shape),
        ];
        if wants_dx {
            let g = format!("{w} ⊙ d{y}");
            let text = format!(
                "d{x} = (g - ({mean} of g) - u{number} ⊙ ({mean} of g ⊙ u{number})) / √(v{number} + ε), g = {g}"
            );
            formulas.push(Formula::new(text, names.batch(names.input)));
        }
        formulas
    }
}

/// The weight and the bias of a layer.
fn weight_and_bias(names: &[String]) -> [&str; 2] {
    match names {
        [weight, bias, ..] => [weight, bias],
        _ => ["w", "b"],
    }
}

/// `"5×3"`.
fn size([height, width]: [usize; 2]) -> String {
    format!("{height}×{width}")
}
