//! The shape of the tree, held by tests: who may see whom, where SQL, clocks and panics may stand, what a file may look like.
//!
//! Every check is a function from a [`tree::Tree`] (paths and texts, in memory) to the violations it finds. So each has
//! two kinds of tests: the real tree holds it, and a violation planted into a small tree is found and named.

mod arrows;
mod border;
mod clock;
mod dependencies;
mod generated;
mod habits;
mod links;
mod manifest;
mod migrations;
mod panics;
mod routes;
mod rust;
mod sql;
mod text;
mod tree;
