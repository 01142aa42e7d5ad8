//! Axes: from a range of values to positions, ticks at 1, 2 or 5 times a power of ten, and their labels.

/// Beyond this, differences of values would overflow; such values are not drawn.
const LARGEST: f64 = 1e300;

/// One tick of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// A range of values with its ticks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) log: bool,
    pub(crate) ticks: Vec<Tick>,
}

/// Whether a value can be drawn on a linear or logarithmic axis.
pub(crate) fn drawable(value: f64, log: bool) -> bool {
    value.is_finite() && value.abs() <= LARGEST && (!log || value > 0.0)
}

/// The smallest and largest drawable value, or nothing if there is none.
pub(crate) fn extent<'a>(values: impl IntoIterator<Item = &'a f64>, log: bool) -> Option<(f64, f64)> {
    let mut ends: Option<(f64, f64)> = None;
    for &v in values {
        if drawable(v, log) {
            let (low, high) = ends.unwrap_or((v, v));
            ends = Some((low.min(v), high.max(v)));
        }
    }
    ends
}

/// The range made wider on both sides by a share of its length (of its length in powers of ten, on a logarithmic axis).
pub(crate) fn padded(range: (f64, f64), share: f64, log: bool) -> (f64, f64) {
    let (low, high) = opened(range, log);
    if log {
        let room = libm::pow(high / low, share);
        (low / room, high * room)
    } else {
        let room = (high - low) * share;
        (low - room, high + room)
    }
}

/// A range that has a length: a single value gets room on both sides.
fn opened((low, high): (f64, f64), log: bool) -> (f64, f64) {
    let (low, high) = (low.min(high), low.max(high));
    if log {
        return if high / low > 1.000_001 { (low, high) } else { (low / 2.0, high * 2.0) };
    }
    let scale = low.abs().max(high.abs());
    if high - low > scale * 1e-9 && high - low > 1e-290 {
        return (low, high);
    }
    let room = if scale > 0.0 { scale * 0.1 } else { 1.0 };
    (low - room, high + room)
}

impl Axis {
    /// A linear axis from `low` to `high` exactly, with about `target` ticks.
    pub(crate) fn linear(range: (f64, f64), target: usize) -> Axis {
        let (low, high) = opened(range, false);
        Axis { low, high, log: false, ticks: linear_ticks(low, high, target) }
    }

    /// A linear axis widened to whole ticks.
    pub(crate) fn rounded(range: (f64, f64), target: usize) -> Axis {
        let (low, high) = opened(range, false);
        let (digit, exponent) = nice_step(high - low, target);
        let step = times_power(digit as f64, exponent);
        let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
        Axis { low, high, log: false, ticks: linear_ticks(low, high, target) }
    }

    /// A logarithmic axis; `range` must be above zero.
    pub(crate) fn logarithmic(range: (f64, f64), target: usize) -> Axis {
        let (low, high) = opened(range, true);
        Axis { low, high, log: true, ticks: log_ticks(low, high, target) }
    }

    /// The position of a value, 0 at the low end and 1 at the high end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        if self.log {
            libm::log10(value / self.low) / libm::log10(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// The same axis with fewer ticks, for narrow places.
    pub(crate) fn with_ticks(&self, target: usize) -> Axis {
        let mut axis = self.clone();
        axis.ticks = if axis.log {
            log_ticks(axis.low, axis.high, target)
        } else {
            linear_ticks(axis.low, axis.high, target)
        };
        axis
    }
}

/// The decimal exponent of a value above zero: 2 for 100 to 999.
fn exponent_of(value: f64) -> i32 {
    // Rust's own formatting gives it exactly, where a logarithm may round across a power of ten.
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

/// `value · 10^exponent`, correctly rounded for short values.
fn times_power(value: f64, exponent: i32) -> f64 {
    format!("{value}e{exponent}").parse().unwrap_or(value)
}

/// A step of 1, 2 or 5 times a power of ten that cuts `length` into at most about `target` parts: its digit and exponent.
pub(crate) fn nice_step(length: f64, target: usize) -> (i64, i32) {
    let rough = length / target.max(1) as f64;
    let exponent = exponent_of(rough);
    let digit = rough / times_power(1.0, exponent);
    match digit {
        d if d <= 1.0 + 1e-9 => (1, exponent),
        d if d <= 2.0 + 1e-9 => (2, exponent),
        d if d <= 5.0 + 1e-9 => (5, exponent),
        _ => (1, exponent + 1),
    }
}

fn linear_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let (digit, exponent) = nice_step(high - low, target);
    let step = times_power(digit as f64, exponent);
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let largest = low.abs().max(high.abs());
    let count = (last - first).clamp(0.0, 50.0) as usize;
    (0..=count)
        .map(|i| {
            let units = (first + i as f64) * digit as f64;
            let value = if units == 0.0 { 0.0 } else { times_power(units, exponent) };
            Tick { value, label: linear_label(units, exponent, largest) }
        })
        .collect()
}

/// The label of `units · 10^exponent` on an axis whose largest value is `largest`.
fn linear_label(units: f64, exponent: i32, largest: f64) -> String {
    if units == 0.0 {
        return "0".into();
    }
    let top = exponent_of(largest);
    if (-3..6).contains(&top) && exponent > -7 {
        let decimals = (-exponent).max(0) as usize;
        let value = times_power(units, exponent);
        return signed(grouped(&format!("{:.decimals$}", value.abs())), value < 0.0);
    }
    let decimals = (top - exponent).max(0) as usize;
    let mantissa = times_power(units, exponent - top).abs();
    let mantissa =
        if decimals == 0 && mantissa == 1.0 { String::new() } else { format!("{mantissa:.decimals$}×") };
    signed(format!("{mantissa}10{}", superscript(top)), units < 0.0)
}

fn log_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let (first, last) = (exponent_of(low), exponent_of(high));
    let power = |digit: i32, e: i32| times_power(f64::from(digit), e);
    let inside = |v: f64| v >= low * (1.0 - 1e-9) && v <= high * (1.0 + 1e-9);
    let decades = (first..=last).filter(|&e| inside(power(1, e))).count();
    let digits: &[i32] = match decades {
        0..=1 => &[1, 2, 3, 4, 5, 6, 8],
        2 => &[1, 2, 5],
        _ => &[1],
    };
    let every = decades.div_ceil(target.max(2)).max(1) as i32;
    let mut ticks: Vec<Tick> = (first..=last)
        .filter(|e| e.rem_euclid(every) == 0)
        .flat_map(|e| digits.iter().map(move |&d| (d, e)))
        .filter(|&(d, e)| inside(power(d, e)))
        .map(|(d, e)| Tick { value: power(d, e), label: log_label(d, e) })
        .collect();
    if ticks.len() < 2 {
        ticks = linear_ticks(low, high, target).into_iter().filter(|t| t.value > 0.0).collect();
    }
    ticks
}

fn log_label(digit: i32, exponent: i32) -> String {
    if (-3..=4).contains(&exponent) {
        let decimals = (-exponent).max(0) as usize;
        return grouped(&format!("{:.decimals$}", times_power(f64::from(digit), exponent)));
    }
    let mantissa = if digit == 1 { String::new() } else { format!("{digit}×") };
    format!("{mantissa}10{}", superscript(exponent))
}

/// A value as a person would write it, with about `digits` significant digits.
pub(crate) fn plain_value(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let exponent = exponent_of(value.abs());
    if !(-4..7).contains(&exponent) {
        let mantissa = format!("{:.*}", digits.saturating_sub(1), times_power(value.abs(), -exponent));
        return signed(format!("{}×10{}", trimmed(&mantissa), superscript(exponent)), value < 0.0);
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    signed(grouped(trimmed(&format!("{:.decimals$}", value.abs()))), value < 0.0)
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Digits in groups of three from 10,000 on.
pub(crate) fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    if whole.len() < 5 {
        return text.into();
    }
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out + rest
}

fn signed(text: String, negative: bool) -> String {
    if negative { format!("−{text}") } else { text }
}

fn superscript(number: i32) -> String {
    number
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            c => char::from_u32('⁰' as u32 + c as u32 - '0' as u32).unwrap_or(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn steps_are_one_two_or_five() {
        // 10/6 = 1.67 -> 2; 20/6 = 3.3 -> 5; 0.6/6 = 0.1 -> 1·10^-1; 35/6 = 5.8 -> 10.
        assert_eq!(nice_step(10.0, 6), (2, 0));
        assert_eq!(nice_step(20.0, 6), (5, 0));
        assert_eq!(nice_step(0.6, 6), (1, -1));
        assert_eq!(nice_step(35.0, 6), (1, 1));
    }

    #[test]
    fn linear_ticks_by_hand() {
        assert_eq!(labels(&Axis::linear((-5.0, 5.0), 5)), ["−4", "−2", "0", "2", "4"]);
        assert_eq!(
            labels(&Axis::linear((0.0, 0.7), 7)),
            ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]
        );
        assert_eq!(labels(&Axis::linear((0.0, 20_000.0), 4)), ["0", "5000", "10,000", "15,000", "20,000"]);
        assert_eq!(labels(&Axis::linear((0.0, 2e6), 4)), ["0", "0.5×10⁶", "1.0×10⁶", "1.5×10⁶", "2.0×10⁶"]);
        assert_eq!(labels(&Axis::linear((0.0, 2e-5), 2)), ["0", "10⁻⁵", "2×10⁻⁵"]);
    }

    #[test]
    fn rounded_axes_end_at_ticks() {
        let axis = Axis::rounded((0.13, 0.69), 6);
        assert_eq!((axis.low, axis.high), (0.1, 0.7000000000000001));
    }

    #[test]
    fn logarithmic_ticks_by_hand() {
        assert_eq!(labels(&Axis::logarithmic((0.01, 10.0), 6)), ["0.01", "0.1", "1", "10"]);
        assert_eq!(labels(&Axis::logarithmic((0.1, 1.0), 6)), ["0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(&Axis::logarithmic((1e-9, 1e-5), 3)), ["10⁻⁸", "10⁻⁶"]);
        let axis = Axis::logarithmic((1.0, 100.0), 5);
        assert!((axis.position(10.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn single_values_get_room() {
        let axis = Axis::linear((3.0, 3.0), 5);
        assert!(axis.low < 3.0 && axis.high > 3.0);
        assert!((axis.position(3.0) - 0.5).abs() < 1e-9);
        assert!(Axis::linear((0.0, 0.0), 5).ticks.len() > 2);
    }

    #[test]
    fn values_as_written() {
        assert_eq!(plain_value(0.645967, 3), "0.646");
        assert_eq!(plain_value(-12_345.6, 3), "−12,346");
        assert_eq!(plain_value(1.5e-9, 3), "1.5×10⁻⁹");
        assert_eq!(plain_value(f64::NAN, 3), "–");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        assert_eq!(extent(&[f64::NAN, 2.0, -1.0, f64::INFINITY], false), Some((-1.0, 2.0)));
        assert_eq!(extent(&[0.0, -1.0], true), None);
    }
}
