//! The product behind a convolution's forward pass and behind its gradient to the input: weights run over images in planes.
//!
//! Positions lie in the lanes of registers and output channels are broadcasts: a tile of M channels and N registers of
//! positions keeps its chains in registers over all terms. Each term is one offset into the planes, whatever channel, row and column of
//! the kernel it is, so that size, stride, dilation and groups cost nothing.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::marker::PhantomData;
use std::ptr;

use super::{ConvolutionSizes, Planes, depthwise};
use crate::kernels::vector::{FEW, Vector};
use crate::real::Real;

/// Values of a tile that do not go to their places by whole registers: 28 registers of 16, and what is read with the last ones.
const ASIDE: usize = 448 + 16;

/// Weights that run over planes.
#[derive(Clone, Debug)]
pub struct Correlation {
    groups: usize,
    /// Output channels of a group.
    outputs: usize,
    /// From one group's planes to the next's.
    group_step: usize,
    /// Where each term of position (0, 0) lies in its group's planes.
    offsets: Vec<usize>,
    /// Where a term's weight lies, for output channel 0 of group 0; from one channel, and from one group, to the next.
    weights: Vec<usize>,
    weight_steps: [usize; 2],
    /// Rows and columns of positions.
    rows: usize,
    columns: usize,
    /// From one row to the next in the planes.
    pitch: usize,
    /// The output: its first value, from one channel, row and column to the next.
    first: usize,
    channel: usize,
    row: usize,
    column: usize,
    /// Values of the planes that are read.
    reach: usize,
    /// Whether it is one channel after the other through a kernel of 3 by 3.
    is_depthwise: bool,
}

vectorised! {
    /// Scalars in a register, and how many registers there are.
    fn registers<R>(scalar: PhantomData<R>) -> (usize, usize) = registers_body;
}

#[inline(always)]
unsafe fn registers_body<R: Real, V: Vector<R>>(_scalar: PhantomData<R>) -> (usize, usize) {
    (V::WIDTH, V::REGISTERS)
}

/// Channels of a tile at most: 14 channels of two registers are 28 chains; the rest hold positions and one broadcast.
const fn most_channels(registers: usize) -> usize {
    match registers {
        32 => 14,
        FEW => 2,
        _ => 6,
    }
}

impl Correlation {
    /// y from x in [`Planes::of_input`].
    pub fn forward(sizes: ConvolutionSizes) -> Correlation {
        let planes = Planes::of_input(sizes);
        let (rows, columns) = (sizes.out_height(), sizes.out_width());
        let terms = sizes.terms();
        Correlation {
            groups: sizes.groups,
            outputs: sizes.group_outputs(),
            group_step: sizes.group_inputs() * planes.channel(),
            offsets: input_offsets(sizes, &planes),
            weights: (0..terms).collect(),
            weight_steps: [terms, sizes.group_outputs() * terms],
            rows,
            columns,
            pitch: planes.pitch,
            first: 0,
            channel: rows * columns,
            row: columns,
            column: 1,
            reach: 0,
            is_depthwise: false,
        }
        .reaching()
    }

    /// dx from dy in [`Planes::of_gradient`]: with a stride, one for each remainder of the rows and columns of x by it.
    pub fn input_gradient(sizes: ConvolutionSizes) -> Vec<Correlation> {
        let planes = Planes::of_gradient(sizes);
        let mut all = Vec::new();
        for row_rest in 0..sizes.stride[0] {
            for column_rest in 0..sizes.stride[1] {
                let rests = [row_rest, column_rest];
                let [Some(down), Some(across)] = [0, 1].map(|axis| Rest::new(sizes, axis, rests[axis]))
                else {
                    continue;
                };
                all.push(Correlation::of_rest(sizes, &planes, &down, &across));
            }
        }
        all
    }

    fn of_rest(sizes: ConvolutionSizes, planes: &Planes, down: &Rest, across: &Rest) -> Correlation {
        let (terms, area) = (sizes.terms(), sizes.kernel_size[0] * sizes.kernel_size[1]);
        let [lead_down, lead_across] = planes.lead();
        let (mut offsets, mut weights) = (Vec::new(), Vec::new());
        for o in 0..sizes.group_outputs() {
            for &(p, back) in &down.places {
                for &(q, left) in &across.places {
                    let place =
                        planes.place(down.start + lead_down - back, across.start + lead_across - left);
                    offsets.push(o * planes.channel() + place);
                    weights.push(o * terms + p * sizes.kernel_size[1] + q);
                }
            }
        }
        Correlation {
            groups: sizes.groups,
            outputs: sizes.group_inputs(),
            group_step: sizes.group_outputs() * planes.channel(),
            offsets,
            weights,
            weight_steps: [area, sizes.group_outputs() * terms],
            rows: down.count,
            columns: across.count,
            pitch: planes.pitch,
            first: down.first * sizes.width + across.first,
            channel: sizes.height * sizes.width,
            row: sizes.stride[0] * sizes.width,
            column: sizes.stride[1],
            reach: 0,
            is_depthwise: false,
        }
        .reaching()
    }

    /// Notes how far it reads, whole registers counted.
    fn reaching(mut self) -> Self {
        let last = self.offsets.iter().copied().max().unwrap_or(0);
        self.is_depthwise =
            self.outputs == 1 && self.column == 1 && depthwise::is_square(&self.offsets, self.pitch);
        self.reach = (self.groups - 1) * self.group_step + last + (self.rows - 1) * self.pitch + self.columns;
        self
    }

    /// How many values its weights take in their [order](Self::order).
    pub fn packed_len(&self) -> usize {
        self.groups * self.outputs * self.offsets.len()
    }

    /// How many values of output it writes among, for an example.
    fn written(&self) -> usize {
        let channels = self.groups * self.outputs;
        self.first
            + (channels - 1) * self.channel
            + (self.rows - 1) * self.row
            + (self.columns - 1) * self.column
            + 1
    }

    /// The places in `[out_channels, in_channels / groups, rows, columns]` of the weights, in the order in which the tiles read them: the
    /// channels of a tile side by side, term by term. It depends on the instruction set in use.
    pub fn order<R: Real>(&self) -> Vec<usize> {
        let (_, registers) = registers::<R>(PhantomData);
        let count = self.outputs.div_ceil(most_channels(registers));
        let mut order = Vec::with_capacity(self.packed_len());
        for g in 0..self.groups {
            for t in 0..count {
                let tile = self.outputs * t / count..self.outputs * (t + 1) / count;
                for &term in &self.weights {
                    let channels = tile.clone();
                    order
                        .extend(channels.map(|o| g * self.weight_steps[1] + o * self.weight_steps[0] + term));
                }
            }
        }
        order
    }
}

/// Where each term of a convolution lies in the planes of its group's inputs.
pub(super) fn input_offsets(sizes: ConvolutionSizes, planes: &Planes) -> Vec<usize> {
    let [kernel_rows, kernel_columns] = sizes.kernel_size;
    let mut offsets = Vec::with_capacity(sizes.terms());
    for i in 0..sizes.group_inputs() {
        for p in 0..kernel_rows {
            for q in 0..kernel_columns {
                let place = planes.place(p * sizes.dilation[0], q * sizes.dilation[1]);
                offsets.push(i * planes.channel() + place);
            }
        }
    }
    offsets
}

/// Those places along an axis of x whose distance from the first place of the kernel leaves the same rest by the stride.
struct Rest {
    /// The first of them, and how many there are.
    first: usize,
    count: usize,
    /// The position of dy that the kernel's place 0 would have there.
    start: usize,
    /// The places of the kernel that reach them, last one first, and how many positions before `start` each stands.
    places: Vec<(usize, usize)>,
}

impl Rest {
    /// `None` where there is no such place.
    fn new(sizes: ConvolutionSizes, axis: usize, rest: usize) -> Option<Rest> {
        let (size, before, stride) = (sizes.image()[axis], sizes.padding[axis][0], sizes.stride[axis]);
        let start = before.saturating_sub(rest).div_ceil(stride);
        let first = start * stride + rest - before;
        if first >= size {
            return None;
        }
        let places = (0..sizes.kernel_size[axis]).rev().map(|p| (p, p * sizes.dilation[axis]));
        let places = places.filter(|(_, tap)| tap % stride == rest).map(|(p, tap)| (p, tap / stride));
        Some(Rest { first, count: (size - first).div_ceil(stride), start, places: places.collect() })
    }
}

vectorised! {
    /// One example's output, every value a chain over the terms that starts at its channel's bias, or at 0 where `bias` is empty.
    ///
    /// # Shapes
    /// `planes`: an example; `packed`: the weights in their [`order`](Correlation::order); `bias`: `[channels]`; `y`: the output
    /// `[channels, height, width]`, of which the places that the work is about are overwritten.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn correlate<R>(work: &Correlation, planes: &[R], packed: &[R], bias: &[R], y: &mut [R]) = correlate_body;
}

#[inline(always)]
unsafe fn correlate_body<R: Real, V: Vector<R>>(
    work: &Correlation,
    planes: &[R],
    packed: &[R],
    bias: &[R],
    y: &mut [R],
) {
    assert!(planes.len() >= work.reach + V::WIDTH - 1, "an example in planes");
    assert!(packed.len() >= work.packed_len(), "packed weights");
    assert!(bias.is_empty() || bias.len() >= work.groups * work.outputs, "a bias for each channel");
    assert!(y.len() >= work.written(), "y is [channels, height, width]");
    let count = work.outputs.div_ceil(most_channels(V::REGISTERS));
    let mut w = packed.as_ptr();
    for g in 0..work.groups {
        if work.is_depthwise {
            // SAFETY: the asserts cover what one channel reads and writes.
            unsafe {
                depthwise::channel::<R, V>(depthwise::Channel {
                    x: planes.as_ptr().add(g * work.group_step + work.offsets[0]),
                    pitch: work.pitch,
                    w: w.add(g * work.offsets.len()),
                    start: if bias.is_empty() { R::ZERO } else { bias[g] },
                    rows: work.rows,
                    columns: work.columns,
                    y: y.as_mut_ptr().add(work.first + g * work.channel),
                    row: work.row,
                });
            }
            continue;
        }
        for t in 0..count {
            let (start, end) = (work.outputs * t / count, work.outputs * (t + 1) / count);
            let o = g * work.outputs + start;
            // SAFETY: the asserts cover what the tiles of these channels read and write.
            unsafe {
                let tile = Tile {
                    x: planes.as_ptr().add(g * work.group_step),
                    step: 0,
                    half: 0,
                    offsets: work.offsets.as_ptr(),
                    terms: work.offsets.len(),
                    w,
                    bias: if bias.is_empty() { ptr::null() } else { bias.as_ptr().add(o) },
                    y: y.as_mut_ptr().add(work.first + o * work.channel),
                    channel: work.channel,
                    y_step: 0,
                    lanes: V::WIDTH,
                };
                channels::<R, V>(work, end - start, tile);
                w = w.add((end - start) * work.offsets.len());
            }
        }
    }
}

/// All positions of a tile's channels.
#[inline(always)]
unsafe fn channels<R: Real, V: Vector<R>>(work: &Correlation, m: usize, tile: Tile<R>) {
    let most = registers_of_positions(m, V::REGISTERS);
    let in_a_row = (work.rows - 1) * work.pitch + work.columns;
    let by_rows = work.rows * work.columns.div_ceil(V::WIDTH);
    // SAFETY: the caller's. Positions beyond a row's end are computed from whatever follows, and stored nowhere.
    unsafe {
        if goes_by_halves::<R, V>(work, m) {
            let mut r = 0;
            while r < work.rows {
                let (x, y) = (tile.x.add(r * work.pitch), tile.y.add(r * work.row));
                let step = 2 * work.pitch;
                halved::<R, V>(m, Tile { x, y, step, half: work.pitch, y_step: V::WIDTH, ..tile });
                r += 4;
            }
            return;
        }
        if work.columns < V::WIDTH && in_a_row.div_ceil(V::WIDTH) < by_rows {
            // Narrow images: rows one after the other, zeros and all.
            let n = at_most(most, in_a_row / V::WIDTH);
            let mut start = 0;
            while start < in_a_row {
                let n = if in_a_row - start <= V::WIDTH { 1 } else { n };
                let begin = last_start(start, n * V::WIDTH, in_a_row);
                let to_scatter = Tile { x: tile.x.add(begin), step: V::WIDTH, ..tile };
                aside::<R, V>(work, m, n, to_scatter, begin);
                start += n * V::WIDTH;
            }
            return;
        }
        let n = at_most(most, work.rows);
        let mut c = 0;
        while c < work.columns {
            let column = last_start(c, V::WIDTH, work.columns);
            let mut r = 0;
            while r < work.rows {
                let row = last_start(r, n, work.rows);
                let begin = row * work.pitch + column;
                let at = Tile { x: tile.x.add(begin), step: work.pitch, y_step: work.row, ..tile };
                if work.column == 1 {
                    let (y, left) = (at.y.add(row * work.row + column), work.columns - column);
                    let lanes = if left < V::WIDTH { left } else { V::WIDTH };
                    tile_of::<R, V>(m, n, Tile { y, lanes, ..at });
                } else {
                    aside::<R, V>(work, m, n, at, begin);
                }
                r += n;
            }
            c += V::WIDTH;
        }
    }
}

/// Whether two rows of positions fill a register, four rows a tile of two, and the rows of the output follow each other.
#[inline(always)]
fn goes_by_halves<R, V: Vector<R>>(work: &Correlation, m: usize) -> bool {
    V::REGISTERS == 32
        && m >= LEAST_HALVED
        && 2 * work.columns == V::WIDTH
        && (work.row, work.column) == (work.columns, 1)
        && work.rows.is_multiple_of(4)
}

/// Channels of a tile at least whose registers are loaded in halves.
const LEAST_HALVED: usize = 7;

/// Where a run of `length` begins: at `start`, or earlier where it would pass the end, so that the last one overlaps.
#[inline(always)]
fn last_start(start: usize, length: usize, end: usize) -> usize {
    if start + length <= end || length > end { start } else { end - length }
}

/// How many registers of positions go with so many channels.
#[inline(always)]
fn registers_of_positions(channels: usize, registers: usize) -> usize {
    match (registers, channels) {
        (32, 1..=2) => 8,
        (32, 3..=6) => 4,
        (32, 7..=9) => 3,
        (32, _) => 2,
        (FEW, _) => 1,
        (_, 1..=2) => 4,
        _ => 2,
    }
}

/// The largest number that there is a tile for and that is no larger than what there is.
#[inline(always)]
fn at_most(most: usize, available: usize) -> usize {
    if available >= most {
        most
    } else if available >= 2 {
        2
    } else {
        1
    }
}

/// A tile whose values go to their places in pieces: those of rows that follow each other, or with a stride between them. Its first position
/// lies at `begin` in the planes.
#[inline(always)]
unsafe fn aside<R: Real, V: Vector<R>>(work: &Correlation, m: usize, n: usize, tile: Tile<R>, begin: usize) {
    let mut values = [R::ZERO; ASIDE];
    let (y, channel, step) = (tile.y, tile.channel, tile.step);
    // SAFETY: the caller's; a tile has at most 28 registers, and only positions of the image are stored.
    unsafe {
        let to = Tile { y: values.as_mut_ptr(), channel: n * V::WIDTH, y_step: V::WIDTH, ..tile };
        tile_of::<R, V>(m, n, to);
        for j in 0..n {
            let mut lane = 0;
            while lane < V::WIDTH {
                let at = begin + j * step + lane;
                let (row, column) = (at / work.pitch, at % work.pitch);
                if row >= work.rows {
                    break;
                }
                let left = V::WIDTH - lane;
                let in_row = work.pitch - column;
                let run = if in_row < left { in_row } else { left };
                let mut count = work.columns.saturating_sub(column);
                if count > run {
                    count = run;
                }
                for i in 0..m {
                    let from = values.as_ptr().add((i * n + j) * V::WIDTH + lane);
                    let to = y.add(i * channel + row * work.row + column * work.column);
                    if work.column == 1 {
                        V::load(from).store_first(count, to);
                    } else {
                        for k in 0..count {
                            *to.add(k * work.column) = *from.add(k);
                        }
                    }
                }
                lane += run;
            }
        }
    }
}

/// A tile by its first elements.
#[derive(Clone, Copy)]
struct Tile<R> {
    x: *const R,
    /// From one register of positions to the next.
    step: usize,
    /// From the first half of one to the second, where they are loaded by halves.
    half: usize,
    offsets: *const usize,
    terms: usize,
    w: *const R,
    bias: *const R,
    y: *mut R,
    channel: usize,
    y_step: usize,
    /// How many lanes of each register are stored.
    lanes: usize,
}

#[inline(always)]
unsafe fn tile_of<R: Real, V: Vector<R>>(m: usize, n: usize, work: Tile<R>) {
    // SAFETY: the caller's; each arm has as many channels and registers as it is asked for.
    unsafe {
        match (n, m) {
            (1, _) => tile_of_channels::<R, V, 1>(m, work),
            _ if V::REGISTERS == FEW => unreachable!("registers for such a tile"),
            (2, _) => tile_of_channels::<R, V, 2>(m, work),
            (4, 1) => tile::<R, V, 1, 4, false>(work),
            (4, 2) => tile::<R, V, 2, 4, false>(work),
            _ if V::REGISTERS < 32 => unreachable!("registers for such a tile"),
            (8, 1) => tile::<R, V, 1, 8, false>(work),
            (8, 2) => tile::<R, V, 2, 8, false>(work),
            (4, 3) => tile::<R, V, 3, 4, false>(work),
            (4, 4) => tile::<R, V, 4, 4, false>(work),
            (4, 5) => tile::<R, V, 5, 4, false>(work),
            (4, 6) => tile::<R, V, 6, 4, false>(work),
            (3, 7) => tile::<R, V, 7, 3, false>(work),
            (3, 8) => tile::<R, V, 8, 3, false>(work),
            (3, 9) => tile::<R, V, 9, 3, false>(work),
            _ => unreachable!("registers for such a tile"),
        }
    }
}

#[inline(always)]
unsafe fn halved<R: Real, V: Vector<R>>(m: usize, work: Tile<R>) {
    // SAFETY: the caller's.
    unsafe {
        match m {
            7 => tile::<R, V, 7, 2, true>(work),
            8 => tile::<R, V, 8, 2, true>(work),
            9 => tile::<R, V, 9, 2, true>(work),
            10 => tile::<R, V, 10, 2, true>(work),
            11 => tile::<R, V, 11, 2, true>(work),
            12 => tile::<R, V, 12, 2, true>(work),
            13 => tile::<R, V, 13, 2, true>(work),
            14 => tile::<R, V, 14, 2, true>(work),
            _ => unreachable!("tiles have 7 to 14 channels"),
        }
    }
}

#[inline(always)]
unsafe fn tile_of_channels<R: Real, V: Vector<R>, const N: usize>(m: usize, work: Tile<R>) {
    // SAFETY: the caller's.
    unsafe {
        match m {
            1 => tile::<R, V, 1, N, false>(work),
            2 => tile::<R, V, 2, N, false>(work),
            _ if V::REGISTERS == FEW => unreachable!("tiles have at most 2 channels"),
            3 => tile::<R, V, 3, N, false>(work),
            4 => tile::<R, V, 4, N, false>(work),
            5 => tile::<R, V, 5, N, false>(work),
            6 => tile::<R, V, 6, N, false>(work),
            _ if V::REGISTERS < 32 => unreachable!("tiles have at most 6 channels"),
            7 => tile::<R, V, 7, N, false>(work),
            8 => tile::<R, V, 8, N, false>(work),
            9 => tile::<R, V, 9, N, false>(work),
            10 => tile::<R, V, 10, N, false>(work),
            11 => tile::<R, V, 11, N, false>(work),
            12 => tile::<R, V, 12, N, false>(work),
            13 => tile::<R, V, 13, N, false>(work),
            14 => tile::<R, V, 14, N, false>(work),
            _ => unreachable!("tiles have at most 14 channels"),
        }
    }
}

/// `M` channels of `N` registers of positions: all chains stay in registers over all terms.
#[inline(always)]
unsafe fn tile<R: Real, V: Vector<R>, const M: usize, const N: usize, const HALVES: bool>(work: Tile<R>) {
    // SAFETY: the caller's pointers reach all terms, channels and positions of the tile.
    unsafe {
        let mut chains = [[V::splat(R::ZERO); N]; M];
        if !work.bias.is_null() {
            for m in 0..M {
                chains[m] = [V::splat(*work.bias.add(m)); N];
            }
        }
        let mut w = work.w;
        for k in 0..work.terms {
            let x = work.x.add(*work.offsets.add(k));
            let mut values = [V::splat(R::ZERO); N];
            for n in 0..N {
                let x = x.add(n * work.step);
                values[n] = if HALVES { V::load_halves(x, x.add(work.half)) } else { V::load(x) };
            }
            for m in 0..M {
                let weight = V::splat(*w.add(m));
                for n in 0..N {
                    chains[m][n] = values[n].mul_add(weight, chains[m][n]);
                }
            }
            w = w.add(M);
        }
        for m in 0..M {
            for n in 0..N {
                let y = work.y.add(m * work.channel + n * work.y_step);
                if work.lanes == V::WIDTH {
                    chains[m][n].store(y);
                } else {
                    chains[m][n].store_first(work.lanes, y);
                }
            }
        }
    }
}
