//! Colours that colour-blind people can tell apart: categories, a ramp from dark to light, a ramp with a middle.

use std::sync::OnceLock;

/// A colour as red, green and blue, 0 to 255 each (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// White.
    pub const WHITE: Colour = Colour(255, 255, 255);
    /// Black.
    pub const BLACK: Colour = Colour(0, 0, 0);

    /// The colour as `#rrggbb`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// The colour mixed with `other`; `share` is the part of `other`, 0 to 1.
    pub fn mix(self, other: Colour, share: f64) -> Colour {
        let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Colour(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }

    /// Whether dark writing is easier to read on this colour than white.
    pub(crate) fn is_light(self) -> bool {
        0.299 * f64::from(self.0) + 0.587 * f64::from(self.1) + 0.114 * f64::from(self.2) > 140.0
    }
}

/// The categorical palette of M. Okabe and K. Ito, "Color Universal Design" (2008), in an order whose first ones differ most,
/// with two more at its end.
const CATEGORIES: [Colour; 10] = [
    Colour(0, 114, 178),
    Colour(213, 94, 0),
    Colour(0, 158, 115),
    Colour(204, 121, 167),
    Colour(230, 159, 0),
    Colour(86, 180, 233),
    Colour(35, 35, 35),
    Colour(240, 228, 66),
    Colour(153, 153, 153),
    Colour(122, 68, 20),
];

/// The colour of category `index`; they repeat after ten, where the shape of the points goes on telling them apart.
pub fn category(index: usize) -> Colour {
    CATEGORIES[index % CATEGORIES.len()]
}

/// A ramp from dark blue over green to pale yellow, evenly rising in lightness, for `t` from 0 to 1.
pub fn sequential(t: f64) -> Colour {
    static RAMP: OnceLock<[Colour; 256]> = OnceLock::new();
    RAMP.get_or_init(|| {
        std::array::from_fn(|i| {
            let t = i as f64 / 255.0;
            // Lightness rises in a straight line; the hue turns from violet blue (285 degrees) over green to yellow (100).
            let hue = 285.0 - 185.0 * t;
            let chroma = 0.105 + 0.055 * t - 0.05 * (2.0 * t - 1.0) * (2.0 * t - 1.0) + 0.03 * t * t;
            oklch(0.26 + 0.68 * t, chroma, hue)
        })
    })[step(t)]
}

/// A ramp from blue over near white to orange, for `t` from -1 to 1; 0 is the middle.
pub fn diverging(t: f64) -> Colour {
    static RAMP: OnceLock<[Colour; 256]> = OnceLock::new();
    RAMP.get_or_init(|| {
        std::array::from_fn(|i| {
            let t = i as f64 / 127.5 - 1.0;
            let away = t.abs();
            // Lightness falls and chroma rises with the distance from the middle, alike on both sides.
            oklch(0.97 - 0.50 * away, 0.145 * away, if t < 0.0 { 252.0 } else { 48.0 })
        })
    })[step((t + 1.0) / 2.0)]
}

/// A ramp from white to deep blue for counts, for `t` from 0 to 1.
pub fn counts(t: f64) -> Colour {
    let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
    oklch(0.985 - 0.56 * t, 0.005 + 0.125 * t, 250.0)
}

/// The entry of a ramp of 256 colours; what is not finite takes the first.
fn step(t: f64) -> usize {
    if t.is_finite() { (t.clamp(0.0, 1.0) * 255.0).round() as usize } else { 0 }
}

/// A colour from lightness (0 to 1), chroma and hue (degrees) of OKLab; out-of-range channels are cut off.
///
/// Source: B. Ottosson, "A perceptual color space for image processing" (2020).
fn oklch(lightness: f64, chroma: f64, hue: f64) -> Colour {
    let angle = hue.to_radians();
    let (a, b) = (chroma * libm::cos(angle), chroma * libm::sin(angle));
    let cube = |v: f64| v * v * v;
    let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    Colour(
        encode(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s),
        encode(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s),
        encode(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s),
    )
}

/// Linear light to an sRGB channel (IEC 61966-2-1).
fn encode(linear: f64) -> u8 {
    let v = linear.clamp(0.0, 1.0);
    let v = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * libm::pow(v, 1.0 / 2.4) - 0.055 };
    (v * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_mix() {
        assert_eq!(Colour(0, 114, 178).hex(), "#0072b2");
        assert_eq!(Colour(0, 100, 200).mix(Colour::WHITE, 0.5), Colour(128, 178, 228));
    }

    #[test]
    fn lightness_rises_along_the_sequential_ramp() {
        let luma = |c: Colour| 0.2126 * f64::from(c.0) + 0.7152 * f64::from(c.1) + 0.0722 * f64::from(c.2);
        for i in 0..16 {
            assert!(luma(sequential(f64::from(i) / 16.0)) < luma(sequential(f64::from(i + 1) / 16.0)), "{i}");
        }
    }

    #[test]
    fn the_middle_of_the_diverging_ramp_is_pale_and_its_ends_are_blue_and_orange() {
        let Colour(r, g, b) = diverging(0.0);
        assert!(r > 235 && g > 235 && b > 235);
        assert!(diverging(-1.0).2 > diverging(-1.0).0);
        assert!(diverging(1.0).0 > diverging(1.0).2);
        assert_eq!(diverging(f64::NAN), diverging(-1.0));
    }
}
