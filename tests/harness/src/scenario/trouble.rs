//! Why a scenario cannot go on: what was being done, and what came in its way.

use std::fmt::Display;

/// One line for a person.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {problem}")]
pub struct Trouble {
    doing: String,
    problem: String,
}

impl Trouble {
    /// What was being done, and what came in its way.
    pub fn new(doing: impl Into<String>, problem: impl Display) -> Self {
        Self { doing: doing.into(), problem: problem.to_string() }
    }

    /// For `map_err`.
    pub fn of<E: Display>(doing: &str) -> impl Fn(E) -> Self + use<E> {
        let doing = doing.to_owned();
        move |error| Self::new(doing.clone(), error)
    }
}
