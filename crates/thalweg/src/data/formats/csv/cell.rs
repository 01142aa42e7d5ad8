//! What one field of a text table is: missing, a number in one of three notations, true or false, or text.

/// Whether a field says that its value is missing. The words are those that pandas, R, Weka and SQL write.
pub(super) fn is_missing(field: &str) -> bool {
    const WORDS: [&str; 20] = [
        "", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "-nan", "-NaN", "null", "NULL", "Null", "None", "?",
        "<NA>", "#N/A", "#NA", "#NULL!", "#DIV/0!", "-",
    ];
    field.len() <= 7 && WORDS.contains(&field)
}

/// A number with a decimal point: `+1`, `-2.5e-3`, `.5`, `5.`, `inf`.
pub(super) fn number(field: &str) -> Option<f64> {
    // Words other than inf and infinity are told from numbers by their first byte, at once.
    let first = *field.as_bytes().first()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I') {
        return None;
    }
    field.parse().ok().filter(|value: &f64| !value.is_nan())
}

/// Whether a field is a number, with a decimal point or a decimal comma.
pub(super) fn is_number(field: &str) -> bool {
    number(field).is_some() || decimal_comma(field).is_some()
}

/// A number with a decimal comma: `-2,5e-3`.
pub(super) fn decimal_comma(field: &str) -> Option<f64> {
    let comma = field.find(',')?;
    if field.contains('.') || field[comma + 1..].contains(',') {
        return None;
    }
    number(&field.replace(',', "."))
}

/// A number with commas between groups of three digits: `-1,234,567.5`.
pub(super) fn thousands(field: &str) -> Option<f64> {
    let unsigned = field.strip_prefix(['+', '-']).unwrap_or(field);
    let whole = unsigned.split_once('.').map_or(unsigned, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()) && digits(group));
    let rest: Vec<&str> = groups.collect();
    if !first || rest.is_empty() || !rest.iter().all(|group| group.len() == 3 && digits(group)) {
        return None;
    }
    number(&field.replace(',', ""))
}

/// True or false, in any case of letters.
pub(super) fn boolean(field: &str) -> Option<bool> {
    if field.eq_ignore_ascii_case("true") {
        Some(true)
    } else if field.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_three_notations() {
        for (field, value) in
            [("+1", 1.0), ("-2.5e-3", -0.0025), ("1E5", 1e5), (".5", 0.5), ("5.", 5.0), ("007", 7.0)]
        {
            assert_eq!(number(field), Some(value));
        }
        assert_eq!(number("1e999"), Some(f64::INFINITY));
        assert_eq!(number("-Infinity"), Some(f64::NEG_INFINITY));
        for field in ["", "nan", "abc", "1,5", "1_000", "0x10", "$1", "7%", "2024-01-01"] {
            assert_eq!(number(field), None, "{field}");
        }
        assert_eq!(decimal_comma("-2,5e-3"), Some(-0.0025));
        assert_eq!(decimal_comma("1.234,5"), None);
        assert_eq!(decimal_comma("1,2,3"), None);
        assert_eq!(thousands("-1,234,567.5"), Some(-1_234_567.5));
        for field in ["1,23", "1234,567", ",123", "1,234,", "1.5"] {
            assert_eq!(thousands(field), None, "{field}");
        }
    }

    #[test]
    fn missing_words() {
        assert!(["", "NA", "?", "None", "null", "NaN", "n/a"].into_iter().all(is_missing));
        assert!(!["0", "no", "north", "nano"].into_iter().any(is_missing));
    }
}
