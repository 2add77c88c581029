//! What is printed: scenes, three surfaces side by side, the verdict. Plain text; colours only on a terminal that wants them.

mod columns;
mod words;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use fieldline_whatsapp_sim::{Author, Chats, ShownMessage};

use crate::cast::{self, Customer};
use crate::claims::Judged;
use crate::phone::{Bubble, Chat, Screens};
use crate::world::World;
use columns::{Line, Paint, side_by_side};

use words::reason_in_short;
pub use words::{choices_of, reason_words, span, step_words};

/// Bubbles of a conversation that a scene shows.
const LAST: usize = 6;

/// Where it is printed, and whether in colours.
#[derive(Debug, Clone)]
pub struct Page {
    colours: bool,
    quiet: bool,
}

/// One conversation as three phones show it.
pub struct Scene<'s> {
    /// Whose conversation.
    pub customer: Customer,
    /// The customers' phones and the owner's.
    pub chats: &'s Chats,
    /// An employee's phone.
    pub phone: &'s Screens,
}

impl Page {
    /// Standard output, in colours if it is a terminal and `NO_COLOR` is not set.
    pub fn of_terminal() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: wanted && std::io::stdout().is_terminal(), quiet: false }
    }

    /// Nothing is printed: for tests.
    pub fn quiet() -> Self {
        Self { colours: false, quiet: true }
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            println!("{text}");
        }
    }

    /// `text` in a colour, if colours are wanted.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        if self.colours { paint.on(text) } else { text.to_owned() }
    }

    /// What will be seen.
    pub fn title(&self, world: &World) {
        self.line(&self.paint(Paint::Bold, &format!("A working day at {}", cast::BUSINESS)));
        self.line(&format!(
            "Platform, WhatsApp simulator and two employees' phones, four processes on this machine. Data: {}",
            world.folder().display()
        ));
        self.remark("On each phone `me` is its owner; `Brook` is the business, `team` what employees sent for it.");
    }

    /// What happens next.
    pub fn scene(&self, number: u32, at: Duration, words: &str) {
        let clock = format!("{:>5.1} s", at.as_secs_f32());
        let head = self.paint(Paint::Bold, &format!("{number}. {words}"));
        self.line(&format!("\n{}  {head}", self.paint(Paint::Dim, &clock)));
    }

    /// Three surfaces side by side.
    pub fn surfaces(&self, scene: &Scene<'_>) {
        let Customer { name, wa_id } = scene.customer;
        let shown = |messages: &[ShownMessage], side: &Side| -> Vec<Line> {
            let from = messages.len().saturating_sub(LAST);
            messages.iter().skip(from).flat_map(|message| side.lines(message)).collect()
        };
        let customer = scene.chats.customers.iter().find(|chat| chat.wa_id == wa_id);
        let owner = scene.chats.owner.iter().find(|chat| chat.wa_id == wa_id);
        let side = Side { customer: "me", api: "Brook", owner: "Brook" };
        let left = customer.map_or_else(Vec::new, |chat| shown(&chat.messages, &side));
        let side = Side { customer: name, api: "team", owner: "me" };
        let middle = owner.map_or_else(Vec::new, |chat| shown(&chat.messages, &side));
        let right = scene.phone.chat(name).map_or_else(Vec::new, employee_lines);
        let window = scene.phone.chat(name).map_or_else(String::new, |chat| match chat.left_ms {
            Some(left) => format!(", {} left", span(left)),
            None => ", window closed".to_owned(),
        });
        let heads = [
            format!("{name}'s phone"),
            format!("{}'s phone (owner)", cast::OWNER),
            format!("{}'s phone{window}", scene.phone.member),
        ];
        for line in side_by_side(&heads, &[left, middle, right], self.colours) {
            self.line(&format!("  {line}"));
        }
        if let Some(pause) = &scene.phone.pause {
            let all = scene.phone.outbox.len();
            let needs = scene.phone.needs_me;
            let asks = if needs > 0 {
                format!(", {needs} of them for {}", scene.phone.member)
            } else {
                String::new()
            };
            let words = format!("Outbox: {all} wait{asks}. {}", reason_words(pause));
            self.line(&format!("  {}", self.paint(Paint::Amber, &words)));
        }
    }

    /// The outbox of an employee whose process was ended by a signal and started again.
    pub fn reopened(&self, before: u32, signal: Option<i32>, phone: &Screens) {
        let pause = phone.pause.as_deref().map(reason_words).unwrap_or_default();
        let signal =
            signal.map_or_else(|| "by itself".to_owned(), |signal| format!("by signal {signal}"));
        self.line(&format!(
            "  Process {before} ended {signal}. Process {} shows in its outbox:",
            phone.pid
        ));
        for waiting in phone.unsent() {
            let reason = waiting
                .trouble
                .as_ref()
                .filter(|trouble| phone.pause.as_ref().is_none_or(|pause| *pause != trouble.id));
            let reason = reason.map(|trouble| format!("  {}", reason_words(&trouble.id)));
            let text = format!("    {:<5} {}", waiting.name, waiting.text);
            let reason = reason.unwrap_or_default();
            self.line(&format!("{text}{}", self.paint(Paint::Amber, &reason)));
        }
        self.line(&format!("  {}", self.paint(Paint::Amber, &pause)));
    }

    /// A held reply beside the answer that holds it.
    pub fn held(&self, phone: &Screens, name: &str) {
        let held = phone
            .chat(name)
            .and_then(|chat| chat.bubbles.iter().find(|bubble| bubble.reason() == Some("R8")));
        let Some(held) = held else { return };
        let answer = held.trouble.as_ref().and_then(|trouble| trouble.answer.as_deref());
        let reason = self.paint(Paint::Amber, &reason_words("R8"));
        self.line(&format!("  {}'s phone: {reason}", phone.member));
        self.line(&format!("    {:<14} {}", "you wrote", held.text));
        self.line(&format!("    {:<14} {}", "owner's phone", answer.unwrap_or_default()));
        let asked = format!("    {:<14} {}", "you can", choices_of(&held.choices));
        self.line(&self.paint(Paint::Amber, &asked));
    }

    /// A remark below a scene.
    pub fn remark(&self, words: &str) {
        self.line(&format!("  {}", self.paint(Paint::Dim, words)));
    }

    /// Something did not come.
    pub fn in_vain(&self, patience: Duration) {
        let words = format!("  waited {} s for more, in vain", patience.as_secs());
        self.line(&self.paint(Paint::Red, &words));
    }

    /// How long the day was.
    pub fn took(&self, elapsed: Duration) {
        let words = format!("The day took {:.1} s.", elapsed.as_secs_f32());
        self.line(&format!("\n{}", self.paint(Paint::Dim, &words)));
    }

    /// Every claim with its evidence, the broken ones again, and the closing line.
    pub fn verdict(&self, results: &[Judged]) -> ExitCode {
        self.line(&self.paint(
            Paint::Bold,
            "What is true, read from WhatsApp's log, from every phone and from the platform's database:",
        ));
        for judged in results {
            let (mark, said) = match &judged.outcome {
                Ok(evidence) => (
                    self.paint(Paint::Green, "ok  "),
                    self.paint(Paint::Dim, &format!("({evidence})")),
                ),
                Err(wrong) => (self.paint(Paint::Red, "FAIL"), self.paint(Paint::Red, wrong)),
            };
            self.line(&format!("  {mark} {:<24}{}. {said}", judged.id, judged.words));
        }
        let broken: Vec<&str> =
            results.iter().filter(|j| j.outcome.is_err()).map(|judged| judged.id).collect();
        if !broken.is_empty() {
            self.line(&format!(
                "\n{}",
                self.paint(Paint::Red, &format!("broken: {}", broken.join(", ")))
            ));
        }
        self.line(&format!("\n{} passed, {} failed", results.len() - broken.len(), broken.len()));
        if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Who is who on a phone with WhatsApp.
struct Side {
    customer: &'static str,
    api: &'static str,
    owner: &'static str,
}

impl Side {
    fn lines(&self, message: &ShownMessage) -> Vec<Line> {
        let (who, paint) = match message.author {
            Author::Customer => (self.customer, Paint::Plain),
            Author::Api => (self.api, Paint::Green),
            Author::Owner => (self.owner, Paint::Amber),
        };
        Line::bubble(who, message.text.as_deref().unwrap_or_default(), paint)
    }
}

fn employee_lines(chat: &Chat) -> Vec<Line> {
    let from = chat.bubbles.len().saturating_sub(LAST);
    chat.bubbles.iter().skip(from).flat_map(|bubble| bubble_lines(bubble, &chat.name)).collect()
}

fn bubble_lines(bubble: &Bubble, customer: &str) -> Vec<Line> {
    let (who, paint) = match bubble.author.as_str() {
        "customer" => (customer, Paint::Plain),
        "owner_app" => ("owner", Paint::Amber),
        "me" => ("me", Paint::Green),
        "colleague" => (bubble.name.as_deref().unwrap_or("colleague"), Paint::Blue),
        other => (other, Paint::Plain),
    };
    let mut lines = Line::bubble(who, &bubble.text, paint);
    if let Some(trouble) = &bubble.trouble {
        lines.extend(Line::note(&reason_in_short(&trouble.id), Paint::Amber));
    } else if let Some(step) = step_words(&bubble.step) {
        lines.extend(Line::note(step, Paint::Dim));
    }
    lines
}
