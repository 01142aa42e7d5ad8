//! The kernels over panels against plain loops.

use super::*;
use crate::real::Real;

/// Numbers whose sums show any change of order.
fn numbers<R: Real>(count: usize, seed: usize) -> Vec<R> {
    (0..count).map(|i| R::from_f64(((i * 7919 + seed * 104_729) % 1009) as f64 / 97.0 - 5.0)).collect()
}

fn bits<R: Real>(values: &[R]) -> Vec<u64> {
    values.iter().map(|value| value.bits()).collect()
}

/// A strip with every start, held against the chain as the contract states it.
fn strip_is_a_chain<R: Real>(rows: usize, columns: usize, depth: usize, down: bool) {
    let width = panel_width::<R>();
    let capacity = rows + 3;
    let panel = capacity * width;
    let count = if down { depth * width + width } else { panel_count::<R>(depth.max(1)) * panel };
    let a = numbers::<R>(count, 1);
    let b = numbers::<R>(depth * width + width, 2);
    let biases = numbers::<R>(rows.max(width), 3);
    let before = numbers::<R>(rows * width, 4);
    let left = if down { Left::Down { values: &a } } else { Left::Across { values: &a, panel } };
    let minus_rate = R::from_f64(-0.125);
    for (start, end) in [
        (Start::Zero, End::Store),
        (Start::Columns(&biases), End::Store),
        (Start::Rows(&biases), End::Store),
        (Start::Stored, End::Store),
        (Start::Zero, End::Sum),
        (Start::Zero, End::Descend { minus_rate, l2: R::ZERO }),
        (Start::Zero, End::Descend { minus_rate, l2: R::from_f64(0.01) }),
        (Start::Zero, End::Penalise { l2: R::from_f64(0.01), weights: &before }),
    ] {
        if !down && matches!(end, End::Penalise { .. } | End::Descend { .. }) {
            continue; // no gradient goes across
        }
        let mut c = before.clone();
        strip(
            &Strip { rows, columns, depth, left, right: &b, start, end, ahead: [Run::of(&b), Run::of(&a)] },
            &mut c,
        );
        for i in 0..rows {
            for j in 0..columns {
                let mut chain = match start {
                    Start::Zero => R::ZERO,
                    Start::Columns(bias) => bias[j],
                    Start::Rows(bias) => bias[i],
                    Start::Stored => before[i * width + j],
                };
                for k in 0..depth {
                    let a =
                        if down { a[k * width + i] } else { a[k / width * panel + i * width + k % width] };
                    chain = a.mul_add(b[k * width + j], chain);
                }
                match end {
                    End::Store => {}
                    End::Sum => chain = R::ZERO + chain,
                    End::Penalise { l2, weights } => {
                        chain = l2.mul_add(weights[i * width + j], R::ZERO + chain);
                    }
                    End::Descend { minus_rate, l2 } => {
                        let before = before[i * width + j];
                        let gradient = R::ZERO + chain;
                        let penalised = l2.mul_add(before, gradient);
                        chain = minus_rate.mul_add(if l2 == R::ZERO { gradient } else { penalised }, before);
                    }
                }
                assert_eq!(
                    c[i * width + j].bits(),
                    chain.bits(),
                    "{rows} rows, {columns} columns, depth {depth}, {start:?}, {end:?}"
                );
            }
        }
    }
}

#[test]
fn strips_are_chains_across_and_down() {
    for (rows, columns, depth) in
        [(1, 1, 1), (2, 7, 3), (5, 16, 40), (13, 9, 33), (15, 14, 64), (29, 3, 70), (3, 12, 0)]
    {
        strip_is_a_chain::<f32>(rows, columns, depth, false);
        strip_is_a_chain::<f64>(rows, columns, depth, false);
        strip_is_a_chain::<f32>(rows, 2 * columns, depth, rows <= 32);
        strip_is_a_chain::<f64>(rows.min(16), columns, depth, true);
    }
}

fn transpose_turns<R: Real>(rows: usize, columns: usize) {
    let width = panel_width::<R>();
    let from = numbers::<R>(rows * width, 5);
    let mut to = vec![R::ONE; columns * width];
    transpose(rows, columns, &from, &mut to);
    for j in 0..columns {
        for k in 0..width {
            let expected = if k < rows { from[k * width + j] } else { R::ONE };
            assert_eq!(to[j * width + k], expected, "[{rows}, {columns}] at ({j}, {k})");
        }
    }
}

#[test]
fn columns_are_copied_into_a_panel() {
    let width = panel_width::<f64>();
    let x = numbers::<f64>(5 * 23, 10);
    for columns in [1, 7, 8, 13, width] {
        let mut to = vec![1.0; 5 * width];
        copy_columns(columns, &x[4..], 23, &mut to[..4 * width]);
        for n in 0..5 {
            for j in 0..width {
                let expected = if n < 4 && j < columns { x[4 + n * 23 + j] } else { 1.0 };
                assert_eq!(to[n * width + j], expected, "{columns} columns at ({n}, {j})");
            }
        }
    }
}

#[test]
fn blocks_are_transposed() {
    for (rows, columns) in [(16, 16), (1, 16), (16, 1), (9, 15), (8, 12), (3, 2)] {
        transpose_turns::<f64>(rows, columns);
        transpose_turns::<f32>(2 * rows, 2 * columns);
        transpose_turns::<f32>(rows, columns);
    }
}

#[test]
fn one_output_takes_segments_of_lanes() {
    for inputs in [64, 100, 6144, 6145, 13_000] {
        let width = panel_width::<f32>();
        let panel = 2 * width;
        let x = numbers::<f32>(panel_count::<f32>(inputs) * panel, 6);
        let w = numbers::<f32>(inputs, 7);
        let mut z = vec![0.0; 2 * width];
        forward_one_output(2, inputs, &x, panel, &w, 0.5, &mut z);
        let sizes = crate::kernels::dense::DenseSizes { rows: 2, in_features: inputs, out_features: 1 };
        let rows: Vec<f32> = (0..2)
            .flat_map(|n| (0..inputs).map(move |k| k / width * panel + n * width + k % width))
            .map(|at| x[at])
            .collect();
        let mut expected = [0.0; 2];
        crate::kernels::dense::forward(sizes, &rows, &w, &[0.5], &mut expected);
        assert_eq!(bits(&[z[0], z[width]]), bits(&expected), "{inputs} inputs");
    }
}

#[test]
fn lanes_keep_their_sums_between_pieces() {
    let width = panel_width::<f64>();
    let (rows, inputs) = (150, 3);
    let (x, y) = (numbers::<f64>(rows * width, 8), numbers::<f64>(rows * width, 9));
    let each = crate::kernels::sums::LANES * LANE_COLUMNS;
    let mut lanes = vec![0.0; inputs * each];
    let mut sums = vec![0.0; each];
    for piece in [0..64, 64..128, 128..150] {
        let part = piece.start * width..piece.end * width;
        add_products_in_lanes(piece.start, &x[part.clone()], &y[part.clone()], &mut lanes);
        add_in_lanes(piece.start, &y[part], &mut sums);
    }
    let sizes = crate::kernels::dense::DenseSizes { rows, in_features: inputs, out_features: 7 };
    let rows_of = |values: &[f64], columns: usize| -> Vec<f64> {
        values.chunks_exact(width).flat_map(|row| row[..columns].to_vec()).collect()
    };
    let (mut dw, mut db) = (vec![0.0; inputs * 7], vec![0.0; 7]);
    let mut scratch = vec![0.0; sizes.scratch_len()];
    crate::kernels::dense::backward_parameters(
        sizes,
        &rows_of(&x, inputs),
        &rows_of(&y, 7),
        &mut dw,
        &mut db,
        &mut scratch,
    );
    for k in 0..inputs {
        assert_eq!(bits(&joined(&lanes[k * each..(k + 1) * each])[..7]), bits(&dw[k * 7..(k + 1) * 7]));
    }
    assert_eq!(bits(&joined(&sums)[..7]), bits(&db));
}
