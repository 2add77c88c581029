//! Keyed hashes. Each purpose has its own label, so that a value made for one is worthless for
//! another.

use ring::{digest, hmac};

use super::secret::Key;

/// What a keyed hash is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Access tokens of phones.
    Access,
    /// Refresh tokens of phones.
    Refresh,
    /// Link codes at rest.
    LinkCode,
    /// Names under which failed sign-ins are counted.
    Failures,
    /// Bodies of commands, kept to recognise a repeat.
    Command,
    /// Proof that a store belongs to a key.
    Proof,
    /// Tokens with which removed phones say that they are wiped.
    Wipe,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Access => b"fieldline access token 1",
            Self::Refresh => b"fieldline refresh token 1",
            Self::LinkCode => b"fieldline link code 1",
            Self::Failures => b"fieldline sign-in failures 1",
            Self::Command => b"fieldline command body 1",
            Self::Proof => b"fieldline key proof 1",
            Self::Wipe => b"fieldline wipe token 1",
        }
    }
}

fn derived(key: &Key, purpose: Purpose) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose.label()).as_ref())
}

/// HMAC-SHA-256 of `data` under the key derived for `purpose`.
pub fn mac(key: &Key, purpose: Purpose, data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let tag = hmac::sign(&derived(key, purpose), data);
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

/// Whether `tag` is the hash of `data`, in constant time.
pub fn verify(key: &Key, purpose: Purpose, data: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&derived(key, purpose), data, tag).is_ok()
}

/// SHA-256, for values that are random enough not to need a key.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest::digest(&digest::SHA256, data).as_ref()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_do_not_share_hashes() {
        let key = Key::new([7; 32]);
        let all = [
            Purpose::Access,
            Purpose::Refresh,
            Purpose::LinkCode,
            Purpose::Failures,
            Purpose::Command,
            Purpose::Proof,
            Purpose::Wipe,
        ];
        for a in all {
            for b in all {
                let tag = mac(&key, a, b"same");
                assert_eq!(verify(&key, b, b"same", &tag), a == b, "{a:?} {b:?}");
            }
        }
    }
}
