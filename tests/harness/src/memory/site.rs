//! Where the platform stands now: it can be killed and started again under everybody's feet.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use fieldline_platform::Platform;
use tokio::sync::watch;
use tower::ServiceExt;

/// A running platform with its router.
#[derive(Clone)]
struct Running {
    platform: Arc<Platform>,
    router: Router,
}

/// Tells when the platform that stood here is gone.
pub struct Presence(watch::Receiver<Option<Running>>);

impl Presence {
    /// Ends once it is. Cancel safe.
    pub async fn gone(&mut self) {
        // An error means that the site itself is gone, which is the same.
        let _ = self.0.changed().await;
    }
}

/// The address that phones and Meta know. Behind it is one platform, or none.
#[derive(Clone)]
pub struct Site {
    running: Arc<watch::Sender<Option<Running>>>,
}

impl Default for Site {
    fn default() -> Self {
        Self { running: Arc::new(watch::channel(None).0) }
    }
}

impl Site {
    /// Puts a started platform here.
    pub fn put(&self, platform: Platform) {
        let router = platform.router();
        self.running.send_replace(Some(Running { platform: Arc::new(platform), router }));
    }

    /// Takes it away in the middle of what it was doing, as `kill -9` would: requests under way get no answer.
    pub fn kill(&self) {
        self.running.send_replace(None);
    }

    /// A look at what stands here now, to notice its end.
    pub fn presence(&self) -> Presence {
        let mut watch = self.running.subscribe();
        watch.borrow_and_update();
        Presence(watch)
    }

    /// The platform, if one runs.
    pub fn platform(&self) -> Option<Arc<Platform>> {
        self.running.borrow().as_ref().map(|running| Arc::clone(&running.platform))
    }

    /// One request into the router. `None`: nobody is here. `Some(None)`: it was killed before it answered.
    pub async fn request(&self, request: Request<Body>) -> Option<Option<Response<Body>>> {
        let router = self.running.borrow().as_ref().map(|running| running.router.clone())?;
        let mut presence = self.presence();
        let gone = presence.gone();
        tokio::select! {
            biased;
            answer = router.oneshot(request) => Some(answer.ok()),
            () = gone => Some(None),
        }
    }
}
