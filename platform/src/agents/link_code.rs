//! Link codes: eight characters that a person can read aloud.

use crate::support::Key;
use crate::support::keys::{Purpose, mac};
use crate::support::{Rng, Secret};

/// How long a code is good, in milliseconds.
pub const LIFETIME_MS: i64 = 10 * 60 * 1000;

/// How many characters a code has.
const LENGTH: usize = 8;

/// Letters and digits without look-alikes: no 0 and O, no 1, I and L.
const ALPHABET: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// Draws a code, every character equally likely.
pub(crate) fn draw(rng: &dyn Rng) -> Secret {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        let mut bytes = [0; 16];
        rng.fill(&mut bytes);
        for byte in bytes {
            // 8 × 31 = 248: what lies above would make the first characters likelier.
            let index = usize::from(byte);
            if index < ALPHABET.len() * 8
                && code.len() < LENGTH
                && let Some(letter) = ALPHABET.get(index % ALPHABET.len())
            {
                code.push(char::from(*letter));
            }
        }
    }
    Secret::new(code)
}

/// As printed: two groups of four.
pub(crate) fn print(code: &Secret) -> String {
    let (first, second) = code.expose().split_at_checked(LENGTH / 2).unwrap_or((code.expose(), ""));
    format!("{first}-{second}")
}

/// The keyed hash under which a code is stored; case, spaces and hyphens do not count.
pub(crate) fn hash(key: &Key, code: &str) -> [u8; 32] {
    let plain: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .flat_map(char::to_uppercase)
        .collect();
    mac(key, Purpose::LinkCode, plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::SystemRng;

    #[test]
    fn a_code_is_eight_clear_characters() {
        let code = draw(&SystemRng::new());
        assert_eq!(code.expose().len(), 8);
        assert!(code.expose().bytes().all(|b| ALPHABET.contains(&b)));
        assert_eq!(print(&code).len(), 9);
    }

    #[test]
    fn case_spaces_and_hyphens_do_not_count() {
        let key = Key::new([3; 32]);
        assert_eq!(hash(&key, "ABCD-2345"), hash(&key, " abcd 2345"));
        assert_ne!(hash(&key, "ABCD-2345"), hash(&key, "ABCD-2346"));
    }
}
