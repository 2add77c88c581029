//! The production transport against real TLS on loopback.

mod peer;
mod tls;
