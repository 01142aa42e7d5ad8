//! The messages of an event file: the fields of TensorBoard's `event.proto` and `summary.proto` that are used here.

use prost::{Message, Oneof};

/// What happened, when and at which step.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    pub(super) what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum What {
    /// The first event of a file.
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

/// A tag and what it shows.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "of_value::Of", tags = "2, 4, 5")]
    of: Option<of_value::Of>,
}

pub(super) mod of_value {
    use super::{Histogram, Image};
    use prost::Oneof;

    #[derive(Clone, PartialEq, Oneof)]
    pub(in super::super) enum Of {
        #[prost(float, tag = "2")]
        Scalar(f32),
        #[prost(message, tag = "4")]
        Image(Image),
        #[prost(message, tag = "5")]
        Histogram(Histogram),
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Image {
    #[prost(int32, tag = "1")]
    pub(super) height: i32,
    #[prost(int32, tag = "2")]
    pub(super) width: i32,
    /// 4: red, green, blue and how opaque.
    #[prost(int32, tag = "3")]
    pub(super) colorspace: i32,
    /// PNG.
    #[prost(bytes = "vec", tag = "4")]
    pub(super) encoded: Vec<u8>,
}

/// Values counted in buckets; bucket i ends at `limits[i]` and begins where the one before it ends.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    count: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_of_squares: f64,
    #[prost(double, repeated, tag = "6")]
    limits: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    counts: Vec<f64>,
}

/// How many buckets of equal width the range of the values is cut into.
const BUCKETS: usize = 30;

impl What {
    pub(super) fn values(values: Vec<Value>) -> What {
        What::Summary(Summary { values })
    }
}

impl Value {
    pub(super) fn new(tag: &str, of: of_value::Of) -> Value {
        Value { tag: tag.to_owned(), of: Some(of) }
    }
}

impl Histogram {
    /// Counts finite values; others are left out.
    pub(super) fn of(values: &[f64]) -> Histogram {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let min = finite().fold(f64::INFINITY, f64::min);
        let max = finite().fold(f64::NEG_INFINITY, f64::max);
        if min > max {
            return Histogram::default();
        }
        let buckets = if min == max { 1 } else { BUCKETS };
        let width = (max - min) / buckets as f64;
        let mut counts = vec![0.0; buckets];
        for value in finite() {
            let bucket = if width > 0.0 { ((value - min) / width) as usize } else { 0 };
            counts[bucket.min(buckets - 1)] += 1.0;
        }
        let mut limits: Vec<f64> = (1..=buckets).map(|bucket| min + width * bucket as f64).collect();
        if let Some(last) = limits.last_mut() {
            *last = max.next_up(); // a value lies below its bucket's end
        }
        Histogram {
            min,
            max,
            count: finite().count() as f64,
            sum: finite().sum(),
            sum_of_squares: finite().map(|value| value * value).sum(),
            limits,
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_their_buckets() {
        let values: Vec<f64> = (0..=60).map(f64::from).collect();
        let histogram = Histogram::of(&values);
        assert_eq!((histogram.min, histogram.max, histogram.count), (0.0, 60.0, 61.0));
        assert_eq!(histogram.sum, 1830.0);
        assert_eq!(histogram.counts[..29], [2.0; 29]);
        assert_eq!(histogram.counts[29], 3.0);
        assert_eq!(histogram.limits[0], 2.0);
        let one = Histogram::of(&[7.0, 7.0, f64::NAN]);
        assert_eq!((one.counts.as_slice(), one.count), (&[2.0][..], 2.0));
        assert!(one.limits[0] > 7.0);
        assert_eq!(Histogram::of(&[]), Histogram::default());
    }
}
