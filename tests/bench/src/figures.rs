//! Figures: percentiles, medians over rounds, the table, the file.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

/// One row of the table.
#[derive(Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: &'static str,
    /// In which unit.
    pub(crate) unit: &'static str,
    /// Ours: the median over the rounds.
    pub(crate) ours: f64,
    /// The yardstick's, if there is one.
    pub(crate) yardstick: Option<f64>,
    /// Ours by the yardstick's.
    pub(crate) ratio: Option<f64>,
    /// As in goals.md.
    pub(crate) goal: &'static str,
    /// Whether it is reached; none if the row is only shown.
    pub(crate) reached: Option<bool>,
    /// Each round of ours.
    pub(crate) rounds: Vec<f64>,
}

impl Figure {
    /// A figure by itself.
    pub(crate) fn alone(
        name: &'static str,
        unit: &'static str,
        rounds: Vec<f64>,
        goal: &'static str,
        reached: impl FnOnce(f64) -> bool,
    ) -> Self {
        let ours = median(&rounds);
        let reached = Some(reached(ours));
        Self { name, unit, ours, yardstick: None, ratio: None, goal, reached, rounds }
    }

    /// A figure beside its yardstick; `reached` judges the ratio.
    pub(crate) fn beside(
        name: &'static str,
        unit: &'static str,
        rounds: Vec<f64>,
        yardstick: &[f64],
        goal: &'static str,
        reached: impl FnOnce(f64) -> bool,
    ) -> Self {
        let (ours, theirs) = (median(&rounds), median(yardstick));
        let ratio = ours / theirs;
        let (yardstick, ratio, reached) = (Some(theirs), Some(ratio), Some(reached(ratio)));
        Self { name, unit, ours, yardstick, ratio, goal, reached, rounds }
    }

    /// The same figure with the yardstick's beside it; the goal stays that of the figure alone.
    pub(crate) fn with_yardstick(mut self, theirs: f64) -> Self {
        self.yardstick = Some(theirs);
        self.ratio = Some(self.ours / theirs);
        self
    }

    /// The same figure, only shown.
    pub(crate) fn only_shown(mut self) -> Self {
        self.reached = None;
        self
    }
}

/// A count as a number for division.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The middle one; of an even number the upper of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The time that all but one in a hundred took at most, in ms.
pub(crate) fn p99_ms(times: &[Duration]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let at = (sorted.len() * 99).div_ceil(100).saturating_sub(1);
    sorted.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// Prints the table in Markdown, as docs/performance.md holds it.
pub(crate) fn print(figures: &[Figure]) {
    let mut out = std::io::stdout().lock();
    let _ =
        writeln!(out, "| figure | ours | yardstick | ratio | goal | |\n|---|---|---|---|---|---|");
    for figure in figures {
        let number = |value: f64| {
            if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
        };
        let shown = |value: Option<f64>| value.map_or(String::new(), number);
        let reached = match figure.reached {
            None => "",
            Some(true) => "reached",
            Some(false) => "MISSED",
        };
        let _ = writeln!(
            out,
            "| {} | {} {} | {} | {} | {} | {reached} |",
            figure.name,
            number(figure.ours),
            figure.unit,
            shown(figure.yardstick),
            shown(figure.ratio),
            figure.goal,
        );
    }
}

/// Writes them as JSON, with whether they mean anything.
pub(crate) fn write(path: &Path, tiny: bool, figures: &[Figure]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let whole = serde_json::json!({ "topic": "platform", "tiny": tiny, "cores": cores, "figures": figures });
    std::fs::write(path, format!("{whole:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_medians_are_what_they_are_called() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert!((p99_ms(&times) - 198.0).abs() < 1e-9);
        assert!((p99_ms(&times[..1]) - 200.0).abs() < 1e-9);
        assert!(p99_ms(&[]).is_nan());
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_missed_goal_stays_missed() {
        let figure = Figure::beside("a", "/s", vec![40.0], &[100.0], ">= 0.5", |r| r >= 0.5);
        assert_eq!(figure.reached, Some(false));
        assert!((figure.ratio.unwrap() - 0.4).abs() < 1e-9);
    }
}
