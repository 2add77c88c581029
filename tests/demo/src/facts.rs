//! What the surfaces say: the only thing that claims are judged by.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fieldline_harness::relay::Counts;
use fieldline_whatsapp_sim::{CallEntry, Chats, CustomerChat, Log, OwnerChat};
use serde::{Deserialize, Serialize};

use crate::cast::{self, Customer};
use crate::phone::Screens;
use crate::store::{self, Platform};
use crate::trouble::Trouble;
use crate::world::World;

/// Everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The simulator's log.
    pub log: Log,
    /// Customers' phones and the owner's.
    pub chats: Chats,
    /// The platform's database file.
    pub platform: Platform,
    /// The employees' phones at the end, by first name.
    pub phones: BTreeMap<String, Screens>,
    /// What was read in the course of the day, by name.
    pub moments: BTreeMap<String, Moment>,
    /// What went through Maria's relay.
    pub relay: Counts,
    /// Bytes in the log files, by file.
    pub logged: BTreeMap<String, u64>,
    /// Which log file holds what it must not hold; the kind of it only.
    pub leaks: Vec<String>,
    /// Permissions of folders and secret files, by path in the demo's folder.
    pub modes: BTreeMap<String, u32>,
    /// Where the programs listen.
    pub listening: Vec<String>,
}

/// Maria's phone and Meta's calls at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// What her phone showed.
    pub phone: Screens,
    /// The Graph calls up to then.
    pub calls: Vec<CallEntry>,
    /// The signal that ended her phone's process just before, if one did.
    pub signal: Option<i32>,
}

/// Without a network, all written.
pub const OFFLINE: &str = "offline";
/// Killed and opened again, still without a network.
pub const REOPENED: &str = "reopened";
/// WhatsApp's answer was lost and nobody knows yet.
pub const UNKNOWN: &str = "unknown";
/// Before Maria says yes.
pub const HELD: &str = "held";

impl Facts {
    /// Reads every surface.
    ///
    /// # Errors
    /// A surface that cannot be read.
    pub async fn gather(
        world: &mut World,
        moments: BTreeMap<String, Moment>,
    ) -> Result<Self, Trouble> {
        let mut facts = Self {
            log: world.log().await?,
            chats: world.chats().await?,
            platform: store::read(&world.database())?,
            moments,
            relay: world.maria.relay.counts(),
            listening: vec![
                world.platform.to_string(),
                world.simulator.to_string(),
                world.maria.relay.addr().to_string(),
                world.tom.relay.addr().to_string(),
            ],
            ..Self::default()
        };
        for phone in [&mut world.maria, &mut world.tom] {
            facts.phones.insert(phone.name.to_owned(), phone.look().await?);
        }
        facts.look_into_folder(world).map_err(Trouble::of("looking into the folder"))?;
        Ok(facts)
    }

    fn look_into_folder(&mut self, world: &World) -> std::io::Result<()> {
        let folder = world.folder();
        let mut secrets = world.secrets.clone();
        for name in ["", "platform", "maria/secrets", "tom/secrets"] {
            let inside = folder.join(name);
            self.note_mode(folder, &inside)?;
            if !name.ends_with("secrets") {
                continue;
            }
            for entry in std::fs::read_dir(&inside)? {
                let path = entry?.path();
                self.note_mode(folder, &path)?;
                secrets.extend(String::from_utf8(std::fs::read(&path)?));
            }
        }
        let texts = cast::replies().map(|(_, text)| text).into_iter();
        let texts = texts.chain(cast::questions().map(|(_, text)| text));
        let texts = texts.chain(cast::OWNER_WRITES).map(str::to_owned);
        let numbers = cast::CUSTOMERS.map(|customer| customer.wa_id.to_owned());
        let needles: [(&str, Vec<String>); 4] = [
            ("a secret", secrets),
            ("a text", texts.collect()),
            ("a number", numbers.into()),
            ("an e-mail", vec!["@brook.example".to_owned()]),
        ];
        for entry in std::fs::read_dir(folder.join("logs"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let log = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
            self.logged.insert(name.clone(), u64::try_from(log.len()).unwrap_or(u64::MAX));
            for (kind, needles) in &needles {
                if needles.iter().any(|needle| needle.len() > 7 && log.contains(needle)) {
                    self.leaks.push(format!("{kind} in {name}"));
                }
            }
        }
        Ok(())
    }

    fn note_mode(&mut self, folder: &Path, path: &Path) -> std::io::Result<()> {
        let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        self.modes.insert(name, mode);
        Ok(())
    }

    /// A customer's phone.
    pub fn customer(&self, customer: Customer) -> Option<&CustomerChat> {
        self.chats.customers.iter().find(|chat| chat.wa_id == customer.wa_id)
    }

    /// The owner's phone: the chat with a customer.
    pub fn owner(&self, customer: Customer) -> Option<&OwnerChat> {
        self.chats.owner.iter().find(|chat| chat.wa_id == customer.wa_id)
    }

    /// Maria's phone at the end.
    pub fn maria(&self) -> Option<&Screens> {
        self.phones.get(cast::MARIA)
    }

    /// The Graph calls with this text.
    pub fn calls(&self, text: &str) -> Vec<&CallEntry> {
        calls_with(&self.log.calls, text)
    }
}

/// The Graph calls with this text.
pub fn calls_with<'c>(calls: &'c [CallEntry], text: &str) -> Vec<&'c CallEntry> {
    calls.iter().filter(|call| text_of(call) == Some(text)).collect()
}

/// The text of a Graph send.
pub fn text_of(call: &CallEntry) -> Option<&str> {
    call.body.pointer("/text/body")?.as_str()
}
