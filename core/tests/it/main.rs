//! The production transport against real TLS on loopback, and the whole core against a scripted server.

mod health;
mod moves;
mod peer;
mod removed;
mod restored;
mod rows;
mod scripted;
mod tls;
