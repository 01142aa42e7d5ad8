//! Losses held against PyTorch: `reference/losses.py` prints these numbers.

use super::*;

/// Numbers that are no pattern, from -3 to 3.
fn logits(count: u32) -> Vec<f64> {
    (0..count).map(|i| 3.0 * (f64::from(i * 7919 % 1009) / 504.5 - 1.0)).collect()
}

/// Both are sums of at most 16 terms of about 10: some roundings of the largest.
fn agrees(loss: &Loss, width: usize, targets: Targets<'_, f64>, value: f64, gradient: &[f64]) {
    let z = logits(gradient.len() as u32);
    let ours = loss.value(width, &z, targets);
    assert!((ours - value).abs() < 4e-15, "{}: {ours} and {value}", loss.name());
    let mut d = vec![0.0; z.len()];
    loss.gradient(width, &z, targets, &mut d);
    for (ours, theirs) in d.iter().zip(gradient) {
        assert!((ours - theirs).abs() < 2e-15, "{}: {ours} and {theirs}", loss.name());
    }
}

#[test]
fn poisson_is_torchs_with_log_input() {
    let counts = [0.0, 1.0, 4.0, 2.5, 0.0, 11.0];
    let gradient = [
        0.008297844727977323,
        1.1810729566080513,
        -0.12406665579583753,
        -0.19821588677369345,
        0.08794829023180495,
        -1.797925349171009,
    ];
    agrees(&Loss::Poisson, 2, Targets::Values(&counts), 3.8323672288989825, &gradient);
}

#[test]
fn hinges_of_one_score_are_torchs() {
    let classes = Targets::Classes(&[1, 0, 0, 1, 1, 0]);
    let sixth = 1.0 / 6.0;
    agrees(&Loss::Hinge, 1, classes, 1.93987446316485, &[-sixth, sixth, sixth, -sixth, -sixth, 0.0]);
    let gradient = [
        -1.3333333333333333,
        1.0300627684175752,
        0.7267922035018168,
        -0.24314502808060784,
        -0.546415592996366,
        0.0,
    ];
    agrees(&Loss::SquaredHinge, 1, classes, 5.58708524501816, &gradient);
}

#[test]
fn hinges_of_several_scores_are_torchs_multi_margin() {
    let classes = Targets::Classes(&[2, 0, 3, 1]);
    let (s, x) = (0.0625, 0.0);
    let gradient = [x, s, -2.0 * s, s, -2.0 * s, s, x, s, s, s, s, -3.0 * s, s, -3.0 * s, s, s];
    agrees(&Loss::Hinge, 4, classes, 1.7500000000000002, &gradient);
    let gradient = [
        0.0,
        0.23872646184340937,
        -0.2500000000000001,
        0.011273538156590712,
        -0.5450941526263628,
        0.011273538156590657,
        0.0,
        0.5338206144697721,
        0.466179385530228,
        0.3524529236868187,
        0.23872646184340934,
        -1.057358771060456,
        0.23872646184340934,
        -1.6475470763131814,
        0.7612735381565907,
        0.6475470763131814,
    ];
    agrees(&Loss::SquaredHinge, 4, classes, 7.186362013435081, &gradient);
}
