//! How much of a conversation is held: everything from a place on, but for at most one hole. Pure.

use super::place::Place;
use super::records::Hole;

/// What is held of a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Messages from here on are held; absent before the first page.
    pub from: Option<Place>,
    /// Nothing older exists at the server.
    pub start_reached: bool,
    /// What may be missing behind `from`.
    pub hole: Option<Hole>,
}

/// What a page of history covers: everything from `from` up to, and without, `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cover {
    pub from: Place,
    pub until: Place,
    pub start_reached: bool,
}

impl Stretch {
    /// The stretch once a page is stored. `newest` is the newest message that was held before it.
    ///
    /// What was shown stays: a page of the newest messages that does not reach down to what is held leaves a hole, and the
    /// page that fills it takes it away again.
    #[must_use]
    pub(crate) fn with_page(self, cover: Cover, newest: Option<Place>) -> Self {
        let Some(held) = self.from else {
            return Self { from: Some(cover.from), start_reached: cover.start_reached, hole: None };
        };
        if cover.until < held {
            // A page wholly below what is held: stored unseen.
            return self;
        }
        let gap = newest
            .filter(|newest| newest.next() < cover.from && held < cover.from)
            .filter(|_| cover.until == Place::END)
            .map(|newest| Hole { from: newest.next(), to: cover.from.before(), live: true });
        let hole = match (self.hole.and_then(|hole| without(hole, cover)), gap) {
            (Some(one), Some(other)) => Some(hull(one, other)),
            (one, other) => one.or(other),
        };
        Self {
            from: Some(held.min(cover.from)),
            start_reached: self.start_reached || cover.start_reached,
            hole,
        }
    }

    /// The stretch once the last message is stored alone, at `last`. `newest` is the newest message that was held before it.
    #[must_use]
    pub(crate) fn with_last(self, last: Place, newest: Option<Place>) -> Self {
        let gap = newest.filter(|newest| newest.next() < last).map(|newest| Hole {
            from: newest.next(),
            to: last.before(),
            live: true,
        });
        let hole = match (self.hole, gap) {
            (Some(one), Some(other)) => Some(hull(one, other)),
            (one, other) => one.or(other),
        };
        Self { hole, ..self }
    }

    /// The stretch once a new message is stored at `late`.
    #[must_use]
    pub(crate) fn with_late(self, late: Place) -> Self {
        let Some(held) = self.from.filter(|held| late < *held) else { return self };
        let gap = Hole { from: late.next(), to: held.before(), live: true };
        let hole = if gap.from > gap.to {
            self.hole
        } else {
            Some(self.hole.map_or(gap, |hole| hull(hole, gap)))
        };
        Self { from: Some(late), hole, ..self }
    }

    /// The stretch once the server imported messages between `from` and `to`. `oldest` is the oldest message held, `wanted`
    /// says that too little is held, so that the newest page is worth a call.
    #[must_use]
    pub(crate) fn with_import(
        self,
        (from, to): (Place, Place),
        oldest: Option<Place>,
        wanted: bool,
    ) -> Self {
        // Where nothing was missing before, something older may exist now.
        let held = self.from.map(|held| oldest.map_or(held, |oldest| held.max(oldest)));
        let end = if wanted { Place::END } else { to };
        let opened = held.filter(|held| *held <= end).map(|held| Hole {
            from: from.max(held),
            to: end,
            live: false,
        });
        let hole = match (self.hole, opened) {
            (Some(one), Some(other)) => Some(hull(one, other)),
            (one, other) => one.or(other),
        };
        Self { from: held, start_reached: false, hole }
    }
}

/// What of a hole a page leaves open.
fn without(hole: Hole, cover: Cover) -> Option<Hole> {
    let (below, above) =
        (cover.from <= hole.from, hole.to < cover.until || cover.until == Place::END);
    match (below, above) {
        (true, true) => None,
        // Not touched at all.
        _ if hole.to < cover.from || cover.until <= hole.from => Some(hole),
        (true, false) => Some(Hole { from: cover.until, ..hole }),
        // The upper part, or the middle: what is asked for next is below it.
        (false, _) => Some(Hole { to: cover.from.before(), ..hole }),
    }
    .filter(|hole| hole.from <= hole.to)
}

fn hull(one: Hole, other: Hole) -> Hole {
    Hole { from: one.from.min(other.from), to: one.to.max(other.to), live: one.live || other.live }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Place {
        Place { second, n: 0 }
    }

    fn held(from: i64) -> Stretch {
        Stretch { from: Some(at(from)), ..Stretch::default() }
    }

    fn newest_page(from: i64) -> Cover {
        Cover { from: at(from), until: Place::END, start_reached: false }
    }

    fn page(from: i64, until: i64) -> Cover {
        Cover { from: at(from), until: at(until), start_reached: false }
    }

    #[test]
    fn a_newest_page_that_does_not_touch_leaves_a_hole_and_takes_nothing_away() {
        let after = held(10).with_page(newest_page(50), Some(at(20)));
        let hole = Hole { from: at(20).next(), to: at(50).before(), live: true };
        assert_eq!(after, Stretch { hole: Some(hole), ..held(10) });
        // The second page of a download reaches lower, then the hole is filled from above.
        let after = after.with_page(newest_page(40), Some(at(50)));
        assert_eq!(after.hole, Some(Hole { to: at(40).before(), ..hole }));
        let after = after.with_page(page(30, 40), Some(at(60)));
        assert_eq!(after.hole, Some(Hole { to: at(30).before(), ..hole }));
        let after = after.with_page(page(15, 30), Some(at(60)));
        assert_eq!(after, held(10));
    }

    #[test]
    fn a_page_that_touches_leaves_none() {
        for from in [15, 20] {
            assert_eq!(held(10).with_page(newest_page(from), Some(at(20))), held(10), "{from}");
        }
        assert_eq!(Stretch::default().with_page(newest_page(50), None), held(50));
        assert_eq!(held(10).with_page(page(5, 10), Some(at(20))), held(5));
        assert_eq!(held(10).with_page(page(1, 5), Some(at(20))), held(10), "a hole above it");
        let start = Cover { start_reached: true, from: Place::START, until: at(10) };
        let all = held(10).with_page(start, Some(at(20)));
        assert_eq!(all, Stretch { from: Some(Place::START), start_reached: true, hole: None });
    }

    #[test]
    fn an_import_opens_its_range_and_the_start() {
        let all = Stretch { from: Some(Place::START), start_reached: true, hole: None };
        // Below what is held: nothing is missing in the middle.
        assert_eq!(all.with_import((at(1), at(5)), Some(at(10)), false), held(10));
        let open = |from, to| Some(Hole { from, to, live: false });
        let inside = all.with_import((at(12), at(15)), Some(at(10)), false);
        assert_eq!(inside, Stretch { hole: open(at(12), at(15)), ..held(10) });
        let across = held(10).with_import((at(5), at(15)), Some(at(10)), false);
        assert_eq!(across, Stretch { hole: open(at(10), at(15)), ..held(10) });
        // Few are held: the newest page is fetched.
        let few = all.with_import((at(1), at(5)), Some(at(10)), true);
        assert_eq!(few, Stretch { hole: open(at(10), Place::END), ..held(10) });
        assert_eq!(few.with_page(newest_page(2), Some(at(20))), held(2));
        assert_eq!(
            Stretch::default().with_import((at(1), at(5)), None, true),
            Stretch::default(),
            "nothing held, nothing shown"
        );
    }

    #[test]
    fn two_holes_become_one_around_both() {
        let gap = held(10).with_page(newest_page(50), Some(at(20)));
        let both = gap.with_import((at(12), at(15)), Some(at(10)), false).hole;
        assert_eq!(both, Some(Hole { from: at(12), to: at(50).before(), live: true }));
    }
}
