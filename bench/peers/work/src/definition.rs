//! The definition of a work. The names and their meaning are those of `works.py`.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::Random;

#[derive(Clone, Copy, PartialEq)]
pub enum Hidden {
    Relu,
    Sigmoid,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Output {
    Linear,
    Sigmoid,
    HundredSigmoid,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Loss {
    SumOfSquares,
    MeanSquaredError,
    HalfSquares,
    SoftmaxCrossEntropy,
    BinaryCrossEntropy,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Optimizer {
    GradientDescent,
    Momentum,
    Adam,
}

pub struct Work {
    pub name: String,
    pub precision: String,
    pub rows: usize,
    pub sizes: Vec<usize>,
    pub hidden: Hidden,
    pub output: Output,
    pub loss: Loss,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    pub l2: f64,
    /// 0: all rows.
    pub batch_size: usize,
    pub unit: String,
    pub threads: usize,
    pub seconds: f64,
    weight_std: f64,
    bias_std: f64,
    steps: usize,
    data: String,
    folder: PathBuf,
}

/// A layer's weight [in_features, out_features], row-major, and its bias.
pub struct Start {
    pub in_features: usize,
    pub out_features: usize,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Work {
    /// Reads the program's arguments. They come from our own script, so a wrong one is a panic.
    pub fn from_arguments() -> Work {
        let given: HashMap<String, String> = std::env::args()
            .skip(1)
            .map(|argument| {
                let (key, value) = argument.split_once('=').expect("arguments are key=value");
                (key.to_owned(), value.to_owned())
            })
            .collect();
        let text = |key: &str| given.get(key).unwrap_or_else(|| panic!("no {key} was given")).as_str();
        let number = |key: &str| text(key).parse::<f64>().unwrap_or_else(|_| panic!("{key} is no number"));
        Work {
            name: text("name").to_owned(),
            precision: text("precision").to_owned(),
            rows: number("rows") as usize,
            sizes: text("sizes").split('-').map(|size| size.parse().expect("sizes are numbers")).collect(),
            hidden: match text("hidden") {
                "relu" => Hidden::Relu,
                "sigmoid" => Hidden::Sigmoid,
                other => panic!("hidden={other}"),
            },
            output: match text("output") {
                "linear" => Output::Linear,
                "sigmoid" => Output::Sigmoid,
                "hundred_sigmoid" => Output::HundredSigmoid,
                other => panic!("output={other}"),
            },
            loss: match text("loss") {
                "sum_of_squares" => Loss::SumOfSquares,
                "mean_squared_error" => Loss::MeanSquaredError,
                "half_squares" => Loss::HalfSquares,
                "softmax_cross_entropy" => Loss::SoftmaxCrossEntropy,
                "binary_cross_entropy" => Loss::BinaryCrossEntropy,
                other => panic!("loss={other}"),
            },
            optimizer: match text("optimizer") {
                "gradient_descent" => Optimizer::GradientDescent,
                "momentum" => Optimizer::Momentum,
                "adam" => Optimizer::Adam,
                other => panic!("optimizer={other}"),
            },
            learning_rate: number("learning_rate"),
            l2: number("l2"),
            batch_size: number("batch_size") as usize,
            unit: text("unit").to_owned(),
            threads: number("threads") as usize,
            seconds: number("seconds"),
            weight_std: number("weight_std"),
            bias_std: number("bias_std"),
            steps: number("steps") as usize,
            data: text("data").to_owned(),
            folder: PathBuf::from(text("folder")),
        }
    }

    /// Is only the forward pass timed?
    pub fn predicts(&self) -> bool {
        self.unit == "row" || self.unit == "1024 rows"
    }

    /// Does each step see all rows?
    pub fn full_batch(&self) -> bool {
        self.batch_size == 0
    }

    pub fn in_features(&self) -> usize {
        self.sizes[0]
    }

    pub fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// How many steps one timed sample has.
    pub fn sample_steps(&self) -> usize {
        if self.full_batch() {
            return self.steps;
        }
        let batches = self.rows.div_ceil(self.batch_size);
        if self.unit == "epoch" { batches } else { self.steps.min(batches) }
    }

    /// How many units so many steps are.
    pub fn units_in(&self, steps: usize) -> f64 {
        match self.unit.as_str() {
            "10 steps" => steps as f64 / 10.0,
            "epoch" => steps as f64 / self.sample_steps() as f64,
            _ => steps as f64,
        }
    }

    /// The rows of the batches of one sample, in a new order.
    pub fn batches(&self, random: &mut Random) -> Vec<Vec<u32>> {
        let order = random.permutation(self.rows);
        order.chunks(self.batch_size).take(self.sample_steps()).map(<[u32]>::to_vec).collect()
    }

    /// x, row-major [rows, in_features].
    pub fn x(&self) -> Vec<f32> {
        self.read("x")
    }

    /// Are the targets class ids?
    pub fn has_classes(&self) -> bool {
        self.loss == Loss::SoftmaxCrossEntropy
    }

    /// Class ids [rows], or values [rows, outputs].
    pub fn targets(&self) -> Vec<f32> {
        let values = self.data == "fashion" && !self.has_classes();
        if values { self.read_file("fashion-values.targets") } else { self.read("targets") }
    }

    /// The parameters at the start.
    pub fn start(&self) -> Vec<Start> {
        let mut random = Random::new();
        self.sizes
            .windows(2)
            .map(|pair| {
                let he = (2.0 / pair[0] as f64).sqrt();
                let std = if self.weight_std == 0.0 { he } else { self.weight_std };
                Start {
                    in_features: pair[0],
                    out_features: pair[1],
                    weight: random.normal(pair[0] * pair[1], std),
                    bias: random.normal(pair[1], self.bias_std),
                }
            })
            .collect()
    }

    fn read(&self, extension: &str) -> Vec<f32> {
        self.read_file(&format!("{}.{extension}", self.data))
    }

    fn read_file(&self, name: &str) -> Vec<f32> {
        let path = self.folder.join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
    }
}
