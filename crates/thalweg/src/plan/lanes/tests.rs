//! The plan against the plain plan, bit by bit, over random nets.

use super::*;
use crate::activations::Activation;
use crate::data::{DatasetTargets, Features, FittedScale, Scaling, TargetScale};
use crate::layers::{Dense, Layer, Scale};
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::plan::Plan;
use crate::shape::Shape;

/// Numbers out of a seed, for shapes and values.
struct Draws(u64);

impl Draws {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// From -1 to 1.
    fn value(&mut self) -> f64 {
        self.bits() as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn values(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.value()).collect()
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A net, its data and rules.
struct Case<R: Real> {
    network: Network<R>,
    data: Dataset,
    rules: Rules,
    rates: Vec<f64>,
}

fn plain_rules(loss: Loss, optimizer: Optimizer) -> Rules {
    Rules { optimizer, ..Rules::forward_only(loss) }
}

fn network<R: Real>(draws: &mut Draws, inputs: usize, layers: Vec<Layer>) -> Network<R> {
    let mut network = Network::new(Shape::from(inputs), layers).unwrap();
    for value in network.parameters_mut() {
        *value = R::from_f64(draws.value() * 0.7);
    }
    network
}

fn data(draws: &mut Draws, rows: usize, inputs: usize, targets: DatasetTargets) -> Dataset {
    Dataset::new(Features::F64(draws.values(rows * inputs)), Shape::from(inputs), targets).unwrap()
}

fn classes(draws: &mut Draws, rows: usize, count: usize) -> DatasetTargets {
    DatasetTargets::Classes { ids: (0..rows).map(|_| draws.below(count) as u32).collect(), count }
}

fn any_activation(draws: &mut Draws) -> Activation {
    let names: Vec<&str> = Activation::NAMES.into_iter().filter(|name| *name != "softmax").collect();
    Activation::from_name(draws.one_of(&names)).unwrap()
}

fn any_optimizer(draws: &mut Draws) -> Optimizer {
    if draws.below(6) == 0 {
        return Optimizer::Momentum { momentum: 0.8, nesterov: true };
    }
    Optimizer::from_name(draws.one_of(&Optimizer::ELEMENTWISE_NAMES)).unwrap()
}

fn any_case<R: Real>(seed: u64) -> Case<R> {
    let mut draws = Draws(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let draws = &mut draws;
    draws.bits();
    let rows = draws.one_of(&[1, 2, 15, 16, 31, 33, 63, 64, 65, 100, 130, 197]);
    let inputs = 1 + draws.below(40);
    let depth = 1 + draws.below(4);
    let outputs = if inputs < 41 && draws.below(3) == 0 { 1 } else { 1 + draws.below(12) };
    let mut layers = Vec::new();
    if draws.below(4) == 0 {
        layers.push(draws.one_of(&[Layer::Flatten, Scale { factor: -0.5 }.into(), Activation::Tanh.into()]));
    }
    for i in 0..depth {
        let most = draws.one_of(&[4, 9, if rows > 100 { 15 } else { 40 }]);
        let width = if i + 1 == depth { outputs } else { 1 + draws.below(most) };
        layers.push(Dense::new(width).into());
        if i + 1 < depth || draws.below(3) == 0 {
            layers.push(any_activation(draws).into());
        }
        if draws.below(5) == 0 {
            layers.push(Scale { factor: 1.0 + draws.value() }.into());
        }
    }
    let loss = Loss::from_name(draws.one_of(&Loss::NAMES)).unwrap();
    let targets = match loss {
        Loss::SoftmaxCrossEntropy if outputs > 1 && draws.below(3) > 0 => classes(draws, rows, outputs),
        Loss::BinaryCrossEntropy if outputs == 1 => classes(draws, rows, 2),
        Loss::BinaryCrossEntropy | Loss::SoftmaxCrossEntropy | Loss::Poisson => DatasetTargets::Values {
            values: draws.values(rows * outputs).iter().map(|value| value.abs() * 0.5).collect(),
            outputs,
        },
        _ if outputs > 2 && draws.below(3) == 0 => classes(draws, rows, outputs),
        _ => DatasetTargets::Values { values: draws.values(rows * outputs), outputs },
    };
    let mut set = data(draws, rows, inputs, targets);
    if draws.below(4) == 0 {
        let shift = draws.values(inputs);
        set = set.with_scale(FittedScale::Columns { shift, width: vec![0.7; inputs] });
    }
    if let DatasetTargets::Values { values, outputs } = set.targets().clone()
        && draws.below(3) == 0
        && !loss.from_log_rates()
    {
        let all: Vec<u32> = (0..rows as u32).collect();
        set = set.with_target_scale(TargetScale::fit(Scaling::Standard, &values, outputs, &all));
    }
    let mut rules = plain_rules(loss, any_optimizer(draws));
    if draws.below(3) == 0 {
        rules.l2 = 0.03;
    }
    if draws.below(4) == 0 {
        rules.l1 = 0.01;
    }
    if draws.below(3) == 0 {
        rules.weight_decay = 0.1;
    }
    if draws.below(5) == 0 {
        rules.clip_norm = Some(0.3);
    }
    let network = network(draws, inputs, layers);
    let count = network.layers().len();
    if draws.below(6) == 0 {
        rules.frozen = vec![draws.below(count)];
    }
    let mut rates = vec![0.05; count];
    if draws.below(6) == 0 {
        rates[draws.below(count)] = 0.01;
    }
    Case { network, data: set, rules, rates }
}

fn same<R: Real>(a: &[R], b: &[R]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.bits() == b.bits())
}

/// Steps both plans and compares parameters, state and outputs after each step.
fn compare<R: Real>(case: &Case<R>, steps: u64, name: &str) {
    let Case { network, data, rules, rates } = case;
    let rows: Vec<u32> = (0..data.rows() as u32).collect();
    let batch = Rows { data, rows: &rows, epoch: 0 };
    let mut plain = Plan::new(network, rules.clone(), data, data.rows()).unwrap();
    let mut lanes = LanePlan::new(network, rules, data).unwrap_or_else(|| panic!("{name}: a lane plan"));
    let mut parameters = vec![R::ZERO; plain.parameters().len()];
    let mut state = vec![R::ZERO; plain.optimizer_state().len()];
    plain.gather(batch);
    for step in 1..=steps {
        plain.forward(batch, true);
        if !plain.data_loss(rows.len()).is_finite() {
            return;
        }
        lanes.forward(batch);
        assert!(same(plain.outputs(rows.len()), lanes.outputs(rows.len())), "{name}: outputs of step {step}");
        assert_eq!(lanes.row_losses(rows.len()).is_none(), !data.target_scale().is_none(), "{name}");
        if let Some(losses) = lanes.row_losses(rows.len()) {
            let (width, targets) = (network.output_shape().len(), plain.targets(data, rows.len()));
            let row = plain.outputs(rows.len()).chunks_exact(width).enumerate();
            let expected: Vec<R> = row.map(|(n, z)| rules.loss.row_value(z, targets.row(n, width))).collect();
            assert!(same(&expected, losses), "{name}: losses of step {step}");
        }
        let rates = Rates { step, learning_rates: rates.clone() };
        plain.backward(batch);
        plain.update(&rates);
        assert!(lanes.step(batch, &rates), "{name}: step {step} is made");
        lanes.read_parameters(&mut parameters);
        lanes.read_state(&mut state);
        assert!(same(plain.parameters(), &parameters), "{name}: parameters after step {step}");
        assert!(same(plain.optimizer_state(), &state), "{name}: state after step {step}");
    }
}

#[test]
fn random_nets_equal_the_plain_plan() {
    for seed in 0..60 {
        compare::<f32>(&any_case(seed), 4, &format!("f32, case {seed}"));
        compare::<f64>(&any_case(seed + 1000), 4, &format!("f64, case {seed}"));
    }
}

/// 30 rows of one number through five sigmoids; the target is up to 100.
fn curve<R: Real>() -> Case<R> {
    let draws = &mut Draws(5);
    let layers = vec![
        Dense::new(5).into(),
        Activation::Sigmoid.into(),
        Dense::new(1).into(),
        Activation::Sigmoid.into(),
        Scale { factor: 100.0 }.into(),
    ];
    let targets = draws.values(30).iter().map(|value| value * 50.0).collect();
    let data = data(draws, 30, 1, DatasetTargets::Values { values: targets, outputs: 1 });
    let network = network(draws, 1, layers);
    Case { network, data, rules: plain_rules(Loss::MeanSquaredError, Optimizer::Sgd), rates: vec![1e-3; 5] }
}

/// 100 rows of 27 numbers through nine rectified units to three.
fn regression<R: Real>() -> Case<R> {
    let draws = &mut Draws(6);
    let layers =
        vec![Dense::new(9).into(), Activation::Relu.into(), Dense::new(3).into(), Activation::Relu.into()];
    let values = draws.values(300).iter().map(|value| value.abs()).collect();
    let data = data(draws, 100, 27, DatasetTargets::Values { values, outputs: 3 });
    let network = network(draws, 27, layers);
    Case { network, data, rules: plain_rules(Loss::SumOfSquares, Optimizer::Sgd), rates: vec![1e-4; 4] }
}

/// 300 rows of two numbers in three classes, with a hidden layer or none.
fn spiral<R: Real>(hidden: usize) -> Case<R> {
    let draws = &mut Draws(7);
    let mut layers = vec![];
    if hidden > 0 {
        layers.push(Dense::new(hidden).into());
        layers.push(Activation::Relu.into());
    }
    layers.push(Dense::new(3).into());
    let targets = classes(draws, 300, 3);
    let data = data(draws, 300, 2, targets);
    let network: Network<R> = network(draws, 2, layers);
    let rates = vec![1.0; network.layers().len()];
    let rules = Rules { l2: 1e-3, ..plain_rules(Loss::SoftmaxCrossEntropy, Optimizer::Sgd) };
    Case { network, data, rules, rates }
}

#[test]
fn the_textbook_nets_equal_the_plain_plan() {
    compare::<f32>(&curve(), 12, "curve");
    compare::<f32>(&regression(), 12, "regression");
    compare::<f64>(&spiral(0), 12, "linear spiral");
    compare::<f64>(&spiral(30), 6, "spiral");
    compare::<f32>(&spiral(60), 6, "spiral");
}

#[test]
fn state_goes_in_as_it_came_out() {
    let mut case = any_case::<f32>(3);
    case.rules.optimizer = Optimizer::from_name("adam").unwrap();
    let mut plan = LanePlan::new(&case.network, &case.rules, &case.data).unwrap();
    let count = case.network.parameter_count();
    let parameters: Vec<f32> = (0..count).map(|i| i as f32).collect();
    let state: Vec<f32> = (0..2 * count).map(|i| -(i as f32)).collect();
    plan.set_parameters(&parameters);
    plan.set_state(&state);
    let (mut parameters_out, mut state_out) = (vec![0.0; count], vec![0.0; 2 * count]);
    plan.read_parameters(&mut parameters_out);
    plan.read_state(&mut state_out);
    assert_eq!(parameters, parameters_out);
    assert_eq!(state, state_out);
}

#[test]
fn a_loss_that_may_not_be_finite_changes_nothing() {
    for wrong in [f32::NAN, f32::INFINITY, 1e30] {
        let mut case = regression::<f32>();
        case.network.parameters_mut()[27 * 9 + 9 + 1] = wrong;
        // The second layer's rectifier must not hide it.
        case.network.parameters_mut()[27 * 9 + 9 + 27 + 1] = f32::MAX.min(wrong.abs());
        let mut plan = LanePlan::new(&case.network, &case.rules, &case.data).unwrap();
        let rows: Vec<u32> = (0..100).collect();
        let batch = Rows { data: &case.data, rows: &rows, epoch: 0 };
        let rates = Rates { step: 1, learning_rates: case.rates.clone() };
        assert!(!plan.step(batch, &rates), "{wrong}");
        let mut parameters = vec![0.0; case.network.parameter_count()];
        plan.read_parameters(&mut parameters);
        assert!(same(case.network.parameters(), &parameters));
    }
}

/// The squares of such outputs are small, and the rate of one of them is beyond every number.
#[test]
fn a_rate_that_may_not_be_finite_changes_nothing() {
    let mut case = regression::<f32>();
    case.rules.loss = Loss::Poisson;
    let mut plan = LanePlan::new(&case.network, &case.rules, &case.data).unwrap();
    let rows: Vec<u32> = (0..100).collect();
    let batch = Rows { data: &case.data, rows: &rows, epoch: 0 };
    let rates = Rates { step: 1, learning_rates: case.rates.clone() };
    assert!(plan.step(batch, &rates));
    // The last bias lifts one output.
    *case.network.parameters_mut().last_mut().unwrap() = 100.0;
    plan.set_parameters(case.network.parameters());
    assert!(!plan.step(batch, &rates));
    let mut parameters = vec![0.0; case.network.parameter_count()];
    plan.read_parameters(&mut parameters);
    assert!(same(case.network.parameters(), &parameters));
}

#[test]
fn other_nets_are_left_to_other_plans() {
    let draws = &mut Draws(9);
    let mut refuses = |layers: Vec<Layer>, change: fn(&mut Rules)| {
        let network = network::<f32>(draws, 70, layers);
        let values = draws.values(20);
        let data = data(draws, 20, 70, DatasetTargets::Values { values, outputs: 1 });
        let mut rules = plain_rules(Loss::MeanSquaredError, Optimizer::Sgd);
        change(&mut rules);
        LanePlan::new(&network, &rules, &data).is_none()
    };
    let net = || vec![Dense::new(3).into(), Dense::new(1).into()];
    assert!(!refuses(net(), |_| {}));
    assert!(refuses(net(), |rules| rules.shards = 2));
    assert!(refuses(vec![Dense::new(1).into()], |_| {}), "one output of many inputs");
    assert!(refuses(vec![Dense::new(300).into(), Dense::new(1).into()], |_| {}), "too wide");
    let softmax = vec![Dense::new(3).into(), Activation::Softmax.into(), Dense::new(1).into()];
    assert!(refuses(softmax, |_| {}));
}
