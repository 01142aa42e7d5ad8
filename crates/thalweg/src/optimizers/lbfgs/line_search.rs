//! How far along a direction: the strong Wolfe conditions.

/// How much of the slope the loss must fall by.
const ARMIJO: f64 = 1e-4;
/// How much of the slope may be left.
const CURVATURE: f64 = 0.9;
/// How often the loss is looked at for one step.
const MOST_LOOKS: u32 = 25;
/// How far a new t keeps from the ends of its interval, as a share of it.
const MARGIN: f64 = 0.1;

/// The loss along a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// How far along.
    pub(crate) t: f64,
    /// The loss there.
    pub(crate) value: f64,
    /// Its derivative by t.
    pub(crate) slope: f64,
}

/// A t at which the loss has fallen enough and its slope too, or, after many looks, the lowest point seen that has fallen
/// enough; `None` where there is none.
///
/// ```text
/// f(t) ≤ f(0) + 1e-4·t·f'(0)      |f'(t)| ≤ 0.9·|f'(0)|
/// ```
///
/// # Source
/// Nocedal, Wright, *Numerical optimization* (2nd edition, 2006), algorithms 3.5 and 3.6, equation 3.59.
pub(crate) fn strong_wolfe(start: Point, first: f64, mut look: impl FnMut(f64) -> Point) -> Option<Point> {
    let mut before = start;
    let mut t = first;
    for looks in 1..MOST_LOOKS {
        let point = look(t);
        if is_high(start, point) || (looks > 1 && point.value >= before.value) {
            return zoom(start, before, point, MOST_LOOKS - looks, look);
        }
        if point.slope.abs() <= -CURVATURE * start.slope {
            return Some(point);
        }
        if point.slope >= 0.0 {
            return zoom(start, point, before, MOST_LOOKS - looks, look);
        }
        before = point;
        t *= 2.0;
    }
    fallen(start, before)
}

/// Searches between `low`, the lower one, and `high`.
fn zoom(
    start: Point,
    mut low: Point,
    mut high: Point,
    looks: u32,
    mut look: impl FnMut(f64) -> Point,
) -> Option<Point> {
    for _ in 0..looks {
        let t = between(low, high);
        if t == low.t || t == high.t {
            break; // nothing lies between
        }
        let point = look(t);
        if is_high(start, point) || point.value >= low.value {
            high = point;
        } else {
            if point.slope.abs() <= -CURVATURE * start.slope {
                return Some(point);
            }
            if point.slope * (high.t - low.t) >= 0.0 {
                high = low;
            }
            low = point;
        }
    }
    fallen(start, low)
}

/// Whether the loss has not fallen enough, or is no number.
fn is_high(start: Point, point: Point) -> bool {
    let enough = start.value + ARMIJO * point.t * start.slope;
    !(point.value <= enough && point.slope.is_finite())
}

fn fallen(start: Point, point: Point) -> Option<Point> {
    (point.t > 0.0 && point.value < start.value).then_some(point)
}

/// The minimum of the cubic through both values and slopes, away from the ends; the middle where there is none.
fn between(a: Point, b: Point) -> f64 {
    let width = b.t - a.t;
    let middle = a.t + 0.5 * width;
    let d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    let d2 = square.sqrt() * width.signum();
    let t = b.t - width * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
    let share = (t - a.t) / width;
    if share.is_finite() { a.t + width * share.clamp(MARGIN, 1.0 - MARGIN) } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(first: f64, value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> (Option<Point>, u32) {
        let mut looks = 0;
        let at = |t: f64| Point { t, value: value(t), slope: slope(t) };
        let found = strong_wolfe(at(0.0), first, |t| {
            looks += 1;
            at(t)
        });
        (found, looks)
    }

    #[test]
    fn a_parabola_from_too_far_and_too_near() {
        for first in [1e-3, 1.0, 500.0] {
            let (found, looks) = search(first, |t| (t - 3.0) * (t - 3.0), |t| 2.0 * (t - 3.0));
            let found = found.unwrap();
            assert!(found.value <= 9.0 - 1e-4 * found.t * 6.0 && found.slope.abs() <= 0.9 * 6.0, "{found:?}");
            assert!(looks <= 13, "{looks} looks from {first}");
        }
    }

    #[test]
    fn a_loss_that_is_no_number_beyond_a_wall_is_stayed_away_from() {
        let value = |t: f64| if t < 2.0 { -t } else { f64::NAN };
        let (found, _) = search(8.0, value, |t: f64| if t < 2.0 { -1.0 } else { f64::NAN });
        assert!(found.unwrap().t < 2.0);
    }

    #[test]
    fn a_loss_that_only_rises_gives_nothing() {
        // The slope says that it falls: as rounding does near a minimum.
        assert_eq!(search(1.0, |t| t, |t: f64| if t == 0.0 { -1e-9 } else { 1.0 }).0, None);
    }

    /// The test function of Moré and Thuente (1994), equation 5.1, whose minimum is at √2.
    #[test]
    fn a_published_function() {
        let value = |t: f64| -t / (t * t + 2.0);
        let slope = |t: f64| (t * t - 2.0) / ((t * t + 2.0) * (t * t + 2.0));
        for first in [1e-3, 0.1, 10.0, 1e3] {
            let (found, looks) = search(first, value, slope);
            assert!(found.unwrap().slope.abs() <= 0.45, "{found:?}");
            assert!(looks <= 16, "{looks} looks from {first}");
        }
    }
}
