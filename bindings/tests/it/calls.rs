//! What a foreign caller may do at any time: leave, drop, throw, call too late.

use std::sync::{Arc, Mutex, PoisonError};

use fieldline_core::api::{ConversationId, Error, StorageTrouble};
use fieldline_ffi::{SecretError, SecretStore, live_objects};
use tempfile::tempdir;

use crate::foreign::{begin, block_on, open, open_with};

/// Objects are counted for the whole process, so what counts them takes turns.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn a_command_after_shutdown_is_cancelled_and_views_have_ended() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let client = open(&folder);
    let view = client.status();
    assert!(block_on(view.next(0)).unwrap().is_some());
    block_on(client.shutdown()).unwrap();
    block_on(client.shutdown()).unwrap();
    let nowhere = ConversationId("nowhere".to_owned());
    let late = block_on(client.send_reply(nowhere, "text".to_owned(), 0));
    assert_eq!(late, Err(Error::Cancelled));
    assert_eq!(block_on(client.enter_foreground()), Err(Error::Cancelled));
    assert_eq!(block_on(client.account()), Err(Error::Cancelled));
    assert_eq!(block_on(view.next(0)), Ok(None));
    assert_eq!(block_on(client.inbox().next(0)), Ok(None));
    // The file is free: the threads that had it are joined.
    block_on(open(&folder).shutdown()).unwrap();
}

#[test]
fn a_second_client_on_one_store_is_refused() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let client = open(&folder);
    let secrets = fieldline_ffi::file_secrets(folder.path().join("secrets"));
    assert_eq!(open_with(&folder, secrets).err(), Some(Error::AlreadyOpen));
    block_on(client.shutdown()).unwrap();
}

#[test]
fn cancel_wakes_a_waiting_next() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let client = open(&folder);
    let view = client.inbox();
    let first = block_on(view.next(0)).unwrap().unwrap();
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| block_on(view.next(first.revision)));
        view.cancel();
        assert_eq!(waiting.join().unwrap(), Ok(None));
    });
    block_on(client.shutdown()).unwrap();
}

#[test]
fn a_read_that_is_left_loses_nothing_and_a_write_that_is_left_completes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let client = open(&folder);
    let view = client.status();
    let first = block_on(view.next(0)).unwrap().unwrap();
    // Left while it waits, as when a coroutine is cancelled.
    assert_eq!(begin(view.next(first.revision)), None);
    // Left too, but begun: the app is in the foreground and says so to the view.
    begin(client.enter_foreground());
    let next = block_on(view.next(first.revision)).unwrap().unwrap();
    assert!(next.revision > first.revision);
    block_on(client.shutdown()).unwrap();
}

#[test]
fn objects_are_freed_on_any_thread_without_a_runtime() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = live_objects();
    let folder = tempdir().unwrap();
    let client = open(&folder);
    let view = client.outbox();
    assert_eq!(live_objects(), before + 2);
    // A garbage collector's thread, and no shutdown before.
    std::thread::spawn(move || drop((client, view))).join().unwrap();
    assert_eq!(live_objects(), before);
}

/// A key store of a shell with a fault in it.
struct Bad {
    panics: bool,
    thread: Mutex<Option<String>>,
}

impl Bad {
    fn new(panics: bool) -> Arc<Self> {
        Arc::new(Self { panics, thread: Mutex::new(None) })
    }

    fn fail<T>(&self) -> Result<T, SecretError> {
        let name = std::thread::current().name().map(str::to_owned);
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = name;
        assert!(!self.panics, "a customer's words");
        Err(SecretError::from(uniffi::UnexpectedUniFFICallbackError::new("a customer's words")))
    }
}

impl SecretStore for Bad {
    fn get(&self, _: String) -> Result<Option<Vec<u8>>, SecretError> {
        self.fail()
    }

    fn set(&self, _: String, _: Vec<u8>) -> Result<(), SecretError> {
        self.fail()
    }

    fn remove(&self, _: String) -> Result<(), SecretError> {
        self.fail()
    }
}

#[test]
fn a_foreign_exception_is_an_error_without_its_words() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let secrets = Bad::new(false);
    let client = open_with(&folder, Arc::clone(&secrets) as Arc<dyn SecretStore>).unwrap();
    let failed = block_on(client.enter_foreground());
    assert_eq!(failed, Err(Error::Storage { trouble: StorageTrouble::Key }));
    // Never on the caller's thread, which may be the one that draws.
    let thread = secrets.thread.lock().unwrap().clone().unwrap_or_default();
    assert!(thread.starts_with("fieldline-"), "{thread}");
    block_on(client.shutdown()).unwrap();
}

#[test]
fn a_panic_is_an_error_and_the_client_can_still_be_closed() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let client = open_with(&folder, Bad::new(true)).unwrap();
    let failed = block_on(client.enter_foreground());
    assert_eq!(failed, Err(Error::Internal { reason: "panic".to_owned() }));
    assert!(block_on(client.account()).unwrap().is_none());
    block_on(client.shutdown()).unwrap();
}
