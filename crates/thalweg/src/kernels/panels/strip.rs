//! The one product that serves every pass of a dense layer: the columns of one panel, in tiles that stay in registers.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::ptr;

use super::panel_width;
use crate::kernels::prefetch::{LINE, Run, prefetch_line};
use crate::kernels::vector::{FEW, Vector};
use crate::real::Real;

/// The left operand of a product, `a[i,k]` for i < rows, k < depth.
#[derive(Clone, Copy, Debug)]
pub enum Left<'a, R> {
    /// A matrix in panels whose columns are the depth: `a[i,k]` lies in panel k / W. `values` starts at row 0 of the tile;
    /// `panel` is the distance between panels.
    Across {
        /// The matrix from the tile's first row on.
        values: &'a [R],
        /// From one panel to the next.
        panel: usize,
    },
    /// One panel whose rows are the depth and whose columns are the rows of the product: aᵀ. `values` starts at the
    /// tile's first column; `rows` of the product stay inside of the panel.
    Down {
        /// The panel from the tile's first column on.
        values: &'a [R],
    },
}

/// What a chain starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, R> {
    /// 0.
    Zero,
    /// The value of its column: a row of `W` biases.
    Columns(&'a [R]),
    /// The value of its row.
    Rows(&'a [R]),
    /// What c holds: the chain goes on.
    Stored,
}

/// What becomes of a chain that has come to its end.
#[derive(Clone, Copy, Debug)]
pub enum End<'a, R> {
    /// It is stored.
    Store,
    /// It is added to 0, as the sum of one block of rows, whose -0 becomes +0, and stored.
    Sum,
    /// As a gradient, whose chains go down the rows, it is added to 0, and a penalty is added to it: fma(l2, weight, gradient).
    Penalise {
        /// What weights are multiplied by.
        l2: R,
        /// As c.
        weights: &'a [R],
    },
    /// As a gradient, which goes down the rows, added to 0, it changes what c holds by gradient descent: c ← fma(-rate, gradient, c), the gradient with the
    /// penalty fma(l2, c, gradient) where there is one.
    Descend {
        /// -rate.
        minus_rate: R,
        /// 0: no penalty.
        l2: R,
    },
}

/// One strip of a product: the columns of one panel. [`Strip::new`] has what is usual.
#[derive(Clone, Copy, Debug)]
pub struct Strip<'a, R> {
    /// How many rows of c.
    pub rows: usize,
    /// How many columns of the panel are wanted; whole registers are computed.
    pub columns: usize,
    /// How many terms each chain has.
    pub depth: usize,
    /// a.
    pub left: Left<'a, R>,
    /// b: one panel, `[depth, W]`.
    pub right: &'a [R],
    /// What the chains start from.
    pub start: Start<'a, R>,
    /// What becomes of their ends.
    pub end: End<'a, R>,
    /// Values that will be wanted next: they are asked for while the product runs, evenly. The second run comes only with
    /// a first one.
    pub ahead: [Run<R>; 2],
}

impl<'a, R> Strip<'a, R> {
    /// Chains that start from 0 and are stored; nothing is asked for.
    pub const fn new(rows: usize, columns: usize, depth: usize, left: Left<'a, R>, right: &'a [R]) -> Self {
        Strip {
            rows,
            columns,
            depth,
            left,
            right,
            start: Start::Zero,
            end: End::Store,
            ahead: [Run::NONE; 2],
        }
    }
}

vectorised! {
    /// `c[i,j]` ← end(start + Σₖ `a[i,k]`·`b[k,j]`), one chain for each element, k ascending; `c` is `[rows, W]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say, or a gradient is to go across.
    pub fn strip<R>(work: &Strip<'_, R>, c: &mut [R]) = strip_body;
}

#[inline(always)]
unsafe fn strip_body<R: Real, V: Vector<R>>(work: &Strip<'_, R>, c: &mut [R]) {
    let width = panel_width::<R>();
    let Strip { rows, columns, depth, left, right, start, .. } = *work;
    assert!(columns <= width, "a strip lies in one panel");
    assert!(right.len() >= depth * width, "b is [depth, W]");
    assert!(c.len() >= rows * width, "c is [rows, W]");
    if rows == 0 {
        return;
    }
    match left {
        Left::Across { values, panel } => {
            let whole = depth / width;
            let last = depth % width;
            let end = match (whole, last) {
                (0, 0) => 0,
                (_, 0) => (whole - 1) * panel + rows * width,
                _ => whole * panel + (rows - 1) * width + last,
            };
            assert!(values.len() >= end, "a holds all rows of all panels");
        }
        Left::Down { values } => {
            assert!(rows <= width, "the rows of the product are columns of one panel");
            assert!(
                depth == 0 || values.len() >= (depth - 1) * width + rows,
                "a holds all rows of the panel"
            );
        }
    }
    match start {
        Start::Columns(bias) => assert!(bias.len() >= width, "a bias for each column"),
        Start::Rows(bias) => assert!(bias.len() >= rows, "a bias for each row"),
        Start::Zero | Start::Stored => {}
    }
    if let End::Penalise { .. } | End::Descend { .. } = work.end {
        assert!(matches!(left, Left::Down { .. }), "a gradient's chains go down the rows");
    }
    if let End::Penalise { weights, .. } = work.end {
        assert!(weights.len() >= rows * width, "a weight for each gradient");
    }
    let pairs = V::WIDTH * 2;
    let mut column = 0;
    while column < columns {
        // SAFETY: the asserts above cover every row and column that the tiles touch; a panel's width is a multiple of
        // two registers of every instruction set.
        unsafe {
            if columns - column > V::WIDTH {
                tiles::<R, V, 2>(work, column, c);
            } else {
                tiles::<R, V, 1>(work, column, c);
            }
        }
        column += pairs;
    }
}

/// The tiles of `N` registers of columns, the rows divided evenly.
#[inline(always)]
unsafe fn tiles<R: Real, V: Vector<R>, const N: usize>(work: &Strip<'_, R>, column: usize, c: &mut [R]) {
    let width = panel_width::<R>();
    let (across, a, panel) = match work.left {
        Left::Across { values, panel } => (true, values.as_ptr(), panel),
        Left::Down { values } => (false, values.as_ptr(), 0),
    };
    // 14 rows of two registers are 28 chains; the rest hold b and one broadcast value. Down a panel, 8 rows share
    // a line of x evenly.
    let most = match (V::REGISTERS, across) {
        (32, true) => 14,
        (32, false) => 11,
        (FEW, _) => 2,
        _ => 6,
    };
    let count = work.rows.div_ceil(most);
    let (rows, longer) = (work.rows / count, work.rows % count);
    let turns = work.depth.div_ceil(width) + usize::from(work.depth == 0);
    let mut ahead = Ahead::NONE;
    if column == 0 && work.ahead[0].len > 0 {
        ahead = Ahead::new(work.ahead, count * turns);
    }
    let mut i = 0;
    for t in 0..count {
        let m = rows + usize::from(t < longer);
        // SAFETY: rows i..i+m of c and of a, inside of what the caller checked.
        unsafe {
            let tile = Tile {
                a: if across { a.add(i * width) } else { a.add(i) },
                panel,
                b: work.right.as_ptr().add(column),
                depth: work.depth,
                start: match work.start {
                    Start::Zero => TileStart::Zero,
                    Start::Columns(bias) => TileStart::Columns(bias.as_ptr().add(column)),
                    Start::Rows(bias) => TileStart::Rows(bias.as_ptr().add(i)),
                    Start::Stored => TileStart::Stored,
                },
                c: c.as_mut_ptr().add(i * width + column),
                end: match work.end {
                    End::Store => TileEnd::Store,
                    End::Sum => TileEnd::Sum,
                    End::Penalise { l2, weights } => {
                        TileEnd::Penalise { l2, weights: weights.as_ptr().add(i * width + column) }
                    }
                    End::Descend { minus_rate, l2 } => TileEnd::Descend { minus_rate, l2 },
                },
                ahead,
            };
            if !ahead.is_none() {
                ahead = ahead.after(turns);
            }
            if across {
                tile_of::<R, V, N, true>(m, tile);
            } else {
                tile_of::<R, V, N, false>(m, tile);
            }
        }
        i += m;
    }
}

/// What a tile asks for while it works: some lines of either run at every turn of W terms.
#[derive(Clone, Copy)]
struct Ahead<R> {
    runs: [*const R; 2],
    lines: [usize; 2],
}

impl<R> Ahead<R> {
    const NONE: Ahead<R> = Ahead { runs: [ptr::null(); 2], lines: [0; 2] };

    /// Spread over so many turns.
    #[inline(always)]
    fn new(runs: [Run<R>; 2], turns: usize) -> Ahead<R> {
        let each = turns * LINE / size_of::<R>();
        let lines = [runs[0].len.div_ceil(each), runs[1].len.div_ceil(each)];
        Ahead { runs: [runs[0].start, runs[1].start], lines }
    }

    #[inline(always)]
    fn is_none(&self) -> bool {
        self.lines[0] == 0
    }

    /// What is left after so many turns.
    #[inline(always)]
    fn after(self, turns: usize) -> Ahead<R> {
        let Ahead { mut runs, lines } = self;
        for i in 0..runs.len() {
            runs[i] = runs[i].wrapping_byte_add(turns * lines[i] * LINE);
        }
        Ahead { runs, lines }
    }

    /// One turn.
    #[inline(always)]
    fn ask(&mut self) {
        for i in 0..self.runs.len() {
            for _ in 0..self.lines[i] {
                prefetch_line(self.runs[i]);
                self.runs[i] = self.runs[i].wrapping_byte_add(LINE);
            }
        }
    }
}

/// A tile by its first elements.
#[derive(Clone, Copy)]
struct Tile<R> {
    a: *const R,
    panel: usize,
    b: *const R,
    depth: usize,
    start: TileStart<R>,
    c: *mut R,
    end: TileEnd<R>,
    ahead: Ahead<R>,
}

#[derive(Clone, Copy)]
enum TileEnd<R> {
    Store,
    Sum,
    Penalise { l2: R, weights: *const R },
    Descend { minus_rate: R, l2: R },
}

#[derive(Clone, Copy)]
enum TileStart<R> {
    Zero,
    Columns(*const R),
    Rows(*const R),
    Stored,
}

#[inline(always)]
unsafe fn tile_of<R: Real, V: Vector<R>, const N: usize, const ACROSS: bool>(rows: usize, work: Tile<R>) {
    // SAFETY: the caller's; each arm has as many rows as it is asked for.
    unsafe {
        match rows {
            1 => tile::<R, V, 1, N, ACROSS>(work),
            2 => tile::<R, V, 2, N, ACROSS>(work),
            _ if V::REGISTERS == FEW => unreachable!("tiles have at most 2 rows"),
            3 => tile::<R, V, 3, N, ACROSS>(work),
            4 => tile::<R, V, 4, N, ACROSS>(work),
            5 => tile::<R, V, 5, N, ACROSS>(work),
            6 => tile::<R, V, 6, N, ACROSS>(work),
            _ if V::REGISTERS < 32 => unreachable!("tiles have at most 6 rows"),
            7 => tile::<R, V, 7, N, ACROSS>(work),
            8 => tile::<R, V, 8, N, ACROSS>(work),
            9 => tile::<R, V, 9, N, ACROSS>(work),
            10 => tile::<R, V, 10, N, ACROSS>(work),
            11 => tile::<R, V, 11, N, ACROSS>(work),
            12 => tile::<R, V, 12, N, ACROSS>(work),
            13 => tile::<R, V, 13, N, ACROSS>(work),
            14 => tile::<R, V, 14, N, ACROSS>(work),
            _ => unreachable!("tiles have at most 14 rows"),
        }
    }
}

/// `M` rows of `N` registers: all chains stay in registers over the whole depth.
#[inline(always)]
unsafe fn tile<R: Real, V: Vector<R>, const M: usize, const N: usize, const ACROSS: bool>(work: Tile<R>) {
    let width = panel_width::<R>();
    // SAFETY: the caller's pointers reach all rows, columns and terms of the tile.
    unsafe {
        let mut chains = [[V::splat(R::ZERO); N]; M];
        match work.start {
            TileStart::Zero => {}
            TileStart::Columns(bias) => {
                for n in 0..N {
                    let bias = V::load(bias.add(n * V::WIDTH));
                    for m in 0..M {
                        chains[m][n] = bias;
                    }
                }
            }
            TileStart::Rows(bias) => {
                for m in 0..M {
                    chains[m] = [V::splat(*bias.add(m)); N];
                }
            }
            TileStart::Stored => {
                for m in 0..M {
                    for n in 0..N {
                        chains[m][n] = V::load(work.c.add(m * width + n * V::WIDTH));
                    }
                }
            }
        }
        let mut b = work.b;
        let mut panel = work.a;
        let mut left = work.depth;
        let mut ahead = work.ahead;
        let most = if ACROSS || !ahead.is_none() { width } else { left };
        while left > 0 {
            let length = if left > most { most } else { left };
            let mut a = panel;
            if !ahead.is_none() {
                ahead.ask();
            }
            for _ in 0..length {
                let mut columns = [V::splat(R::ZERO); N];
                for n in 0..N {
                    columns[n] = V::load(b.add(n * V::WIDTH));
                }
                for m in 0..M {
                    let value = V::splat(*a.add(if ACROSS { m * width } else { m }));
                    for n in 0..N {
                        chains[m][n] = value.mul_add(columns[n], chains[m][n]);
                    }
                }
                b = b.add(width);
                a = a.add(if ACROSS { 1 } else { width });
            }
            panel = if ACROSS { panel.wrapping_add(work.panel) } else { a };
            left -= length;
        }
        let zero = V::splat(R::ZERO);
        match work.end {
            TileEnd::Store => {}
            TileEnd::Sum => {
                for m in 0..M {
                    for n in 0..N {
                        chains[m][n] = zero.add(chains[m][n]);
                    }
                }
            }
            // Gradients go down the rows: the tiles across, which fill all registers, know nothing of these.
            TileEnd::Penalise { .. } | TileEnd::Descend { .. } if ACROSS => {}
            TileEnd::Penalise { l2, weights } => {
                let l2 = V::splat(l2);
                for m in 0..M {
                    for n in 0..N {
                        let weight = V::load(weights.add(m * width + n * V::WIDTH));
                        chains[m][n] = l2.mul_add(weight, zero.add(chains[m][n]));
                    }
                }
            }
            TileEnd::Descend { minus_rate, l2 } => {
                let (minus_rate, has_penalty, l2) = (V::splat(minus_rate), l2 != R::ZERO, V::splat(l2));
                for m in 0..M {
                    for n in 0..N {
                        let c = V::load(work.c.add(m * width + n * V::WIDTH));
                        let mut gradient = zero.add(chains[m][n]);
                        if has_penalty {
                            gradient = l2.mul_add(c, gradient);
                        }
                        chains[m][n] = minus_rate.mul_add(gradient, c);
                    }
                }
            }
        }
        for m in 0..M {
            for n in 0..N {
                chains[m][n].store(work.c.add(m * width + n * V::WIDTH));
            }
        }
    }
}
