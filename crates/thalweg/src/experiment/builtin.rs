//! The experiments that come with the program, embedded as TOML.

/// An experiment that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What it is called: `thalweg train NAME`.
    pub name: &'static str,
    /// What it trains, in one line.
    pub description: &'static str,
    /// Where its data comes from, in a few words.
    pub data: &'static str,
    /// Its experiment file.
    pub text: &'static str,
}

/// All built-in experiments, the one to begin with first.
pub const BUILTIN: &[Builtin] = &[
    Builtin {
        name: "digits",
        description: "8x8 handwritten digits, a small ReLU network: the one to begin with",
        data: "embedded",
        text: include_str!("../../experiments/digits.toml"),
    },
    Builtin {
        name: "digits-conv",
        description: "the same digits by two convolutions and a pool",
        data: "embedded",
        text: include_str!("../../experiments/digits-conv.toml"),
    },
    Builtin {
        name: "iris",
        description: "three kinds of iris from four lengths",
        data: "embedded",
        text: include_str!("../../experiments/iris.toml"),
    },
    Builtin {
        name: "curve",
        description: "a 1-5-1 network goes through the points of an exponential",
        data: "made by a formula",
        text: include_str!("../../experiments/curve.toml"),
    },
    Builtin {
        name: "regression",
        description: "27-9-3 with ReLU and the sum of squares, 2000 steps of gradient descent",
        data: "made by a formula",
        text: include_str!("../../experiments/regression.toml"),
    },
    Builtin {
        name: "spiral-linear",
        description: "three spiral arms by a linear softmax classifier: half right",
        data: "made by a formula",
        text: include_str!("../../experiments/spiral-linear.toml"),
    },
    Builtin {
        name: "spiral",
        description: "the same arms with a hidden ReLU layer of 100",
        data: "made by a formula",
        text: include_str!("../../experiments/spiral.toml"),
    },
    Builtin {
        name: "mnist",
        description: "784-30-10 with sigmoids and the quadratic cost, mini-batches of 10",
        data: "mnist: `thalweg data fetch mnist`",
        text: include_str!("../../experiments/mnist.toml"),
    },
    Builtin {
        name: "mnist-relu",
        description: "784-256-10 with ReLU, dropout, cross-entropy and Adam",
        data: "mnist: `thalweg data fetch mnist`",
        text: include_str!("../../experiments/mnist-relu.toml"),
    },
    Builtin {
        name: "mnist-conv",
        description: "a net like LeNet-5: two convolutions with pools, then 120-84-10",
        data: "mnist: `thalweg data fetch mnist`",
        text: include_str!("../../experiments/mnist-conv.toml"),
    },
    Builtin {
        name: "fashion-conv",
        description: "clothing by two convolutions of 3x3 with pools, and dropout",
        data: "fashion-mnist: `thalweg data fetch fashion-mnist`",
        text: include_str!("../../experiments/fashion-conv.toml"),
    },
    Builtin {
        name: "cats",
        description: "cat or no cat by logistic regression on 64x64 images, from zeros",
        data: "cats: train_catvnoncat.h5 and test_catvnoncat.h5, which have no licence and are not offered",
        text: include_str!("../../experiments/cats.toml"),
    },
    Builtin {
        name: "cats-published-start",
        description: "the same from the published script's random start, whose first cost it prints as nan",
        data: "cats: train_catvnoncat.h5 and test_catvnoncat.h5, which have no licence and are not offered",
        text: include_str!("../../experiments/cats-published-start.toml"),
    },
    Builtin {
        name: "cats-conv",
        description: "cat or no cat by three convolutions, with augmentation",
        data: "cats: train_catvnoncat.h5 and test_catvnoncat.h5, which have no licence and are not offered",
        text: include_str!("../../experiments/cats-conv.toml"),
    },
];

/// A built-in experiment by its name.
pub fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTIN.iter().find(|builtin| builtin.name == name)
}
