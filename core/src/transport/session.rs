//! Requests with a token. The token is refreshed once for all callers; a refusal never loses anything but the session.

use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::wire::{ErrorBody, SessionBody};
use super::{ConnectFault, Fault, LiveSocket, Method, Request, Response, Transport};
use crate::api::{Error, SecretError, SecretStore, SignInTrouble, StorageTrouble};
use crate::support::ServerClock;

/// The secret's name in the shell's store.
const REFRESH_TOKEN: &str = "refresh_token";
/// With what the server is told that an account is wiped here, until it has heard.
const WIPE_TOKEN: &str = "wipe_token";

/// Longest wait that an answer may ask for: one wrong number must not silence a phone for days.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// With it the server is told that the account is wiped. Never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct WipeToken(Zeroizing<String>);

impl WipeToken {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for WipeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WipeToken")
    }
}

/// Why a call has no usable answer, sorted by what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// No network, or nobody there.
    Fault(Fault),
    /// The server, or something on the way, has trouble or wants us to slow down.
    Trouble { retry_after_ms: Option<u64> },
    /// Somebody has to sign in.
    SignIn(SignInTrouble),
    /// A manager removed this device: the account has to go, and the server is told so with the token.
    Revoked(WipeToken),
    /// 426.
    Upgrade,
    /// 410: forget the cursor. Cause and the server's epoch.
    Reset { cause: String, epoch: Option<String> },
    /// A definite refusal with the wire's code.
    Refused { status: u16, code: String, cause: Option<String> },
    /// The secret store does not give the token now.
    Secret,
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Fault(_) | CallError::Trouble { .. } => Self::Offline,
            CallError::SignIn(trouble) => Self::SignIn { trouble },
            CallError::Revoked(_) => Self::SignIn { trouble: SignInTrouble::DeviceRevoked },
            CallError::Upgrade => Self::Refused { code: "upgrade".to_owned() },
            CallError::Reset { .. } => Self::Refused { code: "reset".to_owned() },
            CallError::Refused { status: 403, .. } => Self::NotAllowed,
            CallError::Refused { status: 404, .. } => Self::NotFound,
            CallError::Refused { code, .. } => Self::Refused { code },
            CallError::Secret => Self::Storage { trouble: StorageTrouble::Key },
        }
    }
}

/// Tokens that this phone has forgotten already, to end their session with.
pub(crate) struct Parting {
    access: Option<Zeroizing<String>>,
    refresh: Option<Zeroizing<Vec<u8>>>,
}

/// The account's session on its server.
pub(crate) struct Session {
    transport: Arc<dyn Transport>,
    secrets: Arc<dyn SecretStore>,
    clock: ServerClock,
    access: Mutex<Option<Zeroizing<String>>>,
    refreshing: tokio::sync::Mutex<()>,
    revoked: watch::Sender<Option<WipeToken>>,
}

impl Session {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        secrets: Arc<dyn SecretStore>,
        clock: ServerClock,
    ) -> Self {
        Self {
            transport,
            secrets,
            clock,
            access: Mutex::new(None),
            refreshing: tokio::sync::Mutex::new(()),
            revoked: watch::Sender::new(None),
        }
    }

    /// Brings the wipe token when the server says that this device was removed.
    pub(crate) fn revoked(&self) -> watch::Receiver<Option<WipeToken>> {
        self.revoked.subscribe()
    }

    /// This device was removed, and it is still this phone's session that was told so.
    pub(crate) fn be_revoked(&self, wipe_token: WipeToken) -> CallError {
        self.revoked.send_replace(Some(wipe_token));
        CallError::SignIn(SignInTrouble::DeviceRevoked)
    }

    /// Forgets the tokens of a removed device, keeping that with which the wipe is confirmed.
    pub(crate) fn forget_revoked(&self, wipe_token: &WipeToken) -> Result<(), SecretError> {
        self.secrets.set(WIPE_TOKEN, wipe_token.expose().as_bytes())?;
        self.set_access(None);
        self.secrets.remove(REFRESH_TOKEN)
    }

    /// True while the server has not heard yet that an account was wiped here.
    pub(crate) fn owes_word(&self) -> bool {
        self.secrets.get(WIPE_TOKEN).is_ok_and(|token| token.is_some())
    }

    /// Tells the server that the account is wiped. Without an answer it is told again later.
    pub(crate) async fn confirm_wipe(&self) -> Result<(), CallError> {
        let Some(kept) = self.secrets.get(WIPE_TOKEN).map_err(|_| CallError::Secret)? else {
            return Ok(());
        };
        let kept = Zeroizing::new(kept);
        let token = std::str::from_utf8(&kept).map_err(|_| CallError::Secret)?;
        let body = serde_json::json!({ "wipe_token": token }).to_string().into_bytes();
        let (method, path) = (Method::Post, "/v1/wiped".to_owned());
        let request = Request { method, path, bearer: None, body: Some(body) };
        let response = self.transport.call(request).await.map_err(CallError::Fault)?;
        match self.sort(response) {
            // A server that does not take it will not take it later either.
            Ok(_) | Err(CallError::Refused { .. } | CallError::SignIn(_)) => {
                self.secrets.remove(WIPE_TOKEN).map_err(|_| CallError::Secret)
            }
            Err(other) => Err(other),
        }
    }

    /// True if there is a session to go on with.
    pub(crate) fn exists(&self) -> Result<bool, Error> {
        let found = self.secrets.get(REFRESH_TOKEN).map_err(secret_trouble)?;
        Ok(found.is_some())
    }

    /// Keeps a new session's tokens: the refresh token first, durably.
    pub(crate) fn keep(&self, body: &SessionBody) -> Result<(), Error> {
        self.secrets.set(REFRESH_TOKEN, body.refresh_token.as_bytes()).map_err(secret_trouble)?;
        self.set_access(Some(body.access_token.clone()));
        Ok(())
    }

    /// Forgets the tokens on this phone.
    pub(crate) fn forget(&self) -> Result<Parting, Error> {
        let refresh = self.kept().map_err(secret_trouble)?;
        self.secrets.remove(REFRESH_TOKEN).map_err(secret_trouble)?;
        let access = self.access();
        self.set_access(None);
        Ok(Parting { access, refresh })
    }

    /// Ends a forgotten session at the server.
    pub(crate) async fn end(&self, parting: Parting) -> Result<(), CallError> {
        let mut token = parting.access;
        for last in [false, true] {
            let bearer = match (token.take(), &parting.refresh) {
                (Some(token), _) => token,
                (None, Some(refresh)) => self.renewed(refresh).await?.access_token,
                (None, None) => return Err(CallError::SignIn(SignInTrouble::SignedOut)),
            };
            let path = "/v1/session".to_owned();
            let request =
                Request { method: Method::Delete, path, bearer: Some(bearer), body: None };
            let response = self.transport.call(request).await.map_err(CallError::Fault)?;
            match self.sort(response) {
                Err(CallError::SignIn(SignInTrouble::SessionEnded)) if !last => {}
                other => return other.map(|_| ()),
            }
        }
        Ok(())
    }

    /// A request without a token: sign-in and preview.
    pub(crate) async fn open_call<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, CallError> {
        let request =
            Request { method: Method::Post, path: path.to_owned(), bearer: None, body: Some(body) };
        let response = self.transport.call(request).await.map_err(CallError::Fault)?;
        parse(&self.sort(response)?)
    }

    /// Makes sure that there is a token, so that a request which needs one can leave at all.
    pub(crate) async fn ready(&self) -> Result<(), CallError> {
        self.token(None).await.map(|_| ())
    }

    /// A request with a token; after a 401 the token is refreshed once and the request repeated.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Response, CallError> {
        let mut token = self.token(None).await?;
        for last in [false, true] {
            let request = Request {
                method,
                path: path.to_owned(),
                bearer: Some(token.clone()),
                body: body.map(<[u8]>::to_vec),
            };
            let response = self.transport.call(request).await.map_err(CallError::Fault)?;
            match self.sort(response) {
                Err(CallError::SignIn(SignInTrouble::SessionEnded)) if !last => {
                    token = self.token(Some(&token)).await?;
                }
                // An answer to a session that is over here concerns nobody any more.
                Err(CallError::Revoked(wipe)) if self.access().as_ref() == Some(&token) => {
                    return Err(self.be_revoked(wipe));
                }
                Err(CallError::Revoked(_)) => {
                    return Err(CallError::SignIn(SignInTrouble::DeviceRevoked));
                }
                other => return other,
            }
        }
        Err(CallError::Trouble { retry_after_ms: None })
    }

    /// [`Self::call`] with a JSON answer.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        parse(&self.call(Method::Get, path, None).await?)
    }

    /// Opens the socket.
    pub(crate) async fn connect(&self) -> Result<Box<dyn LiveSocket>, CallError> {
        let mut token = self.token(None).await?;
        for last in [false, true] {
            match self.transport.connect(token.clone()).await {
                Ok(socket) => return Ok(socket),
                Err(ConnectFault::Status(401)) if !last => token = self.token(Some(&token)).await?,
                Err(ConnectFault::Status(426)) => return Err(CallError::Upgrade),
                Err(ConnectFault::Status(_)) => break,
                Err(ConnectFault::Fault(fault)) => return Err(CallError::Fault(fault)),
            }
        }
        Err(CallError::Trouble { retry_after_ms: None })
    }

    /// The access token; `bad` is one that was just refused. Only one refresh runs at a time.
    async fn token(&self, bad: Option<&str>) -> Result<Zeroizing<String>, CallError> {
        let usable = || self.access().filter(|token| Some(token.as_str()) != bad);
        if let Some(token) = usable() {
            return Ok(token);
        }
        let _turn = self.refreshing.lock().await;
        if let Some(token) = usable() {
            return Ok(token);
        }
        let Some(kept) = self.kept().map_err(|_| CallError::Secret)? else {
            return Err(CallError::SignIn(SignInTrouble::SignedOut));
        };
        let renewed = match self.renewed(&kept).await {
            Err(CallError::Revoked(wipe)) => {
                let ours = self.kept().map_err(|_| CallError::Secret)?.as_ref() == Some(&kept);
                let over = CallError::SignIn(SignInTrouble::DeviceRevoked);
                return Err(if ours { self.be_revoked(wipe) } else { over });
            }
            other => other?,
        };
        if self.kept().map_err(|_| CallError::Secret)?.as_ref() != Some(&kept) {
            // Somebody signed out or in meanwhile: what was renewed is not this phone's session any more.
            return usable().ok_or(CallError::SignIn(SignInTrouble::SignedOut));
        }
        self.keep(&renewed).map_err(|_| CallError::Secret)?;
        self.access().ok_or(CallError::Secret)
    }

    fn kept(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        Ok(self.secrets.get(REFRESH_TOKEN)?.map(Zeroizing::new))
    }

    async fn renewed(&self, refresh: &[u8]) -> Result<SessionBody, CallError> {
        let refresh_token = std::str::from_utf8(refresh).map_err(|_| CallError::Secret)?;
        let body = serde_json::json!({ "refresh_token": refresh_token }).to_string().into_bytes();
        self.open_call("/v1/session/refresh", body).await
    }

    fn access(&self) -> Option<Zeroizing<String>> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_access(&self, token: Option<Zeroizing<String>>) {
        *self.access.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Sorts an answer. One without the server's time is not from our platform: a captive portal, a proxy.
    fn sort(&self, response: Response) -> Result<Response, CallError> {
        let retry_after_ms = response.retry_after_ms.map(|ms| ms.min(LONGEST_WAIT_MS));
        let Some(server_time) = response.server_time else {
            return Err(CallError::Trouble { retry_after_ms });
        };
        self.clock.observe(server_time);
        if matches!(response.status, 200..=299) {
            return Ok(response);
        }
        let error = ErrorBody::read(&response.body);
        Err(match response.status {
            401 if error.code == "device_revoked" && error.wipe_token.is_some() => {
                CallError::Revoked(WipeToken(error.wipe_token.unwrap_or_default()))
            }
            401 => CallError::SignIn(match (error.code.as_str(), error.cause.as_deref()) {
                ("wrong_credentials", _) => SignInTrouble::WrongCredentials,
                ("link_code", Some("used")) => SignInTrouble::CodeUsed,
                ("link_code", Some("expired")) => SignInTrouble::CodeExpired,
                ("link_code", _) => SignInTrouble::CodeUnknown,
                ("device_revoked", _) => SignInTrouble::DeviceRevoked,
                _ => SignInTrouble::SessionEnded,
            }),
            409 if error.code == "device_taken" => CallError::SignIn(SignInTrouble::DeviceTaken),
            410 => CallError::Reset { cause: error.cause.unwrap_or_default(), epoch: error.epoch },
            426 => CallError::Upgrade,
            400..=499
                if response.status != 408 && response.status != 425 && response.status != 429 =>
            {
                CallError::Refused { status: response.status, code: error.code, cause: error.cause }
            }
            _ => CallError::Trouble { retry_after_ms },
        })
    }
}

/// A key store that is locked opens again by itself; any other trouble does not.
fn secret_trouble(error: SecretError) -> Error {
    let trouble = match error {
        SecretError::Locked => StorageTrouble::Locked,
        SecretError::Failed => StorageTrouble::Key,
    };
    Error::Storage { trouble }
}

/// A body that is not what the contract says counts as trouble on the way, never as an answer.
pub(crate) fn parse<T: DeserializeOwned>(response: &Response) -> Result<T, CallError> {
    serde_json::from_slice(&response.body).map_err(|_| {
        log::warn!("event=unreadable_answer status={}", response.status);
        CallError::Trouble { retry_after_ms: None }
    })
}
