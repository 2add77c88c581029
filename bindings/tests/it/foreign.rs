//! The smallest executor there is, which is what a foreign language brings, and a phone for it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use fieldline_core::api::{Config, Error};
use fieldline_ffi::{FieldlineClient, SecretStore, file_secrets};
use tempfile::TempDir;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread until it is ready.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls once: begun and, unless it was ready, left by its caller.
pub(crate) fn begin<T>(work: impl Future<Output = T>) -> Option<T> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

pub(crate) fn config(folder: &TempDir) -> Config {
    Config {
        store_path: folder.path().join("phone.db"),
        // Nobody listens there.
        server_url: "http://127.0.0.1:1".to_owned(),
        device_name: "test".to_owned(),
        platform: "test".to_owned(),
        extra_roots_pem: None,
    }
}

pub(crate) fn open_with(
    folder: &TempDir,
    secrets: Arc<dyn SecretStore>,
) -> Result<Arc<FieldlineClient>, Error> {
    block_on(FieldlineClient::open(config(folder), secrets))
}

pub(crate) fn open(folder: &TempDir) -> Arc<FieldlineClient> {
    open_with(folder, file_secrets(folder.path().join("secrets"))).unwrap()
}
