//! Where the platform stands now: it can be killed and started again under everybody's feet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use fieldline_platform::Platform;
use tokio::sync::Notify;
use tower::ServiceExt;

/// A running platform with its router.
#[derive(Clone)]
struct Running {
    platform: Arc<Platform>,
    router: Router,
}

#[derive(Default)]
struct Inner {
    running: Mutex<Option<Running>>,
    /// Counts changes. (Not tokio's `watch`: it wakes its receivers in a random order, and one seed must be one run.)
    changes: AtomicU64,
    changed: Notify,
}

/// Tells when the platform that stood here is gone.
pub struct Presence {
    inner: Arc<Inner>,
    seen: u64,
}

impl Presence {
    /// Ends once it is. Cancel safe.
    pub async fn gone(&mut self) {
        loop {
            let changed = self.inner.changed.notified();
            if self.inner.changes.load(Ordering::Acquire) != self.seen {
                return;
            }
            changed.await;
        }
    }
}

/// The address that phones and Meta know. Behind it is one platform, or none.
#[derive(Clone, Default)]
pub struct Site {
    inner: Arc<Inner>,
}

impl Site {
    /// Puts a started platform here.
    pub fn put(&self, platform: Platform) {
        let router = platform.router();
        self.replace(Some(Running { platform: Arc::new(platform), router }));
    }

    /// Takes it away in the middle of what it was doing, as `kill -9` would: requests under way get no answer.
    pub fn kill(&self) {
        self.replace(None);
    }

    fn replace(&self, with: Option<Running>) {
        *self.inner.running.lock().unwrap_or_else(PoisonError::into_inner) = with;
        self.inner.changes.fetch_add(1, Ordering::AcqRel);
        self.inner.changed.notify_waiters();
    }

    fn running(&self) -> Option<Running> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A look at what stands here now, to notice its end.
    pub fn presence(&self) -> Presence {
        let seen = self.inner.changes.load(Ordering::Acquire);
        Presence { inner: Arc::clone(&self.inner), seen }
    }

    /// The platform, if one runs.
    pub fn platform(&self) -> Option<Arc<Platform>> {
        self.running().map(|running| running.platform)
    }

    /// One request into the router. `None`: nobody is here. `Some(None)`: it was killed before it answered.
    pub async fn request(&self, request: Request<Body>) -> Option<Option<Response<Body>>> {
        let mut presence = self.presence();
        let router = self.running()?.router;
        tokio::select! {
            biased;
            answer = router.oneshot(request) => Some(answer.ok()),
            () = presence.gone() => Some(None),
        }
    }
}
