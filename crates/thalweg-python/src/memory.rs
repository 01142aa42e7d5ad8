//! Memory that belongs to Python, read where it lies. The only module with `unsafe` code.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;

use numpy::{Element, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use thalweg::data::{SharedFeatures, SharedSlice, SharedValues};

/// A stretch of an array's memory, which the array keeps alive.
struct Lent<T> {
    start: *const T,
    len: usize,
    _owner: Py<PyAny>,
}

// SAFETY: the memory is only read, by any thread, and lives as long as `_owner`, which may be held and dropped on any thread.
unsafe impl<T: Sync> Send for Lent<T> {}
// SAFETY: as above: shared references only read numbers.
unsafe impl<T: Sync> Sync for Lent<T> {}

impl<T> AsRef<[T]> for Lent<T> {
    fn as_ref(&self) -> &[T] {
        // SAFETY: `lend` and `lend_slice` checked that `start` is aligned and not null and that `len` values of the array's own memory begin there;
        // `_owner` keeps it. Who changes an array while a network is trained on it gets what numbers there are: the types are plain
        // numbers, for which every bit pattern is a value.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

/// A matrix that reads an array where it lies: `[rows, ...]`, all axes but the first as one. `None` if its layout is not that of a
/// matrix with equal steps forward, or its memory is not aligned; the caller then copies.
pub(crate) fn lend<T: Element + Sync + 'static>(
    array: &Bound<'_, PyArrayDyn<T>>,
    kind: impl Fn(SharedSlice<T>) -> SharedValues,
) -> Option<SharedFeatures> {
    let size = size_of::<T>() as isize;
    let steps: Vec<usize> = array
        .strides()
        .iter()
        .map(|&stride| (stride >= 0 && stride % size == 0).then_some((stride / size) as usize))
        .collect::<Option<_>>()?;
    let shape = array.shape();
    let (&rows, axes) = shape.split_first()?;
    let (&row_step, steps) = steps.split_first()?;
    // The axes of a row, the last first, must follow each other without gaps, but for a common step.
    let mut columns = 1;
    let mut column_step = 1;
    for (&axis, &step) in axes.iter().zip(steps).rev() {
        if axis > 1 {
            match columns {
                1 => column_step = step,
                _ if step == column_step * columns => {}
                _ => return None,
            }
            columns *= axis;
        } else if axis == 0 {
            return None;
        }
    }
    let start = array.data().cast_const();
    if rows == 0 || start.is_null() || !start.is_aligned() {
        return None;
    }
    let len = (rows - 1).checked_mul(row_step)?.checked_add((columns - 1).checked_mul(column_step)?)? + 1;
    let lent = Lent { start, len, _owner: array.clone().into_any().unbind() };
    SharedFeatures::new(kind(Arc::new(lent)), rows, columns, row_step, column_step)
}

/// The memory of an array of one axis without gaps; `None` if it has any, or is not aligned.
pub(crate) fn lend_slice<T: Element + Sync + 'static>(
    array: &Bound<'_, PyArrayDyn<T>>,
) -> Option<SharedSlice<T>> {
    let start = array.data().cast_const();
    let is_plain = array.ndim() == 1 && array.is_contiguous() && !start.is_null() && start.is_aligned();
    is_plain.then(|| {
        let lent = Lent { start, len: array.len(), _owner: array.clone().into_any().unbind() };
        Arc::new(lent) as SharedSlice<T>
    })
}

/// The structures of the Arrow C data interface (arrow.apache.org/docs/format/CDataInterface.html), field by field.
#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

/// One column of a stream of tables.
pub(crate) struct ArrowColumn {
    pub(crate) name: String,
    /// Arrow's own word for the type: `"g"` for `f64`, `"u"` for text ...
    pub(crate) format: String,
    pub(crate) is_dictionary: bool,
    pub(crate) values: Vec<f64>,
    /// The row of the first value that is missing.
    pub(crate) first_missing: Option<usize>,
}

/// Something of Arrow's that is released when it goes out of scope.
macro_rules! released {
    ($owner:ident, $inner:ident) => {
        struct $owner($inner);
        impl Drop for $owner {
            fn drop(&mut self) {
                if let Some(release) = self.0.release {
                    // SAFETY: the structure was filled by its producer, whose `release` wants exactly this pointer, once.
                    unsafe { release(&raw mut self.0) }
                }
            }
        }
    };
}
released!(OwnedSchema, ArrowSchema);
released!(OwnedArray, ArrowArray);

/// Reads all columns of a stream of tables, numbers as `f64`. Columns that are no numbers come back empty: their format says why.
pub(crate) fn read_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<Vec<ArrowColumn>> {
    let stream = capsule.pointer_checked(Some(c"arrow_array_stream"))?.as_ptr().cast::<ArrowArrayStream>();
    let failed = |what: &str| PyValueError::new_err(format!("the Arrow stream gave no {what}"));
    // SAFETY: a capsule of this name holds such a stream (the Arrow PyCapsule interface), alive as long as the capsule is.
    let (get_schema, get_next) = unsafe { ((*stream).get_schema, (*stream).get_next) };
    let (Some(get_schema), Some(get_next)) = (get_schema, get_next) else { return Err(failed("functions")) };
    // SAFETY: all-zero bytes are a valid, released schema: null pointers, zeros and no function.
    let mut schema = OwnedSchema(unsafe { std::mem::zeroed() });
    // SAFETY: the stream's own function, with the stream and room for a schema.
    if unsafe { get_schema(stream, &raw mut schema.0) } != 0 {
        return Err(failed("schema"));
    }
    let count = schema.0.n_children.max(0) as usize;
    let text = |text: *const c_char| {
        if text.is_null() {
            return String::new();
        }
        // SAFETY: what is not null is a C string of the schema, which outlives the copy.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    let mut columns = Vec::with_capacity(count);
    for i in 0..count {
        // SAFETY: a schema has `n_children` pointers to schemas.
        let child = unsafe { &**schema.0.children.add(i) };
        columns.push(ArrowColumn {
            name: text(child.name),
            format: text(child.format),
            is_dictionary: !child.dictionary.is_null(),
            values: Vec::new(),
            first_missing: None,
        });
    }
    loop {
        // SAFETY: all-zero bytes are a valid, released array.
        let mut chunk = OwnedArray(unsafe { std::mem::zeroed() });
        // SAFETY: the stream's own function, with the stream and room for an array.
        if unsafe { get_next(stream, &raw mut chunk.0) } != 0 {
            return Err(failed("table"));
        }
        if chunk.0.release.is_none() {
            return Ok(columns); // the end
        }
        if chunk.0.n_children as usize != count {
            return Err(failed("table with the columns of its schema"));
        }
        for (i, column) in columns.iter_mut().enumerate() {
            if column.is_dictionary {
                continue;
            }
            // SAFETY: an array of a table has `n_children` pointers to arrays.
            let child = unsafe { &**chunk.0.children.add(i) };
            // The table's own offset applies to its columns too.
            read_column(column, child, chunk.0.offset.max(0) as usize, chunk.0.length.max(0) as usize);
        }
    }
}

/// A number of IEEE 754's binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 1023));
    let power = |of_two: i32| f64::from_bits(((of_two + 1023) as u64) << 52);
    let size = match exponent {
        0 => fraction * power(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * power(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Adds the values of a piece of a column.
fn read_column(column: &mut ArrowColumn, array: &ArrowArray, table_offset: usize, rows: usize) {
    if array.n_buffers < 2 {
        return;
    }
    let first = array.offset.max(0) as usize + table_offset;
    // SAFETY: an array has `n_buffers` pointers; a primitive one has the validity bitmap and the values.
    let (valid, values) = unsafe { (*array.buffers.cast::<*const u8>(), *array.buffers.add(1)) };
    let bit = |bits: *const u8, at: usize| {
        // SAFETY: bitmaps have a bit for each of the `offset + length` values.
        unsafe { *bits.add(at / 8) >> (at % 8) & 1 == 1 }
    };
    let start = column.values.len();
    if !valid.is_null() && array.null_count != 0 && column.first_missing.is_none() {
        column.first_missing = (0..rows).find(|n| !bit(valid, first + n)).map(|n| start + n);
    }
    macro_rules! numbers {
        ($type:ty) => {{
            let values = values.cast::<$type>();
            column.values.extend((0..rows).map(|n| {
                // SAFETY: a primitive column of this format has `offset + length` such values.
                unsafe { values.add(first + n).read_unaligned() as f64 }
            }));
        }};
    }
    match column.format.as_str() {
        "c" => numbers!(i8),
        "C" => numbers!(u8),
        "s" => numbers!(i16),
        "S" => numbers!(u16),
        "i" => numbers!(i32),
        "I" => numbers!(u32),
        "l" => numbers!(i64),
        "L" => numbers!(u64),
        "f" => numbers!(f32),
        "e" => {
            let values = values.cast::<u16>();
            column.values.extend((0..rows).map(|n| {
                // SAFETY: a primitive column of this format has `offset + length` such values.
                half(unsafe { values.add(first + n).read_unaligned() })
            }));
        }
        "g" => numbers!(f64),
        "b" => column.values.extend((0..rows).map(|n| f64::from(u8::from(bit(values.cast(), first + n))))),
        _ => {}
    }
}
