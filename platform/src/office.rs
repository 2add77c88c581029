//! What an operator does: workspaces, people, numbers. The command line and tests in the same
//! process call the same functions; they work beside a running `serve` and without one.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::agents::outcome::Role;
use crate::agents::{link_code, password};
use crate::desk::audit::{self, Who};
use crate::desk::office::devices::DeviceView;
use crate::desk::revoke::{self, RevokedFile};
use crate::meta::line;
use crate::meta::marks::Marks;
use crate::meta::payload::number_key;
use crate::meta::replay::{self, ReplayError, Report};
use crate::meta::seal;
use crate::settings::PasswordCost;
use crate::store::DATABASE;
use crate::store::channels::{self, Joined, Joining};
use crate::store::facts::{self, Counts};
use crate::store::members::{self, NewMember, normal_email};
use crate::store::{
    ChangeKind, ChangeScope, OpenError, Store, StoreError, WriteTx, devices, link_codes, workspaces,
};
use crate::support::keys::{Purpose, mac};
use crate::support::{Clock, Executor, Key, Rng, Secret, executor, rng};

/// Bytes of a workspace's epoch.
pub(crate) const EPOCH_BYTES: usize = 9;

/// The longest name, in Unicode scalar values.
const MAX_NAME: usize = 200;

/// The operator's hand on one data folder.
#[derive(Clone)]
pub struct Office {
    pub(crate) store: Store,
    pub(crate) key: Key,
    pub(crate) cost: PasswordCost,
    /// Where phones reach the platform, without a slash at the end.
    pub(crate) base_url: String,
    /// Where removed devices and members are kept outside the database.
    pub(crate) revoked: RevokedFile,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) executor: Arc<dyn Executor>,
}

/// The operator's wish could not be done.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// A value makes no sense; the option is named.
    #[error("{0} is not usable")]
    Invalid(&'static str),
    /// The password is shorter than [`password::MIN_LENGTH`] or longer than
    /// [`password::MAX_BYTES`].
    #[error("the password is too short or too long")]
    Password,
    /// Somebody has this e-mail.
    #[error("the e-mail is in use on this server")]
    EmailTaken,
    /// Another number, or another workspace, has this phone number id.
    #[error("the phone number id belongs to another number on this server")]
    NumberTaken,
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// Nobody has this e-mail.
    #[error("nobody here has this e-mail")]
    NoAgent,
    /// There is no such device.
    #[error("there is no such device")]
    NoDevice,
    /// A workspace needs an owner.
    #[error("a workspace needs an owner")]
    LastOwner,
    /// The store belongs to another key.
    #[error("FIELDLINE_KEY is not the key of this data folder")]
    WrongKey,
    /// The token could not be sealed, or the password not hashed.
    #[error("a secret could not be prepared")]
    Crypto,
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OfficeError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Password => "password",
            Self::EmailTaken => "email_taken",
            Self::NumberTaken => "number_taken",
            Self::NoWorkspace => "no_workspace",
            Self::NoAgent => "no_agent",
            Self::NoDevice => "no_device",
            Self::LastOwner => "last_owner",
            Self::WrongKey => "wrong_key",
            Self::Crypto => "crypto",
            Self::Open(OpenError::Newer { .. }) => "newer_schema",
            Self::Open(OpenError::Foreign) => "foreign_store",
            Self::Open(_) | Self::Store(_) => "store",
        }
    }
}

/// Answer of `workspace create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkspaceMade {
    /// Id of the new workspace.
    pub workspace_id: String,
}

/// Answer of `agent add`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentMade {
    /// Id of the new member.
    pub agent_id: String,
}

/// Answer of `agent link-code`. `Debug` is left out on purpose: the code signs somebody in.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct LinkCodeMade {
    /// Eight characters, a hyphen in the middle.
    pub link_code: String,
    /// For a QR code; the code stands behind `#`, which no server ever sees.
    pub url: String,
    /// Milliseconds UTC.
    pub expires_at: i64,
}

/// Answer of `agent remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentRemoved {
    /// Id of the member.
    pub agent_id: String,
    /// Always true.
    pub removed: bool,
}

/// Answer of `device list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceList {
    /// Latest contact first.
    pub devices: Vec<DeviceView>,
}

/// Answer of `channel add`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelMade {
    /// Id of the channel.
    pub channel_id: String,
    /// The number was a channel already, and has its new token and ids.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub renewed: bool,
}

/// Somebody to be added.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Workspace id.
    pub workspace: String,
    /// Unique on this server.
    pub email: String,
    /// The name people see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// At least [`password::MIN_LENGTH`] characters.
    pub password: Secret,
}

/// A business number to be added.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// Workspace id.
    pub workspace: String,
    /// Meta's id of the number: digits.
    pub phone_number_id: String,
    /// Meta's id of the business account: digits.
    pub waba_id: String,
    /// As printed; may hold + and spaces.
    pub display: String,
    /// Meta's access token for it.
    pub token: Secret,
}

/// Proof that a key is the key of a store.
pub(crate) fn key_proof(key: &Key) -> [u8; 32] {
    mac(key, Purpose::Proof, b"this store")
}

impl Office {
    /// Opens the store in a prepared data folder.
    pub async fn open(
        data: &Path,
        key: Key,
        cost: PasswordCost,
        base_url: String,
        ports: (Arc<dyn Clock>, Arc<dyn Rng>, Arc<dyn Executor>),
    ) -> Result<Self, OfficeError> {
        let (clock, rng, executor) = ports;
        let store =
            Store::open(&data.join(DATABASE), clock, Arc::clone(&rng), Arc::clone(&executor))
                .await?;
        let proof = key_proof(&key);
        if !store.write(move |tx| facts::belongs_to(tx, &proof)).await? {
            return Err(OfficeError::WrongKey);
        }
        let revoked = RevokedFile::of(data);
        Ok(Self { store, key, cost, base_url, revoked, rng, executor })
    }

    /// Closes the store.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// `workspace create`: a workspace with its owner, who is named by the first part of the
    /// e-mail until somebody gives a better name.
    pub async fn create_workspace(
        &self,
        name: &str,
        owner_email: &str,
        password: Secret,
    ) -> Result<WorkspaceMade, OfficeError> {
        let (name, email) =
            (valid_name(name, "--name")?, valid_email(owner_email, "--owner-email")?);
        let hash = self.hash(password).await?;
        let epoch = rng::token(self.rng.as_ref(), EPOCH_BYTES);
        self.store
            .write(move |tx| {
                let id = tx.uuid();
                workspaces::insert(tx, &id, &epoch, &name)?;
                let version =
                    tx.change(&id, &ChangeScope::Workspace, ChangeKind::Workspace, &id)?;
                workspaces::set_version(tx.sql(), &id, version)?;
                let owner = email.split('@').next().unwrap_or_default().to_owned();
                let member = add_member(tx, &id, &email, &owner, Role::Owner, &hash)?;
                audit::note(tx, &id, Who::Operator, "workspace_made", "workspace", &id)?;
                audit::note(tx, &id, Who::Operator, "member_added", "member", &member)?;
                Ok(WorkspaceMade { workspace_id: id })
            })
            .await
    }

    /// `agent add`.
    pub async fn add_agent(&self, agent: NewAgent) -> Result<AgentMade, OfficeError> {
        let (name, email) =
            (valid_name(&agent.name, "--name")?, valid_email(&agent.email, "--email")?);
        let hash = self.hash(agent.password).await?;
        let (workspace, role) = (agent.workspace, agent.role);
        self.store
            .write(move |tx| {
                if workspaces::find(tx.sql(), &workspace)?.is_none() {
                    return Err(OfficeError::NoWorkspace);
                }
                let agent_id = add_member(tx, &workspace, &email, &name, role, &hash)?;
                audit::note(tx, &workspace, Who::Operator, "member_added", "member", &agent_id)?;
                Ok(AgentMade { agent_id })
            })
            .await
    }

    /// `agent link-code`.
    pub async fn link_code(&self, email: &str) -> Result<LinkCodeMade, OfficeError> {
        let email = valid_email(email, "--email")?;
        let code = link_code::draw(self.rng.as_ref());
        let hash = link_code::hash(&self.key, code.expose());
        let expires_at = self
            .store
            .write(move |tx| {
                let member = members::by_email(tx.sql(), &email)?
                    .filter(|member| !member.removed)
                    .ok_or(OfficeError::NoAgent)?;
                let expires_at = tx.now() + link_code::LIFETIME_MS;
                link_codes::insert(tx, &hash, &member.id, expires_at)?;
                let (workspace, id) = (&member.workspace, &member.id);
                audit::note(tx, workspace, Who::Operator, "link_code_made", "member", id)?;
                Ok::<_, OfficeError>(expires_at)
            })
            .await?;
        let link_code = link_code::print(&code);
        let url = format!("{}/link#{link_code}", self.base_url);
        Ok(LinkCodeMade { link_code, url, expires_at })
    }

    /// `agent remove`: their devices are signed out for good, what they held is nobody's.
    pub async fn remove_agent(&self, email: &str) -> Result<AgentRemoved, OfficeError> {
        let email = valid_email(email, "--email")?;
        let file = self.revoked.clone();
        self.store
            .write(move |tx| {
                let member = members::by_email(tx.sql(), &email)?
                    .filter(|member| !member.removed)
                    .ok_or(OfficeError::NoAgent)?;
                if member.role == Role::Owner && members::owners(tx.sql(), &member.workspace)? < 2 {
                    return Err(OfficeError::LastOwner);
                }
                revoke::member(tx, &file, Who::Operator, &member)?;
                Ok(AgentRemoved { agent_id: member.id, removed: true })
            })
            .await
    }

    /// `device list`.
    pub async fn devices(&self, email: &str) -> Result<DeviceList, OfficeError> {
        let email = valid_email(email, "--email")?;
        self.store
            .read(move |sql| {
                let member = members::by_email(sql, &email)?.ok_or(OfficeError::NoAgent)?;
                let devices = devices::list(sql, &member.workspace, Some(&member.id))?;
                Ok(DeviceList { devices: devices.iter().map(DeviceView::of).collect() })
            })
            .await
    }

    /// `device revoke`: signed out for good, to be wiped. A repeat changes nothing.
    pub async fn revoke_device(&self, id: &str) -> Result<DeviceView, OfficeError> {
        let (id, file) = (id.to_owned(), self.revoked.clone());
        self.store
            .write(move |tx| {
                let known = devices::find(tx.sql(), &id)?.ok_or(OfficeError::NoDevice)?;
                revoke::device(tx, &file, Who::Operator, &known.workspace, &id)?;
                let known = devices::find(tx.sql(), &id)?.ok_or(OfficeError::NoDevice)?;
                Ok(DeviceView::of(&known))
            })
            .await
    }

    /// `channel add`: the token is sealed before it touches the disk. A number that is a channel of the
    /// workspace already keeps it, with the new token, and new ids where Meta gave it others
    /// (protocol.md 4).
    pub async fn add_channel(&self, channel: NewChannel) -> Result<ChannelMade, OfficeError> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = |text: &str, option: &'static str| {
            let text = text.trim().to_owned();
            let good = !text.is_empty() && text.len() <= 32 && digits(&text) == text;
            if good { Ok(text) } else { Err(OfficeError::Invalid(option)) }
        };
        let phone_number_id = number(&channel.phone_number_id, "--phone-number-id")?;
        let waba_id = number(&channel.waba_id, "--waba-id")?;
        let display = valid_name(&channel.display, "--display")?;
        let display_digits = digits(&display);
        if display_digits.len() < 5 {
            return Err(OfficeError::Invalid("--display"));
        }
        let token = channel.token.expose().trim();
        if token.is_empty() || token.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(OfficeError::Invalid("the access token"));
        }
        let sealed = seal::seal(&self.key, self.rng.as_ref(), token.as_bytes())
            .map_err(|_| OfficeError::Crypto)?;
        let workspace = channel.workspace;
        self.store
            .write(move |tx| {
                if workspaces::find(tx.sql(), &workspace)?.is_none() {
                    return Err(OfficeError::NoWorkspace);
                }
                // Typed by hand: an id that belongs to another number must not turn one chat's
                // channel into another's.
                if let Some(known) = channels::by_number_id(tx, &phone_number_id)?
                    && (known.workspace != workspace
                        || number_key(&known.digits) != number_key(&display_digits))
                {
                    return Err(OfficeError::NumberTaken);
                }
                let joining = Joining {
                    workspace: &workspace,
                    phone_number_id: &phone_number_id,
                    waba_id: &waba_id,
                    display: &display,
                    token_sealed: &sealed,
                };
                let mut marks = Marks::default();
                let (channel_id, renewed) = match channels::join(tx, &joining)? {
                    Joined::Taken => return Err(OfficeError::NumberTaken),
                    Joined::Made(channel) => (channel, false),
                    Joined::Renewed { channel, moved } => {
                        line::renewed(tx, &mut marks, &channel, moved)?;
                        (channel, true)
                    }
                };
                marks.channel(&workspace, &channel_id);
                marks.write(tx)?;
                let what = if renewed { "channel_renewed" } else { "channel_added" };
                audit::note(tx, &workspace, Who::Operator, what, "channel", &channel_id)?;
                Ok(ChannelMade { channel_id, renewed })
            })
            .await
    }

    /// `webhooks replay`: the stored bodies run again beside the store and compared with it.
    pub async fn replay(&self, data: &Path) -> Result<Report, ReplayError> {
        replay::replay(&self.store, data, Arc::clone(&self.rng)).await
    }

    /// What `status` counts.
    pub async fn counts(&self) -> Result<Counts, OfficeError> {
        Ok(self.store.read(facts::counts).await?)
    }

    async fn hash(&self, password: Secret) -> Result<String, OfficeError> {
        let length = password.expose().chars().count();
        if length < password::MIN_LENGTH || password.expose().len() > password::MAX_BYTES {
            return Err(OfficeError::Password);
        }
        let (cost, rng) = (self.cost, Arc::clone(&self.rng));
        executor::run(self.executor.as_ref(), move || password::hash(&password, cost, rng.as_ref()))
            .await
            .flatten()
            .ok_or(OfficeError::Crypto)
    }
}

/// Adds a member whose e-mail nobody has. Who left gives theirs up: they may come back, here or in
/// another workspace, as somebody new.
pub(crate) fn add_member(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    email: &str,
    name: &str,
    role: Role,
    password_hash: &str,
) -> Result<String, OfficeError> {
    match members::by_email(tx.sql(), email)? {
        Some(known) if !known.removed => return Err(OfficeError::EmailTaken),
        Some(left) => members::give_up_email(tx, &left.id)?,
        None => {}
    }
    let id = tx.uuid();
    let version = tx.change(workspace, &ChangeScope::Workspace, ChangeKind::Member, &id)?;
    let member = NewMember { id: &id, workspace, email, name, role, password_hash, version };
    members::insert(tx, &member)?;
    Ok(id)
}

/// A name as it is kept, or the option that is wrong.
pub(crate) fn valid_name(name: &str, option: &'static str) -> Result<String, OfficeError> {
    let name = name.trim();
    let good =
        !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    if good { Ok(name.to_owned()) } else { Err(OfficeError::Invalid(option)) }
}

/// An e-mail as it is kept, or the option that is wrong.
pub(crate) fn valid_email(email: &str, option: &'static str) -> Result<String, OfficeError> {
    let email = normal_email(email);
    let good = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if good { Ok(email) } else { Err(OfficeError::Invalid(option)) }
}
