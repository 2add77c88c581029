//! The words of the screens: short, no blame, what happens by itself and what the person can do.

/// The word of a step, for replies.
pub fn step_words(step: &str) -> Option<&'static str> {
    Some(match step {
        "on_phone" => "On this phone",
        "at_server" => "At the server",
        "sent" => "Sent",
        "delivered" => "Delivered",
        "read" => "Read",
        "played" => "Played",
        _ => return None,
    })
}

/// A reason in plain words, with its id.
pub fn reason_words(id: &str) -> String {
    let words = match id {
        "R1" => "No network. Goes by itself.",
        "R2" => "Our server cannot be reached. Goes by itself.",
        "R3" => "Sign in again to send. Nothing is lost.",
        "R4" => "Waits for the message before it.",
        "R5" => "The business's line is down.",
        "R6" => "WhatsApp does not answer, or asks us to slow down.",
        "R7" => "Stopped: the window closed.",
        "R8" => "Needs you: the owner answered meanwhile.",
        "R9" => "Not your conversation any more.",
        "R10" => "This customer cannot be reached on WhatsApp.",
        "R11" => "Payment or account problem at WhatsApp.",
        "R14" => "We do not know if it went out.",
        "R15" => "Waited 7 days, stopped.",
        "R16" => "WhatsApp refused it.",
        _ => "Stopped.",
    };
    format!("{words} ({id})")
}

/// A reason in a few words, with its id, for below a bubble.
pub(super) fn reason_in_short(id: &str) -> String {
    let words = match id {
        "R1" => "Waits: no network",
        "R2" => "Waits: no answer",
        "R3" => "Waits: sign in again",
        "R4" => "Waits: one before it",
        "R5" => "Waits: the line is down",
        "R6" => "Waits: WhatsApp is busy",
        "R7" => "Window closed",
        "R8" => "Needs you: answered",
        "R14" => "Unknown if it went",
        _ => "Stopped",
    };
    format!("{words}, {id}")
}

/// Choices as a list.
pub fn choices_of(choices: &[String]) -> String {
    choices.join(" / ")
}

/// A span as people say it.
pub fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_the_largest_unit_that_fits() {
        let said = [9_999, 59_999, 60_000, 3_599_000, 86_399_000, -5].map(span);
        assert_eq!(said, ["9 s", "59 s", "1 min", "59 min", "23 h 59 min", "0 s"]);
    }
}
