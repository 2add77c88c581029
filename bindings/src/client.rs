//! The client as a foreign object: one method for each of the core's, and no decision of its own.

use std::sync::Arc;

use fieldline_core::Client;
use fieldline_core::api::{
    Account, BackgroundReason, BackgroundReport, CommandId, Config, ConversationId, Credentials,
    Discarded, Error, LinkPreview, MessageId, Millis, NetworkKind, Reason, Settlement,
    UnsentOnSignOut, Withdrawal,
};

use crate::alive::Alive;
use crate::runtime::{Crew, bound, detached, last};
use crate::secrets::{Port, SecretStore};
use crate::views::{InboxView, OutboxView, StatusView, TimelineView};

/// The version of the core and of this surface: the workspace's.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The stable id of a reason, `R1` to `R16`: the key of its words.
#[uniffi::export]
pub fn reason_id(reason: Reason) -> String {
    reason.id().to_owned()
}

/// One account on one server: the only long-lived object. All else is values, or views addressed by id.
///
/// Commands are on disk before they return. One that has begun completes even if the caller stops waiting.
#[derive(uniffi::Object)]
pub struct FieldlineClient {
    core: Arc<Client>,
    crew: Crew,
    _alive: Alive,
}

#[uniffi::export]
impl FieldlineClient {
    /// Opens the store at `config.store_path`, making it if need be. No network is used and none is waited for.
    ///
    /// Fails with `AlreadyOpen` while another process or client has the file, with `IncompatibleVersion` for a newer
    /// app's store (untouched), with `Invalid` for an unusable server address.
    #[uniffi::constructor]
    pub async fn open(config: Config, secrets: Arc<dyn SecretStore>) -> Result<Arc<Self>, Error> {
        let crew = Crew::start()?;
        let secrets = Arc::new(Port(secrets));
        let core =
            detached(crew.handle(), async move { Client::open(config, secrets).await }).await?;
        Ok(Arc::new(Self { core: Arc::new(core), crew, _alive: Alive::new() }))
    }

    /// Who is signed in, if anybody.
    pub async fn account(&self) -> Result<Option<Account>, Error> {
        let core = Arc::clone(&self.core);
        bound(self.crew.handle(), async move { core.account().await }).await
    }

    /// What a link code stands for, to be shown before the person says yes. Does not use it up.
    pub async fn preview_link_code(&self, code: String) -> Result<LinkPreview, Error> {
        let core = Arc::clone(&self.core);
        bound(self.crew.handle(), async move { core.preview_link_code(&code).await }).await
    }

    /// Signs in by e-mail and password. After a session ended, the same member's outbox and rows are kept and go on.
    ///
    /// Fails with `Refused{other_account}` if another member's unsent work is still on this phone.
    pub async fn sign_in_by_password(
        &self,
        email: String,
        password: String,
    ) -> Result<Account, Error> {
        let (core, by) = (Arc::clone(&self.core), Credentials::Password { email, password });
        detached(self.crew.handle(), async move { core.sign_in(by).await }).await
    }

    /// Signs in by a link code, or the content of its QR code; else as [`Self::sign_in_by_password`].
    pub async fn sign_in_by_code(&self, code: String) -> Result<Account, Error> {
        let (core, by) = (Arc::clone(&self.core), Credentials::LinkCode { code });
        detached(self.crew.handle(), async move { core.sign_in(by).await }).await
    }

    /// Ends the session here and, if it can be reached, at the server; then forgets the account on this phone.
    ///
    /// With `Keep`, unsent work makes it fail with `Refused{unsent}`.
    pub async fn sign_out(&self, unsent: UnsentOnSignOut) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.sign_out(unsent).await }).await
    }

    /// The conversation list.
    pub fn inbox(&self) -> InboxView {
        InboxView::new(self.core.inbox(), self.crew.handle())
    }

    /// One conversation. An id that is not held gives an empty view that fills if it comes.
    pub fn timeline(&self, conversation: &ConversationId) -> TimelineView {
        TimelineView::new(self.core.timeline(conversation), self.crew.handle())
    }

    /// Unsent work.
    pub fn outbox(&self) -> OutboxView {
        OutboxView::new(self.core.outbox(), self.crew.handle())
    }

    /// The link to the server.
    pub fn status(&self) -> StatusView {
        StatusView::new(self.core.status(), self.crew.handle())
    }

    /// The server's time as far as it is known, for countdowns.
    pub fn server_time(&self) -> Millis {
        Millis(self.core.server_time_ms())
    }

    /// Fetches what is missing in the middle, else the page of messages before the oldest held one. Nothing happens at the
    /// start of the conversation.
    pub async fn load_older(&self, conversation: ConversationId) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        bound(self.crew.handle(), async move { core.load_older(&conversation).await }).await
    }

    /// Queues a reply. `seen_n` is `last_n` of the timeline that its author looked at: the guard compares with it.
    ///
    /// Fails with `Invalid{text}` if it is empty or longer than 4,096 characters, with `NotFound` for a conversation
    /// that is not on this phone.
    pub async fn send_reply(
        &self,
        conversation: ConversationId,
        body: String,
        seen_n: i64,
    ) -> Result<CommandId, Error> {
        let core = Arc::clone(&self.core);
        detached(
            self.crew.handle(),
            async move { core.send_reply(&conversation, &body, seen_n).await },
        )
        .await
    }

    /// `send_reply` that quotes `message` of the same conversation.
    pub async fn quote_reply(
        &self,
        conversation: ConversationId,
        message: MessageId,
        body: String,
        seen_n: i64,
    ) -> Result<CommandId, Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move {
            core.quote_reply(&conversation, &message, &body, seen_n).await
        })
        .await
    }

    /// Changes a reply that has not reached WhatsApp: a new command takes its place. One that is at the server is
    /// withdrawn first, and the new one goes only after that was done.
    pub async fn edit(
        &self,
        message: MessageId,
        body: String,
        seen_n: i64,
    ) -> Result<CommandId, Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.edit(&message, &body, seen_n).await }).await
    }

    /// The person's yes to a held reply (R7, R8) or a refused one.
    pub async fn send_anyway(&self, message: MessageId, seen_n: i64) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.send_anyway(&message, seen_n).await }).await
    }

    /// Throws away what has not left this phone.
    pub async fn discard(&self, message: MessageId) -> Result<Discarded, Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.discard(&message).await }).await
    }

    /// Takes a reply back, as long as nothing of it went towards WhatsApp.
    pub async fn withdraw(&self, message: MessageId) -> Result<Withdrawal, Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.withdraw(&message).await }).await
    }

    /// Lets later replies of the conversation go before this one, which waits for a decision.
    pub async fn let_pass(&self, message: MessageId) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.let_pass(&message).await }).await
    }

    /// What a person found out about a message with an unknown outcome (R14).
    pub async fn settle(&self, message: MessageId, result: Settlement) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.settle(&message, result).await }).await
    }

    /// Everything up to number `up_to_n` was on an unlocked screen.
    pub async fn mark_read(&self, conversation: ConversationId, up_to_n: i64) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.mark_read(&conversation, up_to_n).await })
            .await
    }

    /// The app is on the screen: open the file, listen, send.
    pub async fn enter_foreground(&self) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.enter_foreground().await }).await
    }

    /// The app left the screen: send what can still go within `deadline_ms`, then close the file and let go of its lock.
    pub async fn enter_background(&self, deadline_ms: u64) -> Result<BackgroundReport, Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.enter_background(deadline_ms).await }).await
    }

    /// The system gave the app `budget_ms` in the background: catch up, send, close the file again.
    pub async fn run_background(
        &self,
        reason: BackgroundReason,
        budget_ms: u64,
    ) -> Result<BackgroundReport, Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.run_background(reason, budget_ms).await })
            .await
    }

    /// The phone's network changed. Only a hint: nothing is believed without trying.
    pub fn network_changed(&self, kind: NetworkKind) {
        self.core.network_changed(kind);
    }

    /// A person wants it now: no back-off is waited for.
    pub async fn try_now(&self) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        detached(self.crew.handle(), async move { core.try_now().await }).await
    }

    /// Ends everything, closes the file and joins all threads. Every later command answers `Cancelled`, every view ends.
    pub async fn shutdown(&self) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        let done = last(self.crew.handle(), async move { core.shutdown().await }).await;
        self.crew.end();
        done
    }
}
