//! The state of a line, derived from facts: pure.

use serde::Serialize;

use super::causes::{self, Shows};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// A day, ms.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Days without a sign of life from which the owner is warned; WhatsApp ends a line at about 14
/// (whatsapp.md 4.1, experience.md S13).
pub(crate) const WARN_DAYS: [i64; 3] = [10, 12, 13];

/// An import that was at 100 percent is over after so long without a chunk: 100 was seen on a
/// phase that another one followed (whatsapp.md 4.4).
pub(crate) const QUIET_TIME_MS: i64 = 10 * 60 * 1_000;

/// An import may take a day (experience.md S12); after so long without a chunk nothing more comes.
pub(crate) const IMPORT_MS: i64 = DAY_MS;

/// After so long without a reading of the phone node or a sign of life, nobody knows.
const UNSEEN_MS: i64 = DAY_MS;

/// A stop or a notice, as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// A word of [`causes`].
    pub(crate) cause: String,
    /// R5 or R11; none for a notice that holds nothing.
    pub(crate) reason: Option<String>,
    /// WhatsApp's own code.
    pub(crate) code: Option<i64>,
    /// ms UTC.
    pub(crate) since: i64,
    /// It ends by itself then, ms UTC.
    pub(crate) ends_at: Option<i64>,
}

impl Held {
    /// Whether it still stands.
    pub(crate) fn stands(&self, now: i64) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// How far an import has got; all times ms UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Import {
    /// Our call for it was accepted.
    pub(crate) asked_at: Option<i64>,
    /// Meta's number of the newest part: 0, 1, 2.
    pub(crate) phase: Option<i64>,
    /// 0 to 100 over the whole import.
    pub(crate) percent: Option<i64>,
    /// Its first webhook.
    pub(crate) first_at: Option<i64>,
    /// Its newest webhook.
    pub(crate) last_at: Option<i64>,
    /// The owner keeps the old messages to the phone.
    pub(crate) declined_at: Option<i64>,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportStage {
    /// Never asked for, and nothing came.
    None,
    /// Asked for or arriving.
    Running,
    /// Over; more may still be taken in.
    Done,
    /// Accepted, and nothing came for a day.
    NothingCame,
    /// The owner said no. Final, no error.
    Declined,
}

impl Import {
    /// Where it stands now.
    pub(crate) fn stage(&self, now: i64) -> ImportStage {
        if self.declined_at.is_some() {
            return ImportStage::Declined;
        }
        let whole = self.percent == Some(100);
        let patience = if whole { QUIET_TIME_MS } else { IMPORT_MS };
        match (self.asked_at.max(self.last_at), self.first_at) {
            (None, _) => ImportStage::None,
            // News of a day that is still to come was dated by a clock that ran ahead.
            (Some(news), _)
                if now < news.saturating_add(patience) && news.saturating_sub(now) < DAY_MS =>
            {
                ImportStage::Running
            }
            (Some(_), None) => ImportStage::NothingCame,
            (Some(_), Some(_)) => ImportStage::Done,
        }
    }

    /// As phones see it: `{asked?, phase?, percent?, declined?, nothing_came?}`.
    pub(crate) fn shown(&self, now: i64) -> History {
        let stage = self.stage(now);
        History {
            asked: self.asked_at,
            phase: self.phase,
            percent: self.percent,
            declined: stage == ImportStage::Declined,
            nothing_came: stage == ImportStage::NothingCame,
        }
    }
}

/// The `history` of a channel on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct History {
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<i64>,
    #[serde(skip_serializing_if = "is_false")]
    declined: bool,
    #[serde(skip_serializing_if = "is_false")]
    nothing_came: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What a state is derived from; all times ms UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its onboarding is not through.
    pub(crate) connecting: bool,
    /// Since when this connection stands.
    pub(crate) connected_at: i64,
    /// When the owner's phone was last heard of.
    pub(crate) last_sign_of_life: Option<i64>,
    /// Newest good reading of the phone node.
    pub(crate) read_at: Option<i64>,
    /// The newest reading says that the number is on no Business App, none ever said it was, and no
    /// owner's phone was ever heard: a number of the Cloud API alone, which no phone keeps alive.
    pub(crate) never_on_app: bool,
    /// Stops and notices.
    pub(crate) held: Vec<Held>,
    /// The import.
    pub(crate) import: Import,
}

/// The `state` of a channel on the wire (protocol.md 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ChannelState {
    /// Its onboarding is not through.
    Connecting,
    /// Old messages are coming in, 0 to 100.
    Importing {
        /// 0 to 100.
        percent: i64,
    },
    /// Well.
    Connected,
    /// It may pass, or somebody has to do something in time.
    Attention {
        /// A word of [`causes`].
        reason: String,
        /// ms UTC; for `quiet` and `unknown` the last sign.
        since: i64,
    },
    /// Somebody has to connect the number anew.
    Disconnected {
        /// A word of [`causes`].
        reason: String,
        /// ms UTC.
        since: i64,
    },
}

impl Facts {
    /// The last sign that the owner's phone lives, or else the day it was connected.
    pub(crate) fn alive_at(&self) -> i64 {
        self.last_sign_of_life.unwrap_or(self.connected_at).max(self.connected_at)
    }

    /// Whole days since then.
    pub(crate) fn quiet_days(&self, now: i64) -> i64 {
        now.saturating_sub(self.alive_at()).div_euclid(DAY_MS).max(0)
    }

    /// Every cause that stands, worst first, with its beginning.
    pub(crate) fn causes(&self, now: i64) -> Vec<(String, i64)> {
        let held = self.held.iter().filter(|held| held.stands(now));
        let mut all: Vec<_> = held.map(|held| (held.cause.clone(), held.since)).collect();
        // A line that is down has ended: nobody is told to keep it alive, or that nobody knows.
        let down = all.iter().any(|(cause, _)| causes::shows(cause) == Shows::Disconnected);
        let seen_at = self.read_at.unwrap_or(self.connected_at).max(self.alive_at());
        if !down
            && !self.never_on_app
            && self.quiet_days(now) >= WARN_DAYS.into_iter().min().unwrap_or(0)
        {
            all.push((causes::QUIET.to_owned(), self.alive_at()));
        }
        if !down && now.saturating_sub(seen_at) >= UNSEEN_MS {
            all.push((causes::UNKNOWN.to_owned(), seen_at));
        }
        all.sort_by(|a, b| (causes::rank(&a.0), a.1, &a.0).cmp(&(causes::rank(&b.0), b.1, &b.0)));
        all
    }
}

/// The state: worst first. A line that is down says so even while it is being connected anew.
pub(crate) fn derive(facts: &Facts, now: i64) -> ChannelState {
    let worst = facts.causes(now).into_iter().next();
    match worst {
        Some((reason, since)) if causes::shows(&reason) == Shows::Disconnected => {
            ChannelState::Disconnected { reason, since }
        }
        _ if facts.connecting => ChannelState::Connecting,
        Some((reason, since)) => ChannelState::Attention { reason, since },
        None if facts.import.stage(now) == ImportStage::Running => {
            ChannelState::Importing { percent: facts.import.percent.unwrap_or(0).clamp(0, 100) }
        }
        None => ChannelState::Connected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_000 * DAY_MS;

    fn well() -> Facts {
        Facts {
            connected_at: NOW - 100 * DAY_MS,
            last_sign_of_life: Some(NOW - DAY_MS),
            read_at: Some(NOW - HOUR_MS),
            ..Facts::default()
        }
    }

    fn held(cause: &str, reason: Option<&str>, since: i64) -> Held {
        let reason = reason.map(str::to_owned);
        Held { cause: cause.into(), reason, code: None, since, ends_at: None }
    }

    fn state(facts: &Facts) -> serde_json::Value {
        serde_json::to_value(derive(facts, NOW)).unwrap()
    }

    #[test]
    fn the_worst_cause_shows_whatever_else_stands() {
        for (i, (worse, shows)) in causes::ALL.iter().enumerate() {
            for (better, _) in causes::ALL.iter().skip(i + 1) {
                let facts = Facts {
                    held: vec![held(better, Some("R5"), 5), held(worse, Some("R11"), 7)],
                    ..well()
                };
                let kind = match shows {
                    Shows::Disconnected => "disconnected",
                    Shows::Attention => "attention",
                };
                let expected = json!({"kind": kind, "reason": worse, "since": 7});
                assert_eq!(state(&facts), expected, "{worse} before {better}");
            }
        }
    }

    #[test]
    fn each_row_of_the_table() {
        let running =
            Import { asked_at: Some(NOW - HOUR_MS), percent: Some(40), ..Import::default() };
        let rows = [
            ("well", well(), json!({"kind": "connected"})),
            (
                "import",
                Facts { import: running.clone(), ..well() },
                json!({"kind": "importing", "percent": 40}),
            ),
            ("connecting", Facts { connecting: true, ..well() }, json!({"kind": "connecting"})),
            (
                "connecting anew what is down",
                Facts { connecting: true, held: vec![held("inactive", Some("R5"), 3)], ..well() },
                json!({"kind": "disconnected", "reason": "inactive", "since": 3}),
            ),
            (
                "connecting before attention",
                Facts { connecting: true, held: vec![held("payment", Some("R11"), 3)], ..well() },
                json!({"kind": "connecting"}),
            ),
            (
                "attention before import",
                Facts { import: running, held: vec![held("payment", None, 3)], ..well() },
                json!({"kind": "attention", "reason": "payment", "since": 3}),
            ),
            (
                "a word nobody knows",
                Facts { held: vec![held("of_tomorrow", Some("R5"), 3)], ..well() },
                json!({"kind": "attention", "reason": "of_tomorrow", "since": 3}),
            ),
            (
                "a restriction that ended by itself",
                Facts {
                    held: vec![Held { ends_at: Some(NOW), ..held("restricted", Some("R11"), 3) }],
                    ..well()
                },
                json!({"kind": "connected"}),
            ),
        ];
        for (name, facts, expected) in rows {
            assert_eq!(state(&facts), expected, "{name}");
        }
    }

    #[test]
    fn days_are_counted_from_the_last_sign_or_from_the_connection() {
        for (days, quiet) in [(9, false), (10, true), (13, true), (15, true)] {
            let at = NOW - days * DAY_MS;
            let expected = if quiet {
                json!({"kind": "attention", "reason": "quiet", "since": at})
            } else {
                json!({"kind": "connected"})
            };
            let heard = Facts { last_sign_of_life: Some(at), ..well() };
            assert_eq!(state(&heard), expected, "{days}");
            let never = Facts { last_sign_of_life: None, connected_at: at, ..well() };
            assert_eq!(state(&never), expected, "{days}");
            let of_before = Facts { last_sign_of_life: Some(5), connected_at: at, ..well() };
            assert_eq!(state(&of_before), expected, "{days}");
            let no_phone = Facts { never_on_app: true, ..heard };
            assert_eq!(state(&no_phone), json!({"kind": "connected"}));
        }
    }

    #[test]
    fn an_old_reading_is_not_well() {
        let read_at = NOW - DAY_MS;
        let heard = Facts { read_at: Some(read_at), last_sign_of_life: Some(NOW - 1), ..well() };
        assert_eq!(state(&heard), json!({"kind": "connected"}));
        let silent = Facts { last_sign_of_life: Some(read_at - 5), ..heard };
        assert_eq!(
            state(&silent),
            json!({"kind": "attention", "reason": "unknown", "since": read_at})
        );
    }

    #[test]
    fn an_import_has_its_stages() {
        let asked = Import { asked_at: Some(0), ..Import::default() };
        let came =
            Import { first_at: Some(5), last_at: Some(9), percent: Some(60), ..asked.clone() };
        let whole = Import { percent: Some(100), ..came.clone() };
        let unasked = Import { asked_at: None, ..whole.clone() };
        for (import, now, stage) in [
            (&Import::default(), 1, ImportStage::None),
            (&asked, IMPORT_MS - 1, ImportStage::Running),
            (&asked, IMPORT_MS, ImportStage::NothingCame),
            (&came, IMPORT_MS + 8, ImportStage::Running),
            (&came, IMPORT_MS + 9, ImportStage::Done),
            (&whole, QUIET_TIME_MS + 8, ImportStage::Running),
            (&whole, QUIET_TIME_MS + 9, ImportStage::Done),
            (&unasked, QUIET_TIME_MS + 8, ImportStage::Running),
            // Asked for and heard of by a clock that has been set back since.
            (&came, 9 - DAY_MS, ImportStage::Done),
            (&came, 10 - DAY_MS, ImportStage::Running),
            (&Import { declined_at: Some(6), ..whole.clone() }, 7, ImportStage::Declined),
        ] {
            assert_eq!(import.stage(now), stage, "{import:?} {now}");
        }
        let shown = |import: &Import, now| serde_json::to_value(import.shown(now)).unwrap();
        assert_eq!(shown(&asked, IMPORT_MS), json!({"asked": 0, "nothing_came": true}));
        assert_eq!(
            shown(&Import { declined_at: Some(6), ..asked }, 7),
            json!({"asked": 0, "declined": true})
        );
        assert_eq!(shown(&Import::default(), 7), json!({}));
    }
}
