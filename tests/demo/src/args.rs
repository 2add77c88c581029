//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A working day with Fieldline on this machine: one business number, the owner's phone, two employees, three customers.
#[derive(Parser)]
#[command(name = "fieldline-demo", bin_name = "cargo demo --", version)]
pub struct Demo {
    /// Keep everything running after the day, to play on from other terminals.
    #[arg(long)]
    pub stay: bool,
    /// Write what the surfaces said to this file (the demo's own tests break it).
    #[arg(long, hide = true)]
    pub record: Option<PathBuf>,
    /// What to do instead of the day.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What else it can do. All but `process` need a demo that stays in another terminal.
#[derive(Subcommand)]
pub enum Command {
    /// Be a third employee on a phone made of lines: list, read, write, lose the network, see what waits and why.
    Agent {
        /// Name of the phone: another name is another phone of the same employee, with its own store.
        #[arg(long, default_value = "sam")]
        name: String,
    },
    /// Write to the business as a customer.
    Customer {
        /// What to write.
        text: String,
        /// Who writes: ana, ben, carla, or a phone number.
        #[arg(long, default_value = "ana")]
        name: String,
    },
    /// Answer a customer on the owner's own phone.
    Owner {
        /// What to write.
        text: String,
        /// To whom: ana, ben, carla, or a phone number.
        #[arg(long, default_value = "ana")]
        to: String,
    },
    /// One of the demo's processes; it starts them itself.
    #[command(hide = true)]
    Process {
        /// Which one.
        #[command(subcommand)]
        program: Program,
    },
}

/// The programs beside the platform, whose own command line follows `process platform` as it is.
#[derive(Subcommand)]
pub enum Program {
    /// Meta's side of WhatsApp.
    Simulator,
    /// One employee's phone.
    Phone {
        /// Folder of its store and secrets.
        #[arg(long)]
        folder: PathBuf,
        /// The server as this phone sees it.
        #[arg(long)]
        server: String,
        /// What it calls itself.
        #[arg(long)]
        name: String,
    },
}
