//! The formulas of the update rules, with the numbers of one step.

use super::{Optimizer, Update, nadam};
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
            Optimizer::Adagrad { epsilon } => {
                lines.push(format!("sum_of_squares ← sum_of_squares + d{w}²"));
                lines.push(format!("{w} ← {w} - {rate}·d{w} / (√sum_of_squares + {})", short(*epsilon)));
            }
            Optimizer::Adadelta { rho, epsilon } => {
                let (old, new, epsilon) = (short(*rho), short(1.0 - rho), short(*epsilon));
                lines.push(format!("mean_square ← {old}·mean_square + {new}·d{w}²"));
                lines.push(format!("s = √(mean_square_step + {epsilon}) / √(mean_square + {epsilon})·d{w}"));
                lines.push(format!("mean_square_step ← {old}·mean_square_step + {new}·s²"));
                lines.push(format!("{w} ← {w} - {rate}·s"));
            }
            Optimizer::Nadam { beta1, beta2, epsilon } => {
                let t = update.step;
                let (now, next) = (nadam::momentum(*beta1, t), nadam::momentum(*beta1, t.saturating_add(1)));
                let product = nadam::product(*beta1, t);
                let c_t = 1.0 / (1.0 - Real::pow(*beta2, t as f64)).sqrt();
                lines.push(format!("mean ← {}·mean + {}·d{w}", short(*beta1), short(1.0 - beta1)));
                let (old, new) = (short(*beta2), short(1.0 - beta2));
                lines.push(format!("mean_square ← {old}·mean_square + {new}·d{w}²"));
                lines.push(format!("c_t = 1 / √(1 - {}^{t}) = {}", short(*beta2), short(c_t)));
                lines.push(format!("d = √mean_square·c_t + {}", short(*epsilon)));
                let (of_gradient, of_mean) = (
                    update.learning_rate * (1.0 - now) / (1.0 - product),
                    update.learning_rate * next / (1.0 - product * next),
                );
                lines.push(format!("{w} ← {w} - {}·d{w}/d - {}·mean/d", short(of_gradient), short(of_mean)));
            }
            Optimizer::Lion { beta1, beta2 } => {
                let (old, new) = (short(*beta1), short(1.0 - beta1));
                lines.push(format!("{w} ← {w} - {rate}·sign({old}·mean + {new}·d{w})"));
                lines.push(format!("mean ← {}·mean + {}·d{w}", short(*beta2), short(1.0 - beta2)));
            }
            Optimizer::Rprop { shrink, grow, least, most } => {
                lines.push(format!("step ← {rate} where it is 0"));
                lines.push(format!(
                    "step ← min({}·step, {}) where d{w}·gradient > 0",
                    short(*grow),
                    short(*most)
                ));
                lines.push(format!(
                    "step ← max({}·step, {}), d{w} ← 0 where d{w}·gradient < 0",
                    short(*shrink),
                    short(*least)
                ));
                lines.push(format!("{w} ← {w} - sign(d{w})·step"));
                lines.push(format!("gradient ← d{w}"));
            }
            Optimizer::Muon { adam_share, .. } => {
                let adam = Optimizer::from_name("adam").unwrap_or(Optimizer::Sgd);
                let update =
                    Update { learning_rate: adam_share * update.learning_rate, weight_decay: 0.0, ..*update };
                lines.extend(adam.formulas(&update, w));
            }
            Optimizer::Lbfgs { history } => {
                lines.push(format!(
                    "d = -H·d{w}, H from the last {history} steps and changes of the gradient"
                ));
                lines.push(format!("{w} ← {w} + t·d, t by a line search that begins at {rate}"));
            }
            Optimizer::Custom(_) => {}
        }
        lines
    }
}
