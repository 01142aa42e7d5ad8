//! From rows in lanes to panels of columns.
#![allow(
    unsafe_code,
    reason = "the entries compiled for an instruction set are called after it was detected"
)]

use super::LaneSizes;
use crate::kernels::panels::panel_width;
use crate::real::Real;

dispatched! {
    /// `[rows, in_features]` with its rows in lanes becomes panels of columns, `rows` rows each
    /// ([`panels`](crate::kernels::panels)). Columns beyond the last keep what they hold.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub fn to_columns<R>(sizes: LaneSizes, x: &[R], columns: &mut [R]) = to_columns_portable;
}

#[inline(always)]
pub(super) fn to_columns_portable<R: Real>(sizes: LaneSizes, x: &[R], columns: &mut [R]) {
    let width = panel_width::<R>();
    let LaneSizes { rows, in_features, .. } = sizes;
    let mut first = 0;
    while first < in_features {
        let features = if in_features - first < width { in_features - first } else { width };
        let panel = &mut columns[first * rows..][..rows * width];
        for n in 0..rows {
            let from = &x[n / width * in_features * width + first * width + n % width..];
            let to = &mut panel[n * width..][..width];
            for k in 0..features {
                to[k] = from[k * width];
            }
        }
        first += width;
    }
}
