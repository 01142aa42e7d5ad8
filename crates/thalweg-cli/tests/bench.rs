//! Benchmarks say what they measured; how fast it was is not for a test to judge.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use program::Program;

/// Long enough for a figure, much too short for a good one.
const SHORT: [&str; 3] = ["bench", "--seconds", "0.01"];

#[test]
fn a_work_is_timed_beside_the_limits_of_the_machine() {
    let program = Program::new();
    let report = program.json(&[&SHORT[..], &["--work", "W1", "--threads", "1,2"]].concat());
    let is_positive = |value: &serde_json::Value| value.as_f64().unwrap() > 0.0;
    assert!(!report["cpu"]["name"].as_str().unwrap().is_empty());
    let limits = report["limits"].as_array().unwrap();
    assert_eq!(limits.len(), 2);
    for limit in ["fma_f32_gflops", "fma_f64_gflops", "read_l1_gb_per_second", "read_memory_gb_per_second"] {
        assert!(limits.iter().all(|limits| is_positive(&limits[limit])), "{limit}: {report}");
    }
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for (row, threads) in rows.iter().zip([1, 2]) {
        assert_eq!((row["work"].as_str(), row["unit"].as_str()), (Some("W1"), Some("step")));
        assert_eq!((row["precision"].as_str(), row["input"].as_str()), (Some("f32"), Some("f32")));
        assert_eq!((row["threads"].as_u64(), row["data"].as_str()), (Some(threads), Some("made")));
        assert!(is_positive(&row["seconds"]) && is_positive(&row["share_of_limit"]), "{row}");
        assert!(row["spread"][0].as_f64() <= row["seconds"].as_f64(), "{row}");
        assert!(row["spread"][1].as_f64() >= row["seconds"].as_f64(), "{row}");
    }
}

#[test]
fn networks_are_timed_by_their_sizes_and_by_their_predictions() {
    let program = Program::new();
    let report =
        program.json(&[&SHORT[..], &["--work", "20-30-5@8,W3,INF1", "--threads", "1", "--quiet"]].concat());
    let rows = report["rows"].as_array().unwrap();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| ["work", "precision", "input", "unit", "limit"].map(|key| text(row, key)))
        .collect();
    assert_eq!(rows[0], ["20-30-5@8", "f32", "u8", "step", "fma_f32"]);
    assert_eq!(rows[1], ["W3", "f64", "f64", "step", "fma_f64"]);
    assert_eq!(rows[2], ["W3", "f32", "f32", "step", "fma_f32"]);
    assert_eq!(rows[3][..4], ["INF1", "f32", "f32", "row"]);
}

#[test]
fn people_get_a_table() {
    let program = Program::new();
    let said = program.succeed(&[&SHORT[..], &["--work", "W0", "--threads", "1"]].concat());
    assert!(
        said.stdout.contains("30 x (1-5-1) sigmoid") && said.stdout.contains("GFLOP/s"),
        "{}",
        said.stdout
    );
    assert!(said.stderr.starts_with("W0 (f32 from f32) on 1 thread: "), "{}", said.stderr);
}
