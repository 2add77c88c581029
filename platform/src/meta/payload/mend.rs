//! Bodies that are JSON but for their characters.
//!
//! Names and texts are cut in the middle of an emoji by whoever counts in UTF-16, which leaves half
//! a surrogate pair, and a strict reader then refuses the whole body with up to a thousand other
//! messages in it. Each such half becomes U+FFFD, as does each byte that is no UTF-8.

use std::ops::Range;

const HIGH: Range<u16> = 0xD800..0xDC00;
const LOW: Range<u16> = 0xDC00..0xE000;

/// Letters of an escape behind its backslash: `u` and four digits.
const ESCAPE: usize = 5;

/// The body with U+FFFD in place of what is no character.
pub(super) fn mend(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let (kept, tail) = match unit(escape) {
            Some(half) if HIGH.contains(&half) => {
                let tail = escape.get(ESCAPE..).unwrap_or_default();
                let second = tail.strip_prefix('\\');
                match second.and_then(unit).filter(|half| LOW.contains(half)) {
                    Some(_) => (true, escape.get(2 * ESCAPE + 1..).unwrap_or_default()),
                    None => (false, tail),
                }
            }
            Some(half) if LOW.contains(&half) => (false, escape.get(ESCAPE..).unwrap_or_default()),
            // Whatever stands behind the backslash belongs to it, another one included.
            _ => {
                let mut letters = escape.chars();
                letters.next();
                (true, letters.as_str())
            }
        };
        if kept {
            out.push('\\');
            let length = escape.len() - tail.len();
            out.push_str(escape.get(..length).unwrap_or_default());
        } else {
            out.push(char::REPLACEMENT_CHARACTER);
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Commas that are put in or taken out of one body at most.
const COMMAS: usize = 16;

/// A body whose commas are wrong: some of the samples that Meta prints lack one, or have one too
/// many (whatsapp.md 0.23). `error` is what the strict reader says; it is given back where more is
/// wrong than that.
pub(super) fn punctuate(
    mut text: String,
    mut error: serde_json::Error,
) -> Result<serde_json::Value, serde_json::Error> {
    for _ in 0..COMMAS {
        let said = error.to_string();
        let Some(at) = offset(&text, &error) else { return Err(error) };
        if said.starts_with("expected `,`") && text.is_char_boundary(at) {
            text.insert(at, ',');
        } else if said.starts_with("trailing comma") {
            let Some(comma) = text.get(..at).and_then(|before| before.rfind(',')) else {
                return Err(error);
            };
            text.remove(comma);
        } else {
            return Err(error);
        }
        match serde_json::from_str(&text) {
            Ok(value) => return Ok(value),
            Err(next) => error = next,
        }
    }
    Err(error)
}

/// Where in the text the reader stopped, in bytes.
fn offset(text: &str, error: &serde_json::Error) -> Option<usize> {
    let line = error.line().checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    start.checked_add(error.column())?.checked_sub(1)
}

/// The UTF-16 unit of an escape, its backslash taken off.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..ESCAPE - 1)?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if all { u16::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_become_one_character_each() {
        for (from, to) in [
            (r"\ud83d", "\u{FFFD}"),
            (r"\ude00x", "\u{FFFD}x"),
            (r"\uD83D\uDE00", r"\uD83D\uDE00"),
            (r"\ud83d\ud83d\ude00", "\u{FFFD}\\ud83d\\ude00"),
            (r"\\ud83d\n", r"\\ud83d\n"),
            (r"\\\ud83d", "\\\\\u{FFFD}"),
            (r"\ud83d\u0041", "\u{FFFD}\\u0041"),
            (r"\ud8", r"\ud8"),
            (r"\u+83d", r"\u+83d"),
            ("\\", "\\"),
            ("\\é", "\\é"),
        ] {
            assert_eq!(mend(from.as_bytes()), to, "{from}");
        }
        assert_eq!(mend(b"a\xFFb"), "a\u{FFFD}b");
    }

    #[test]
    fn missing_and_spare_commas_are_put_right() {
        let read = |text: &str| {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            punctuate(text.to_owned(), error).ok()
        };
        for (text, value) in [
            (
                "{\"type\":\"text\"\n \"text\":{\"body\":\"é\"}}",
                r#"{"type":"text","text":{"body":"é"}}"#,
            ),
            (r#"[{"a":1} {"a":2}]"#, r#"[{"a":1},{"a":2}]"#),
            (r#"{"a":[1,2,],}"#, r#"{"a":[1,2]}"#),
        ] {
            assert_eq!(read(text), serde_json::from_str(value).ok(), "{text}");
        }
        for bad in ["{", "{\"a\" 1}", "[1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0]", "\"", "nul"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn good_json_stays_as_it_is(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(mend(json.as_bytes()), json);
        }

        #[test]
        fn any_units_make_a_string(units in prop::collection::vec(0xD700_u16..0xE100, 0..12)) {
            let escapes = units.iter().fold(String::new(), |all, unit| format!("{all}\\u{unit:04x}"));
            let text: String = serde_json::from_str(&mend(format!("\"{escapes}\"").as_bytes())).unwrap();
            prop_assert_eq!(text, String::from_utf16_lossy(&units));
        }
    }
}
