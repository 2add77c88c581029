//! Signing in and out.

use serde_json::json;

use super::Client;
use crate::api::{
    Account, Credentials, DeviceId, Error, LinkPreview, MemberId, SignInTrouble, UnsentOnSignOut,
};
use crate::model::queue::State;
use crate::model::records::Queued;
use crate::store::Key;
use crate::support::uuid_v4;
use crate::transport::{CallError, Parting, wire};

impl Client {
    /// Who is signed in, if anybody.
    pub async fn account(&self) -> Result<Option<Account>, Error> {
        let found = self
            .store
            .read(|read| {
                let Some(member_id) = read.meta(Key::MemberId)? else { return Ok(None) };
                let text = |key| -> Result<String, crate::store::StoreError> {
                    Ok(read.meta(key)?.unwrap_or_default())
                };
                Ok(Some(Account {
                    member_id: MemberId(member_id),
                    member_name: text(Key::MemberName)?,
                    role: text(Key::Role)?,
                    workspace_name: text(Key::WorkspaceName)?,
                    device_id: DeviceId(text(Key::DeviceId)?),
                }))
            })
            .await?;
        Ok(found)
    }

    /// What a link code stands for, to be shown before the person says yes. Does not use it up.
    pub async fn preview_link_code(&self, code: &str) -> Result<LinkPreview, Error> {
        let body = json!({ "link_code": code }).to_string().into_bytes();
        let found: wire::PreviewBody =
            self.session.open_call("/v1/session/preview", body).await.map_err(sign_in_error)?;
        Ok(LinkPreview { workspace_name: found.workspace, member_name: found.member_name })
    }

    /// Signs in. After a session ended, the same member's outbox and rows are kept and go on.
    ///
    /// Fails with `Refused{other_account}` if another member's unsent work is still on this phone.
    pub async fn sign_in(&self, credentials: Credentials) -> Result<Account, Error> {
        let device_id = self.store.read(|read| read.meta(Key::DeviceId)).await?;
        let device_id = device_id.ok_or(Error::Internal { reason: "device id".to_owned() })?;
        let device = wire::device_json(&device_id, &self.config.device_name, &self.config.platform);
        let body = match credentials {
            Credentials::Password { email, password } => {
                json!({ "email": email, "password": password, "device": device })
            }
            Credentials::LinkCode { code } => json!({ "link_code": code, "device": device }),
        };
        let body = body.to_string().into_bytes();
        let answer: Result<wire::SessionBody, CallError> =
            self.session.open_call("/v1/session", body).await;
        let session = answer.map_err(|error| match error {
            // What is left of it goes, and the next try is another device's.
            CallError::Revoked(wipe_token) => self.session.be_revoked(wipe_token).into(),
            other => sign_in_error(other),
        })?;
        self.adopt(&session).await?;
        self.session.keep(&session)?;
        self.runner.signed_in();
        self.runner.restart().await?;
        self.account().await?.ok_or(Error::Internal { reason: "account".to_owned() })
    }

    /// Writes the member down; another member's rows go first, so that nobody sees them.
    async fn adopt(&self, session: &wire::SessionBody) -> Result<(), Error> {
        let member = session.member.clone();
        let workspace = session.workspace.clone();
        let server = self.config.server_url.clone();
        let stored = self
            .store
            .write(move |tx| {
                let held = tx.read().meta(Key::MemberId)?;
                if held.is_some_and(|held| held != member.id) {
                    if !tx.read().outbox()?.is_empty() {
                        let code = "other_account".to_owned();
                        return Err(crate::store::StoreError::Rule(Error::Refused { code }));
                    }
                    tx.wipe_account()?;
                }
                tx.clear_meta(Key::Removed)?;
                tx.set_meta(Key::Server, &server)?;
                tx.set_meta(Key::MemberId, &member.id)?;
                tx.set_meta(Key::MemberName, &member.name)?;
                tx.set_meta(Key::Role, &member.role)?;
                tx.set_meta(Key::WorkspaceName, &workspace.name)
            })
            .await;
        self.store.revisions().bump_all();
        Ok(stored?)
    }

    /// Ends the session here and, if it can be reached, at the server; then forgets the account on this phone.
    ///
    /// With `Keep`, unsent work makes it fail with `Refused{unsent}`.
    pub async fn sign_out(&self, unsent: UnsentOnSignOut) -> Result<(), Error> {
        let paused = self.runner.pause().await;
        let parting = match self.leave(unsent).await {
            Ok(parting) => parting,
            Err(error) => {
                drop(paused);
                self.runner.restart().await?;
                return Err(error);
            }
        };
        self.runner.signed_out();
        self.store.revisions().bump_all();
        drop(paused);
        // Told last: the server may be slow, and by now nothing of the account is left here. Without an answer the
        // session ends there when its refresh token is never used again.
        if self.session.end(parting).await.is_err() {
            log::info!("event=sign_out_not_told");
        }
        Ok(())
    }

    /// Forgets tokens and rows, at a standstill.
    async fn leave(&self, unsent: UnsentOnSignOut) -> Result<Parting, Error> {
        let done = |it: &Queued| it.state == State::Accepted;
        let sent = self.store.read(move |read| Ok(read.outbox()?.iter().all(done))).await?;
        if unsent == UnsentOnSignOut::Keep && !sent {
            return Err(Error::Refused { code: "unsent".to_owned() });
        }
        let parting = self.session.forget()?;
        // The next member is another device: a device id belongs to one member.
        let device_id = uuid_v4(self.rng.as_ref());
        let wiped = self.store.write(move |tx| {
            tx.wipe_account()?;
            tx.set_meta(Key::DeviceId, &device_id)
        });
        wiped.await?;
        self.store.scrub().await?;
        Ok(parting)
    }
}

/// Sign-in has its own words for refusals that elsewhere mean something else.
fn sign_in_error(error: CallError) -> Error {
    match error {
        CallError::Trouble { retry_after_ms: Some(_) } => {
            Error::SignIn { trouble: SignInTrouble::TooManyTries }
        }
        other => other.into(),
    }
}
