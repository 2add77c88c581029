//! Files behind media ids (whatsapp.md 5.3).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Bytes;
use ring::digest::{SHA256, digest};

use crate::seeded::Seeded;

const DAY_MS: i64 = 24 * 3_600_000;

/// How a file came to its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `POST /{PNID}/media`: lives 30 days.
    Upload,
    /// In a webhook: lives 7 days.
    Webhook,
}

impl Origin {
    fn life_ms(self) -> i64 {
        match self {
            Self::Upload => 30 * DAY_MS,
            Self::Webhook => 7 * DAY_MS,
        }
    }
}

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    pub(crate) id: String,
    pub(crate) mime: String,
    pub(crate) sha256: String,
    pub(crate) bytes: Bytes,
    origin: Origin,
    born_ms: i64,
    deleted: bool,
}

/// All files. An id that is over stays known, so that it is never taken for something else.
#[derive(Debug, Default)]
pub(crate) struct MediaShelf {
    files: BTreeMap<String, Media>,
    /// Addresses handed out: key -> (media id, wall time until which it works).
    urls: BTreeMap<String, (String, i64)>,
}

/// SHA-256 as lower-case hex.
pub(crate) fn hash_of(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An id as Meta's: 15 or 16 digits.
pub(crate) fn new_id(rng: &mut Seeded) -> String {
    (1_000_000_000_000_000 + rng.below(8_000_000_000_000_000)).to_string()
}

impl MediaShelf {
    /// Keeps a file; its new id.
    pub(crate) fn add(
        &mut self,
        rng: &mut Seeded,
        now_ms: i64,
        origin: Origin,
        mime: String,
        bytes: Bytes,
    ) -> &Media {
        let id = new_id(rng);
        let sha256 = hash_of(&bytes);
        let file =
            Media { id: id.clone(), mime, sha256, bytes, origin, born_ms: now_ms, deleted: false };
        self.files.entry(id).insert_entry(file).into_mut()
    }

    /// Whether this id ever was a file.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.files.contains_key(id)
    }

    /// A file whose id still lives.
    pub(crate) fn live(&self, id: &str, now_ms: i64) -> Option<&Media> {
        let file = self.files.get(id)?;
        let over = file.deleted || now_ms >= file.born_ms.saturating_add(file.origin.life_ms());
        (!over).then_some(file)
    }

    /// Ends an id at once; whether it lived.
    pub(crate) fn delete(&mut self, id: &str, now_ms: i64) -> bool {
        let lived = self.live(id, now_ms).is_some();
        if let Some(file) = self.files.get_mut(id) {
            file.deleted = true;
            file.bytes = Bytes::new();
        }
        lived
    }

    /// A new address of a file, good until `until_ms`: its key.
    pub(crate) fn address(&mut self, rng: &mut Seeded, id: &str, until_ms: i64) -> String {
        let key = hash_of(&rng.bytes::<16>());
        self.urls.insert(key.clone(), (id.to_owned(), until_ms));
        key
    }

    /// The file behind an address that is still good.
    pub(crate) fn at_address(&self, key: &str, now_ms: i64) -> Option<&Media> {
        let (id, until_ms) = self.urls.get(key)?;
        if now_ms >= *until_ms {
            return None;
        }
        self.live(id, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::{DAY_MS, MediaShelf, Origin};
    use crate::seeded::Seeded;

    #[test]
    fn ids_live_30_days_and_7_and_addresses_as_long_as_told() {
        let (mut shelf, mut rng) = (MediaShelf::default(), Seeded::new(1));
        let mut add = |origin| {
            let bytes = Bytes::from_static(b"file");
            shelf.add(&mut rng, 0, origin, "image/png".to_owned(), bytes).id.clone()
        };
        let (up, came) = (add(Origin::Upload), add(Origin::Webhook));
        let lives = |shelf: &MediaShelf, id: &str, ms| shelf.live(id, ms).is_some();
        assert!(lives(&shelf, &up, 30 * DAY_MS - 1) && !lives(&shelf, &up, 30 * DAY_MS));
        assert!(lives(&shelf, &came, 7 * DAY_MS - 1) && !lives(&shelf, &came, 7 * DAY_MS));
        let key = shelf.address(&mut rng, &up, 300_000);
        assert!(shelf.at_address(&key, 299_999).is_some());
        assert!(shelf.at_address(&key, 300_000).is_none());
        assert!(shelf.delete(&up, 1) && !shelf.delete(&up, 1));
        assert!(shelf.at_address(&key, 1).is_none() && shelf.knows(&up));
    }
}
