//! The time after the day: everything keeps running, and people in other terminals play on.

use fieldline_whatsapp_sim::{CustomerMessage, OwnerMessage, Written};

use crate::cast;
use crate::state_file::{self, Running, StateFile};
use crate::trouble::Trouble;
use crate::world::World;
use fieldline_harness::http;

/// Tells how to play on and waits for Ctrl-C, which the caller sees.
///
/// # Errors
/// The state file's.
pub async fn stay(world: &World) -> Result<(), Trouble> {
    let _file = StateFile::write(&state_file::folder(), &Running::of(world))?;
    println!(
        "
Everything keeps running. In other terminals:

  cargo demo -- agent                  be {sam}, a third employee: list, read, write, lose the network
  cargo demo -- customer \"Hello?\"      write as Ana (--name ben, --name carla, --name +15550100199)
  cargo demo -- owner \"On my way\"      answer Ana on the owner's phone (--to ben)

Ctrl-C here ends it and removes its folder.",
        sam = cast::SAM
    );
    std::future::pending().await
}

/// `cargo demo -- customer`.
///
/// # Errors
/// No demo runs, or the simulator refused.
pub async fn customer(name: &str, text: &str) -> Result<std::process::ExitCode, Trouble> {
    let running = state_file::find(&state_file::folder()).await?;
    let known = cast::CUSTOMERS.iter().find(|customer| customer.name.eq_ignore_ascii_case(name));
    let order = CustomerMessage {
        name: known.map(|customer| customer.name.to_owned()),
        ..CustomerMessage::text(number(name)?, text)
    };
    let _written: Written = http::post(running.simulator, "/sim/customer", &order).await?;
    println!("{}: {text}", known.map_or(name, |customer| customer.name));
    Ok(std::process::ExitCode::SUCCESS)
}

/// `cargo demo -- owner`.
///
/// # Errors
/// No demo runs, or the simulator refused.
pub async fn owner(to: &str, text: &str) -> Result<std::process::ExitCode, Trouble> {
    let running = state_file::find(&state_file::folder()).await?;
    let order = OwnerMessage::text(number(to)?, text);
    let _written: Written = http::post(running.simulator, "/sim/owner", &order).await?;
    println!("{}, to {to}: {text}", cast::OWNER);
    Ok(std::process::ExitCode::SUCCESS)
}

fn number(name: &str) -> Result<String, Trouble> {
    let known = || Trouble::new(format!("nobody is called {name}"), "ana, ben, carla or a number");
    cast::number_of(name).ok_or_else(known)
}
