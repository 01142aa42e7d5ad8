//! The kernels against those of the plain plan, over ragged shapes.

use super::*;
use crate::kernels::dense::{self, DenseSizes};
use crate::real::Real;

fn values<R: Real>(count: usize, mut state: u64) -> Vec<R> {
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            R::from_f64((state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
        })
        .collect()
}

/// A row-major matrix with its rows in lanes; `beyond` fills the lanes after the last row.
fn lanes<R: Real>(x: &[R], features: usize, beyond: R) -> Vec<R> {
    let width = panel_width::<R>();
    let rows = x.len() / features;
    let mut lanes = vec![beyond; rows.next_multiple_of(width) * features];
    for n in 0..rows {
        for k in 0..features {
            lanes[n / width * features * width + k * width + n % width] = x[n * features + k];
        }
    }
    lanes
}

fn check<R: Real>(rows: usize, in_features: usize, out_features: usize) {
    let width = panel_width::<R>();
    let sizes = LaneSizes { rows, in_features, out_features };
    let plain = DenseSizes { rows, in_features, out_features };
    let x: Vec<R> = values(rows * in_features, 1);
    let w: Vec<R> = values(in_features * out_features, 2);
    let b: Vec<R> = values(out_features, 3);
    let dz: Vec<R> = values(rows * out_features, 4);
    let mut transposed = vec![R::ZERO; w.len()];
    for k in 0..in_features {
        for j in 0..out_features {
            transposed[j * in_features + k] = w[k * out_features + j];
        }
    }
    let (x_lanes, dz_lanes) = (lanes(&x, in_features, R::ONE), lanes(&dz, out_features, R::ZERO));
    let at = |n: usize, k: usize, features: usize| n / width * features * width + k * width + n % width;
    let name = format!("{rows} rows, {in_features} to {out_features}");

    let mut z = vec![R::ZERO; rows * out_features];
    dense::forward(plain, &x, &w, &b, &mut z);
    let mut z_lanes = vec![R::ZERO; dz_lanes.len()];
    forward(sizes, &x_lanes, &transposed, &b, &mut z_lanes);
    let mut dx = vec![R::ZERO; x.len()];
    let mut scratch = vec![R::ZERO; plain.scratch_len()];
    dense::backward_input(plain, &dz, &w, &mut scratch, &mut dx);
    let mut dx_lanes = vec![R::ZERO; x_lanes.len()];
    backward_input(sizes, &dz_lanes, &transposed, &mut dx_lanes);
    for n in 0..rows {
        for j in 0..out_features {
            assert_eq!(z[n * out_features + j].bits(), z_lanes[at(n, j, out_features)].bits(), "z: {name}");
        }
        for k in 0..in_features {
            assert_eq!(dx[n * in_features + k].bits(), dx_lanes[at(n, k, in_features)].bits(), "dx: {name}");
        }
    }

    let (mut dw, mut db) = (vec![R::ZERO; w.len()], vec![R::ZERO; out_features]);
    dense::backward_parameters(plain, &x, &dz, &mut dw, &mut db, &mut scratch);
    let count = (w.len() + out_features).next_multiple_of(PARTIAL);
    let mut parts = vec![R::ZERO; count * PARTIAL];
    let (dw_parts, db_parts) = parts.split_at_mut(w.len() * PARTIAL);
    partial_sums(sizes, &x_lanes, &dz_lanes, dw_parts, db_parts);
    let mut sums = vec![R::ZERO; count];
    join(&parts, &mut sums);
    for j in 0..out_features {
        for k in 0..in_features {
            let (plain, ours) = (dw[k * out_features + j], sums[j * in_features + k]);
            assert_eq!(plain.bits(), ours.bits(), "dw: {name}");
        }
        assert_eq!(db[j].bits(), sums[w.len() + j].bits(), "db: {name}");
    }
}

#[test]
fn narrow_layers_keep_every_bit() {
    for rows in [1, 7, 16, 17, 33, 64, 65, 150, 300] {
        for (in_features, out_features) in [(1, 1), (2, 3), (9, 3), (15, 7), (8, 1), (1, 5), (13, 2)] {
            check::<f32>(rows, in_features, out_features);
            check::<f64>(rows, in_features, out_features);
        }
    }
}
