//! Which calls are possible when, as one table.

/// Where the client is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The file is open, no task runs: after opening.
    Opened,
    /// Tasks run.
    Foreground,
    /// The file is closed.
    Suspended,
    /// The file is open for a run with a budget.
    Running,
    /// For good.
    Ended,
}

/// What the shell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    EnterForeground,
    EnterBackground,
    RunBackground,
    RunEnded,
    Shutdown,
}

impl State {
    /// The state after `fact`; `None` if the fact changes nothing here.
    pub(crate) fn after(self, fact: Fact) -> Option<Self> {
        use Fact as F;
        use State as S;
        match (self, fact) {
            (S::Ended, _) => None,
            (_, F::Shutdown) => Some(S::Ended),
            (S::Opened | S::Suspended | S::Running, F::EnterForeground) => Some(S::Foreground),
            // A call finds `Running` only if the caller of a run stopped waiting in the middle of it.
            (S::Opened | S::Foreground | S::Running, F::EnterBackground)
            | (S::Running, F::RunEnded) => Some(S::Suspended),
            (S::Opened | S::Suspended | S::Running, F::RunBackground) => Some(S::Running),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pairs() {
        use Fact as F;
        use State as S;
        let facts =
            [F::EnterForeground, F::EnterBackground, F::RunBackground, F::RunEnded, F::Shutdown];
        let table = [
            (
                S::Opened,
                [Some(S::Foreground), Some(S::Suspended), Some(S::Running), None, Some(S::Ended)],
            ),
            (S::Foreground, [None, Some(S::Suspended), None, None, Some(S::Ended)]),
            (S::Suspended, [Some(S::Foreground), None, Some(S::Running), None, Some(S::Ended)]),
            (
                S::Running,
                [
                    Some(S::Foreground),
                    Some(S::Suspended),
                    Some(S::Running),
                    Some(S::Suspended),
                    Some(S::Ended),
                ],
            ),
            (S::Ended, [None, None, None, None, None]),
        ];
        for (state, row) in table {
            for (fact, next) in facts.into_iter().zip(row) {
                assert_eq!(state.after(fact), next, "{state:?} {fact:?}");
            }
        }
    }
}
