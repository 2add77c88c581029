//! What a person can type.

/// One line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Nothing,
    Help,
    List,
    Open(usize),
    Type(String),
    /// On?
    Net(bool),
    Now,
    Outbox,
    SendAnyway(usize),
    Discard(usize),
    Withdraw(usize),
    Edit(usize, String),
    Pass(usize),
    Arrived(usize),
    SendAgain(usize),
    Quit,
}

/// How a choice of the screen is typed for line `number` of the outbox.
pub(super) fn typed(choice: &str, number: usize) -> String {
    match choice {
        "try now" => "now".to_owned(),
        "edit" => format!("edit {number} TEXT"),
        "send anyway" => format!("send-anyway {number}"),
        "let later ones pass" => format!("pass {number}"),
        "it arrived" => format!("arrived {number}"),
        "send again" => format!("send-again {number}"),
        word => format!("{word} {number}"),
    }
}

impl Command {
    /// Reads a line, or says how it is meant.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let number = |make: fn(usize) -> Self| {
            rest.parse().map(make).map_err(|_| format!("{word} needs a number, such as {word} 1"))
        };
        match word {
            "" => Ok(Self::Nothing),
            "help" | "?" => Ok(Self::Help),
            "list" | "ls" => Ok(Self::List),
            "open" => number(Self::Open),
            "type" if rest.is_empty() => Err("type what? For example: type On my way".to_owned()),
            "type" => Ok(Self::Type(rest.to_owned())),
            "net" => match rest {
                "on" => Ok(Self::Net(true)),
                "off" => Ok(Self::Net(false)),
                _ => Err("net on, or net off".to_owned()),
            },
            "now" => Ok(Self::Now),
            "outbox" => Ok(Self::Outbox),
            "send-anyway" => number(Self::SendAnyway),
            "discard" => number(Self::Discard),
            "withdraw" => number(Self::Withdraw),
            "edit" => rest
                .split_once(char::is_whitespace)
                .and_then(|(number, text)| Some((number.parse().ok()?, text.trim())))
                .map(|(number, text)| Self::Edit(number, text.to_owned()))
                .ok_or_else(|| {
                    "edit needs a number and a text, such as edit 1 On my way".to_owned()
                }),
            "pass" => number(Self::Pass),
            "arrived" => number(Self::Arrived),
            "send-again" => number(Self::SendAgain),
            "quit" | "exit" => Ok(Self::Quit),
            _ => Err(format!("`{word}` is no command; to send it: type {line}   (help lists all)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, typed};

    #[test]
    fn every_choice_can_be_typed_as_it_is_offered() {
        let choices = [
            "try now",
            "edit",
            "discard",
            "send anyway",
            "withdraw",
            "let later ones pass",
            "it arrived",
            "send again",
        ];
        for choice in choices {
            let line = typed(choice, 3);
            assert!(Command::read(&line).is_ok(), "{line}");
        }
    }

    #[test]
    fn lines_are_read_and_wrong_ones_answered_kindly() {
        let table = [
            ("", Command::Nothing),
            ("  list ", Command::List),
            ("open 2", Command::Open(2)),
            ("type  Hello,  you ", Command::Type("Hello,  you".to_owned())),
            ("net off", Command::Net(false)),
            ("net on", Command::Net(true)),
            ("send-anyway 3", Command::SendAnyway(3)),
            ("withdraw 1", Command::Withdraw(1)),
            ("edit 2 On my way", Command::Edit(2, "On my way".to_owned())),
            ("quit", Command::Quit),
        ];
        for (line, command) in table {
            assert_eq!(Command::read(line), Ok(command), "{line}");
        }
        for (line, hint) in [
            ("open", "number"),
            ("discard x", "number"),
            ("edit 1", "text"),
            ("net", "net on"),
            ("type", "For example"),
            ("Hello there", "type Hello there"),
        ] {
            assert!(Command::read(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
