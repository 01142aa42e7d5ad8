//! What a benchmark prints: a table for people, an object for programs.

use serde_json::{Value, json};

use super::machine::{self, Caches, Level, Limits};
use super::{Limit, Timed, sets};
use crate::numbers;
use crate::table::Table;

/// Everything that was measured.
pub(super) struct Report {
    pub(super) timed: Vec<Timed>,
    pub(super) limits: Vec<Limits>,
    pub(super) caches: Caches,
    /// Where one work alone was timed and the system tells.
    pub(super) peak_memory_mb: Option<f64>,
}

impl Report {
    pub(super) fn json(&self) -> Value {
        let mut object = json!({
            "cpu": {
                "name": machine::processor(),
                "kernels": thalweg::kernels::path().name(),
                "processors": std::thread::available_parallelism().map_or(1, usize::from),
                "cache_bytes": self.caches.json(),
            },
            "limits": self.limits.iter().map(Limits::json).collect::<Vec<_>>(),
            "rows": self.timed.iter().map(|timed| self.row(timed)).collect::<Vec<_>>(),
        });
        if let Some(peak) = self.peak_memory_mb {
            object["peak_memory_mb"] = json!(peak);
        }
        object
    }

    fn row(&self, timed: &Timed) -> Value {
        let (share, limit) = timed.share(&self.limits, self.caches).unzip();
        json!({
            "work": timed.work.name,
            "precision": timed.work.precision.name(),
            "input": timed.input,
            "data": timed.origin,
            "threads": timed.threads,
            "unit": timed.work.unit.name(),
            "seconds": timed.samples.median(),
            "spread": timed.samples.spread(),
            "samples": timed.samples.count(),
            "limit": limit.map(Limit::name),
            "share_of_limit": share,
        })
    }

    pub(super) fn text(&self) -> String {
        let head = format!(
            "{}, {} kernels; caches {}",
            machine::processor(),
            thalweg::kernels::path().name(),
            [self.caches.l1, self.caches.l2, self.caches.l3].map(binary).join(", ")
        );
        let mut text = format!("{head}\n\n{}\n\n{}", self.limits(), self.works());
        if let Some(images) = self.images() {
            text.push_str(&format!("\n\n{images}"));
        }
        if let Some(peak) = self.peak_memory_mb {
            text.push_str(&format!("\n\npeak memory {peak} MB"));
        }
        text
    }

    fn limits(&self) -> Table {
        let mut table =
            Table::new(["threads", "FMA f32", "FMA f64", "read L1", "read L2", "read L3", "read memory"]);
        for limits in &self.limits {
            let operations = |precision| format!("{:.0} GFLOP/s", limits.fma(precision) / 1e9);
            let read =
                |level| limits.read(level).map_or("-".to_owned(), |rate| format!("{:.0} GB/s", rate / 1e9));
            let mut cells = vec![limits.threads.to_string()];
            cells.extend([thalweg::Precision::F32, thalweg::Precision::F64].map(operations));
            cells.extend(Level::ALL.map(read));
            table.row(cells);
        }
        table
    }

    fn works(&self) -> Table {
        let heads = ["work", "what", "from", "in", "threads", "time", "spread", "of the limit"];
        let mut table = Table::new(heads);
        for timed in &self.timed {
            let [least, most] = timed.samples.spread();
            let share = timed.share(&self.limits, self.caches);
            table.row([
                timed.work.name.clone(),
                timed.work.about.clone(),
                timed.input.to_owned(),
                timed.work.precision.name().to_owned(),
                timed.threads.to_string(),
                format!("{} / {}", numbers::time(timed.samples.median()), timed.work.unit.name()),
                format!("{} - {}", numbers::time(least), numbers::time(most)),
                share.map_or("-".to_owned(), |(share, limit)| {
                    format!("{} {}", numbers::percent(share), limit.title())
                }),
            ]);
        }
        table
    }

    /// Where the images of the works are from, if any has some.
    fn images(&self) -> Option<String> {
        let timed = self.timed.iter().find(|timed| timed.work.set.has_images())?;
        Some(match timed.origin {
            sets::MADE => "images: made, half of their pixels black; to time with real ones: thalweg data fetch fashion-mnist"
                .to_owned(),
            origin => format!("images: {origin}"),
        })
    }
}

/// A size in binary units: `48 KiB`, `1 MiB`.
fn binary(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    }
}
