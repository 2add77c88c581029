//! Business hours, holidays, time zone, and what happens outside them (experience.md D7).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;
use crate::store::workspaces::Workspace;

/// The most openings of a week.
const MAX_OPENINGS: usize = 50;

/// The most holidays.
const MAX_HOLIDAYS: usize = 200;

/// The longest text sent outside hours, in Unicode scalar values (WhatsApp's limit for a text).
const MAX_TEXT: usize = 4096;

/// A day of the week.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// Open on one day from one time to another, by the workplace's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opening {
    /// The day.
    pub day: Weekday,
    /// `HH:MM`, 00:00 to 23:59.
    pub from: String,
    /// `HH:MM`, later than `from`, 24:00 at the latest.
    pub to: String,
}

/// A day on which it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holiday {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What it is called, up to 100 characters.
    #[serde(default)]
    pub name: String,
}

/// What happens outside the hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outside {
    /// Nothing.
    Nothing,
    /// A fixed text.
    Text {
        /// 1 to 4,096 characters.
        text: String,
    },
    /// The AI answers.
    Ai,
}

/// The hours of a workplace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hours {
    /// Name in the tz database: `Europe/Madrid`.
    pub time_zone: String,
    /// Openings, at most 50; none on a day means closed, none at all means always open.
    pub week: Vec<Opening>,
    /// Days on which it is closed whatever the week says, at most 200.
    pub holidays: Vec<Holiday>,
    /// What happens outside.
    pub outside: Outside,
    /// How long the AI keeps quiet after a person took over, in minutes, 0 to 10,080; 0 = until
    /// it is handed back.
    #[schemars(range(min = 0, max = 10_080))]
    pub ai_pause_minutes: u16,
}

impl Default for Hours {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            week: Vec::new(),
            holidays: Vec::new(),
            outside: Outside::Nothing,
            ai_pause_minutes: 60,
        }
    }
}

impl Hours {
    /// The hours of a workspace.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, StoreError> {
        Ok(serde_json::from_str(&workspace.hours)?)
    }

    /// The name of what makes no sense, if anything does.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if !is_zone(&self.time_zone) {
            return Some("time_zone");
        }
        let bad_opening = |opening: &Opening| {
            let (from, to) = (minutes(&opening.from), minutes(&opening.to));
            !matches!((from, to), (Some(from), Some(to)) if from < to)
        };
        if self.week.len() > MAX_OPENINGS || self.week.iter().any(bad_opening) || self.overlaps() {
            return Some("week");
        }
        let bad_day = |day: &Holiday| {
            chrono::NaiveDate::parse_from_str(&day.date, "%Y-%m-%d").is_err()
                || day.date.len() != 10
                || day.name.chars().count() > 100
        };
        if self.holidays.len() > MAX_HOLIDAYS || self.holidays.iter().any(bad_day) {
            return Some("holidays");
        }
        match &self.outside {
            Outside::Text { text } if text.trim().is_empty() || text.chars().count() > MAX_TEXT => {
                Some("outside.text")
            }
            _ if self.ai_pause_minutes > 10_080 => Some("ai_pause_minutes"),
            _ => None,
        }
    }

    fn overlaps(&self) -> bool {
        let mut spans: Vec<_> =
            self.week.iter().map(|o| (o.day, minutes(&o.from), minutes(&o.to))).collect();
        spans.sort_unstable();
        spans.windows(2).any(|pair| {
            matches!(pair, [(day, _, to), (next_day, from, _)] if day == next_day && from < to)
        })
    }
}

/// Minutes since midnight of `HH:MM`, up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let (hours, minutes): (u16, u16) = (two(hours)?, two(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

/// Whether this is spelled like a name of the tz database. Which names a system knows differs, so
/// no more is judged here.
fn is_zone(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split('/').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(from: &str, to: &str) -> Opening {
        Opening { day: Weekday::Monday, from: from.into(), to: to.into() }
    }

    #[test]
    fn d7_each_fault_is_named() {
        let good = Hours {
            time_zone: "America/Argentina/Buenos_Aires".into(),
            week: vec![opening("09:00", "13:00"), opening("13:00", "24:00")],
            holidays: vec![Holiday { date: "2026-12-25".into(), name: "Christmas".into() }],
            outside: Outside::Text { text: "We are closed.".into() },
            ai_pause_minutes: 30,
        };
        assert_eq!(good.fault(), None);
        assert_eq!(Hours::default().fault(), None);
        let with = |change: fn(&mut Hours)| {
            let mut hours = good.clone();
            change(&mut hours);
            hours.fault()
        };
        assert_eq!(with(|h| h.time_zone = "../etc".into()), Some("time_zone"));
        assert_eq!(with(|h| h.time_zone = String::new()), Some("time_zone"));
        for (from, to) in [
            ("9:00", "10:00"),
            ("10:00", "09:00"),
            ("09:00", "09:00"),
            ("09:60", "10:00"),
            ("09:00", "24:01"),
            ("ab:cd", "10:00"),
        ] {
            let hours = Hours { week: vec![opening(from, to)], ..good.clone() };
            assert_eq!(hours.fault(), Some("week"), "{from} {to}");
        }
        assert_eq!(with(|h| h.week.push(opening("12:00", "12:30"))), Some("week"));
        assert_eq!(with(|h| h.holidays[0].date = "2026-02-30".into()), Some("holidays"));
        assert_eq!(with(|h| h.outside = Outside::Text { text: " ".into() }), Some("outside.text"));
        assert_eq!(with(|h| h.ai_pause_minutes = 10_081), Some("ai_pause_minutes"));
    }
}
