//! Reads every file of the shared samples (`shared/data/formats`) in the groups that the library supports, and
//! compares with what their manifests say: values and checksums of the good ones, a one-line refusal or a notice for
//! the bad ones, within their bounds of memory and time.
//!
//! The samples lie beside the project or where `THALWEG_SHARED` points; without them the tests say SKIPPED.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use thalweg::data::{Array, Column, ColumnValues, Contents, Format, Notice, Reading, Table, Values, read};

/// The system's allocator, which also keeps count of the bytes in use and their peak.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(by: usize) {
    let now = IN_USE.fetch_add(by, Ordering::Relaxed) + by;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts")]
// SAFETY: every call goes to the system's allocator with the same arguments; the counters touch no memory of others.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grown(size);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about pointer, layout and size are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about pointer and layout are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests of this file run one at a time: the peak of memory is the whole program's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs something and tells the most bytes that were in use above those at its start.
fn peak_of<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = run();
    (result, PEAK.load(Ordering::Relaxed).saturating_sub(before))
}

/// The samples' folder, or `None` after a line on the error stream itself, which the test harness does not hide. A
/// folder that was asked for has to be there.
fn samples() -> Option<PathBuf> {
    let asked = std::env::var_os("THALWEG_SHARED").map(PathBuf::from);
    let must = asked.is_some();
    let shared = asked.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("data/formats");
    if folder.join("manifest.json").is_file() {
        return Some(folder);
    }
    assert!(!must, "THALWEG_SHARED is set, but {} has no manifest.json", folder.display());
    let skipped =
        format!("SKIPPED: no sample files in {}; set THALWEG_SHARED to where they are\n", folder.display());
    std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    None
}

fn manifest(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    manifest["files"].as_array().unwrap().clone()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("")
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of little-endian doubles, NaN in one form.
fn sha256_of_numbers(numbers: impl Iterator<Item = f64>) -> String {
    let mut hash = Sha256::new();
    for number in numbers {
        let bits = if number.is_nan() { 0x7ff8_0000_0000_0000 } else { number.to_bits() };
        hash.update(bits.to_le_bytes());
    }
    hex(hash)
}

/// SHA-256 of strings as the manifest defines it.
fn sha256_of_strings<'s>(strings: impl Iterator<Item = Option<&'s str>>) -> String {
    let mut hash = Sha256::new();
    for string in strings {
        match string {
            None => hash.update(b"N"),
            Some(string) => {
                hash.update(b"S");
                hash.update((string.len() as u32).to_le_bytes());
                hash.update(string.as_bytes());
            }
        }
    }
    hex(hash)
}

/// The sum of the finite numbers, rounded once: partial sums that do not overlap, as in Shewchuk (1997), section 2.4.
fn exact_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for number in numbers.filter(|number| number.is_finite()) {
        let mut x = number;
        let mut kept = Vec::new();
        for &partial in &partials {
            let (large, small) = if x.abs() < partial.abs() { (partial, x) } else { (x, partial) };
            let high = large + small;
            let low = small - (high - large);
            if low != 0.0 {
                kept.push(low);
            }
            x = high;
        }
        kept.push(x);
        partials = kept;
    }
    partials.iter().rev().fold(0.0, |sum, partial| sum + partial)
}

fn check(
    what: &str,
    given: impl PartialEq + std::fmt::Debug,
    expected: impl PartialEq + std::fmt::Debug,
    faults: &mut Vec<String>,
) {
    let (given, expected) = (format!("{given:?}"), format!("{expected:?}"));
    if given != expected {
        faults.push(format!("{what}: {given} in place of {expected}"));
    }
}

/// Numbers compared as numbers: the manifest writes whole ones without a point.
fn check_number(what: &str, given: Option<f64>, expected: &Value, faults: &mut Vec<String>) {
    if !expected.is_null() || given.is_some() {
        check(what, given.map(f64::to_bits), expected.as_f64().map(f64::to_bits), faults);
    }
}

fn check_array(what: &str, array: &Array, expected: &Value, faults: &mut Vec<String>) {
    let at = |key: &str| format!("{what} {key}");
    let shape: Vec<usize> =
        expected["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect();
    check(&at("shape"), array.shape(), &shape[..], faults);
    if let Values::Text(strings) = array.values() {
        let sum = sha256_of_strings(strings.iter().map(|string| Some(string.as_str())));
        check(&at("strings"), sum.as_str(), text(expected, "sha256_strings"), faults);
        return;
    }
    check(&at("type"), array.values().type_name(), type_name(text(expected, "dtype")), faults);
    let numbers: Vec<f64> = array.numbers().unwrap().collect();
    let sum = sha256_of_numbers(numbers.iter().copied());
    check(&at("values"), sum.as_str(), text(expected, "sha256_f64le_c"), faults);
    check_number(&at("sum"), Some(exact_sum(numbers.iter().copied())), &expected["sum"], faults);
    check_number(&at("first"), numbers.first().copied(), &expected["first"], faults);
    check_number(&at("last"), numbers.last().copied(), &expected["last"], faults);
    // The manifest's range is that of the finite values; infinite ones are counted by it.
    if expected["inf"].as_u64() == Some(0) {
        check_number(&at("min"), array.range().map(|range| range.0), &expected["min"], faults);
        check_number(&at("max"), array.range().map(|range| range.1), &expected["max"], faults);
    }
    check(&at("NaN"), array.missing() as u64, expected["nan"].as_u64().unwrap(), faults);
}

/// Our name of a NumPy type; 16-bit floating point is read as 32-bit.
fn type_name(dtype: &str) -> &'static str {
    match dtype.trim_start_matches(['<', '>', '|', '=']) {
        "u1" => "u8",
        "i1" => "i8",
        "i2" => "i16",
        "i4" => "i32",
        "i8" => "i64",
        "u2" => "u16",
        "u4" => "u32",
        "u8" => "u64",
        "f2" | "f4" => "f32",
        "f8" => "f64",
        "b1" => "bool",
        _ => "text",
    }
}

fn check_column(what: &str, column: &Column, expected: &Value, faults: &mut Vec<String>) {
    let at = |key: &str| format!("{what} {key}");
    check(&at("missing"), column.missing() as u64, expected["missing"].as_u64().unwrap(), faults);
    match &column.values {
        ColumnValues::Numbers(values) => {
            let sum = sha256_of_numbers(values.iter().copied());
            check(&at("values"), sum.as_str(), text(expected, "sha256_f64le"), faults);
            check_number(&at("sum"), Some(exact_sum(values.iter().copied())), &expected["sum"], faults);
            check_number(&at("min"), column.range().map(|range| range.0), &expected["min"], faults);
            check_number(&at("max"), column.range().map(|range| range.1), &expected["max"], faults);
        }
        ColumnValues::Text(values) => {
            let sum = sha256_of_strings(values.iter().map(Option::as_deref));
            check(&at("strings"), sum.as_str(), text(expected, "sha256_strings"), faults);
        }
    }
}

fn check_table(table: &Table, expected: &Value, without_header: bool, faults: &mut Vec<String>) {
    check("rows", table.rows() as u64, expected["rows"].as_u64().unwrap(), faults);
    let columns = expected["columns"].as_array().unwrap();
    check("columns", table.columns().len(), columns.len(), faults);
    for (column, expected) in table.columns().iter().zip(columns) {
        let name = text(expected, "name");
        if !without_header {
            check("name", column.name.as_str(), name, faults);
        }
        check_column(&format!("column '{name}'"), column, expected, faults);
    }
}

/// All columns side by side, row by row, for a file that the manifest describes as one matrix.
fn as_matrix(table: &Table) -> Vec<f64> {
    let column = |index: usize| match &table.columns()[index].values {
        ColumnValues::Numbers(values) => values,
        ColumnValues::Text(_) => panic!("column {index} is text"),
    };
    (0..table.rows())
        .flat_map(|row| (0..table.columns().len()).map(move |index| column(index)[row]))
        .collect()
}

fn check_reading(reading: &Reading, entry: &Value, faults: &mut Vec<String>) {
    let arrays = entry["arrays"].as_array().map_or(&[][..], Vec::as_slice);
    match &reading.contents {
        Contents::Array(array) => check_array("array", array, &arrays[0], faults),
        Contents::Arrays(given) => {
            for expected in arrays {
                let name = text(expected, "name");
                match given.iter().find(|(given, _)| given == name) {
                    Some((_, array)) => check_array(&format!("array '{name}'"), array, expected, faults),
                    None => faults.push(format!("array '{name}' was not read")),
                }
            }
        }
        Contents::Table(table) if entry["table"].is_null() => {
            let numbers = as_matrix(table);
            let sum = sha256_of_numbers(numbers.iter().copied());
            check("matrix", sum.as_str(), text(&arrays[0], "sha256_f64le_c"), faults);
        }
        Contents::Table(table) => {
            check_table(table, &entry["table"], text(entry, "note").contains("columns unnamed"), faults);
        }
    }
}

/// Every sound file of a group is read as the manifest says.
fn read_group(group: &str, least: usize) {
    let Some(folder) = samples() else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let mut all_faults = Vec::new();
    let mut count = 0;
    for entry in manifest(&folder.join("manifest.json")).iter().filter(|entry| text(entry, "group") == group)
    {
        let path = text(entry, "path");
        count += 1;
        let mut faults = Vec::new();
        match (read(&folder.join(path), None), text(entry, "read")) {
            (Ok(reading), _) => check_reading(&reading, entry, &mut faults),
            (Err(error), "refuse_or_full" | "strings") => {
                let message = error.to_string();
                println!("{message}");
                check("one line", message.lines().count(), 1, &mut faults);
            }
            (Err(error), _) => faults.push(format!("refused: {error}")),
        }
        all_faults.extend(faults.into_iter().map(|fault| format!("{path}: {fault}")));
    }
    assert!(count >= least, "only {count} files of {group} in the manifest");
    assert!(all_faults.is_empty(), "{} faults:\n{}", all_faults.len(), all_faults.join("\n"));
}

#[test]
fn npy_files_are_read_as_their_manifest_says() {
    read_group("npy", 40);
}

#[test]
fn npz_files_are_read_as_their_manifest_says() {
    read_group("npz", 6);
}

#[test]
fn idx_files_are_read_as_their_manifest_says() {
    read_group("idx", 12);
}

#[test]
fn hdf5_files_are_read_as_their_manifest_says() {
    read_group("h5", 38);
}

#[test]
fn csv_files_are_read_as_their_manifest_says() {
    read_group("csv", 45);
}

/// Formats of later versions, and what is no data, are refused by their name.
#[test]
fn formats_that_are_not_supported_are_named() {
    let Some(folder) = samples() else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let words = [
        ("parquet", "Parquet is not supported yet"),
        ("feather", "Arrow is not supported yet"),
        ("svm", "libsvm is not supported yet"),
        ("arff", "ARFF is not supported yet"),
        ("png", "picture"),
        ("jpg", "picture"),
        ("mat", "MATLAB"),
        ("safetensors", "safetensors"),
        ("xlsx", "Excel"),
        ("jsonl", "JSON"),
    ];
    let mut count = 0;
    for entry in manifest(&folder.join("manifest.json")) {
        let path = folder.join(text(&entry, "path"));
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let Some((_, word)) = words.iter().find(|(known, _)| *known == extension) else { continue };
        count += 1;
        let message = read(&path, None).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
    assert!(count >= 30, "only {count} files of later formats in the manifest");
}

/// Files that are sound by themselves: what is wrong shows only beside another file or a user's wish, so that the
/// dataset's assembly refuses or warns. They are read here.
const FOR_THE_DATASET: [(&str, &str); 5] = [
    ("bad/pair_images.idx", "its count differs from pair_labels.idx"),
    ("bad/pair_labels.idx", "its count differs from pair_images.idx"),
    ("bad/labels_out_of_range.idx", "a label is beyond the classes that the user states"),
    ("bad/csv_constant_label.csv", "a constant column is at fault only as a target"),
    ("bad/csv_label_negative.csv", "numbers are at fault only where classes are meant"),
];

/// The extensions of bad files that are for the readers of this version.
const EXTENSIONS: [&str; 7] = ["idx", "gz", "npy", "npz", "pkl", "h5", "csv"];

/// The bound on memory that a manifest's limit states, in bytes.
fn memory_bound(limit: &str) -> Option<usize> {
    let rest = limit.split("no allocation above ").nth(1)?;
    let number: usize = rest.split_whitespace().next()?.parse().ok()?;
    Some(number << 20)
}

/// Whether one of the messages has this line's number as a word.
fn names_line(messages: &[String], line: u64) -> bool {
    let line = line.to_string();
    messages.iter().any(|message| {
        message.split("line ").skip(1).any(|rest| {
            rest.strip_prefix(&line).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    })
}

#[test]
fn bad_files_end_as_their_manifest_says() {
    let Some(folder) = samples() else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let mut faults = Vec::new();
    let mut count = 0;
    for entry in manifest(&folder.join("bad/manifest.json")) {
        let path = text(&entry, "path");
        let extension = path.rsplit('.').next().unwrap_or("");
        if !EXTENSIONS.contains(&extension) {
            continue;
        }
        count += 1;
        let start = Instant::now();
        let (result, peak) = peak_of(|| read(&folder.join(path), None));
        let took = start.elapsed();
        let mut fault = |what: String| faults.push(format!("{path} ({}): {what}", text(&entry, "wrong")));
        if took > Duration::from_secs(5) {
            fault(format!("took {took:?}"));
        }
        if let Some(bound) = memory_bound(text(&entry, "limit")).filter(|&bound| peak > bound) {
            fault(format!("used {peak} bytes, more than {bound}"));
        }
        if FOR_THE_DATASET.iter().any(|(name, _)| *name == path) {
            if let Err(error) = result {
                fault(format!("refused: {error}"));
            }
            continue;
        }
        let messages: Vec<String> = match &result {
            Err(error) => vec![error.to_string()],
            Ok(reading) => reading.notices.iter().map(Notice::to_string).collect(),
        };
        println!("{path}: {}{}", if result.is_ok() { "NOTICE " } else { "" }, messages.join("; "));
        if let Some(message) = messages.iter().find(|message| message.lines().count() != 1) {
            fault(format!("not one line: {message:?}"));
        }
        let name = path.rsplit('/').next().unwrap();
        if result.is_err() && !messages[0].contains(name) {
            fault(format!("does not name the file: {}", messages[0]));
        }
        if let Some(line) = entry["names_line"].as_u64().filter(|&line| !names_line(&messages, line)) {
            fault(format!("does not name line {line}: {messages:?}"));
        }
        match (text(&entry, "expect"), &result) {
            ("refuse", Ok(_)) => fault("was read".into()),
            ("refuse_or_warn", Ok(_)) if messages.is_empty() => fault("was read without a notice".into()),
            _ => {}
        }
    }
    assert!(count >= 80, "only {count} bad files in the manifest");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What a file pretends to be is said in so many words.
#[test]
fn disguises_are_named() {
    let Some(folder) = samples() else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let disguises = [
        ("csv_png_renamed.csv", "PNG"),
        ("h5_html.h5", "web page"),
        ("h5_lfs_pointer.h5", "git lfs pull"),
        ("weights.pkl", "pickle"),
        ("npy_pickled_object.npy", "pickle"),
        ("csv_zip_renamed.csv", "NPZ, though its name says CSV"),
    ];
    for (name, word) in disguises {
        let message = read(&folder.join("bad").join(name), None).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
}

/// The original MNIST and cat files.
#[test]
fn the_systems_own_files_are_read() {
    let Some(folder) = samples() else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let data = folder.parent().unwrap();
    let images = read(&data.join("mnist/t10k-images-idx3-ubyte.gz"), None).unwrap();
    let Contents::Array(images) = images.contents else { panic!("an array") };
    assert_eq!(images.shape(), [10_000, 28, 28]);
    let cats = read(&data.join("catvnoncat/test_catvnoncat.h5"), Some(Format::Hdf5)).unwrap();
    let Contents::Arrays(cats) = cats.contents else { panic!("named arrays") };
    let x = &cats.iter().find(|(name, _)| name == "test_set_x").unwrap().1;
    assert_eq!((x.shape(), x.sum()), (&[50, 64, 64, 3][..], 65_969_547.0));
    let classes = &cats.iter().find(|(name, _)| name == "list_classes").unwrap().1;
    assert_eq!(classes.values(), &Values::Text(vec!["non-cat".into(), "cat".into()]));
}

/// The guards of this file notice what they are there for.
#[test]
fn the_guards_can_fail() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let (block, peak) = peak_of(|| vec![1_u8; 32 << 20]);
    assert_eq!(block.len(), 32 << 20);
    assert!((32 << 20..34 << 20).contains(&peak), "{peak}");
    assert_eq!(memory_bound("no allocation above 16 MiB; refuse"), Some(16 << 20));
    assert!(names_line(&["line 52, column 1".into()], 52));
    assert!(!names_line(&["line 520 and line 5".into()], 52));
    let mut faults = Vec::new();
    let array = Array::new(vec![2], Values::F64(vec![1.0, 2.0]));
    let expected = serde_json::json!({
        "shape": [2], "dtype": "<f8", "sum": 3.0, "first": 1.0, "last": 2.5, "min": 1.0, "max": 2.0, "nan": 0, "inf": 0,
        "sha256_f64le_c": "0"
    });
    check_array("x", &array, &expected, &mut faults);
    assert_eq!(faults.len(), 2, "last value and checksum: {faults:?}");
    assert_eq!(exact_sum([1e16, 1.0, -1e16].into_iter()), 1.0);
}

/// A small generator of pseudo-random numbers for damage that is the same each time: Marsaglia's xorshift64.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Damaged copies of every sample are read or refused, never with a panic (one in the HDF5 crate counts), nor with
/// more memory than 64 MiB.
#[test]
fn damaged_files_never_panic() {
    let Some(folder) = samples() else { return };
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poison| poison.into_inner());
    let scratch = std::env::temp_dir().join(format!("thalweg-damaged-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let mut faults = Vec::new();
    for entry in manifest(&folder.join("manifest.json")) {
        let group = text(&entry, "group");
        if !["npy", "npz", "idx", "h5", "csv"].contains(&group) {
            continue;
        }
        let original = folder.join(text(&entry, "path"));
        let sound = std::fs::read(&original).unwrap();
        let damaged_path = scratch.join(original.file_name().unwrap());
        for round in 0..12 {
            let mut bytes = sound.clone();
            if round % 4 == 0 {
                bytes.truncate(random.below(bytes.len()));
            }
            for _ in 0..(1 + random.below(4)).min(bytes.len()) {
                // Headers are short: half of the damage falls into the first 256 bytes.
                let reach = if random.below(2) == 0 { bytes.len() } else { bytes.len().min(256) };
                let at = random.below(reach);
                bytes[at] = [0, 0xff, 1 << random.below(8), random.below(256) as u8][random.below(4)];
            }
            std::fs::write(&damaged_path, &bytes).unwrap();
            let start = Instant::now();
            let (result, peak) = peak_of(|| std::panic::catch_unwind(|| read(&damaged_path, None)));
            let took = start.elapsed();
            let what = match &result {
                Err(_) => "a panic".to_owned(),
                Ok(Err(error)) if error.to_string().contains("unforeseen") => error.to_string(),
                Ok(Err(error)) if error.to_string().lines().count() != 1 => format!("not one line: {error}"),
                _ if peak > 64 << 20 => format!("used {peak} bytes"),
                _ if took > Duration::from_secs(5) => format!("took {took:?}"),
                _ => continue,
            };
            faults.push(format!("{} round {round}: {what}", original.display()));
        }
    }
    std::fs::remove_dir_all(&scratch).unwrap();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
