//! `X-Hub-Signature-256`: HMAC-SHA256 of the raw body under the app secret, in hex (Meta: webhooks,
//! create-webhook-endpoint).

use std::fmt::Write as _;

use ring::hmac;

const PREFIX: &str = "sha256=";

/// The whole header value for a body.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    hmac::sign(&key, body).as_ref().iter().fold(PREFIX.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a header value is the signature of a body.
pub fn verify(app_secret: &str, body: &[u8], header: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    let Some(hex) = header.strip_prefix(PREFIX) else { return false };
    let bytes: Option<Vec<u8>> = (hex.is_ascii() && hex.len() % 2 == 0)
        .then(|| {
            (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
                .collect()
        })
        .flatten();
    bytes.is_some_and(|tag| hmac::verify(&key, body, &tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{sign, verify};

    #[test]
    fn knows_the_rfc_4231_vector() {
        let header = sign("Jefe", b"what do ya want for nothing?");
        let known = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(header, known);
        assert!(verify("Jefe", b"what do ya want for nothing?", known));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let good = sign("secret", b"body");
        assert!(!verify("other", b"body", &good));
        assert!(!verify("secret", b"bodY", &good));
        for header in ["", "sha256=", "sha256=zz", "sha256=abc", "sha1=00", "sha256=\u{e9}\u{e9}"] {
            assert!(!verify("secret", b"body", header), "{header}");
        }
    }
}
