//! `webhooks replay`: the stored raw bodies run again into an empty store, and what they make there
//! compared with what they made here. Protocol.md 8.
//!
//! A difference means that working a body off depends on more than the bodies: on their order, on
//! the hour, on luck. Nothing of the store is changed; the scratch store lies in the data folder,
//! which nobody else can read, and is gone afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::identity;
use super::ingest::{self, Prepared};
use super::ladder::{Ladder, Step};
use crate::store::replay::{
    self as stands, About, Fact, Facts, IMPORT_BEGAN, REPLY_TO, Scratch, facts, own,
};
use crate::store::{OpenError, Sql, Store, StoreError, texts, webhooks};
use crate::support::Rng;

/// Differences that are named at most; all are counted.
const NAMED: usize = 100;

/// What a replay came to. Names nobody: things are named by our own ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Bodies run again.
    pub bodies: usize,
    /// Bodies that wait to be worked off and were left out.
    pub pending: usize,
    /// Bodies that failed in the replay.
    pub failed: usize,
    /// Whether every body that ever came is still kept (they are for 30 days).
    pub complete: bool,
    /// Things compared.
    pub compared: usize,
    /// Whether all of them agree.
    pub equal: bool,
    /// How many do not.
    pub differences_total: usize,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// Something that the bodies make otherwise now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// contact, message, status, channel, channel_news, reaction, import, account_fact, phone_book,
    /// handover or price.
    pub about: &'static str,
    /// Our id of it.
    pub id: String,
    /// `missing` (only here), `extra` (only in the replay) or `other` (both, not the same).
    pub what: &'static str,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The scratch store could not be made.
    #[error(transparent)]
    Scratch(#[from] OpenError),
    /// A store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replays the bodies of `store` into a scratch store in `folder` and compares.
pub async fn replay(
    store: &Store,
    folder: &Path,
    rng: Arc<dyn Rng>,
) -> Result<Report, ReplayError> {
    let folder = folder.to_owned();
    // One read transaction: `serve` may go on beside it.
    store.read(move |sql| run(sql, &folder, rng)).await
}

fn run(sql: &Sql, folder: &Path, rng: Arc<dyn Rng>) -> Result<Report, ReplayError> {
    let mut scratch = Scratch::make(folder, rng)?;
    scratch.give(sql)?;
    let (mut bodies, mut failed) = (0, 0);
    webhooks::each(sql, |pending| {
        bodies += 1;
        let mut prepared = Prepared::read(&pending);
        prepared.leave_out(&webhooks::of_nobody(sql, pending.id)?);
        let whole = scratch.apply(&pending, |tx| {
            ingest::work_off(tx, std::slice::from_ref(&prepared), usize::MAX).map(|_| ())
        });
        match whole {
            Ok(()) => Ok(()),
            Err(error @ (StoreError::Full | StoreError::Busy)) => Err(error),
            Err(error) => {
                log::warn!("replay_failed id={} cause=\"{error}\"", pending.id);
                failed += 1;
                scratch.apply(&pending, |tx| ingest::work_off_good(tx, &prepared))
            }
        }
    })?;
    let ours = own(sql)?;
    let blanked = webhooks::is_blanked(sql)?;
    let complete = webhooks::is_complete(sql)? && !blanked;
    let known = Known {
        ours: &ours,
        by_others: stands::by_others(sql)?,
        // What a blanked body said beside the erased, nobody knows.
        since: if blanked { i64::MAX } else { webhooks::oldest_kept(sql)?.unwrap_or(i64::MAX) },
        complete,
    };
    let mut here = facts(sql)?;
    quote_as_webhooks_do(&mut here, &stands::own_ids(sql)?);
    let mut differences = compare(&here, &scratch.facts()?, &known);
    let mut compared = differences.0;
    for (wamid, message) in &ours {
        let parked = scratch.parked(wamid)?;
        if parked.is_empty() {
            continue;
        }
        compared += 1;
        let held = texts::by_id(sql, message)?;
        if !held.is_some_and(|held| agrees(&held.ladder, &parked)) {
            differences.1.push(Difference {
                about: About::Status.word(),
                id: message.clone(),
                what: "other",
            });
        }
    }
    let differences = differences.1;
    Ok(Report {
        bodies,
        pending: webhooks::pending(sql)?,
        failed,
        complete,
        compared,
        equal: differences.is_empty(),
        differences_total: differences.len(),
        differences: differences.into_iter().take(NAMED).collect(),
    })
}

/// What the comparison knows of this store that bodies do not tell.
struct Known<'k> {
    /// Wamids of what we sent.
    ours: &'k BTreeMap<String, String>,
    /// Of what others decided too.
    by_others: BTreeSet<(About, String)>,
    /// What is older stands in no body, ms UTC.
    since: i64,
    /// Every body is there.
    complete: bool,
}

/// A quote of what we sent names our id of it; the bodies alone derive one.
fn quote_as_webhooks_do(facts: &mut Facts, own: &BTreeMap<String, (String, String)>) {
    for ((about, _), fact) in facts.iter_mut() {
        if *about == About::Message
            && let Some(Some(quoted)) = fact.columns.get_mut(REPLY_TO)
            && let Some((workspace, wamid)) = own.get(quoted)
        {
            *quoted = identity::message(workspace, wamid);
        }
    }
}

/// Whether an import began before it was asked for (again), which forgets the one before.
fn is_of_before(made: &Fact, held: &Fact) -> bool {
    let began = IMPORT_BEGAN
        .iter()
        .filter_map(|column| made.columns.get(*column)?.as_ref()?.parse::<i64>().ok())
        .min();
    began.is_some_and(|began| began < held.at)
}

/// Compares what stands `here` with what the replay made. What is older than the oldest body, and
/// what a body that is gone may have said, is not asked for.
fn compare(here: &Facts, again: &Facts, known: &Known<'_>) -> (usize, Vec<Difference>) {
    // A contact may have learnt an id from a status of our own message: then ours alone names it.
    let by_id: BTreeMap<&str, &Fact> = here
        .iter()
        .filter(|((about, _), _)| *about == About::Contact)
        .map(|(_, fact)| (fact.id.as_str(), fact))
        .collect();
    let mut differences = Vec::new();
    let mut compared = 0;
    let mut differs = |about: About, id: &str, what| {
        differences.push(Difference { about: about.word(), id: id.to_owned(), what });
    };
    for ((about, key), made) in again {
        let by_other = |key: &str| known.by_others.contains(&(*about, key.to_owned()));
        if *about == About::Message && known.ours.contains_key(key)
            || by_other(key)
            || by_other(&made.id)
        {
            continue;
        }
        let held = here
            .get(&(*about, key.clone()))
            .or_else(|| by_id.get(made.id.as_str()).copied().filter(|_| *about == About::Contact));
        if *about == About::Import && held.is_some_and(|held| is_of_before(made, held)) {
            continue;
        }
        compared += 1;
        match held {
            None => differs(*about, &made.id, "extra"),
            Some(held) if !same(held, made, known.complete) => differs(*about, &held.id, "other"),
            Some(_) => {}
        }
    }
    for ((about, key), held) in here {
        // A contact may come from a person here; an empty one says what a revoke or an erasure did.
        // Channels and imports are given.
        let given = matches!(about, About::Contact | About::Channel | About::Import);
        let asked =
            !given && held.at >= known.since && !known.by_others.contains(&(*about, key.clone()));
        if asked && !again.contains_key(&(*about, key.clone())) {
            compared += 1;
            differs(*about, &held.id, "missing");
        }
    }
    (compared, differences)
}

/// Whether two facts agree; what the replay does not know because its body is gone agrees.
fn same(held: &Fact, made: &Fact, complete: bool) -> bool {
    held.columns.iter().zip(&made.columns).all(|(h, m)| h == m || (!complete && m.is_none()))
}

/// Whether a ladder holds everything that statuses alone say.
fn agrees(held: &Ladder, parked: &[(String, i64)]) -> bool {
    // Ours alone is the time at which it was queued, which bounds the others from below.
    let queued = held.times.get(&Step::Queued).map(|at| (Step::Queued, *at));
    let times = queued.into_iter().collect();
    let mut said = Ladder { step: Step::None, times, trouble: None };
    for (word, at) in parked.iter().filter(|(word, _)| word != "failed") {
        said.reach(Step::of(word), *at);
    }
    // The answer of our own call may have proved `sent` earlier; later steps come by webhook alone.
    let later = |ladder: &Ladder| {
        let times = ladder.times.iter().filter(|(step, _)| **step > Step::Sent);
        times.map(|(step, at)| (*step, *at)).collect::<BTreeMap<_, _>>()
    };
    held.step >= said.step && later(held) == later(&said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(at: i64, text: Option<&str>) -> Fact {
        Fact { id: "our id".into(), at, columns: vec![text.map(str::to_owned)] }
    }

    fn facts(rows: &[(&str, i64, Option<&str>)]) -> Facts {
        rows.iter()
            .map(|(key, at, text)| ((About::Message, (*key).to_owned()), fact(*at, *text)))
            .collect()
    }

    static NONE: BTreeMap<String, String> = BTreeMap::new();

    fn known(complete: bool) -> Known<'static> {
        Known { ours: &NONE, by_others: BTreeSet::new(), since: 3, complete }
    }

    #[test]
    fn each_difference_is_found_and_named() {
        let here = facts(&[("a", 5, Some("x")), ("b", 5, Some("y")), ("old", 1, Some("z"))]);
        let again = facts(&[("a", 5, Some("x")), ("b", 5, Some("changed")), ("c", 5, None)]);
        let (compared, found) = compare(&here, &again, &known(true));
        let words: Vec<_> = found.iter().map(|difference| difference.what).collect();
        assert_eq!((compared, words), (3, vec!["other", "extra"]));
        let (_, found) = compare(&here, &facts(&[]), &known(true));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_only_a_lost_body_knew_is_no_difference() {
        let here = facts(&[("a", 5, Some("name"))]);
        let again = facts(&[("a", 5, None)]);
        assert!(compare(&here, &again, &known(false)).1.is_empty());
        assert_eq!(compare(&here, &again, &known(true)).1.len(), 1);
    }

    #[test]
    fn a_ladder_must_hold_what_statuses_say() {
        let mut held = Ladder::queued(0);
        held.reach(Step::Sent, 1_000);
        held.reach(Step::Read, 5_000);
        let parked = |words: &[(&str, i64)]| {
            words.iter().map(|(word, at)| ((*word).to_owned(), *at)).collect::<Vec<_>>()
        };
        assert!(agrees(&held, &parked(&[("sent", 2_000), ("read", 5_000)])));
        assert!(!agrees(&held, &parked(&[("read", 4_000)])));
        assert!(!agrees(&held, &parked(&[("read", 5_000), ("played", 6_000)])));
    }
}
