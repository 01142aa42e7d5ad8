//! The formulas of the activations, function and derivative below each other, as a textbook writes them.

use super::{Activation, selu};
use crate::explain::number::short;

impl Activation {
    /// f of the value called `z`: `"max(0, z0)"` for `"z0"`.
    ///
    /// # Example
    /// ```
    /// use thalweg::activations::Activation;
    /// assert_eq!(Activation::Sigmoid.formula("z0"), "1 / (1 + e^(-z0))");
    /// assert_eq!(Activation::Sigmoid.backward_formula("z0", "a1"), "da1 ⊙ a1 ⊙ (1 - a1)");
    /// ```
    pub fn formula(&self, z: &str) -> String {
        match self {
            Activation::Identity => z.to_owned(),
            Activation::Sigmoid => format!("1 / (1 + e^(-{z}))"),
            Activation::Tanh => format!("tanh({z})"),
            Activation::Relu => format!("max(0, {z})"),
            Activation::LeakyRelu { slope } => format!("{z} where {z} ≥ 0, else {}·{z}", short(*slope)),
            Activation::Elu { alpha } => format!("{z} where {z} ≥ 0, else {}·(e^{z} - 1)", short(*alpha)),
            Activation::Selu => {
                let (right, left) = (short(selu::SCALE), short(selu::SCALE * selu::ALPHA));
                format!("{right}·{z} where {z} ≥ 0, else {left}·(e^{z} - 1)")
            }
            Activation::Gelu => format!("{z} ⊙ Φ({z})"),
            Activation::GeluTanh => format!("½·{z} ⊙ (1 + tanh(√(2/π)·({z} + 0.044715·{z}³)))"),
            Activation::Silu => format!("{z} ⊙ sigmoid({z})"),
            Activation::Softplus => format!("log(1 + e^{z})"),
            Activation::Mish => format!("{z} ⊙ tanh(log(1 + e^{z}))"),
            Activation::Softmax => format!("e^{z} / Σⱼ e^{z}[n,j]"),
            Activation::Custom(_) => format!("{}({z})", self.name()),
        }
    }

    /// The gradient by z, from the gradient by a = f(z): `"da1 ⊙ (z0 > 0)"` for `"z0"` and `"a1"`.
    pub fn backward_formula(&self, z: &str, a: &str) -> String {
        match self {
            Activation::Identity => format!("d{a}"),
            Activation::Sigmoid => format!("d{a} ⊙ {a} ⊙ (1 - {a})"),
            Activation::Tanh => format!("d{a} ⊙ (1 - {a}²)"),
            Activation::Relu => format!("d{a} ⊙ ({z} > 0)"),
            Activation::LeakyRelu { slope } => format!("d{a} ⊙ (1 where {z} > 0, else {})", short(*slope)),
            Activation::Elu { alpha } => format!("d{a} ⊙ (1 where {z} > 0, else {a} + {})", short(*alpha)),
            Activation::Selu => {
                let (right, left) = (short(selu::SCALE), short(selu::SCALE * selu::ALPHA));
                format!("d{a} ⊙ ({right} where {z} > 0, else {a} + {left})")
            }
            Activation::Gelu => format!("d{a} ⊙ (Φ({z}) + {z} ⊙ φ({z})), Φ and φ of the normal distribution"),
            Activation::GeluTanh => format!(
                "d{a} ⊙ ½·(1 + u + {z} ⊙ (1 - u²)·√(2/π)·(1 + 0.134145·{z}²)), u = tanh(√(2/π)·({z} + 0.044715·{z}³))"
            ),
            Activation::Silu => format!("d{a} ⊙ (s + {a} ⊙ (1 - s)), s = sigmoid({z})"),
            Activation::Softplus => format!("d{a} ⊙ sigmoid({z})"),
            Activation::Mish => {
                format!("d{a} ⊙ (u + {z} ⊙ (1 - u²) ⊙ sigmoid({z})), u = tanh(log(1 + e^{z}))")
            }
            Activation::Softmax => format!("{a} ⊙ (d{a} - Σⱼ d{a}[n,j]·{a}[n,j])"),
            Activation::Custom(_) => format!("d{a} ⊙ {}'({z})", self.name()),
        }
    }
}
