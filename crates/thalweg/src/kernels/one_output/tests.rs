//! What the plan's own tests cannot reach.

use super::*;
use crate::kernels::dense::{DenseSizes, backward_parameters};

#[test]
fn a_chain_that_underflows_is_a_gradient_of_plus_0() {
    let sizes = DenseSizes { rows: 1, in_features: 64, out_features: 1 };
    let x = [-1e-30_f32; 64];
    let mut dw = [0.0; 64];
    let part = Part { x: Inputs::Values(&x), width: 64, rows: 0..1, columns: 0..64 };
    add_products(&part, &[1e-30], true, &mut dw);
    assert!(dw.iter().all(|dw| dw.to_bits() == (-0.0_f32).to_bits()));
    end_block(None, &mut dw);

    let (mut expected, mut db, mut scratch) = ([0.0; 64], [0.0], [0.0; 64]);
    backward_parameters(sizes, &x, &[1e-30], &mut expected, &mut db, &mut scratch);
    assert_eq!(dw.map(f32::to_bits), expected.map(f32::to_bits));
    assert_eq!(dw[0].to_bits(), 0);
}

#[test]
#[should_panic(expected = "the rows lie in the matrix")]
fn parts_outside_of_the_matrix_are_refused() {
    let part = Part { x: Inputs::Values(&[0.0_f32; 128]), width: 64, rows: 1..3, columns: 0..64 };
    segment_sums(&part, &[0.0; 64], &mut [0.0; 2]);
}
