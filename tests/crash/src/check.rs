//! What must hold, as pure functions over what was promised, what arrived and what the files say.
//!
//! In the manner of Jepsen's `set` and `total-queue` (pains.md 5, S1, S2, S5). The tests below are the controls: each doctored
//! result must be named.

use std::collections::{BTreeMap, BTreeSet};

/// One reply that a phone's person began to write, in order of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The customer it is for.
    pub chat: String,
    /// Its text, which no other reply of the run shares.
    pub text: String,
    /// The id that `send_reply` returned; absent if the phone died before it could say so.
    pub promised: Option<String>,
}

/// One reply on a customer's phone, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The customer.
    pub chat: String,
    /// Its text.
    pub text: String,
    /// The message id that travelled with it as callback data.
    pub id: String,
    /// How often this very message was taken in.
    pub deliveries: u32,
}

/// What is wrong. The checks answer with all of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Promised, and not at the customer.
    Lost {
        /// Which.
        text: String,
    },
    /// More than once at the customer.
    Doubled {
        /// Which.
        text: String,
    },
    /// Written after another of the same customer and arrived before it.
    Swapped {
        /// Arrived first.
        first: String,
        /// Written first.
        second: String,
    },
    /// Nobody wrote it, or not for this customer.
    NotWritten {
        /// Which.
        text: String,
    },
    /// It travelled under another id than the promised one.
    OtherId {
        /// Which.
        text: String,
    },
    /// More than one Graph call for one message id.
    CalledAgain {
        /// The message id.
        id: String,
    },
    /// A webhook was answered 200 and is not on disk.
    NotKept {
        /// Its place among those answered.
        webhook: usize,
    },
    /// A customer's message of an answered webhook is not a message, or is more than one.
    NotOneMessage {
        /// Meta's id.
        wamid: String,
        /// How many there are.
        found: usize,
    },
    /// An attempt without an answer is not R14 after the restart.
    NotUnknown {
        /// The message id.
        id: String,
        /// Its state instead.
        state: String,
    },
    /// The cursor says that this change is held, and the rows say no.
    AheadOfRows {
        /// The change's number.
        seq: i64,
        /// The object.
        id: String,
    },
}

/// S1 and S2: each promised reply once at its customer, in order of writing, and nothing else there.
pub fn replies(written: &[Written], arrived: &[Arrived]) -> BTreeSet<Fault> {
    let mut faults = BTreeSet::new();
    let place: BTreeMap<(&str, &str), usize> = written
        .iter()
        .enumerate()
        .map(|(index, it)| ((it.chat.as_str(), it.text.as_str()), index))
        .collect();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    let mut newest: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for it in arrived {
        let times = times.entry(&it.text).or_default();
        *times += it.deliveries;
        if *times > 1 {
            faults.insert(Fault::Doubled { text: it.text.clone() });
        }
        let Some(&index) = place.get(&(it.chat.as_str(), it.text.as_str())) else {
            faults.insert(Fault::NotWritten { text: it.text.clone() });
            continue;
        };
        let promised = written.get(index).and_then(|it| it.promised.as_ref());
        if promised.is_some_and(|id| !id.is_empty() && *id != it.id) {
            faults.insert(Fault::OtherId { text: it.text.clone() });
        }
        match newest.get(it.chat.as_str()) {
            Some((before, text)) if *before > index => {
                let (first, second) = ((*text).to_owned(), it.text.clone());
                faults.insert(Fault::Swapped { first, second });
            }
            _ => {
                newest.insert(&it.chat, (index, &it.text));
            }
        }
    }
    for it in written.iter().filter(|it| it.promised.is_some()) {
        if times.get(it.text.as_str()).is_none_or(|times| *times == 0) {
            faults.insert(Fault::Lost { text: it.text.clone() });
        }
    }
    faults
}

/// One Graph call for one message id: the platform never repeats one by itself once bytes may have left.
pub fn calls(calls: &BTreeMap<String, u32>) -> BTreeSet<Fault> {
    let again = calls.iter().filter(|(_, times)| **times > 1);
    again.map(|(id, _)| Fault::CalledAgain { id: id.clone() }).collect()
}

/// Every body that was answered 200 is among those on disk.
pub fn kept(answered: &[Vec<u8>], on_disk: &BTreeSet<Vec<u8>>) -> BTreeSet<Fault> {
    let lost = answered.iter().enumerate().filter(|(_, body)| !on_disk.contains(*body));
    lost.map(|(webhook, _)| Fault::NotKept { webhook }).collect()
}

/// Every customer's message is exactly one message.
pub fn messages(wamids: &[String], on_disk: &[String]) -> BTreeSet<Fault> {
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    for wamid in on_disk {
        *times.entry(wamid).or_default() += 1;
    }
    let found = |wamid: &String| times.get(wamid).copied().unwrap_or(0);
    let wrong = wamids.iter().filter(|wamid| found(wamid) != 1);
    wrong.map(|wamid| Fault::NotOneMessage { wamid: wamid.clone(), found: found(wamid) }).collect()
}

/// What was attempted when the platform died may have gone out: afterwards it is unknown (R14), or a status has proved it.
pub fn unknown(attempted: &BTreeSet<String>, after: &BTreeMap<String, String>) -> BTreeSet<Fault> {
    let mut faults = BTreeSet::new();
    for id in attempted {
        let state = after.get(id).map_or("gone", String::as_str);
        if !matches!(state, "unknown" | "accepted") {
            faults.insert(Fault::NotUnknown { id: id.clone(), state: state.to_owned() });
        }
    }
    faults
}

/// A row of the platform's change line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Its number.
    pub seq: i64,
    /// The object.
    pub id: String,
}

/// S5: for every change up to the cursor the phone holds that object at least as new.
pub fn cursor(cursor: i64, line: &[LineRow], held: &BTreeMap<String, i64>) -> BTreeSet<Fault> {
    let claimed = line.iter().filter(|row| row.seq <= cursor);
    claimed
        .filter(|row| held.get(&row.id).is_none_or(|version| *version < row.seq))
        .map(|row| Fault::AheadOfRows { seq: row.seq, id: row.id.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<Written> {
        let it = |chat: &str, text: &str, id: Option<&str>| Written {
            chat: chat.into(),
            text: text.into(),
            promised: id.map(Into::into),
        };
        vec![
            it("ana", "1", Some("u1")),
            it("ben", "2", Some("u2")),
            it("ana", "3", Some("u3")),
            it("ana", "4", None),
            it("ben", "5", Some("")),
        ]
    }

    fn arrived() -> Vec<Arrived> {
        let it = |chat: &str, text: &str, id: &str| Arrived {
            chat: chat.into(),
            text: text.into(),
            id: id.into(),
            deliveries: 1,
        };
        vec![it("ben", "2", "u2"), it("ana", "1", "u1"), it("ana", "3", "u3"), it("ben", "5", "x")]
    }

    fn found(change: impl FnOnce(&mut Vec<Arrived>)) -> Vec<Fault> {
        let mut arrived = arrived();
        change(&mut arrived);
        replies(&written(), &arrived).into_iter().collect()
    }

    #[test]
    fn a_good_end_has_no_fault_with_or_without_what_was_only_begun() {
        assert_eq!(found(|_| {}), []);
        let begun =
            Arrived { chat: "ana".into(), text: "4".into(), id: "u4".into(), deliveries: 1 };
        assert_eq!(found(|all| all.push(begun)), []);
    }

    #[test]
    fn a_lost_reply_is_named() {
        let lost = || vec![Fault::Lost { text: "1".into() }];
        assert_eq!(found(|all| drop(all.remove(1))), lost());
        assert_eq!(found(|all| all[1].deliveries = 0), lost());
    }

    #[test]
    fn a_doubled_reply_is_named() {
        let doubled = || vec![Fault::Doubled { text: "3".into() }];
        assert_eq!(found(|all| all[2].deliveries = 2), doubled());
        assert_eq!(found(|all| all.push(all[2].clone())), doubled());
    }

    #[test]
    fn a_swapped_order_is_named() {
        let swapped = Fault::Swapped { first: "3".into(), second: "1".into() };
        assert_eq!(found(|all| all.swap(1, 2)), [swapped]);
        // Across customers there is no order.
        assert_eq!(found(|all| all.swap(0, 1)), []);
    }

    #[test]
    fn what_nobody_wrote_or_wrote_to_another_is_named() {
        let strange = |text: &str| Fault::NotWritten { text: text.into() };
        assert_eq!(found(|all| all[0].chat = "ana".into()), [strange("2")]);
        let mut nine = arrived()[0].clone();
        nine.text = "9".into();
        assert_eq!(found(|all| all.push(nine)), [strange("9")]);
    }

    #[test]
    fn another_id_than_the_promised_one_is_named() {
        assert_eq!(found(|all| all[0].id = "u9".into()), [Fault::OtherId { text: "2".into() }]);
    }

    #[test]
    fn a_second_call_is_named() {
        let one = BTreeMap::from([("u1".to_owned(), 1), ("u2".to_owned(), 1)]);
        assert!(calls(&one).is_empty());
        let two = BTreeMap::from([("u1".to_owned(), 1), ("u2".to_owned(), 2)]);
        assert_eq!(calls(&two), [Fault::CalledAgain { id: "u2".into() }].into());
    }

    #[test]
    fn a_body_that_is_not_on_disk_is_named() {
        let answered = [b"a".to_vec(), b"b".to_vec()];
        let disk = |bodies: &[&[u8]]| bodies.iter().map(|body| body.to_vec()).collect();
        assert!(kept(&answered, &disk(&[b"a", b"b", b"c"])).is_empty());
        assert_eq!(kept(&answered, &disk(&[b"a", b"B"])), [Fault::NotKept { webhook: 1 }].into());
    }

    #[test]
    fn a_message_that_is_missing_or_double_is_named() {
        let all = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert!(messages(&all(&["a", "b"]), &all(&["b", "a", "own"])).is_empty());
        let fault = |wamid: &str, found| Fault::NotOneMessage { wamid: wamid.into(), found };
        assert_eq!(messages(&all(&["a"]), &all(&["b"])), [fault("a", 0)].into());
        assert_eq!(messages(&all(&["a"]), &all(&["a", "a"])), [fault("a", 2)].into());
    }

    #[test]
    fn an_attempt_that_waits_again_is_named() {
        let attempted = BTreeSet::from(["u1".to_owned()]);
        let after = |state: &str| BTreeMap::from([("u1".to_owned(), state.to_owned())]);
        assert!(unknown(&attempted, &after("unknown")).is_empty());
        assert!(unknown(&attempted, &after("accepted")).is_empty());
        for state in ["waiting", "attempted", "held"] {
            let fault = Fault::NotUnknown { id: "u1".into(), state: state.into() };
            assert_eq!(unknown(&attempted, &after(state)), [fault].into());
        }
        assert_eq!(unknown(&attempted, &BTreeMap::new()).len(), 1);
    }

    #[test]
    fn a_cursor_ahead_of_its_rows_is_named() {
        let row = |seq, id: &str| LineRow { seq, id: id.into() };
        let line = [row(1, "a"), row(2, "b"), row(3, "a"), row(4, "c")];
        let held = |a: i64, b: i64| BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
        assert!(cursor(3, &line, &held(3, 2)).is_empty());
        assert!(cursor(3, &line, &held(9, 2)).is_empty());
        let fault = |seq, id: &str| Fault::AheadOfRows { seq, id: id.into() };
        assert_eq!(cursor(3, &line, &held(1, 2)), [fault(3, "a")].into());
        assert_eq!(cursor(4, &line, &held(3, 2)), [fault(4, "c")].into());
    }
}
