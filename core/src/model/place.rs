//! A message's place in its conversation: whole second of `sent_at`, then number.

use std::fmt;

/// Order of the screen and of history pages. On the wire `<second>.<n>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Whole second of `sent_at`.
    pub second: i64,
    /// Number in the conversation.
    pub n: i64,
}

impl Place {
    /// Before every message.
    pub(crate) const START: Self = Self { second: i64::MIN, n: i64::MIN };

    /// Behind every message.
    pub(crate) const END: Self = Self { second: i64::MAX, n: i64::MAX };

    /// Reads `<second>.<n>`.
    pub(crate) fn from_wire(text: &str) -> Option<Self> {
        let (second, n) = text.split_once('.')?;
        Some(Self { second: second.parse().ok()?, n: n.parse().ok()? })
    }

    /// The first place behind this one.
    pub(crate) fn next(self) -> Self {
        Self { n: self.n.saturating_add(1), ..self }
    }

    /// The last place before this one.
    pub(crate) fn before(self) -> Self {
        Self { n: self.n.saturating_sub(1), ..self }
    }

    /// The place of a message.
    pub(crate) fn of(sent_at: i64, n: i64) -> Self {
        Self { second: sent_at.div_euclid(1_000), n }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.second, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_by_second_then_number() {
        let late_number = Place::of(1_999, 2);
        let early_number = Place::of(1_000, 1);
        let next_second = Place::of(2_000, -4);
        assert!(
            early_number < late_number && late_number < next_second && Place::START < early_number
        );
        assert_eq!(late_number.to_string(), "1.2");
        assert_eq!(Place::of(-1, 3).to_string(), "-1.3");
        assert!(early_number.before() < early_number && early_number < early_number.next());
    }

    #[test]
    fn the_wires_word_is_read_back() {
        for place in [Place::of(1_800_000_000_000, 7), Place::of(5_000, -12), Place::of(-1, 0)] {
            assert_eq!(Place::from_wire(&place.to_string()), Some(place));
        }
        for odd in ["", "5", "5.", ".5", "a.b", "5.1.2"] {
            assert_eq!(Place::from_wire(odd), None, "{odd}");
        }
    }
}
