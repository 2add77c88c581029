//! What somebody proves with who they are. It never crosses the border as a value: what is generated there would print it.

/// How to sign in. No `Debug`: a password must not reach a log.
#[derive(Clone)]
pub enum Credentials {
    /// E-mail and password.
    Password {
        /// Unique on a server; case does not matter.
        email: String,
        /// As typed.
        password: String,
    },
    /// An eight-character code or the content of its QR code; used once, good for ten minutes.
    LinkCode {
        /// Case, spaces and hyphens do not matter.
        code: String,
    },
}
