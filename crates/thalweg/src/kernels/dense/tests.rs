//! The kernels against the number contract written as naive scalar loops, over ragged shapes.

use super::*;

/// Values that round differently in different orders.
fn values<R: Real>(count: usize, seed: u64) -> Vec<R> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            R::from_f64((state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0)
        })
        .collect()
}

fn lanes_sum<R: Real>(terms: &[(R, R)]) -> R {
    let mut lanes = [R::ZERO; LANES];
    for (i, &(a, b)) in terms.iter().enumerate() {
        lanes[i % LANES] = a.mul_add(b, lanes[i % LANES]);
    }
    for half in [32, 16, 8, 4, 2, 1] {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
    }
    lanes[0]
}

fn naive_forward<R: Real>(s: DenseSizes, x: &[R], w: &[R], b: &[R]) -> Vec<R> {
    let mut z = Vec::new();
    for n in 0..s.rows {
        for j in 0..s.out_features {
            let terms: Vec<(R, R)> =
                (0..s.in_features).map(|k| (x[n * s.in_features + k], w[k * s.out_features + j])).collect();
            if s.out_features == 1 && s.in_features >= 64 {
                let mut segments = terms.chunks(6144).map(lanes_sum);
                let first = segments.next().expect("at least 64 inputs");
                z.push(segments.fold(first, |total, sum| total + sum) + b[0]);
            } else {
                z.push(terms.iter().fold(b[j], |chain, &(x, w)| x.mul_add(w, chain)));
            }
        }
    }
    z
}

fn naive_parameters<R: Real>(s: DenseSizes, x: &[R], dy: &[R]) -> (Vec<R>, Vec<R>) {
    let sum = |terms: Vec<(R, R)>, in_lanes: bool| {
        let mut total = R::ZERO;
        for block in terms.chunks(4096) {
            total += if in_lanes {
                lanes_sum(block)
            } else {
                block.iter().fold(R::ZERO, |chain, &(a, b)| a.mul_add(b, chain))
            };
        }
        total
    };
    let mut dw = Vec::new();
    for k in 0..s.in_features {
        for j in 0..s.out_features {
            let terms = (0..s.rows).map(|n| (x[n * s.in_features + k], dy[n * s.out_features + j])).collect();
            dw.push(sum(terms, s.in_features < 16 && s.out_features < 8));
        }
    }
    let db = (0..s.out_features)
        .map(|j| sum((0..s.rows).map(|n| (R::ONE, dy[n * s.out_features + j])).collect(), s.out_features < 8))
        .collect();
    (dw, db)
}

fn same_bits<R: Real>(ours: &[R], expected: &[R], what: &str, s: DenseSizes) {
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        assert_eq!(a.bits(), b.bits(), "{what}[{i}] of {s:?}: {a} is not {b}");
    }
    assert_eq!(ours.len(), expected.len());
}

fn every_product_is_the_contract_to_the_bit<R: Real>() {
    let shapes = [
        (1, 1, 1),
        (3, 1, 5),
        (30, 1, 5),
        (30, 5, 1),
        (7, 2, 3),
        (100, 27, 9),
        (100, 9, 3),
        (10, 65, 17),
        (13, 64, 1),
        (5, 6143, 1),
        (2, 12_289, 1),
        (4100, 3, 2),
        (8200, 17, 3),
        (4097, 4, 9),
        (32, 70, 35),
    ];
    for (rows, in_features, out_features) in shapes {
        let s = DenseSizes { rows, in_features, out_features };
        let x = values::<R>(rows * in_features, 1);
        let w = values::<R>(in_features * out_features, 2);
        let b = values::<R>(out_features, 3);
        let dy = values::<R>(rows * out_features, 4);
        let mut scratch = vec![R::ZERO; s.scratch_len()];

        let mut z = vec![R::ZERO; rows * out_features];
        forward(s, &x, &w, &b, &mut z);
        same_bits(&z, &naive_forward(s, &x, &w, &b), "z", s);

        let mut dx = vec![R::ONE; rows * in_features];
        backward_input(s, &dy, &w, &mut scratch, &mut dx);
        let naive: Vec<R> = (0..rows * in_features)
            .map(|i| {
                let (n, k) = (i / in_features, i % in_features);
                (0..out_features).fold(R::ZERO, |chain, j| {
                    dy[n * out_features + j].mul_add(w[k * out_features + j], chain)
                })
            })
            .collect();
        same_bits(&dx, &naive, "dx", s);

        let mut dw = vec![R::ZERO; in_features * out_features];
        let mut db = vec![R::ZERO; out_features];
        backward_parameters(s, &x, &dy, &mut dw, &mut db, &mut scratch);
        let (naive_dw, naive_db) = naive_parameters(s, &x, &dy);
        same_bits(&dw, &naive_dw, "dw", s);
        same_bits(&db, &naive_db, "db", s);
    }
}

#[test]
fn f32_products_are_the_contract_to_the_bit() {
    every_product_is_the_contract_to_the_bit::<f32>();
}

#[test]
fn f64_products_are_the_contract_to_the_bit() {
    every_product_is_the_contract_to_the_bit::<f64>();
}

#[test]
fn gradients_to_parameters_are_added() {
    let s = DenseSizes { rows: 2, in_features: 1, out_features: 1 };
    let (mut dw, mut db) = ([10.0], [20.0]);
    backward_parameters(s, &[1.0, 2.0], &[3.0, 4.0], &mut dw, &mut db, &mut [0.0]);
    assert_eq!((dw, db), ([21.0], [27.0]));
}
