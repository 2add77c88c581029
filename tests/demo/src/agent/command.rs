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
    Quit,
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
            "quit" | "exit" => Ok(Self::Quit),
            _ => Err(format!("`{word}` is no command; to send it: type {line}   (help lists all)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

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
            ("quit", Command::Quit),
        ];
        for (line, command) in table {
            assert_eq!(Command::read(line), Ok(command), "{line}");
        }
        for (line, hint) in [
            ("open", "number"),
            ("discard x", "number"),
            ("net", "net on"),
            ("type", "For example"),
            ("Hello there", "type Hello there"),
        ] {
            assert!(Command::read(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
