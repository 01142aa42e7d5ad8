//! The forward product of a dense layer for a single row: one prediction at a time.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use super::panels::{panel_count, panel_width};
use super::vector::Vector;
use crate::real::Real;

vectorised! {
    /// `z[j] = b[j] + Σₖ x[k]·w[k,j]`, one chain for each output, k ascending, to the bits of [`strip`](super::panels::strip).
    ///
    /// Eight registers of outputs go through the input together, so that their chains hide each other's latency, and the
    /// weights are read once, in the order in which they lie.
    ///
    /// # Shapes
    /// `x` `[in]`; `panels`: the columns in panels of `[in + 1, W]`, the bias as the last row; `z`: `[columns]`, in whole panels.
    ///
    /// # Panics
    /// If `z` has no whole panels, or `panels` another length.
    pub fn one_row<R>(x: &[R], panels: &[R], columns: usize, z: &mut [R]) = one_row_body;
}

#[inline(always)]
unsafe fn one_row_body<R: Real, V: Vector<R>>(x: &[R], panels: &[R], columns: usize, z: &mut [R]) {
    let width = panel_width::<R>();
    let count = panel_count::<R>(columns);
    let panel = (x.len() + 1) * width;
    assert_eq!(panels.len(), count * panel, "panels are [in + 1, W]");
    assert_eq!(z.len(), count * width, "z is whole panels");
    let mut p = 0;
    // SAFETY: panels p..p+N lie in `panels` and in `z`; a panel is two or more whole registers wide.
    unsafe {
        if V::WIDTH * 2 == width {
            while count - p >= 4 {
                row_of::<R, V, 4, 2>(x, panels.as_ptr().add(p * panel), z.as_mut_ptr().add(p * width));
                p += 4;
            }
            if count - p >= 2 {
                row_of::<R, V, 2, 2>(x, panels.as_ptr().add(p * panel), z.as_mut_ptr().add(p * width));
                p += 2;
            }
            if count - p == 1 {
                row_of::<R, V, 1, 2>(x, panels.as_ptr().add(p * panel), z.as_mut_ptr().add(p * width));
            }
        } else if V::WIDTH * 4 == width {
            while count - p >= 2 {
                row_of::<R, V, 2, 4>(x, panels.as_ptr().add(p * panel), z.as_mut_ptr().add(p * width));
                p += 2;
            }
            if count - p == 1 {
                row_of::<R, V, 1, 4>(x, panels.as_ptr().add(p * panel), z.as_mut_ptr().add(p * width));
            }
        } else {
            assert_eq!(V::WIDTH * 8, width, "a panel is two, four or eight registers wide");
            while p < count {
                row_of::<R, V, 1, 8>(x, panels.as_ptr().add(p * panel), z.as_mut_ptr().add(p * width));
                p += 1;
            }
        }
    }
}

/// The outputs of `P` panels of `N` registers.
#[inline(always)]
unsafe fn row_of<R: Real, V: Vector<R>, const P: usize, const N: usize>(
    x: &[R],
    panels: *const R,
    z: *mut R,
) {
    let width = panel_width::<R>();
    let panel = (x.len() + 1) * width;
    // SAFETY: the caller's P panels have a row for each input and one for the biases, N registers wide.
    unsafe {
        let mut chains = [[V::splat(R::ZERO); N]; P];
        for p in 0..P {
            for n in 0..N {
                chains[p][n] = V::load(panels.add(p * panel + x.len() * width + n * V::WIDTH));
            }
        }
        let mut row = panels;
        for &value in x {
            let value = V::splat(value);
            for p in 0..P {
                for n in 0..N {
                    let w = V::load(row.add(p * panel + n * V::WIDTH));
                    chains[p][n] = value.mul_add(w, chains[p][n]);
                }
            }
            row = row.add(width);
        }
        for p in 0..P {
            for n in 0..N {
                chains[p][n].store(z.add(p * width + n * V::WIDTH));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::panels::{Left, Start, Strip, strip};

    /// The same product, panel by panel, by the strip kernel.
    fn agrees_with_the_strip<R: Real>(inputs: usize, columns: usize) {
        let width = panel_width::<R>();
        let count = panel_count::<R>(columns);
        let value = |i: usize| R::from_f64(((i * 7919) % 1009) as f64 / 97.0 - 5.0);
        let x: Vec<R> = (0..inputs).map(|k| value(k + 3)).collect();
        let panel = (inputs + 1) * width;
        let panels: Vec<R> = (0..count * panel).map(value).collect();
        let mut z = vec![R::ZERO; count * width];
        one_row(&x, &panels, columns, &mut z);

        // The row in panels of its own: one row, so that its panels are W apart.
        let mut padded = x.clone();
        padded.resize(inputs.next_multiple_of(width), R::ZERO);
        for (p, z) in z.chunks_exact(width).enumerate() {
            let right = &panels[p * panel..(p + 1) * panel];
            let mut expected = vec![R::ZERO; width];
            let left = Left::Across { values: &padded, panel: width };
            let start = Start::Columns(&right[inputs * width..]);
            let work = Strip { start, ..Strip::new(1, width, inputs, left, right) };
            strip(&work, &mut expected);
            for (ours, expected) in z.iter().zip(&expected) {
                assert_eq!(ours.bits(), expected.bits(), "{inputs} inputs, {columns} columns, panel {p}");
            }
        }
    }

    #[test]
    fn every_bit_is_the_strips() {
        for inputs in [1, 15, 64, 785] {
            for columns in [1, 32, 33, 64, 100, 128, 130, 300] {
                agrees_with_the_strip::<f32>(inputs, columns);
                agrees_with_the_strip::<f64>(inputs, columns);
            }
        }
    }
}
