//! Numbers as people read them.

use std::time::Duration;

/// A loss, with six digits after the point where it is of a common size, as the tutorials print it.
pub(crate) fn loss(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-4..1e7 => format!("{value:.6}"),
        _ => format!("{value:.6e}"),
    }
}

/// A measure such as a mean absolute error.
pub(crate) fn measure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e6 => format!("{value:.4}"),
        _ => format!("{value:.4e}"),
    }
}

/// A share as percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A count with commas between thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 row`, `2 rows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A span of time in one or two units.
pub(crate) fn duration(seconds: f64) -> String {
    let span = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    match span.as_secs() {
        0 if span.as_millis() < 1 => format!("{} us", span.as_micros()),
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", span.as_secs() / 60, span.as_secs() % 60),
        _ => format!("{} h {} min", span.as_secs() / 3600, span.as_secs() / 60 % 60),
    }
}

/// A time that was measured, with three significant digits.
pub(crate) fn time(seconds: f64) -> String {
    let units = [("s", 1.0), ("ms", 1e-3), ("us", 1e-6)];
    let (unit, size) = units.into_iter().find(|(_, size)| seconds >= *size).unwrap_or(("ns", 1e-9));
    let number = seconds / size;
    let digits = match number {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(loss(0.25), "0.250000");
        assert_eq!(loss(28_624_200.28), "2.862420e7");
        assert_eq!(percent(0.9704), "97.04 %");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(123), "123");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(duration(0.0123), "12 ms");
        assert_eq!(duration(75.0), "1 min 15 s");
        assert_eq!(time(0.1484), "148 ms");
        assert_eq!(time(6.2e-7), "620 ns");
        assert_eq!(time(2.284e-6), "2.28 us");
        assert_eq!(time(12.34), "12.3 s");
    }
}
