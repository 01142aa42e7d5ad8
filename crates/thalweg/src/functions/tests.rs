//! The functions against `libm` in `f64` (for `f32`) and against correctly rounded values (for `f64`).

use super::*;

/// The distance from 1 to the next number in `f32`, at the magnitude of `value`.
fn ulp_f32(value: f64) -> f64 {
    let exponent = ((value.abs().to_bits() >> 52) as i32 - 1023).max(-126);
    f64::from_bits(((exponent - 23 + 1023) as u64) << 52)
}

/// The error of `found` in units of the last place; infinite if one is NaN or infinite and the other is not.
fn error_f32(found: f32, wanted: f64) -> f64 {
    if wanted.is_nan() || found.is_nan() {
        return if wanted.is_nan() == found.is_nan() { 0.0 } else { f64::INFINITY };
    }
    // What comes after the largest number counts as one more step of the same length.
    let limit = f64::from(f32::MAX) + ulp_f32(f64::from(f32::MAX));
    let found = f64::from(found).clamp(-limit, limit);
    let wanted = wanted.clamp(-limit, limit);
    (found - wanted).abs() / ulp_f32(wanted.abs().min(f64::from(f32::MAX)))
}

/// The worst error over the inputs with bits `first`, `first + stride` ..., and where it is.
fn worst_f32(own: fn(f32) -> f32, oracle: fn(f64) -> f64, stride: u64) -> (f64, f32) {
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let mut worst = (0.0, 0.0);
                    let mut bits = worker * stride;
                    while bits <= u64::from(u32::MAX) {
                        let x = f32::from_bits(bits as u32);
                        let error = error_f32(own(x), oracle(f64::from(x)));
                        if error > worst.0 {
                            worst = (error, x);
                        }
                        bits += stride * workers;
                    }
                    worst
                })
            })
            .collect();
        let found = handles.into_iter().map(|handle| handle.join().unwrap());
        found.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
    })
}

/// A function, its twin in `f64`, and the promised bound.
type Case = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f64);

/// A function in `f64`.
type CaseF64 = (&'static str, fn(f64) -> f64);

fn sigmoid_oracle(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

const CASES: [Case; 6] = [
    ("exp", exp_f32, libm::exp, 2.0),
    ("expm1", expm1_f32, libm::expm1, 2.0),
    ("log", log_f32, libm::log, 2.0),
    ("log1p", log1p_f32, libm::log1p, 2.0),
    ("tanh", tanh_f32, libm::tanh, 2.0),
    ("sigmoid", sigmoid_f32, sigmoid_oracle, 2.0),
];

#[test]
fn f32_within_the_promised_error_on_every_509th_input() {
    for (name, own, oracle, bound) in CASES {
        let (worst, at) = worst_f32(own, oracle, 509);
        println!("{name}: {worst:.3} ulp at {at:e}");
        assert!(worst <= bound, "{name}: {worst} ulp at {at:e}");
    }
}

#[test]
#[ignore = "4 billion inputs: run by ./test full"]
fn f32_within_the_promised_error_on_every_input() {
    for (name, own, oracle, bound) in CASES {
        let (worst, at) = worst_f32(own, oracle, 1);
        println!("{name}: {worst:.4} ulp at {at:e}");
        assert!(worst <= bound, "{name}: {worst} ulp at {at:e}");
    }
}

/// Numbers in order as whole numbers, so that neighbours differ by 1.
fn rank(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    if bits < 0 { i64::MIN - bits } else { bits }
}

#[test]
fn f64_within_one_step_of_the_correctly_rounded_values() {
    let own: [CaseF64; 6] = [
        ("exp", exp_f64),
        ("expm1", expm1_f64),
        ("log", log_f64),
        ("log1p", log1p_f64),
        ("tanh", tanh_f64),
        ("sigmoid", sigmoid_f64),
    ];
    let mut seen = 0;
    let mut off = std::collections::BTreeMap::new();
    for line in include_str!("../../tests/fixtures/functions_f64.txt").lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let mut number = || f64::from_bits(u64::from_str_radix(words.next().unwrap(), 16).unwrap());
        let (x, wanted) = (number(), number());
        let (_, function) = own.iter().find(|(own, _)| *own == name).unwrap();
        let found = function(x);
        let steps = (rank(found) - rank(wanted)).abs();
        // One step from the correctly rounded value is an error of at most 1.5 units of the last place.
        assert!(steps <= 1, "{name}({x:e}) = {found:e}, not {wanted:e}: {steps} steps");
        *off.entry((name, steps)).or_insert(0) += 1;
        seen += 1;
    }
    println!("{off:?}");
    assert_eq!(seen, 1985);
}

#[test]
fn special_values_come_out_as_ieee_has_them() {
    let inf = f32::INFINITY;
    assert_eq!([exp_f32(inf), exp_f32(-inf), exp_f32(0.0), exp_f32(-0.0)], [inf, 0.0, 1.0, 1.0]);
    assert_eq!([expm1_f32(inf), expm1_f32(-inf)], [inf, -1.0]);
    assert_eq!([log_f32(inf), log_f32(0.0), log_f32(-0.0), log_f32(1.0)], [inf, -inf, -inf, 0.0]);
    assert_eq!([log1p_f32(inf), log1p_f32(-1.0), log1p_f32(1.0)], [inf, -inf, std::f32::consts::LN_2]);
    assert_eq!([tanh_f32(inf), tanh_f32(-inf)], [1.0, -1.0]);
    assert_eq!([sigmoid_f32(inf), sigmoid_f32(-inf), sigmoid_f32(-0.0)], [1.0, 0.0, 0.5]);
    assert!(log_f32(-1.0).is_nan() && log_f32(-inf).is_nan() && log1p_f32(-1.5).is_nan());

    let inf = f64::INFINITY;
    assert_eq!([exp_f64(inf), exp_f64(-inf), exp_f64(0.0), exp_f64(-0.0)], [inf, 0.0, 1.0, 1.0]);
    assert_eq!([expm1_f64(inf), expm1_f64(-inf)], [inf, -1.0]);
    assert_eq!([log_f64(inf), log_f64(0.0), log_f64(-0.0), log_f64(1.0)], [inf, -inf, -inf, 0.0]);
    assert_eq!([log1p_f64(inf), log1p_f64(-1.0), log1p_f64(1.0)], [inf, -inf, std::f64::consts::LN_2]);
    assert_eq!([tanh_f64(inf), tanh_f64(-inf)], [1.0, -1.0]);
    assert_eq!([sigmoid_f64(inf), sigmoid_f64(-inf), sigmoid_f64(-0.0)], [1.0, 0.0, 0.5]);
    assert!(log_f64(-1.0).is_nan() && log_f64(-inf).is_nan() && log1p_f64(-1.5).is_nan());
}

#[test]
fn nan_passes_and_the_odd_functions_keep_a_negative_zero_and_subnormals() {
    for (name, own, _, _) in CASES {
        assert!(own(f32::NAN).is_nan() && own(-f32::NAN).is_nan(), "{name}");
    }
    for own in [exp_f64, expm1_f64, log_f64, log1p_f64, tanh_f64, sigmoid_f64] {
        assert!(own(f64::NAN).is_nan() && own(-f64::NAN).is_nan());
    }
    for x in [-0.0, 1e-45, -1e-45, 1e-38, -1.5e-39] {
        for own in [expm1_f32, log1p_f32, tanh_f32] {
            assert_eq!(own(x).to_bits(), x.to_bits(), "{x:e}");
        }
    }
    for x in [-0.0, 5e-324, -5e-324, 1e-308, -1.5e-309] {
        for own in [expm1_f64, log1p_f64, tanh_f64] {
            assert_eq!(own(x).to_bits(), x.to_bits(), "{x:e}");
        }
    }
}

#[test]
fn subnormal_results_and_the_edges_of_overflow() {
    assert_eq!(exp_f32(-103.0), 1e-45);
    assert_eq!(sigmoid_f32(-103.0), 1e-45);
    assert_eq!([exp_f32(-103.98), sigmoid_f32(-103.98)], [0.0, 0.0]);
    assert_eq!([exp_f32(88.72284), exp_f32(88.72283)], [f32::INFINITY, 3.402_798_5e38]);
    assert_eq!([exp_f64(-743.5), sigmoid_f64(-743.5)], [1.5e-323, 1.5e-323]);
    assert_eq!(exp_f64(-745.14), 0.0);
    assert_eq!(exp_f64(709.79), f64::INFINITY);
}

#[test]
fn the_rare_functions_at_known_points() {
    assert_eq!([erf_f64(0.0), erf_f64(6.0)], [0.0, 1.0]);
    assert_eq!(erf_f64(0.5), 0.5204998778130465);
    assert_eq!(erf_f32(0.5), 0.520_499_9);
    assert_eq!([sin_f64(1.0), cos_f64(1.0)], [0.8414709848078965, 0.5403023058681398]);
    assert_eq!([sin_f32(1.0), cos_f32(1.0)], [0.841_470_96, 0.540_302_3]);
    assert_eq!([pow_f64(2.0, 10.0), pow_f64(2.0, 0.5)], [1024.0, std::f64::consts::SQRT_2]);
    assert_eq!([pow_f32(2.0, 10.0), pow_f32(10.0, -2.0)], [1024.0, 0.01]);
}

#[test]
fn the_short_sigmoid_equals_the_whole_one() {
    let mut bits = (-11.0_f32).to_bits();
    while bits > 0x8000_0000 {
        let x = f32::from_bits(bits);
        assert_eq!(sigmoid_near_f32(x).to_bits(), sigmoid_f32(x).to_bits(), "{x}");
        let x = f64::from(x);
        assert_eq!(sigmoid_near_f64(x).to_bits(), sigmoid_f64(x).to_bits(), "{x}");
        let (x, wide) = (-f32::from_bits(bits), f64::from(-f32::from_bits(bits)) * 5.0);
        assert_eq!(sigmoid_near_f32(x).to_bits(), sigmoid_f32(x).to_bits(), "{x}");
        assert_eq!(sigmoid_near_f64(wide).to_bits(), sigmoid_f64(wide).to_bits(), "{wide}");
        bits -= 9_973;
    }
    for x in [0.0, -0.0, 19.9, 20.0, 20.1, 100.0, f32::INFINITY, f32::MIN_POSITIVE, -1e-40] {
        assert_eq!(sigmoid_near_f32(x).to_bits(), sigmoid_f32(x).to_bits(), "{x}");
        let x = f64::from(x) * 2.0;
        assert_eq!(sigmoid_near_f64(x).to_bits(), sigmoid_f64(x).to_bits(), "{x}");
    }
}
