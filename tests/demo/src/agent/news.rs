//! What changed on the screens since they were last shown, as lines.

use crate::phone::{Bubble, Screens};
use crate::show::{reason_words, step_words};

/// Lines for what is new; bubbles of the open conversation in full, of others in one line.
pub(super) fn since(before: &Screens, now: &Screens, open: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if before.link != now.link {
        lines.push(format!("  ({})", now.link));
    }
    for chat in &now.chats {
        let old = before.chats.iter().find(|old| old.id == chat.id);
        for bubble in &chat.bubbles {
            let known = old.and_then(|old| old.bubbles.iter().find(|held| held.id == bubble.id));
            match known {
                None if open == Some(chat.id.as_str()) => {
                    lines.push(bubble_line(bubble, &chat.name));
                }
                None => lines.push(format!("  * {}: {}", chat.name, bubble.text)),
                Some(held) if waits_for_network(held) && waits_for_network(bubble) => {}
                Some(held) if standing(held) != standing(bubble) => {
                    lines.push(format!(
                        "  {}: \"{}\" is now: {}",
                        chat.name,
                        bubble.text,
                        standing(bubble)
                    ));
                }
                Some(_) => {}
            }
        }
    }
    lines
}

/// On this phone and going by itself: the line about the network says why, once.
fn waits_for_network(bubble: &Bubble) -> bool {
    bubble.step == "on_phone" && matches!(bubble.reason(), None | Some("R1" | "R2"))
}

/// One bubble.
pub(super) fn bubble_line(bubble: &Bubble, customer: &str) -> String {
    let who = match bubble.author.as_str() {
        "customer" => customer,
        "owner_app" => "owner's phone",
        "me" => "me",
        other => bubble.name.as_deref().unwrap_or(other),
    };
    let standing = standing(bubble);
    let standing = if standing.is_empty() { standing } else { format!("   [{standing}]") };
    format!("    {who}: {}{standing}", bubble.text)
}

fn standing(bubble: &Bubble) -> String {
    match &bubble.trouble {
        Some(trouble) => reason_words(&trouble.id),
        None => step_words(&bubble.step).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::{Chat, Reason};

    fn screens(link: &str, bubbles: Vec<Bubble>) -> Screens {
        let chat = Chat { id: "c".into(), name: "Ana".into(), bubbles, ..Chat::default() };
        Screens { link: link.into(), chats: vec![chat], ..Screens::default() }
    }

    fn mine(step: &str, reason: Option<&str>) -> Bubble {
        let trouble = reason.map(|id| Reason { id: id.into(), ..Reason::default() });
        Bubble {
            id: "1".into(),
            author: "me".into(),
            text: "Hi".into(),
            step: step.into(),
            trouble,
            ..Bubble::default()
        }
    }

    #[test]
    fn only_what_changed_is_told() {
        let empty = screens("online", Vec::new());
        let waits = screens("no network", vec![mine("on_phone", Some("R1"))]);
        let sent = screens("online", vec![mine("delivered", None)]);
        assert_eq!(
            since(&empty, &waits, Some("c")),
            ["  (no network)", "    me: Hi   [No network. Goes by itself. (R1)]"]
        );
        assert_eq!(since(&empty, &waits, None)[1], "  * Ana: Hi");
        assert_eq!(since(&waits, &sent, None)[1], "  Ana: \"Hi\" is now: Delivered");
        assert!(since(&sent, &sent, None).is_empty());
        let going = screens("no network", vec![mine("on_phone", None)]);
        assert!(since(&waits, &going, None).is_empty());
    }
}
