//! The plan against the plain plan, bit by bit.

use super::*;
use crate::activations::Activation;
use crate::data::{Features, FittedScale, Scaling, TargetScale};
use crate::kernels::narrow_hidden::MOST;
use crate::layers::{Dense, Layer, Scale};
use crate::optimizers::Optimizer;
use crate::plan::Plan;
use crate::shape::Shape;

/// Numbers out of a seed, for sizes and values.
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

fn network<R: Real>(draws: &mut Draws, inputs: usize, layers: Vec<Layer>) -> Network<R> {
    let mut network = Network::new(Shape::from(inputs), layers).unwrap();
    // Outputs stay small, for losses that are exponentials of them.
    let largest = 0.7 * (4.0 / inputs as f64).min(1.0);
    for value in network.parameters_mut() {
        *value = R::from_f64(draws.value() * largest);
    }
    network
}

fn net(hidden: usize, outputs: usize) -> Vec<Layer> {
    vec![Dense::new(hidden).into(), Activation::Relu.into(), Dense::new(outputs).into()]
}

fn data(draws: &mut Draws, rows: usize, inputs: usize, targets: DatasetTargets) -> Dataset {
    Dataset::new(Features::F64(draws.values(rows * inputs)), Shape::from(inputs), targets).unwrap()
}

fn classes(draws: &mut Draws, rows: usize, count: usize) -> DatasetTargets {
    DatasetTargets::Classes { ids: (0..rows).map(|_| draws.below(count) as u32).collect(), count }
}

/// A case of these sizes; loss, rule and all else vary with the seed.
fn case<R: Real>(seed: u64, rows: usize, sizes: Sizes) -> Case<R> {
    let Sizes { inputs, hidden, outputs } = sizes;
    let draws = &mut Draws(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    draws.bits();
    let loss = Loss::from_name(Loss::NAMES[seed as usize % Loss::NAMES.len()]).unwrap();
    let targets = match loss {
        Loss::SoftmaxCrossEntropy if draws.below(3) > 0 => classes(draws, rows, outputs),
        Loss::Hinge | Loss::SquaredHinge => classes(draws, rows, outputs),
        Loss::BinaryCrossEntropy | Loss::SoftmaxCrossEntropy | Loss::Poisson => DatasetTargets::Values {
            values: draws.values(rows * outputs).iter().map(|value| value.abs() * 0.5).collect(),
            outputs,
        },
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
    let optimizer = match draws.below(6) {
        0 => Optimizer::Momentum { momentum: 0.8, nesterov: true },
        _ => Optimizer::from_name(draws.one_of(&Optimizer::ELEMENTWISE_NAMES)).unwrap(),
    };
    let mut rules = Rules { optimizer, ..Rules::forward_only(loss) };
    rules.l2 = draws.one_of(&[0.0, 0.0, 0.03]);
    rules.l1 = draws.one_of(&[0.0, 0.0, 0.0, 0.01]);
    rules.weight_decay = draws.one_of(&[0.0, 0.0, 0.1]);
    let mut layers = net(hidden, outputs);
    if draws.below(4) == 0 {
        layers.insert(0, Layer::Flatten);
    }
    let network = network(draws, inputs, layers);
    let count = network.layers().len();
    let mut rates = vec![0.05; count];
    match draws.below(6) {
        0 => rules.frozen = vec![count - 1 - 2 * draws.below(2)],
        1 => rates[count - 1] = 0.01,
        _ => {}
    }
    Case { network, data: set, rules, rates }
}

fn same<R: Real>(a: &[R], b: &[R]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.bits() == b.bits())
}

/// Steps both plans and compares parameters, state and outputs after each step.
fn compare<R: Real>(case: &Case<R>, threads: usize, steps: u64, name: &str) {
    let Case { network, data, rules, rates } = case;
    let rows: Vec<u32> = (0..data.rows() as u32).collect();
    let batch = Rows { data, rows: &rows, epoch: 0 };
    let mut plain = Plan::new(network, rules.clone(), data, data.rows()).unwrap();
    let mut plan = NarrowHiddenPlan::with_threads(network, rules, data, threads, Pace::always_together())
        .unwrap_or_else(|| panic!("{name}: a plan"));
    let mut parameters = vec![R::ZERO; plain.parameters().len()];
    let mut state = vec![R::ZERO; plain.optimizer_state().len()];
    plain.gather(batch);
    for step in 1..=steps {
        plain.forward(batch, true);
        assert!(plain.data_loss(rows.len()).is_finite(), "{name}: the loss of step {step}");
        plan.forward(batch);
        assert!(same(plain.outputs(rows.len()), plan.outputs(rows.len())), "{name}: outputs of step {step}");
        assert_eq!(plan.row_losses(rows.len()).is_none(), !data.target_scale().is_none(), "{name}");
        if let Some(losses) = plan.row_losses(rows.len()) {
            let (width, targets) = (network.output_shape().len(), plain.targets(data, rows.len()));
            let row = plain.outputs(rows.len()).chunks_exact(width).enumerate();
            let expected: Vec<R> = row.map(|(n, z)| rules.loss.row_value(z, targets.row(n, width))).collect();
            assert!(same(&expected, losses), "{name}: losses of step {step}");
        }
        let rates = Rates { step, learning_rates: rates.clone() };
        plain.backward(batch);
        plain.update(&rates);
        assert!(plan.step(batch, &rates), "{name}: step {step} is made");
        plan.read_parameters(&mut parameters);
        plan.read_state(&mut state);
        assert!(same(plain.parameters(), &parameters), "{name}: parameters after step {step}");
        assert!(same(plain.optimizer_state(), &state), "{name}: state after step {step}");
    }
}

/// The same in both precisions, each with a case of its own.
fn compare_both(seed: u64, rows: usize, sizes: Sizes, threads: usize) {
    let name = format!("case {seed}: {rows} rows, {sizes:?}, {threads} threads");
    compare::<f32>(&case(seed, rows, sizes), threads, 3, &format!("f32, {name}"));
    compare::<f64>(&case(seed + 1000, rows, sizes), threads, 3, &format!("f64, {name}"));
}

#[test]
fn nets_of_all_sizes_equal_the_plain_plan() {
    let mut seed = 0;
    for inputs in 1..=MOST {
        for outputs in 2..=MOST {
            for hidden in [16, 33, 100] {
                for rows in [1, 7, 64, 300] {
                    let sizes = Sizes { inputs, hidden, outputs };
                    let threads = [1, 2, 1, 3, 1, 8, 1][seed as usize % 7];
                    compare_both(seed, rows, sizes, threads);
                    seed += 1;
                }
            }
        }
    }
}

#[test]
fn nets_of_many_inputs_or_outputs_equal_the_plain_plan() {
    let draws = &mut Draws(3);
    let mut seed = 0;
    for inputs in 1..=layout::MOST_INPUTS {
        for _ in 0..4 {
            let fewest = if inputs > MOST { 2 } else { MOST + 1 };
            let outputs = fewest + draws.below(layout::MOST_OUTPUTS + 1 - fewest);
            let hidden = draws.one_of(&[16, 17, 33, 50, 100, 129]);
            let rows = draws.one_of(&[1, 2, 9, 33, 64, 150, 178, 300]);
            let sizes = Sizes { inputs, hidden, outputs };
            let threads = draws.one_of(&[1, 1, 2, 3, 8]);
            compare_both(seed, rows, sizes, threads);
            seed += 1;
        }
    }
}

#[test]
fn rows_of_several_pieces_equal_the_plain_plan() {
    for (seed, threads) in [(0, 1), (1, 2), (2, 3), (3, 2)] {
        // A thousand units of a panel of rows are a quarter of a piece.
        let (rows, hidden) = if seed < 3 { (32 * 13 + 5, 1000) } else { (4096, 150) };
        let sizes = Sizes { inputs: 6, hidden, outputs: 3 + 7 * (threads % 2) };
        assert!(rows * 128 / 16 * hidden > 3 * threads * layout::PIECE_BYTES / 2, "more than a piece");
        compare::<f32>(&case(seed, rows, sizes), threads, 2, &format!("f32, {rows} rows, {threads} threads"));
        compare::<f64>(&case(seed, rows, sizes), threads, 2, &format!("f64, {rows} rows, {threads} threads"));
    }
}

/// 300 rows of two numbers in three classes.
fn spiral<R: Real>() -> Case<R> {
    let draws = &mut Draws(7);
    let targets = classes(draws, 300, 3);
    let data = data(draws, 300, 2, targets);
    let network: Network<R> = network(draws, 2, net(100, 3));
    let rules = Rules { l2: 1e-3, ..Rules::forward_only(Loss::SoftmaxCrossEntropy) };
    Case { network, data, rules, rates: vec![1.0; 3] }
}

#[test]
fn the_spiral_equals_the_plain_plan_on_any_number_of_threads() {
    for threads in [1, 2, 3, 8] {
        compare::<f32>(&spiral(), threads, 12, "f32");
        compare::<f64>(&spiral(), threads, 12, "f64");
    }
}

#[test]
fn state_goes_in_as_it_came_out() {
    for threads in [1, 3] {
        let mut case = spiral::<f32>();
        case.rules.optimizer = Optimizer::from_name("adam").unwrap();
        let mut plan = NarrowHiddenPlan::with_threads(
            &case.network,
            &case.rules,
            &case.data,
            threads,
            Pace::always_together(),
        )
        .unwrap();
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
}

#[test]
fn a_loss_that_may_not_be_finite_changes_nothing() {
    for wrong in [f32::NAN, f32::INFINITY, 1e30] {
        for threads in [1, 2] {
            let mut case = spiral::<f32>();
            // A bias of a unit, and the weight from it.
            case.network.parameters_mut()[2 * 100 + 5] = wrong;
            case.network.parameters_mut()[2 * 100 + 100 + 5 * 3] = f32::MAX.min(wrong.abs());
            let mut plan = NarrowHiddenPlan::with_threads(
                &case.network,
                &case.rules,
                &case.data,
                threads,
                Pace::always_together(),
            )
            .unwrap();
            let rows: Vec<u32> = (0..300).collect();
            let batch = Rows { data: &case.data, rows: &rows, epoch: 0 };
            assert!(!plan.step(batch, &Rates { step: 1, learning_rates: case.rates.clone() }), "{wrong}");
            let mut parameters = vec![0.0; case.network.parameter_count()];
            plan.read_parameters(&mut parameters);
            assert!(same(case.network.parameters(), &parameters));
        }
    }
}

#[test]
fn a_piece_whose_loss_may_not_be_finite_changes_nothing() {
    let sizes = Sizes { inputs: 6, hidden: 1000, outputs: 3 };
    let rows = 600;
    for threads in [1, 2] {
        let mut case = case::<f64>(1, rows, sizes);
        let first = layout::piece_panels(1000_usize.next_multiple_of(unit_width::<f64>()), threads);
        assert!(first * panel_width::<f64>() < rows, "more than a piece");
        // The last row alone is too large.
        let mut x = Draws(5).values(rows * 6);
        x[(rows - 1) * 6..].fill(1e300);
        case.data = Dataset::new(Features::F64(x), Shape::from(6), case.data.targets().clone()).unwrap();
        let mut plan = NarrowHiddenPlan::with_threads(
            &case.network,
            &case.rules,
            &case.data,
            threads,
            Pace::always_together(),
        )
        .unwrap();
        let all: Vec<u32> = (0..rows as u32).collect();
        let batch = Rows { data: &case.data, rows: &all, epoch: 0 };
        for step in 1..3 {
            assert!(!plan.step(batch, &Rates { step, learning_rates: case.rates.clone() }));
            let mut parameters = vec![0.0; case.network.parameter_count()];
            plan.read_parameters(&mut parameters);
            assert!(same(case.network.parameters(), &parameters));
        }
    }
}

#[test]
fn other_nets_are_left_to_other_plans() {
    let takes = |inputs: usize, layers: Vec<Layer>, change: fn(&mut Rules)| {
        let draws = &mut Draws(9);
        let network = network::<f32>(draws, inputs, layers);
        let outputs = network.output_shape().len();
        let targets = DatasetTargets::Values { values: draws.values(20 * outputs), outputs };
        let data = data(draws, 20, inputs, targets);
        let mut rules = Rules::forward_only(Loss::MeanSquaredError);
        change(&mut rules);
        NarrowHiddenPlan::new(&network, &rules, &data, 1).is_some()
    };
    assert!(takes(2, net(100, 3), |_| {}));
    assert!(takes(layout::MOST_INPUTS, net(100, layout::MOST_OUTPUTS), |_| {}));
    assert!(!takes(layout::MOST_INPUTS + 1, net(100, 3), |_| {}), "many inputs");
    assert!(!takes(2, net(100, layout::MOST_OUTPUTS + 1), |_| {}), "many outputs");
    assert!(!takes(2, net(100, 1), |_| {}), "one output");
    assert!(!takes(2, net(15, 3), |_| {}), "few units");
    assert!(!takes(2, net(100, 3), |rules| rules.shards = 2));
    assert!(!takes(2, net(100, 3), |rules| rules.clip_norm = Some(1.0)));
    let mut scaled = net(100, 3);
    scaled.push(Scale { factor: 2.0 }.into());
    assert!(!takes(2, scaled, |_| {}));
    let mut tanh = net(100, 3);
    tanh[1] = Activation::Tanh.into();
    assert!(!takes(2, tanh, |_| {}));
}
