//! A network given by its sizes alone, trained by mini-batches: `[8, 6, 4]`, sigmoids everywhere, the quadratic cost.
//!
//! A tutorial's `Network(sizes)`: weights and biases from the standard normal distribution, all weights first; in each
//! epoch mini-batches of 10 in order (the last one has 4 rows and is divided by 4); a learning rate of 3. Handwritten
//! digits by the same network are the built-in experiment `mnist`.

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::random::numpy::NumpyRandom;
use thalweg::train::{Part, Parts};
use thalweg::{Loss, Network, Optimizer, Result, Shape, Trainer};

/// The layers' sizes, the inputs first.
pub(crate) const SIZES: [usize; 3] = [8, 6, 4];

/// The data and the start, drawn from NumPy's stream after `np.random.seed(0)`.
pub(crate) fn start() -> Result<(Network<f64>, Dataset)> {
    let mut random = NumpyRandom::new(0);
    let x = (0..64 * SIZES[0]).map(|_| random.random()).collect();
    let ids = (0..64).map(|_| random.randint(0, 4) as u32).collect();
    let targets = DatasetTargets::Classes { ids, count: 4 };
    let data = Dataset::new(Features::F64(x), Shape::from(SIZES[0]), targets)?;

    let mut network = network_of(&SIZES)?;
    for (k, pair) in SIZES.windows(2).enumerate() {
        // The script draws [out, in]; our weights are [in, out].
        let (inputs, outputs) = (pair[0], pair[1]);
        let mut w = vec![0.0; inputs * outputs];
        for j in 0..outputs {
            for i in 0..inputs {
                w[i * outputs + j] = random.randn();
            }
        }
        network.set_parameter(&format!("{}.weight", 2 * k), &w)?;
    }
    for (k, pair) in SIZES.windows(2).enumerate() {
        let b: Vec<f64> = (0..pair[1]).map(|_| random.randn()).collect();
        network.set_parameter(&format!("{}.bias", 2 * k), &b)?;
    }
    Ok((network, data))
}

/// A dense layer and a sigmoid for every size after the first.
fn network_of(sizes: &[usize]) -> Result<Network<f64>> {
    let layers =
        sizes[1..].iter().fold(Network::builder(sizes[0]), |layers, &size| layers.dense(size).sigmoid());
    layers.build(0)
}

/// The training of the tutorial, without an end.
pub(crate) fn trainer<'a>() -> Trainer<'a> {
    Trainer::new()
        .shuffle(false)
        .loss(Loss::HalfSquares)
        .optimizer(Optimizer::Sgd)
        .learning_rate(3.0)
        .batch_size(10)
}

/// The cost, and how many rows are right, before training and after each of 30 epochs; and the network at the end.
pub(crate) fn costs() -> Result<(Vec<f64>, Vec<u64>, Network<f64>)> {
    let (mut network, data) = start()?;
    let before = network.evaluate(&Loss::HalfSquares, &data, Part::Test)?;
    let (mut cost, mut correct) = (vec![before.loss], vec![before.metrics.correct.unwrap_or(0)]);
    // The same rows as the test part: after each epoch they are run through the network once more.
    let parts = Parts { train: &data, validation: None, test: Some(&data) };
    let outcome = trainer().epochs(30).fit_parts(&mut network, parts)?;
    for report in outcome.history.reports {
        if let Some(test) = report.part(Part::Test) {
            cost.push(test.loss);
            correct.push(test.metrics.correct.unwrap_or(0));
        }
    }
    Ok((cost, correct, network))
}

fn main() -> Result<()> {
    run()
}

pub(crate) fn run() -> Result<()> {
    let (cost, correct, _) = costs()?;
    for (epoch, (cost, correct)) in cost.iter().zip(&correct).enumerate().step_by(5) {
        println!("Epoch {epoch:>2}: {correct} / 64   cost {cost:.6}");
    }
    Ok(())
}
