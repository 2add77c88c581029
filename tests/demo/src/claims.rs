//! What must be true after the day: pure functions over what the surfaces say. Each has a stable id and plain words, and a test
//! breaks the world for each.

mod incoming;
mod outgoing;
mod unsent;
mod world;

use crate::facts::Facts;

/// Evidence, or what is wrong.
pub type Judgement = Result<String, String>;

/// One claim.
pub struct Claim {
    /// Stable.
    pub id: &'static str,
    /// For a person.
    pub words: &'static str,
    /// Its judgement; evidence in a few words, or what is wrong.
    pub judge: fn(&Facts) -> Judgement,
}

/// A claim's judgement.
pub struct Judged {
    /// Stable.
    pub id: &'static str,
    /// For a person.
    pub words: &'static str,
    /// Evidence, or what is wrong.
    pub outcome: Judgement,
}

/// All claims, in the order of the day.
pub const CLAIMS: [Claim; 19] = [
    Claim {
        id: "customer-on-every-phone",
        words: "A customer's text shows on all phones, once",
        judge: incoming::customer_on_every_phone,
    },
    Claim {
        id: "owner-on-every-phone",
        words: "What the owner types shows in the app, as the owner's",
        judge: incoming::owner_on_every_phone,
    },
    Claim {
        id: "kept-offline",
        words: "Without a network replies are kept, in order, with a reason",
        judge: unsent::kept_offline,
    },
    Claim {
        id: "survives-kill",
        words: "After kill -9 the same replies are there, with the same ids",
        judge: unsent::survives_kill,
    },
    Claim {
        id: "phone-asks-again",
        words: "Answer lost before the phone: asked again, taken in once",
        judge: unsent::phone_asks_again,
    },
    Claim {
        id: "unknown-is-said",
        words: "Answer lost before the platform: said so, later ones wait",
        judge: outgoing::unknown_is_said,
    },
    Claim {
        id: "status-settles",
        words: "WhatsApp's status settles it: no second call, no person",
        judge: outgoing::status_settles,
    },
    Claim {
        id: "each-reply-once",
        words: "Each reply is one call to WhatsApp, once at the customer",
        judge: outgoing::each_reply_once,
    },
    Claim {
        id: "in-written-order",
        words: "Replies arrive in the order in which they were written",
        judge: outgoing::in_written_order,
    },
    Claim {
        id: "held-when-answered",
        words: "The owner answered meanwhile: held, both texts shown",
        judge: unsent::held_when_answered,
    },
    Claim {
        id: "goes-on-yes",
        words: "On the employee's yes it goes, after the owner's answer",
        judge: outgoing::goes_on_yes,
    },
    Claim {
        id: "stops-at-window",
        words: "The window closed in front of it: stopped, kept, not sent",
        judge: unsent::stops_at_window,
    },
    Claim {
        id: "nothing-after-window",
        words: "No call to WhatsApp after a window closed, none refused",
        judge: outgoing::nothing_after_window,
    },
    Claim {
        id: "owner-sees-replies",
        words: "The owner's phone shows every reply that customers got",
        judge: incoming::owner_sees_replies,
    },
    Claim {
        id: "phones-agree",
        words: "Both employees' phones show what the platform has",
        judge: world::phones_agree,
    },
    Claim {
        id: "steps-are-true",
        words: "Delivered and read show just where WhatsApp said so",
        judge: outgoing::steps_are_true,
    },
    Claim {
        id: "nothing-left-over",
        words: "Only the stopped reply waits, every webhook is worked off",
        judge: world::nothing_left_over,
    },
    Claim {
        id: "logs-are-clean",
        words: "No text, number, e-mail or secret in any log",
        judge: world::logs_are_clean,
    },
    Claim {
        id: "stays-private",
        words: "Reached from this machine only, files the user's alone",
        judge: world::stays_private,
    },
];

/// Judges all claims.
pub fn judge(facts: &Facts) -> Vec<Judged> {
    let judged =
        |claim: &Claim| Judged { id: claim.id, words: claim.words, outcome: (claim.judge)(facts) };
    CLAIMS.iter().map(judged).collect()
}

/// `count things`, or what is wrong.
fn told(count: usize, things: &str) -> Judgement {
    if count == 0 { Err(format!("no {things}")) } else { Ok(format!("{count} {things}")) }
}

/// Fails with `wrong` unless `right`.
fn must(right: bool, wrong: impl Into<String>) -> Result<(), String> {
    if right { Ok(()) } else { Err(wrong.into()) }
}
