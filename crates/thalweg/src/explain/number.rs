//! Numbers as text: a few digits, the same on every machine.

/// Significant digits of a number that stands alone.
const DIGITS: usize = 7;

/// Significant digits of the largest number of a matrix.
const MATRIX_DIGITS: i32 = 6;

/// The exponent of ten of the first digit: 2 for 123, -3 for 0.00456; 0 for 0 and for what is not finite.
fn exponent(value: f64) -> i32 {
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// A number that stands alone: up to seven significant digits without zeros at the end.
pub(crate) fn short(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let rounded = format!("{value:.*e}", DIGITS - 1);
    let Some((digits, power)) = rounded.split_once('e') else { return rounded };
    let power: i32 = power.parse().unwrap_or(0);
    if (-4..9).contains(&power) {
        let decimals = (DIGITS as i32 - 1 - power).max(0) as usize;
        return without_zeros(&format!("{value:.decimals$}"));
    }
    format!("{}e{power}", without_zeros(digits))
}

fn without_zeros(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How all numbers of a matrix are written, so that their points stand below each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// So many digits after the point.
    Fixed(usize),
    /// With a power of ten.
    Scientific,
}

impl Style {
    /// The style that shows the largest of these numbers with six digits.
    pub(super) fn of(values: &[f64]) -> Style {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let largest = finite().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let power = exponent(largest);
        if finite().all(|value| value.fract() == 0.0) && power < 9 {
            return Style::Fixed(0);
        }
        match power {
            -3..=6 => Style::Fixed((MATRIX_DIGITS - 1 - power).clamp(1, 8) as usize),
            _ => Style::Scientific,
        }
    }

    /// The same style with no more digits after the point than one of these numbers needs.
    pub(super) fn for_these(self, values: impl Iterator<Item = f64>) -> Style {
        let Style::Fixed(most) = self else { return self };
        let needed = |value: f64| {
            let text = self.write(value);
            text.split_once('.').map_or(0, |(_, digits)| digits.trim_end_matches('0').len())
        };
        Style::Fixed(values.map(needed).max().unwrap_or(0).min(most))
    }

    pub(super) fn write(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => value.to_string(),
            Style::Fixed(decimals) => format!("{value:.decimals$}"),
            Style::Scientific if value == 0.0 => "0".to_owned(),
            Style::Scientific => format!("{value:.*e}", MATRIX_DIGITS as usize - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_stand_alone() {
        let texts = [0.0, 1.0, -0.5, 0.1 + 0.2, 1.0 - 0.9, 1e-8, 1234.5678, 2e12, 1.0 / 3.0, 99_999_999.9];
        let texts: Vec<String> = texts.into_iter().map(short).collect();
        assert_eq!(
            texts,
            ["0", "1", "-0.5", "0.3", "0.1", "1e-8", "1234.568", "2e12", "0.3333333", "100000000"]
        );
        assert_eq!(short(f64::NAN), "NaN");
    }

    #[test]
    fn a_matrix_has_one_style() {
        assert_eq!(Style::of(&[1.0, -20.0, 0.0]), Style::Fixed(0));
        assert_eq!(Style::of(&[0.5, -20.0]), Style::Fixed(4));
        assert_eq!(Style::of(&[0.012, 0.0]), Style::Fixed(7));
        assert_eq!(Style::of(&[1e-5]), Style::Scientific);
        assert_eq!(Style::of(&[2.5e7, 0.5]), Style::Scientific);
        assert_eq!(Style::of(&[f64::NAN]), Style::Fixed(0));
        assert_eq!(Style::Scientific.write(-1.5e-7), "-1.50000e-7");
        assert_eq!(Style::Fixed(5).for_these([0.5, 2.25, 1.0].into_iter()), Style::Fixed(2));
    }
}
