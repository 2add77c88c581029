//! Why the demo cannot go on: what it was doing, and what came in its way.

use std::fmt::Display;

/// One line for a person.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct Trouble {
    doing: String,
    cause: String,
}

impl Trouble {
    /// What was being done, and what came in its way.
    pub fn new(doing: impl Into<String>, cause: impl Display) -> Self {
        Self { doing: doing.into(), cause: cause.to_string() }
    }

    /// For `map_err`.
    pub fn of<E: Display>(doing: &str) -> impl Fn(E) -> Self + use<E> {
        let doing = doing.to_owned();
        move |error| Self::new(doing.clone(), error)
    }
}

impl From<fieldline_harness::scenario::Trouble> for Trouble {
    fn from(error: fieldline_harness::scenario::Trouble) -> Self {
        Self::new("calling a program of the demo", error)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::new("reading JSON", error)
    }
}
