//! The products of a dense layer with few inputs and few outputs, weights as broadcasts.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::LaneSizes;
use crate::kernels::panels::panel_width;
use crate::kernels::vector::{FEW, Vector};
use crate::real::Real;

vectorised! {
    /// zᵀ(j,n) = b(j) + Σₖ x(n,k)·w(k,j), one chain for each element, k ascending. `w` is `[out_features, in_features]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, or there are no outputs or more than 7.
    pub fn forward<R>(sizes: LaneSizes, x: &[R], w: &[R], b: &[R], z: &mut [R]) = forward_body;
}

#[inline(always)]
pub(super) unsafe fn forward_body<R: Real, V: Vector<R>>(
    sizes: LaneSizes,
    x: &[R],
    w: &[R],
    b: &[R],
    z: &mut [R],
) {
    let LaneSizes { in_features, out_features, .. } = sizes;
    assert!(x.len() >= sizes.len::<R>(in_features), "x is [rows, in_features]");
    assert!(w.len() >= in_features * out_features, "w is [out_features, in_features]");
    assert!(b.len() >= out_features, "b is [out_features]");
    assert!(z.len() >= sizes.len::<R>(out_features), "z is [rows, out_features]");
    let (x, w, b, z) = (x.as_ptr(), w.as_ptr(), b.as_ptr(), z.as_mut_ptr());
    // SAFETY: the asserts above cover all panels, features and weights.
    unsafe {
        match out_features {
            1 => outputs::<R, V, 1>(sizes, x, w, b, z),
            2 => outputs::<R, V, 2>(sizes, x, w, b, z),
            3 => outputs::<R, V, 3>(sizes, x, w, b, z),
            4 => outputs::<R, V, 4>(sizes, x, w, b, z),
            5 => outputs::<R, V, 5>(sizes, x, w, b, z),
            6 => outputs::<R, V, 6>(sizes, x, w, b, z),
            7 => outputs::<R, V, 7>(sizes, x, w, b, z),
            _ => panic!("a narrow layer has 1 to 7 outputs"),
        }
    }
}

/// All rows of `M` outputs.
#[inline(always)]
unsafe fn outputs<R: Real, V: Vector<R>, const M: usize>(
    sizes: LaneSizes,
    mut x: *const R,
    w: *const R,
    b: *const R,
    mut z: *mut R,
) {
    let width = panel_width::<R>();
    let mut left = sizes.rows;
    while left > 0 {
        let columns = if left < width { left } else { width };
        let mut column = 0;
        // SAFETY: the caller's; a panel's width is a multiple of two registers of every instruction set.
        unsafe {
            while column < columns {
                if columns - column > V::WIDTH {
                    forward_tile::<R, V, M, 2>(sizes.in_features, x.add(column), w, b, z.add(column));
                } else {
                    forward_tile::<R, V, M, 1>(sizes.in_features, x.add(column), w, b, z.add(column));
                }
                column += 2 * V::WIDTH;
            }
            x = x.wrapping_add(sizes.in_features * width);
            z = z.wrapping_add(M * width);
        }
        left -= columns;
    }
}

/// `M` outputs of `N` registers of rows.
#[inline(always)]
unsafe fn forward_tile<R: Real, V: Vector<R>, const M: usize, const N: usize>(
    in_features: usize,
    x: *const R,
    w: *const R,
    b: *const R,
    z: *mut R,
) {
    let width = panel_width::<R>();
    // SAFETY: the caller's pointers reach all features, weights and rows of the tile.
    unsafe {
        let mut chains = [[V::splat(R::ZERO); N]; M];
        for m in 0..M {
            chains[m] = [V::splat(*b.add(m)); N];
        }
        for k in 0..in_features {
            let mut rows = [V::splat(R::ZERO); N];
            for n in 0..N {
                rows[n] = V::load(x.add(k * width + n * V::WIDTH));
            }
            for m in 0..M {
                let weight = V::splat(*w.add(m * in_features + k));
                for n in 0..N {
                    chains[m][n] = weight.mul_add(rows[n], chains[m][n]);
                }
            }
        }
        for m in 0..M {
            for n in 0..N {
                chains[m][n].store(z.add(m * width + n * V::WIDTH));
            }
        }
    }
}

vectorised! {
    /// dxᵀ(k,n) = Σⱼ dz(n,j)·w(k,j), one chain for each element, j ascending. `w` is `[out_features, in_features]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub fn backward_input<R>(sizes: LaneSizes, dz: &[R], w: &[R], dx: &mut [R]) = backward_input_body;
}

#[inline(always)]
pub(super) unsafe fn backward_input_body<R: Real, V: Vector<R>>(
    sizes: LaneSizes,
    dz: &[R],
    w: &[R],
    dx: &mut [R],
) {
    let LaneSizes { in_features, out_features, .. } = sizes;
    assert!(dz.len() >= sizes.len::<R>(out_features), "dz is [rows, out_features]");
    assert!(w.len() >= in_features * out_features, "w is [out_features, in_features]");
    assert!(dx.len() >= sizes.len::<R>(in_features), "dx is [rows, in_features]");
    let width = panel_width::<R>();
    // 8 inputs of two registers are 16 chains; with 16 registers, 6.
    let most = match V::REGISTERS {
        32 => 8,
        FEW => 2,
        _ => 6,
    };
    let count = in_features.div_ceil(most);
    let mut k = 0;
    for t in 0..count {
        let inputs = in_features / count + usize::from(t < in_features % count);
        // SAFETY: the asserts above cover all panels, features and weights.
        unsafe {
            let (dz, w, dx) = (dz.as_ptr(), w.as_ptr().add(k), dx.as_mut_ptr().add(k * width));
            match inputs {
                1 => inputs_of::<R, V, 1>(sizes, dz, w, dx),
                2 => inputs_of::<R, V, 2>(sizes, dz, w, dx),
                _ if V::REGISTERS == FEW => unreachable!("tiles have at most 2 inputs"),
                3 => inputs_of::<R, V, 3>(sizes, dz, w, dx),
                4 => inputs_of::<R, V, 4>(sizes, dz, w, dx),
                5 => inputs_of::<R, V, 5>(sizes, dz, w, dx),
                6 => inputs_of::<R, V, 6>(sizes, dz, w, dx),
                _ if V::REGISTERS < 32 => unreachable!("tiles have at most 6 inputs"),
                7 => inputs_of::<R, V, 7>(sizes, dz, w, dx),
                8 => inputs_of::<R, V, 8>(sizes, dz, w, dx),
                _ => unreachable!("tiles have at most 8 inputs"),
            }
        }
        k += inputs;
    }
}

/// All rows of `M` inputs.
#[inline(always)]
unsafe fn inputs_of<R: Real, V: Vector<R>, const M: usize>(
    sizes: LaneSizes,
    mut dz: *const R,
    w: *const R,
    mut dx: *mut R,
) {
    let width = panel_width::<R>();
    let mut left = sizes.rows;
    while left > 0 {
        let columns = if left < width { left } else { width };
        let mut column = 0;
        // SAFETY: the caller's; a panel's width is a multiple of two registers of every instruction set.
        unsafe {
            while column < columns {
                if columns - column > V::WIDTH {
                    input_tile::<R, V, M, 2>(sizes, dz.add(column), w, dx.add(column));
                } else {
                    input_tile::<R, V, M, 1>(sizes, dz.add(column), w, dx.add(column));
                }
                column += 2 * V::WIDTH;
            }
            dz = dz.wrapping_add(sizes.out_features * width);
            dx = dx.wrapping_add(sizes.in_features * width);
        }
        left -= columns;
    }
}

/// `M` inputs of `N` registers of rows.
#[inline(always)]
unsafe fn input_tile<R: Real, V: Vector<R>, const M: usize, const N: usize>(
    sizes: LaneSizes,
    dz: *const R,
    w: *const R,
    dx: *mut R,
) {
    let width = panel_width::<R>();
    // SAFETY: the caller's pointers reach all features, weights and rows of the tile.
    unsafe {
        let mut chains = [[V::splat(R::ZERO); N]; M];
        for j in 0..sizes.out_features {
            let mut rows = [V::splat(R::ZERO); N];
            for n in 0..N {
                rows[n] = V::load(dz.add(j * width + n * V::WIDTH));
            }
            for m in 0..M {
                let weight = V::splat(*w.add(j * sizes.in_features + m));
                for n in 0..N {
                    chains[m][n] = weight.mul_add(rows[n], chains[m][n]);
                }
            }
        }
        for m in 0..M {
            for n in 0..N {
                chains[m][n].store(dx.add(m * width + n * V::WIDTH));
            }
        }
    }
}
