//! The formulas of the update rules, with the numbers of one step.

use super::{Optimizer, Update};
use crate::explain::number::short;
use crate::real::Real;

impl Optimizer {
    /// What the rule does to the parameter called `w` at this step, line after line.
    ///
    /// # Example
    /// ```
    /// use thalweg::optimizers::{Optimizer, Update};
    /// let update = Update { step: 1, learning_rate: 0.5, weight_decay: 0.0 };
    /// assert_eq!(Optimizer::Sgd.formulas(&update, "w0"), ["w0 ← w0 - 0.5·dw0"]);
    /// ```
    pub fn formulas(&self, update: &Update, w: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let rate = short(update.learning_rate);
        if let Optimizer::Custom(_) = self {
            return vec![format!("{w} ← {}({w}, d{w}), learning_rate = {rate}", self.name())];
        }
        if update.weight_decay > 0.0 {
            lines.push(format!("{w} ← {w} - {rate}·{}·{w}", short(update.weight_decay)));
        }
        match self {
            Optimizer::Sgd => lines.push(format!("{w} ← {w} - {rate}·d{w}")),
            Optimizer::Momentum { momentum, nesterov } => {
                let momentum = short(*momentum);
                lines.push(format!("velocity ← {momentum}·velocity + d{w}"));
                lines.push(match nesterov {
                    false => format!("{w} ← {w} - {rate}·velocity"),
                    true => format!("{w} ← {w} - {rate}·(d{w} + {momentum}·velocity)"),
                });
            }
            Optimizer::RmsProp { rho, epsilon } => {
                let (old, new, epsilon) = (short(*rho), short(1.0 - rho), short(*epsilon));
                lines.push(format!("mean_square ← {old}·mean_square + {new}·d{w}²"));
                lines.push(format!("{w} ← {w} - {rate}·d{w} / (√mean_square + {epsilon})"));
            }
            Optimizer::Adam { beta1, beta2, epsilon } | Optimizer::AdamW { beta1, beta2, epsilon, .. } => {
                let t = update.step;
                let rate_t = update.learning_rate / (1.0 - Real::pow(*beta1, t as f64));
                let c_t = 1.0 / (1.0 - Real::pow(*beta2, t as f64)).sqrt();
                lines.push(format!("mean ← {}·mean + {}·d{w}", short(*beta1), short(1.0 - beta1)));
                let (old, new) = (short(*beta2), short(1.0 - beta2));
                lines.push(format!("mean_square ← {old}·mean_square + {new}·d{w}²"));
                lines.push(format!("rate_t = {rate} / (1 - {}^{t}) = {}", short(*beta1), short(rate_t)));
                lines.push(format!("c_t = 1 / √(1 - {}^{t}) = {}", short(*beta2), short(c_t)));
                lines.push(format!("{w} ← {w} - rate_t·mean / (√mean_square·c_t + {})", short(*epsilon)));
            }
            Optimizer::Custom(_) => {}
        }
        lines
    }
}
