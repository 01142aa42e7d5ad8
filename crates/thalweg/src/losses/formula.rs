//! The formulas of the losses, value and gradient below each other, with the sizes of one batch.

use super::{Loss, Reduction};
use crate::explain::number::short;

/// What a loss's formulas speak of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossSizes {
    /// How many rows the batch has.
    pub rows: usize,
    /// How many outputs a row has.
    pub outputs: usize,
    /// Whether the targets are class numbers.
    pub classes: bool,
    /// What all rows weigh together, where they do not count once each.
    pub weight: Option<f64>,
}

impl LossSizes {
    /// The divisor of a mean over rows: how many there are, or what they weigh.
    fn rows(self) -> String {
        self.weight.map_or_else(|| self.rows.to_string(), short)
    }

    /// The divisor of a mean over rows and outputs.
    fn all(self) -> String {
        if self.outputs == 1 { self.rows() } else { format!("({}·{})", self.rows(), self.outputs) }
    }
}

/// What the focal loss is made of.
fn focal_terms(alpha: f64) -> String {
    let (one, zero) = (short(alpha), short(1.0 - alpha));
    format!("a = {one}·t + {zero}·(1 - t), u = (1 - t)·p + t·(1 - p), c = -(t·log p + (1 - t)·log(1 - p))")
}

/// What label smoothing makes of a target.
fn softened(label_smoothing: f64, classes: usize) -> String {
    format!("t' = {}·t + {}", short(1.0 - label_smoothing), short(label_smoothing / classes as f64))
}

impl Loss {
    /// The value for predictions ŷ, or probabilities p where the loss takes logits, and targets t.
    ///
    /// # Example
    /// ```
    /// use thalweg::losses::{Loss, LossSizes};
    /// let sizes = LossSizes { rows: 300, outputs: 3, classes: true, weight: None };
    /// assert_eq!(Loss::SoftmaxCrossEntropy.formula(sizes), "-Σₙ log p[n,tₙ] / 300");
    /// assert_eq!(Loss::SoftmaxCrossEntropy.gradient_formula(sizes), "(p - t) / 300, t as 0 and 1");
    /// ```
    pub fn formula(&self, sizes: LossSizes) -> String {
        let formula = self.sum_formula(sizes);
        match sizes.weight {
            Some(_) => formula.replacen("Σₙ ", "Σₙ weight[n]·", 1),
            None => formula,
        }
    }

    fn sum_formula(&self, sizes: LossSizes) -> String {
        let (rows, all) = (sizes.rows(), sizes.all());
        match self {
            Loss::SumOfSquares => "Σₙ Σⱼ (ŷ - t)²".to_owned(),
            Loss::MeanSquaredError => format!("Σₙ Σⱼ (ŷ - t)² / {all}"),
            Loss::HalfSquares => format!("½·Σₙ Σⱼ (ŷ - t)² / {rows}"),
            Loss::MeanAbsoluteError => format!("Σₙ Σⱼ |ŷ - t| / {all}"),
            Loss::Huber { delta } => {
                let (delta, half) = (short(*delta), short(0.5 * delta));
                format!(
                    "Σₙ Σⱼ h(ŷ - t) / {all}, h(d) = ½·d² where |d| ≤ {delta}, else {delta}·(|d| - {half})"
                )
            }
            Loss::LogCosh => format!("Σₙ Σⱼ log cosh(ŷ - t) / {all}"),
            Loss::Quantile { quantile } => {
                let (below, above) = (short(*quantile), short(1.0 - quantile));
                format!("Σₙ Σⱼ q(t - ŷ) / {all}, q(d) = {below}·d where d > 0, else -{above}·d")
            }
            Loss::Poisson => format!("Σₙ Σⱼ (λ - t·log λ) / {all}"),
            Loss::Hinge | Loss::SquaredHinge => {
                let square = if matches!(self, Loss::SquaredHinge) { "²" } else { "" };
                match sizes.outputs {
                    1 => format!("Σₙ max(0, 1 - s·score){square} / {rows}, s = 2t - 1"),
                    _ => {
                        format!("Σₙ Σⱼ max(0, mⱼ){square} / {all}, mⱼ = scoreⱼ - score_t + 1, without j = t")
                    }
                }
            }
            Loss::BinaryCrossEntropy => format!("-Σₙ Σⱼ (t·log p + (1 - t)·log(1 - p)) / {all}"),
            Loss::SmoothedBinaryCrossEntropy { label_smoothing } => {
                let softened = softened(*label_smoothing, 2);
                format!("-Σₙ Σⱼ (t'·log p + (1 - t')·log(1 - p)) / {all}, {softened}")
            }
            Loss::Focal { gamma, alpha } => {
                format!("Σₙ Σⱼ a·u^{}·c / {all}, {}", short(*gamma), focal_terms(*alpha))
            }
            Loss::SoftmaxCrossEntropy if sizes.classes => format!("-Σₙ log p[n,tₙ] / {rows}"),
            Loss::SoftmaxCrossEntropy => format!("-Σₙ Σⱼ t·log p / {rows}"),
            Loss::SmoothedSoftmaxCrossEntropy { label_smoothing } => {
                let one_hot = if sizes.classes { ", t as 0 and 1" } else { "" };
                let softened = softened(*label_smoothing, sizes.outputs);
                format!("-Σₙ Σⱼ t'·log p / {rows}, {softened}{one_hot}")
            }
            Loss::Custom(_) => match self.reduction() {
                Reduction::Sum => format!("Σₙ {}(ŷ, t)", self.name()),
                Reduction::Mean => format!("Σₙ {}(ŷ, t) / {rows}", self.name()),
            },
        }
    }

    /// The gradient by what the network puts out.
    pub fn gradient_formula(&self, sizes: LossSizes) -> String {
        let formula = self.slope_formula(sizes);
        if sizes.weight.is_some() { format!("weight[n]·{formula}") } else { formula }
    }

    fn slope_formula(&self, sizes: LossSizes) -> String {
        let (rows, all) = (sizes.rows(), sizes.all());
        // A class number stands for its row of zeros and a one; for one output it is the number itself.
        let one_hot = if sizes.classes && sizes.outputs > 1 { ", t as 0 and 1" } else { "" };
        match self {
            Loss::SumOfSquares => format!("2·(ŷ - t){one_hot}"),
            Loss::MeanSquaredError => format!("2·(ŷ - t) / {all}{one_hot}"),
            Loss::HalfSquares => format!("(ŷ - t) / {rows}{one_hot}"),
            Loss::MeanAbsoluteError => format!("sign(ŷ - t) / {all}{one_hot}"),
            Loss::Huber { delta } => {
                let delta = short(*delta);
                format!("(ŷ - t, cut to [-{delta}, {delta}]) / {all}{one_hot}")
            }
            Loss::LogCosh => format!("tanh(ŷ - t) / {all}{one_hot}"),
            Loss::Quantile { quantile } => {
                let (below, above) = (short(*quantile), short(1.0 - quantile));
                format!("(-{below} where ŷ < t, {above} where ŷ > t) / {all}{one_hot}")
            }
            Loss::Poisson => format!("(λ - t) / {all}{one_hot}"),
            Loss::Hinge => match sizes.outputs {
                1 => format!("(-s where s·score < 1, else 0) / {rows}"),
                _ => format!("(1 where mⱼ > 0, else 0) / {all}, at t the negated sum of the others"),
            },
            Loss::SquaredHinge => match sizes.outputs {
                1 => format!("-2·s·max(0, 1 - s·score) / {rows}"),
                _ => format!("2·max(0, mⱼ) / {all}, at t the negated sum of the others"),
            },
            Loss::BinaryCrossEntropy => format!("(p - t) / {all}{one_hot}"),
            Loss::SmoothedBinaryCrossEntropy { .. } => format!("(p - t') / {all}{one_hot}"),
            Loss::Focal { gamma, .. } => {
                let gamma = short(*gamma);
                format!("a·u^{gamma}·((p - t) - {gamma}·c·(2t - 1)·p·(1 - p)/u) / {all}{one_hot}")
            }
            Loss::SoftmaxCrossEntropy if sizes.classes => format!("(p - t) / {rows}{one_hot}"),
            Loss::SoftmaxCrossEntropy => format!("(p·Σⱼt - t) / {rows}"),
            Loss::SmoothedSoftmaxCrossEntropy { .. } => format!("(p·Σⱼt' - t') / {rows}{one_hot}"),
            Loss::Custom(_) => match self.reduction() {
                Reduction::Sum => format!("{}'(ŷ, t)", self.name()),
                Reduction::Mean => format!("{}'(ŷ, t) / {rows}", self.name()),
            },
        }
    }
}
