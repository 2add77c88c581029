//! Columns: words wrapped, padded by what the eye sees, painted last so that colours never move a column.

/// Characters of one column.
const COLUMN: usize = 31;
/// Between columns.
const GAP: &str = " │ ";
/// Who wrote it, before a bubble's text.
const WHO: usize = 5;

/// A colour by its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// None.
    Plain,
    /// Headings.
    Bold,
    /// What matters less.
    Dim,
    /// The business's own.
    Green,
    /// The owner's, and what waits.
    Amber,
    /// A colleague's.
    Blue,
    /// What is wrong.
    Red,
}

impl Paint {
    /// `text` between the escape codes of this colour.
    pub fn on(self, text: &str) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Green => "32",
            Self::Amber => "33",
            Self::Blue => "34",
            Self::Red => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// One line of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    text: String,
    paint: Paint,
}

impl Line {
    /// A bubble: who, then the text, wrapped under itself.
    pub(super) fn bubble(who: &str, text: &str, paint: Paint) -> Vec<Self> {
        let bubble = format!("{who:<WHO$} {text}");
        wrap(&bubble, COLUMN, WHO + 1).into_iter().map(|text| Self { text, paint }).collect()
    }

    /// What stands below a bubble.
    pub(super) fn note(text: &str, paint: Paint) -> Vec<Self> {
        let note = format!("{:WHO$} {text}", "");
        wrap(&note, COLUMN, WHO + 1).into_iter().map(|text| Self { text, paint }).collect()
    }
}

/// Heads, a rule, and the columns beside each other.
pub(super) fn side_by_side(
    heads: &[String; 3],
    columns: &[Vec<Line>; 3],
    colours: bool,
) -> Vec<String> {
    let paint = |paint: Paint, text: &str| if colours { paint.on(text) } else { text.to_owned() };
    let mut rows = vec![
        heads.each_ref().map(|head| paint(Paint::Bold, &pad(head))).join(GAP),
        [(); 3].map(|()| "─".repeat(COLUMN)).join("─┼─"),
    ];
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    for row in 0..height {
        let cells = columns.each_ref().map(|column| match column.get(row) {
            Some(line) => paint(line.paint, &pad(&line.text)),
            None => " ".repeat(COLUMN),
        });
        rows.push(cells.join(GAP));
    }
    rows.into_iter().map(|row| row.trim_end().to_owned()).collect()
}

/// Filled up, or cut with a mark.
fn pad(text: &str) -> String {
    let length = text.chars().count();
    if length > COLUMN {
        let cut: String = text.chars().take(COLUMN - 1).collect();
        return format!("{cut}…");
    }
    format!("{text}{}", " ".repeat(COLUMN - length))
}

/// Breaks at spaces; a first line's own indent stays, later lines get `indent`.
fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let spaces = rest.chars().take_while(|c| *c == ' ').count();
        let word: String = rest.chars().skip(spaces).take_while(|c| *c != ' ').collect();
        rest = rest.get(spaces + word.len()..).unwrap_or_default();
        let full = line.chars().count() + spaces + word.chars().count() > width;
        if full && !line.trim().is_empty() {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
        } else {
            line.push_str(&" ".repeat(spaces));
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_under_themselves_and_none_is_lost() {
        let lines = wrap("Ana    one two three four", 12, 2);
        assert_eq!(lines, ["Ana    one", "  two three", "  four"]);
        assert_eq!(wrap("    a note", 30, 4), ["    a note"]);
        let long = "x".repeat(40);
        assert_eq!(wrap(&long, 12, 2), [long]);
    }

    #[test]
    fn colours_never_move_a_column() {
        let heads = ["one", "two", "three"].map(str::to_owned);
        let columns = [
            Line::bubble("Ana", "Hello, äöü", Paint::Amber),
            Vec::new(),
            Line::bubble("me", "Hi, this is a reply that takes more than one line", Paint::Green),
        ];
        let plain = side_by_side(&heads, &columns, false);
        let colours = side_by_side(&heads, &columns, true);
        let codes = |row: &String| {
            let mut parts = row.split('\u{1b}');
            let first = parts.next().unwrap_or_default().to_owned();
            let rest = parts.filter_map(|part| part.split_once('m')).map(|(_, text)| text);
            rest.fold(first, |text, part| text + part)
        };
        let uncoloured: Vec<String> = colours.iter().map(codes).collect();
        let trimmed: Vec<&str> = uncoloured.iter().map(|row| row.trim_end()).collect();
        assert_eq!(trimmed, plain);
        let bars = |row: &str| row.chars().position(|c| c == '│' || c == '┼');
        assert!(plain.iter().all(|row| bars(row) == Some(COLUMN + 1)), "{plain:#?}");
    }
}
