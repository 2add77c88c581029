//! Management calls that an account may still make: 200 an hour for an app and an account
//! (whatsapp.md 5.6).
//!
//! In memory: after a start the hour begins anew, and what Meta says (codes 4 and 80007) counts
//! above our own count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Calls of an hour, some kept back for people: a list that is fetched can wait, a person not.
const AN_HOUR: i64 = 200;
/// Of these only people make the last ones.
const FOR_PEOPLE: i64 = 40;
/// An hour, ms.
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Who asks for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A worker, which can wait.
    Worker,
    /// A person, who looks at a screen.
    Person,
}

/// The calls of all accounts.
#[derive(Debug, Default)]
pub struct Budget(Mutex<BTreeMap<String, Vec<i64>>>);

impl Budget {
    /// Takes a call out of an account's hour; otherwise says in how many ms there is one.
    pub(crate) fn take(&self, waba_id: &str, asker: Asker, now: i64) -> Result<(), i64> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = accounts.entry(waba_id.to_owned()).or_default();
        calls.retain(|at| (now - HOUR_MS..=now).contains(at));
        let most = match asker {
            Asker::Worker => AN_HOUR - FOR_PEOPLE,
            Asker::Person => AN_HOUR,
        };
        let over = i64::try_from(calls.len()).unwrap_or(i64::MAX) - most;
        if over < 0 {
            calls.push(now);
            return Ok(());
        }
        // The call that has to be an hour old before there is room again.
        let freed = usize::try_from(over).ok().and_then(|over| calls.get(over)).copied();
        Err((freed.unwrap_or(now) + HOUR_MS + 1 - now).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_an_hour_the_last_for_people() {
        let budget = Budget::default();
        for at in 0..160 {
            assert_eq!(budget.take("a", Asker::Worker, at), Ok(()));
        }
        assert_eq!(budget.take("a", Asker::Worker, 160), Err(HOUR_MS + 1 - 160));
        for at in 160..200 {
            assert_eq!(budget.take("a", Asker::Person, at), Ok(()));
        }
        assert_eq!(budget.take("a", Asker::Person, 200), Err(HOUR_MS + 1 - 200));
        assert_eq!(budget.take("b", Asker::Worker, 200), Ok(()));
        // The first call is an hour old.
        assert_eq!(budget.take("a", Asker::Person, HOUR_MS + 1), Ok(()));
        assert!(budget.take("a", Asker::Person, HOUR_MS + 1).is_err());
    }
}
