//! The plan against the plain plan: every bit of outputs, parameters and state, after every step.

use super::*;
use crate::data::{Features, FittedScale, Scaling, TargetScale};
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::plan::Plan;
use crate::shape::Shape;

/// Numbers that round differently in different orders, between -1 and 1.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Bytes,
    F32,
    F64,
}

fn features(kind: Kind, count: usize) -> Features {
    let values = noise(count, 1).into_iter();
    match kind {
        Kind::Bytes => Features::U8(values.map(|x| (x * 128.0 + 128.0) as u8).collect()),
        Kind::F32 => Features::F32(values.map(|x| x as f32).collect()),
        Kind::F64 => Features::F64(values.collect()),
    }
}

fn classes(kind: Kind, rows: usize, columns: usize) -> Dataset {
    let ids = noise(rows, 2).into_iter().map(|t| u32::from(t > 0.0)).collect();
    let targets = DatasetTargets::Classes { ids, count: 2 };
    let data = Dataset::new(features(kind, rows * columns), Shape::from([columns]), targets).unwrap();
    match kind {
        Kind::Bytes => data.with_scale(FittedScale::Divide { divisor: 255.0 }),
        _ => data,
    }
}

fn numbers(kind: Kind, rows: usize, columns: usize) -> Dataset {
    let values: Vec<f64> = noise(rows, 3).into_iter().map(|t| 5.0 + 3.0 * t).collect();
    let targets = DatasetTargets::Values { values, outputs: 1 };
    Dataset::new(features(kind, rows * columns), Shape::from([columns]), targets).unwrap()
}

fn rules(loss: Loss, optimizer: Optimizer) -> Rules {
    Rules { optimizer, ..Rules::forward_only(loss) }
}

fn network<R: Real>(columns: usize, after: Vec<Layer>) -> Network<R> {
    let mut layers = vec![Layer::Flatten, Layer::Dense(crate::layers::Dense::new(1))];
    layers.extend(after);
    let mut network = Network::new([columns], layers).unwrap();
    for (w, value) in network.parameters_mut().iter_mut().zip(noise(columns + 1, 4)) {
        *w = R::from_f64(value * 0.05);
    }
    network
}

fn same<R: Real>(ours: &[R], plain: &[R], what: &str) {
    assert_eq!(ours.len(), plain.len());
    for (i, (a, b)) in ours.iter().zip(plain).enumerate() {
        assert_eq!(a.bits(), b.bits(), "{what}[{i}]: {a} is not {b}");
    }
}

/// Three steps of both plans; before the last, the fast one's parameters and state move to a plan for other threads.
fn agrees<R: Real>(data: &Dataset, after: Vec<Layer>, rules: &Rules, threads: usize) {
    let network = network::<R>(data.columns(), after);
    let mut plain = Plan::new(&network, rules.clone(), data, data.rows()).unwrap();
    let mut fast = OneOutputPlan::new(&network, rules, data, threads).expect("the plan fits");
    let rows: Vec<u32> = data_rows(data).collect();
    let batch = Rows { data, rows: &rows, epoch: 0 };
    plain.gather(batch);
    let mut parameters = vec![R::ZERO; plain.parameters().len()];
    let mut state = vec![R::ZERO; plain.optimizer_state().len()];
    for step in 1..=3 {
        let rates = Rates { step, learning_rates: vec![0.01; network.layers().len()] };
        plain.forward(batch, true);
        fast.forward(batch);
        same(fast.outputs(rows.len()), plain.outputs(rows.len()), "outputs");
        plain.backward(batch);
        plain.update(&rates);
        assert!(fast.step(batch, &rates), "the loss is finite");
        fast.read_parameters(&mut parameters);
        same(&parameters, plain.parameters(), "parameters");
        fast.read_state(&mut state);
        same(&state, plain.optimizer_state(), "state");
        if step == 2 {
            fast = OneOutputPlan::new(&network, rules, data, 5 - threads.min(4)).expect("the plan fits");
            fast.set_parameters(&parameters);
            fast.set_state(&state);
        }
    }
}

#[test]
fn every_size_and_type_agrees() {
    let rules = rules(Loss::BinaryCrossEntropy, Optimizer::Sgd);
    let sizes = [(1, 64), (3, 65), (5, 1000), (300, 230), (9, 6144), (7, 6145), (4, 12_288), (6, 20_000)];
    for (i, (rows, columns)) in sizes.into_iter().enumerate() {
        for kind in [Kind::Bytes, Kind::F32, Kind::F64] {
            let data = classes(kind, rows, columns);
            agrees::<f32>(&data, vec![], &rules, 1 + i % 3);
            agrees::<f64>(&data, vec![], &rules, 1 + (i + 1) % 3);
        }
    }
}

#[test]
fn every_number_of_threads_agrees() {
    let rules = rules(Loss::BinaryCrossEntropy, Optimizer::from_name("adam").unwrap());
    for (rows, columns) in [(33, 12_288), (37, 6_000), (21, 14_001), (2100, 64)] {
        let data = classes(Kind::Bytes, rows, columns);
        for threads in [1, 2, 3, 8] {
            agrees::<f32>(&data, vec![], &rules, threads);
        }
    }
}

#[test]
fn blocks_of_rows_are_added_in_order() {
    let rules = rules(Loss::HalfSquares, Optimizer::from_name("momentum").unwrap());
    for rows in [4096, 4097, 8300] {
        for threads in [1, 2] {
            agrees::<f32>(&numbers(Kind::F32, rows, 64), vec![], &rules, threads);
        }
    }
}

#[test]
fn every_loss_agrees() {
    for name in Loss::NAMES {
        let loss = Loss::from_name(name).unwrap();
        if name == "softmax_cross_entropy" {
            continue;
        }
        for after in [vec![], vec![Layer::from(Activation::Sigmoid)]] {
            let rules = rules(loss.clone(), Optimizer::Sgd);
            agrees::<f32>(&classes(Kind::F32, 70, 100), after.clone(), &rules, 1);
            agrees::<f64>(&numbers(Kind::F64, 70, 100), after, &rules, 1);
        }
    }
}

#[test]
fn every_activation_agrees() {
    for name in Activation::NAMES {
        let after = vec![
            Layer::Activation(Activation::from_name(name).unwrap()),
            Layer::Scale(crate::layers::Scale { factor: 3.0 }),
            Layer::Flatten,
        ];
        let rules = rules(Loss::MeanSquaredError, Optimizer::Sgd);
        agrees::<f32>(&numbers(Kind::F32, 37, 70), after, &rules, 1);
    }
}

#[test]
fn every_optimizer_agrees() {
    let mut optimizers: Vec<_> =
        Optimizer::ELEMENTWISE_NAMES.map(|name| Optimizer::from_name(name).unwrap()).into();
    optimizers.push(Optimizer::Momentum { momentum: 0.8, nesterov: true });
    for optimizer in optimizers {
        for (l2, l1, weight_decay) in [(0.0, 0.0, 0.0), (0.01, 0.0, 0.1), (0.0, 0.02, 0.0), (0.03, 0.01, 0.2)]
        {
            let rules = Rules { l2, l1, weight_decay, ..rules(Loss::BinaryCrossEntropy, optimizer.clone()) };
            agrees::<f32>(&classes(Kind::Bytes, 190, 700), vec![], &rules, 2);
            agrees::<f64>(&classes(Kind::F64, 30, 130), vec![], &rules, 1);
        }
    }
}

#[test]
fn scales_and_frozen_layers_agree() {
    let all: Vec<u32> = (0..40).collect();
    for kind in [Kind::Bytes, Kind::F32, Kind::F64] {
        let data = numbers(kind, 40, 90);
        let standard = FittedScale::fit(Scaling::Standard, data.features(), 90, &all);
        let DatasetTargets::Values { values, .. } = data.targets() else { unreachable!() };
        let own = TargetScale::fit(Scaling::Standard, values, 1, &all);
        let scales = [FittedScale::None, FittedScale::Divide { divisor: 1e45 }, standard];
        for scale in scales {
            let data = data.clone().with_scale(scale).with_target_scale(own.clone());
            let rules = rules(Loss::MeanSquaredError, Optimizer::Sgd);
            agrees::<f32>(&data, vec![], &rules, 1);
            agrees::<f64>(&data, vec![], &Rules { frozen: vec![1], ..rules }, 1);
        }
    }
}

#[test]
fn a_loss_that_may_not_be_finite_changes_nothing() {
    let data = numbers(Kind::F32, 20, 64);
    let network = network::<f32>(64, vec![]);
    let rules = rules(Loss::SumOfSquares, Optimizer::from_name("adam").unwrap());
    let mut plan = OneOutputPlan::new(&network, &rules, &data, 2).unwrap();
    let rows: Vec<u32> = data_rows(&data).collect();
    let batch = Rows { data: &data, rows: &rows, epoch: 0 };
    let rates = Rates { step: 1, learning_rates: vec![0.1; 2] };
    for large in [1e30, f32::INFINITY, f32::NAN] {
        let mut before = network.parameters().to_vec();
        before[5] = large;
        plan.set_parameters(&before);
        assert!(!plan.step(batch, &rates), "{large}");
        let (mut after, mut state) = (vec![0.0; 65], vec![1.0; 130]);
        plan.read_parameters(&mut after);
        same(&after, &before, "parameters");
        plan.read_state(&mut state);
        assert!(state.iter().all(|&value| value == 0.0));
    }
}

#[test]
fn what_does_not_fit_is_left_to_others() {
    let rules = rules(Loss::BinaryCrossEntropy, Optimizer::Sgd);
    let fits = |network: &Network<f32>, rules: &Rules, columns| {
        OneOutputPlan::new(network, rules, &classes(Kind::F32, 9, columns), 1).is_some()
    };
    assert!(fits(&network(64, vec![]), &rules, 64));
    assert!(!fits(&network(63, vec![]), &rules, 63));
    let deep = vec![Layer::Dense(crate::layers::Dense::new(1))];
    assert!(!fits(&network(64, deep), &rules, 64));
    assert!(!fits(&network(64, vec![]), &Rules { shards: 2, ..rules.clone() }, 64));
    assert!(!fits(&network(64, vec![]), &Rules { clip_norm: Some(1.0), ..rules }, 64));
}
