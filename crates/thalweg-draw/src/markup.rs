//! The pieces of an SVG: a small tree of elements, numbers with at most two decimals, escaped text.

use std::fmt::Write;

use crate::palette::Colour;

/// An element of a picture: a finished piece of SVG, or a group with children.
///
/// Groups stay a tree until the end, so that an animation can find what its frames have in common.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// A complete element.
    Leaf(String),
    /// An opening tag, children, and the closing tag.
    Group { open: String, children: Vec<Node>, close: &'static str },
}

impl Node {
    /// Writes the element and what it holds.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Node::Leaf(text) => {
                out.push_str(text);
                out.push('\n');
            }
            Node::Group { open, children, close } => {
                out.push_str(open);
                out.push('\n');
                children.iter().for_each(|child| child.write(out));
                out.push_str(close);
                out.push('\n');
            }
        }
    }
}

/// A number with at most two decimals and no needless zeros.
pub(crate) fn number(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(-1e6, 1e6) } else { 0.0 };
    let mut text = format!("{value:.2}");
    while text.ends_with('0') {
        text.pop();
    }
    if text.ends_with('.') {
        text.pop();
    }
    if text == "-0" { "0".into() } else { text }
}

/// Text made safe for XML; characters that XML does not allow become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stroke {
    pub(crate) colour: Colour,
    pub(crate) width: f64,
    pub(crate) dashed: bool,
    pub(crate) opacity: f64,
}

impl Stroke {
    /// A solid line.
    pub(crate) fn solid(colour: Colour, width: f64) -> Self {
        Stroke { colour, width, dashed: false, opacity: 1.0 }
    }

    fn attributes(self) -> String {
        let mut text = format!("stroke=\"{}\" stroke-width=\"{}\"", self.colour.hex(), number(self.width));
        if self.dashed {
            let w = self.width;
            let _ = write!(text, " stroke-dasharray=\"{} {}\"", number(3.2 * w), number(2.0 * w));
        }
        if self.opacity < 1.0 {
            let _ = write!(text, " stroke-opacity=\"{}\"", number(self.opacity));
        }
        text
    }
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Size, weight, colour and anchor of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextStyle {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) colour: Colour,
    pub(crate) anchor: Anchor,
}

pub(crate) fn group(open: impl Into<String>, children: Vec<Node>) -> Node {
    Node::Group { open: open.into(), children, close: "</g>" }
}

pub(crate) fn moved(x: f64, y: f64, children: Vec<Node>) -> Node {
    group(format!("<g transform=\"translate({} {})\">", number(x), number(y)), children)
}

/// Children cut off at the edges of a rectangle, in the same coordinates (an inner `svg` clips by itself, without an id).
pub(crate) fn clipped(x: f64, y: f64, width: f64, height: f64, children: Vec<Node>) -> Node {
    let (x, y, w, h) = (number(x), number(y), number(width), number(height));
    let open = format!(
        "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\" overflow=\"hidden\">"
    );
    Node::Group { open, children, close: "</svg>" }
}

pub(crate) fn line(from: (f64, f64), to: (f64, f64), stroke: Stroke) -> Node {
    Node::Leaf(format!(
        "<path d=\"M{} {}L{} {}\" fill=\"none\" {}/>",
        number(from.0),
        number(from.1),
        number(to.0),
        number(to.1),
        stroke.attributes()
    ))
}

pub(crate) fn path(d: &str, stroke: Stroke) -> Node {
    Node::Leaf(format!(
        "<path d=\"{d}\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"{}\" {}/>",
        if stroke.dashed { "butt" } else { "round" },
        stroke.attributes()
    ))
}

pub(crate) fn filled_path(d: &str, fill: Colour, edge: Option<Stroke>) -> Node {
    let edge = edge.map(|s| format!(" {}", s.attributes())).unwrap_or_default();
    Node::Leaf(format!("<path d=\"{d}\" fill=\"{}\"{edge}/>", fill.hex()))
}

pub(crate) fn rectangle(
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    fill: Option<Colour>,
    edge: Option<Stroke>,
) -> Node {
    let fill = fill.map_or("none".into(), Colour::hex);
    let edge = edge.map(|s| format!(" {}", s.attributes())).unwrap_or_default();
    Node::Leaf(format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"{edge}/>",
        number(x),
        number(y),
        number(width),
        number(height)
    ))
}

fn text_attributes(style: TextStyle) -> String {
    let anchor = match style.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
    format!("font-size=\"{}\" fill=\"{}\"{anchor}{weight}", number(style.size), style.colour.hex())
}

pub(crate) fn text(x: f64, y: f64, content: &str, style: TextStyle) -> Node {
    Node::Leaf(format!(
        "<text x=\"{}\" y=\"{}\" {}>{}</text>",
        number(x),
        number(y),
        text_attributes(style),
        escape(content)
    ))
}

/// A text with a pale rim, readable on any ground.
pub(crate) fn rimmed_text(x: f64, y: f64, content: &str, style: TextStyle) -> Node {
    Node::Leaf(format!(
        "<text x=\"{}\" y=\"{}\" {} stroke=\"#ffffff\" stroke-opacity=\"0.85\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\">{}</text>",
        number(x),
        number(y),
        text_attributes(style),
        escape(content)
    ))
}

/// A text that reads upwards.
pub(crate) fn upward_text(x: f64, y: f64, content: &str, style: TextStyle) -> Node {
    let (x, y) = (number(x), number(y));
    Node::Leaf(format!(
        "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-90 {x} {y})\" {}>{}</text>",
        text_attributes(style),
        escape(content)
    ))
}

/// A PNG stretched over a rectangle, with hard pixel edges unless `smooth`.
pub(crate) fn image(x: f64, y: f64, width: f64, height: f64, png: &[u8], smooth: bool) -> Node {
    // Browsers know `pixelated`; SVG 1.1 readers know `optimizeSpeed`, which means the same.
    let rendering =
        if smooth { "" } else { " image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\"" };
    Node::Leaf(format!(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\"{rendering} href=\"data:image/png;base64,{}\"/>",
        number(x),
        number(y),
        number(width),
        number(height),
        base64(png)
    ))
}

/// Bytes in base 64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() { digit as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in
            [(1.0, "1"), (0.126, "0.13"), (-0.001, "0"), (12.5, "12.5"), (f64::NAN, "0"), (-3.456, "-3.46")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;\u{fffd}");
    }

    #[test]
    fn base64_of_the_rfc() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
