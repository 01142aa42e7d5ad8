//! The one matrix product behind dense layers: `c[i,j]` = `c₀[i,j]` + Σₖ `a[i,k]`·`b[k,j]`, one chain per element, k ascending.

use crate::real::Real;

/// Rows of a tile: six rows of sixteen columns stay in the registers of AVX2 (f32) and AVX-512.
const TILE_ROWS: usize = 6;
/// Columns of a tile.
const TILE_COLUMNS: usize = 16;

/// A matrix read at any two strides, so that a transposed operand needs no copy.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a, R> {
    pub(super) values: &'a [R],
    /// From `a[i,k]` to `a[i+1,k]`.
    pub(super) row_stride: usize,
    /// From `a[i,k]` to `a[i,k+1]`.
    pub(super) depth_stride: usize,
}

/// What a chain starts from and how its end is stored.
#[derive(Clone, Copy)]
pub(super) enum Ends<'a, R> {
    /// Starts at the bias of its column and overwrites c.
    Bias(&'a [R]),
    /// Starts at 0 and overwrites c.
    Overwrite,
    /// Starts at 0 and is added to c in one addition.
    Add,
}

/// `c[i,j]` for i < rows, j < columns, over `depth` terms. `b` is `[depth, columns]` and `c` `[rows, columns]`, row-major.
#[inline(always)]
pub(super) fn product<R: Real>(
    rows: usize,
    columns: usize,
    depth: usize,
    a: Strided<'_, R>,
    b: &[R],
    ends: Ends<'_, R>,
    c: &mut [R],
) {
    let mut j = 0;
    while columns - j >= TILE_COLUMNS {
        strip::<R, TILE_COLUMNS>(rows, columns, depth, j, a, b, ends, c);
        j += TILE_COLUMNS;
    }
    while columns - j >= 4 {
        strip::<R, 4>(rows, columns, depth, j, a, b, ends, c);
        j += 4;
    }
    while j < columns {
        strip::<R, 1>(rows, columns, depth, j, a, b, ends, c);
        j += 1;
    }
}

/// The columns j..j+N of c.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the product's own arguments and one column")]
fn strip<R: Real, const N: usize>(
    rows: usize,
    columns: usize,
    depth: usize,
    j: usize,
    a: Strided<'_, R>,
    b: &[R],
    ends: Ends<'_, R>,
    c: &mut [R],
) {
    let mut i = 0;
    while rows - i >= TILE_ROWS {
        tile::<R, TILE_ROWS, N>(i, j, columns, depth, a, b, ends, c);
        i += TILE_ROWS;
    }
    while rows - i >= 2 {
        tile::<R, 2, N>(i, j, columns, depth, a, b, ends, c);
        i += 2;
    }
    if i < rows {
        tile::<R, 1, N>(i, j, columns, depth, a, b, ends, c);
    }
}

/// The tile of M rows and N columns whose first element is `c[i,j]`.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the product's own arguments and one corner")]
fn tile<R: Real, const M: usize, const N: usize>(
    i: usize,
    j: usize,
    columns: usize,
    depth: usize,
    a: Strided<'_, R>,
    b: &[R],
    ends: Ends<'_, R>,
    c: &mut [R],
) {
    let mut chains = [[R::ZERO; N]; M];
    if let Ends::Bias(bias) = ends {
        for chain in &mut chains {
            chain.copy_from_slice(&bias[j..j + N]);
        }
    }
    for k in 0..depth {
        let at = k * columns + j;
        let b_row = &b[at..at + N];
        for m in 0..M {
            let factor = a.values[(i + m) * a.row_stride + k * a.depth_stride];
            for n in 0..N {
                chains[m][n] = factor.mul_add(b_row[n], chains[m][n]);
            }
        }
    }
    for m in 0..M {
        let at = (i + m) * columns + j;
        let c_row = &mut c[at..at + N];
        match ends {
            Ends::Add => {
                for n in 0..N {
                    c_row[n] += chains[m][n];
                }
            }
            Ends::Bias(_) | Ends::Overwrite => c_row.copy_from_slice(&chains[m]),
        }
    }
}
