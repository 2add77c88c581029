//! Secrets at rest: the access tokens of the business numbers, sealed with the server's key.
//!
//! A sealed value is `nonce (12 bytes) | ChaCha20-Poly1305 ciphertext and tag`. The nonce is
//! random: far below 2^32 values are ever sealed under one key, so that none repeats.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use crate::support::{Key, Rng};

const LABEL: &[u8] = b"fieldline seal 1";

/// A sealed value could not be opened, or a key could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open with this key")]
pub struct SealError;

/// Seals `plain` under a key derived from the server's.
///
/// # Errors
/// Never in practice: only if the cipher refuses a text of many gigabytes.
pub fn seal(key: &Key, rng: &dyn Rng, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0_u8; NONCE_LEN];
    rng.fill(&mut nonce);
    let mut sealed = plain.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .map_err(|_| SealError)?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what [`seal`] made.
///
/// # Errors
/// If the value is cut, changed, or was sealed under another key.
pub fn open(key: &Key, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
    let mut bytes = Zeroizing::new(rest.to_vec());
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut bytes)
        .map_err(|_| SealError)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

fn cipher(key: &Key) -> Result<LessSafeKey, SealError> {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), LABEL);
    UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref())
        .map(LessSafeKey::new)
        .map_err(|_| SealError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::SystemRng;

    #[test]
    fn what_is_sealed_opens_again_and_shows_nothing() {
        let key = Key::new([7; 32]);
        let rng = SystemRng::new();
        let sealed = seal(&key, &rng, b"token").unwrap();
        assert_eq!(open(&key, &sealed).unwrap().as_slice(), b"token");
        assert!(!sealed.windows(5).any(|w| w == b"token"));
        assert_ne!(sealed, seal(&key, &rng, b"token").unwrap());
    }

    #[test]
    fn what_was_touched_stays_shut() {
        let key = Key::new([7; 32]);
        let sealed = seal(&key, &SystemRng::new(), b"token").unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(open(&key, &bad), Err(SealError));
            assert_eq!(open(&key, &sealed[..at]), Err(SealError));
        }
        assert_eq!(open(&Key::new([8; 32]), &sealed), Err(SealError));
    }
}
