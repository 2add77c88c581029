//! Message ids in the shape of Meta's: `wamid.` and base64 of a small record. Undocumented by Meta;
//! the record is what public samples decode to.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::seeded::Seeded;

/// Which way a message went, seen from the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Written by a customer.
    In,
    /// Written by the business, through the API or on the owner's phone.
    Out,
}

/// A new id for a message in the chat with the customer `wa_id`.
pub(crate) fn mint(rng: &mut Seeded, wa_id: &str, direction: Direction) -> String {
    let (mark, key) = match direction {
        Direction::Out => (0x11, hex_key(&rng.bytes::<9>())),
        Direction::In => (0x12, hex_key(&rng.bytes::<10>())),
    };
    let mut record = vec![0x1c, 0x18];
    push_counted(&mut record, wa_id);
    record.extend([0x15, 0x02, 0x00, mark, 0x18]);
    push_counted(&mut record, &key);
    record.push(0x00);
    format!("wamid.{}", STANDARD.encode(record))
}

fn push_counted(record: &mut Vec<u8>, text: &str) {
    // Numbers have at most 15 digits and keys 20 characters: one byte of length is enough.
    record.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    record.extend_from_slice(text.as_bytes());
}

fn hex_key(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut key, byte| {
        let _ = write!(key, "{byte:02X}");
        key
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Direction, mint};
    use crate::seeded::Seeded;

    #[test]
    fn decodes_to_the_record_of_public_samples() {
        let id = mint(&mut Seeded::new(3), "16505551234", Direction::Out);
        assert!(id.starts_with("wamid.HBgL"), "{id}");
        let record = STANDARD.decode(id.trim_start_matches("wamid.")).unwrap();
        assert_eq!(&record[..3], &[0x1c, 0x18, 11]);
        assert_eq!(&record[3..14], b"16505551234");
        assert_eq!(&record[14..20], &[0x15, 0x02, 0x00, 0x11, 0x18, 18]);
        assert_eq!(record.len(), 20 + 18 + 1);
        assert_eq!(record.last(), Some(&0));
        let incoming = mint(&mut Seeded::new(3), "16505551234", Direction::In);
        assert_eq!(STANDARD.decode(&incoming[6..]).unwrap()[17], 0x12);
    }
}
