//! How weights start.

use std::path::PathBuf;

use crate::real::Real;

/// Where random starts come from: a counter-based stream of this project, or NumPy's.
///
/// Numbers are asked for one by one in the order of the weights, always as `f64`, so that a network starts alike in both
/// precisions.
pub trait Draws {
    /// The next number from [0, 1), all equally likely.
    fn uniform(&mut self) -> f64;
    /// The next number of mean 0 and variance 1, normally distributed.
    fn normal(&mut self) -> f64;
}

/// How a layer's weights start. Biases start at 0, except where an `Init` says otherwise for both (`File`).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Normal with variance 2 / in_features (He et al. 2015), for ReLU-like activations.
    HeNormal,
    /// Uniform with variance 2 / in_features.
    HeUniform,
    /// Normal with variance 2 / (in_features + out_features) (Glorot and Bengio 2010).
    GlorotNormal,
    /// Uniform with variance 2 / (in_features + out_features).
    GlorotUniform,
    /// Normal with variance 1 / in_features (LeCun et al. 1998).
    LecunNormal,
    /// All zero.
    Zeros,
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform between two bounds.
    Uniform {
        /// The lower bound, inclusive.
        low: f64,
        /// The upper bound, exclusive.
        high: f64,
    },
    /// As many rows as `rows` are drawn in order, and the first is kept: how a bias starts that a published script
    /// drew once for each example. For biases only.
    FirstRow {
        /// How many rows are drawn, at least 1.
        rows: usize,
        /// What each row is drawn from.
        of: Box<Init>,
    },
    /// Explicit values from an NPZ file: arrays `LAYER.weight` and `LAYER.bias` by layer number.
    File {
        /// The file.
        path: PathBuf,
    },
}

impl Init {
    /// The names in experiment files.
    pub const NAMES: [&'static str; 9] = [
        "he_normal",
        "he_uniform",
        "glorot_normal",
        "glorot_uniform",
        "lecun_normal",
        "zeros",
        "normal",
        "uniform",
        "file",
    ];

    /// The start of this name, if the name says it all: `normal`, `uniform` and `file` need options.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "he_normal" => Init::HeNormal,
            "he_uniform" => Init::HeUniform,
            "glorot_normal" => Init::GlorotNormal,
            "glorot_uniform" => Init::GlorotUniform,
            "lecun_normal" => Init::LecunNormal,
            "zeros" => Init::Zeros,
            _ => return None,
        })
    }

    /// The name in experiment files.
    pub const fn name(&self) -> &'static str {
        match self {
            Init::HeNormal => "he_normal",
            Init::HeUniform => "he_uniform",
            Init::GlorotNormal => "glorot_normal",
            Init::GlorotUniform => "glorot_uniform",
            Init::LecunNormal => "lecun_normal",
            Init::Zeros => "zeros",
            Init::Normal { .. } => "normal",
            Init::Uniform { .. } => "uniform",
            Init::FirstRow { of, .. } => of.name(),
            Init::File { .. } => "file",
        }
    }

    /// The distribution for a layer whose outputs each sum over `fan_in` inputs and whose inputs each feed `fan_out` outputs.
    ///
    /// ```text
    /// he       variance = 2 / fan_in
    /// glorot   variance = 2 / (fan_in + fan_out)
    /// lecun    variance = 1 / fan_in
    /// uniform  on [-limit, limit) with limit = √(3·variance)
    /// ```
    ///
    /// `None` for `File`.
    fn distribution(&self, fan_in: usize, fan_out: usize) -> Option<Distribution> {
        // A layer without inputs has no weights; 1 keeps the quotient finite.
        let (inputs, both) = (fan_in.max(1) as f64, (fan_in + fan_out).max(1) as f64);
        let normal = |variance: f64| Distribution::Normal { std: variance.sqrt() };
        let uniform = |variance: f64| {
            let limit = (3.0 * variance).sqrt();
            Distribution::Uniform { low: -limit, high: limit }
        };
        Some(match self {
            Init::HeNormal => normal(2.0 / inputs),
            Init::HeUniform => uniform(2.0 / inputs),
            Init::GlorotNormal => normal(2.0 / both),
            Init::GlorotUniform => uniform(2.0 / both),
            Init::LecunNormal => normal(1.0 / inputs),
            Init::Zeros => Distribution::Zero,
            Init::Normal { std } => Distribution::Normal { std: *std },
            Init::Uniform { low, high } => Distribution::Uniform { low: *low, high: *high },
            Init::FirstRow { of, .. } => return of.distribution(fan_in, fan_out),
            Init::File { .. } => return None,
        })
    }

    /// Writes a layer's first weights, or its first bias where that is drawn at all.
    ///
    /// Each number is drawn and scaled in `f64` and rounded once; `Zeros` draws nothing. A uniform number may round up to the
    /// upper bound itself in `f32`.
    ///
    /// # Shapes
    /// `weight`: `[fan_in, fan_out]` for a dense layer, drawn in row-major order; `[out_channels, in_channels / groups, height, width]`
    /// for a convolution, whose fan_in is in_channels / groups times the window's values, and fan_out out_channels / groups times
    /// those (PyTorch does not divide the latter); `[fan_out]` for a bias.
    ///
    /// # Panics
    /// For `File`, whose values whoever knows the layer's number reads and writes instead.
    ///
    /// # Source
    /// He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, equation 10; Glorot and Bengio, "Understanding the
    /// difficulty of training deep feedforward neural networks", 2010, equations 12 and 16; LeCun, Bottou, Orr and Müller,
    /// "Efficient BackProp", 1998, equation 16. No distribution is cut off.
    pub fn fill<R: Real>(&self, fan_in: usize, fan_out: usize, weight: &mut [R], draw: &mut dyn Draws) {
        let distribution =
            self.distribution(fan_in, fan_out).expect("weights from a file are read before others are drawn");
        for w in weight.iter_mut() {
            *w = R::from_f64(distribution.draw(draw));
        }
        if let Init::FirstRow { rows, .. } = self {
            // The rows that are not kept are drawn all the same, so that what comes after them is in its place.
            for _ in weight.len()..rows.saturating_mul(weight.len()) {
                distribution.draw(draw);
            }
        }
    }
}

/// What an [`Init`] comes to for one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Distribution {
    Zero,
    Normal { std: f64 },
    Uniform { low: f64, high: f64 },
}

impl Distribution {
    fn draw(self, draw: &mut dyn Draws) -> f64 {
        match self {
            Distribution::Zero => 0.0,
            Distribution::Normal { std } => std * draw.normal(),
            Distribution::Uniform { low, high } => low + (high - low) * draw.uniform(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up: uniform numbers 0, ¼, ½, ¾, 0 ..., normal ones 1, 2, 3 ...
    #[derive(Default)]
    struct Counting {
        uniform: u32,
        normal: u32,
    }

    impl Draws for Counting {
        fn uniform(&mut self) -> f64 {
            self.uniform += 1;
            f64::from((self.uniform - 1) % 4) / 4.0
        }
        fn normal(&mut self) -> f64 {
            self.normal += 1;
            f64::from(self.normal)
        }
    }

    fn filled(init: &Init, fan_in: usize, fan_out: usize) -> Vec<f64> {
        let mut weight = vec![77.0; 4];
        init.fill(fan_in, fan_out, &mut weight, &mut Counting::default());
        weight
    }

    #[test]
    fn names_lead_to_their_start_and_back() {
        for name in Init::NAMES {
            match Init::from_name(name) {
                Some(init) => assert_eq!(init.name(), name),
                None => assert!(["normal", "uniform", "file"].contains(&name), "{name}"),
            }
        }
    }

    #[test]
    fn scales_worked_by_hand() {
        // Standard deviations √(2/8) = ½, √(2/(6+2)) = ½, √(1/4) = ½.
        assert_eq!(filled(&Init::HeNormal, 8, 5), [0.5, 1.0, 1.5, 2.0]);
        assert_eq!(filled(&Init::GlorotNormal, 6, 2), [0.5, 1.0, 1.5, 2.0]);
        assert_eq!(filled(&Init::LecunNormal, 4, 9), [0.5, 1.0, 1.5, 2.0]);
        assert_eq!(filled(&Init::Normal { std: 0.25 }, 4, 9), [0.25, 0.5, 0.75, 1.0]);
        // Limits √(6/24) = ½ and √(6/(4+2)) = 1.
        assert_eq!(filled(&Init::HeUniform, 24, 1), [-0.5, -0.25, 0.0, 0.25]);
        assert_eq!(filled(&Init::GlorotUniform, 4, 2), [-1.0, -0.5, 0.0, 0.5]);
        assert_eq!(filled(&Init::Uniform { low: 1.0, high: 3.0 }, 4, 2), [1.0, 1.5, 2.0, 2.5]);
        assert_eq!(filled(&Init::Zeros, 4, 2), [0.0; 4]);
    }

    #[test]
    fn the_precision_does_not_change_the_draws() {
        let (mut single, mut double) = ([0.0f32; 7], [0.0f64; 7]);
        for name in ["glorot_uniform", "he_normal"] {
            let init = Init::from_name(name).expect(name);
            init.fill(3, 10, &mut single, &mut Counting::default());
            init.fill(3, 10, &mut double, &mut Counting::default());
            assert_eq!(single, double.map(|w| w as f32), "{name}");
        }
    }

    #[test]
    fn zeros_draw_nothing() {
        let mut draw = Counting::default();
        Init::Zeros.fill(2, 2, &mut [0.0f32; 4], &mut draw);
        assert_eq!((draw.uniform, draw.normal), (0, 0));
    }
}
