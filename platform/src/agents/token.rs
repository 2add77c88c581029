//! Access and refresh tokens: what is in them and how they are known to be ours.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::Key;
use crate::support::keys::{Purpose, mac, verify};

/// How long an access token is good, in seconds.
pub const ACCESS_SECONDS: i64 = 15 * 60;

/// A token that is good for longer than any ever is was made by a clock that ran ahead, ms.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;

/// Makes the access token of a session, good until `until` (ms UTC): nothing is stored, the
/// session itself is looked up at each request.
pub(crate) fn access(key: &Key, session: &str, until: i64) -> String {
    sign(key, Purpose::Access, session, until)
}

/// The session that an access token names, if the token is ours and not over at `now`.
pub(crate) fn read_access<'t>(key: &Key, token: &'t str, now: i64) -> Option<&'t str> {
    let (session, until) = check(key, Purpose::Access, token)?;
    (now < until && until.saturating_sub(now) <= LONGEST_MS).then_some(session)
}

/// Makes refresh token number `k` of a session. The same `k` gives the same token, so that a lost
/// answer can be given again.
pub(crate) fn refresh(key: &Key, session: &str, k: i64) -> String {
    sign(key, Purpose::Refresh, session, k)
}

/// The session and number of a refresh token, if it is ours.
pub(crate) fn read_refresh<'t>(key: &Key, token: &'t str) -> Option<(&'t str, i64)> {
    check(key, Purpose::Refresh, token)
}

fn sign(key: &Key, purpose: Purpose, session: &str, number: i64) -> String {
    let data = format!("{session}.{number}");
    let tag = URL_SAFE_NO_PAD.encode(mac(key, purpose, data.as_bytes()));
    format!("{data}.{tag}")
}

fn check<'t>(key: &Key, purpose: Purpose, token: &'t str) -> Option<(&'t str, i64)> {
    let (data, tag) = token.rsplit_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    if !verify(key, purpose, data.as_bytes(), &tag) {
        return None;
    }
    let (session, number) = data.split_once('.')?;
    Some((session, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_purpose_key_and_time_alone() {
        let (key, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let token = access(&key, "s", 100);
        assert_eq!(read_access(&key, &token, 99), Some("s"));
        assert_eq!(read_access(&key, &token, 100), None);
        assert_eq!(read_access(&other, &token, 99), None);
        // Made by a clock that ran ahead and has been put right since.
        assert_eq!(read_access(&key, &token, 99 - LONGEST_MS), None);
        assert_eq!(read_refresh(&key, &token), None);
        assert_eq!(read_access(&key, &refresh(&key, "s", 100), 99), None);
        assert_eq!(read_refresh(&key, &refresh(&key, "s", 3)), Some(("s", 3)));
        for bad in ["", ".", "..", "s.100", "s.100.", "s.100.AAAA", "s.101.AAAA"] {
            assert_eq!(read_access(&key, bad, 0), None, "{bad}");
        }
        let moved = token.replacen("100", "999", 1);
        assert_eq!(read_access(&key, &moved, 99), None);
    }
}
