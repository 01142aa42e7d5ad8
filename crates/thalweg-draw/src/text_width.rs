//! How wide a text is in DejaVu Sans, so that labels get the room they need.

/// Advance widths of U+0020 to U+007E in thousandths of the font size, from the font's `hmtx` table.
const REGULAR: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295,
    295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838,
    500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
    392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// The bold face is wider by about this factor.
const BOLD: f64 = 1.11;

/// The width of `text` at a font size, in pixels; characters outside ASCII are taken by their kind.
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let thousandths: f64 = text.chars().map(advance).sum();
    thousandths / 1000.0 * size * if bold { BOLD } else { 1.0 }
}

fn advance(c: char) -> f64 {
    match c {
        ' '..='~' => f64::from(REGULAR[c as usize - 32]),
        '⁰'..='₎' | '²' | '³' | '¹' => 410.0,
        '−' | '×' | '±' | '≤' | '≥' | '≈' | '→' => 838.0,
        '…' => 1000.0,
        // East Asian scripts are a full square.
        '\u{2e80}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}' => 1000.0,
        _ => 640.0,
    }
}

/// Breaks a text at spaces into lines no wider than `room`, and cuts a word that is wider by itself; a line break stays one.
pub(crate) fn wrapped(text: &str, size: f64, bold: bool, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let word = shortened(word, size, bold, room);
            let width =
                text_width(&line, size, bold) + text_width(" ", size, bold) + text_width(&word, size, bold);
            if !line.is_empty() && width > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

/// The text, or its beginning with an ellipsis if it is wider than `room`.
pub(crate) fn shortened(text: &str, size: f64, bold: bool, room: f64) -> String {
    if text_width(text, size, bold) <= room {
        return text.into();
    }
    let mut short = String::new();
    let mut width = text_width("…", size, bold);
    for c in text.chars() {
        width += text_width(c.encode_utf8(&mut [0; 4]), size, bold);
        if width > room {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_add_up() {
        // "ab" = 613 + 635 thousandths, at size 10.
        assert!((text_width("ab", 10.0, false) - 12.48).abs() < 1e-9);
    }

    #[test]
    fn long_titles_are_broken_at_spaces() {
        assert_eq!(wrapped("one two three", 10.0, false, 45.0), ["one two", "three"]);
        assert_eq!(wrapped("a\nb c", 10.0, false, 45.0), ["a", "b c"]);
        assert_eq!(shortened("abcdef", 10.0, false, 25.0), "ab…");
    }
}
