//! Proof that a webhook comes from Meta: an HMAC over the bytes exactly as they arrived.
//!
//! Meta signs the raw body with the app's secret and sends `X-Hub-Signature-256: sha256=<hex>`.
//! JSON that was parsed and written again is other bytes, so the check stands before any parsing.

use ring::hmac;

/// The header that carries the signature, in lower case as the HTTP layer gives it.
pub(crate) const HEADER: &str = "x-hub-signature-256";

const PREFIX: &str = "sha256=";

/// Whether `header` is the signature of `body` under `app_secret`, judged in constant time.
///
/// A missing prefix, an odd length or a letter that is no hex digit is simply a wrong signature.
pub(crate) fn holds(app_secret: &[u8], body: &[u8], header: &str) -> bool {
    let Some(hex) = header.trim().strip_prefix(PREFIX) else { return false };
    let Some(tag) = unhex(hex) else { return false };
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, app_secret), body, &tag).is_ok()
}

/// The header's value for a body of ours, as Meta would sign it.
pub(crate) fn sign(app_secret: &[u8], body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, app_secret), body);
    let hex = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    PREFIX.chars().map(String::from).chain(hex).collect()
}

/// Whether two secrets are equal, without telling by the time taken where they differ.
pub(crate) fn same_secret(expected: &[u8], given: &[u8]) -> bool {
    // Comparing two MACs under one key makes both lengths and contents a matter of one fixed-size,
    // constant-time comparison.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"fieldline same secret");
    let tag = hmac::sign(&key, expected);
    hmac::verify(&key, given, tag.as_ref()).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.bytes().map(nibble).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, d| sum << 4 | d)).collect())
}

fn nibble(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        b'A'..=b'F' => Some(letter - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, test case 2.
    const KEY: &[u8] = b"Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_published_vector_holds_in_both_cases() {
        assert!(holds(KEY, BODY, &format!("sha256={HEX}")));
        assert!(holds(KEY, BODY, &format!("sha256={}", HEX.to_uppercase())));
    }

    #[test]
    fn anything_else_does_not_hold() {
        let right = format!("sha256={HEX}");
        assert!(!holds(b"other", BODY, &right));
        assert!(!holds(KEY, b"what do ya want for nothing!", &right));
        for wrong in
            ["", "sha256=", HEX, "sha1=00", "sha256=zz", "sha256=5bd", right.get(..70).unwrap()]
        {
            assert!(!holds(KEY, BODY, wrong), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same_secret(b"abc", b"abc"));
        for wrong in [&b""[..], b"ab", b"abcd", b"abd"] {
            assert!(!same_secret(b"abc", wrong));
        }
    }
}
