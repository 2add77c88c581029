//! Two whole phones, the real platform and the WhatsApp simulator in one process under virtual time.
//!
//! A seed says what people do, what breaks and when. Then everything heals, the people decide what waits for them, and
//! the outcome is checked: each reply at the customer once or explained, calls in order, every phone equal to the platform.

mod check;
mod moves;
mod office;
mod people;
mod phone;
mod world;

use std::collections::BTreeMap;

pub use office::Office;
pub use phone::{Phone, Promise};
pub use world::{CUSTOMERS, PASSWORD, World};

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// Conversations move between people, the line goes down and up, messages are changed, taken back, reacted to and imported.
    pub wide: bool,
    /// The control: the fault layer gives each resend of a command a fresh id. Must be caught.
    pub fresh_ids: bool,
}

impl Options {
    /// A plain run of a seed.
    pub fn seed(seed: u64) -> Self {
        Self { seed, wide: false, fresh_ids: false }
    }

    /// A run in which more happens.
    pub fn wide(seed: u64) -> Self {
        Self { wide: true, ..Self::seed(seed) }
    }
}

/// What came out.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Every event with its virtual time.
    pub log: Vec<String>,
    /// How often each fault happened.
    pub faults: BTreeMap<String, u64>,
    /// What was promised and sent.
    pub counts: BTreeMap<String, u64>,
    /// Broken promises, in plain words. Empty is good.
    pub problems: Vec<String>,
}

/// Things people do in one run.
const STEPS: u32 = 45;

/// Runs one seed to its end on a runtime of its own.
///
/// # Panics
/// If the runtime or the temporary folder cannot be made.
pub fn run(options: Options) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a current-thread runtime");
    runtime.block_on(async {
        let mut world = World::start(options).await;
        for _ in 0..STEPS {
            if options.wide && world.dice.percent(30) {
                moves::act(&mut world).await;
            } else {
                people::act(&mut world).await;
            }
        }
        world.heal();
        if options.wide {
            moves::heal(&mut world).await;
        }
        let mut problems = people::settle(&mut world).await;
        problems.extend(check::all(&mut world).await);
        world.end(problems).await
    })
}
