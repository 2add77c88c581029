//! Staying signed in (M8): nothing that goes wrong with a session loses a reply.

use fieldline_core::api::{
    Credentials, Error, LadderStep, LinkState, Reason, SignInTrouble, UnsentOnSignOut,
};
use fieldline_harness::memory::PhoneFaults;
use fieldline_platform::store::StoreError;
use fieldline_simulation::{PASSWORD, World};

use crate::cases::{asked, at_customer, reply, says};

const ANA: usize = 0;

/// The token runs out under many lost answers: the refresh whose answer was lost is repeated, nobody is signed out.
#[tokio::test(start_paused = true)]
async fn a_lost_refresh_answer_signs_nobody_out() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    for round in 0..12 {
        tokio::time::sleep(std::time::Duration::from_mins(16)).await;
        let lossy = PhoneFaults { lost_answer: 70, ..PhoneFaults::default() };
        world.phones[ANA].line.set_faults(lossy);
        reply(&world, ANA, &id, &format!("round {round}")).await;
        world
            .until("it came", async || (at_customer(&world).len() == round + 1).then_some(()))
            .await;
        world.phones[ANA].line.set_faults(PhoneFaults::default());
    }
    let status = world.phones[ANA].client.status();
    let shown = status.next(0).await.expect("a view").expect("a store");
    assert_ne!(shown.link, LinkState::SignInAgain);
}

/// The session ended at the server: the queue says R3, keeps everything, and goes on after the password.
#[tokio::test(start_paused = true)]
async fn an_ended_session_keeps_the_outbox() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let platform = world.site.platform().expect("running");
    let ended = platform.state().store.write(|tx| -> Result<usize, StoreError> {
        Ok(tx.sql().execute("UPDATE sessions SET ended_at = 1, end_reason = 'signed_out'", [])?)
    });
    assert_eq!(ended.await.expect("a write"), 2);
    reply(&world, ANA, &id, "Not lost").await;
    let ana = &world.phones[ANA];
    let pause = world.until("R3", async || {
        ana.outbox().await.pause.filter(|pause| pause.reason == Reason::SignInAgain)
    });
    pause.await;
    assert_eq!(ana.outbox().await.needs_me, 0, "the message itself is not marked");
    assert_eq!(ana.inbox().await.rows.len(), 1, "the rows stay");
    let wrong =
        Credentials::Password { email: ana.email.clone(), password: "wrong wrong wrong".into() };
    let refused = ana.client.sign_in(wrong).await;
    assert_eq!(refused, Err(Error::SignIn { trouble: SignInTrouble::WrongCredentials }));
    let right = Credentials::Password { email: ana.email.clone(), password: PASSWORD.into() };
    ana.client.sign_in(right).await.expect("signed in");
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
    let shown = ana.timeline(&id).await.rows;
    assert!(shown.iter().any(|row| says(row, "Not lost") && row.step >= LadderStep::Sent));
}

/// Signing out asks about unsent work first, then leaves nothing of the account on the phone.
#[tokio::test(start_paused = true)]
async fn signing_out_with_unsent_work() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.line.set_offline(true);
    reply(&world, ANA, &id, "unsent").await;
    let refused = ana.client.sign_out(UnsentOnSignOut::Keep).await;
    assert_eq!(refused, Err(Error::Refused { code: "unsent".into() }));
    assert_eq!(ana.outbox().await.total, 1);
    ana.client.sign_out(UnsentOnSignOut::Delete).await.expect("signed out");
    assert_eq!(ana.client.account().await, Ok(None));
    assert_eq!((ana.inbox().await.total, ana.outbox().await.total), (0, 0));
    ana.line.set_offline(false);
    // Another member on the same phone sees only what is theirs to see.
    let ben = Credentials::Password { email: "ben@example.com".into(), password: PASSWORD.into() };
    let account = ana.client.sign_in(ben).await.expect("signed in");
    assert_eq!(account.member_name, "Ben");
    world.until("the list again", async || (ana.inbox().await.total == 1).then_some(())).await;
}

/// Signing out leaves nothing behind although the server does not answer and the app goes away meanwhile.
#[tokio::test(start_paused = true)]
async fn signing_out_is_done_before_the_server_is_told() {
    let world = World::calm().await;
    asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let slow = PhoneFaults { lost_request: 100, ..PhoneFaults::default() };
    ana.line.set_faults(slow);
    let (out, away) = tokio::join!(
        ana.client.sign_out(UnsentOnSignOut::Delete),
        ana.client.enter_background(1_000)
    );
    assert_eq!(out, Ok(()));
    away.expect("suspended");
    ana.client.enter_foreground().await.expect("back");
    assert_eq!(ana.client.account().await, Ok(None));
    assert_eq!((ana.inbox().await.total, ana.outbox().await.total), (0, 0));
    assert_eq!(
        ana.client.status().next(0).await.expect("a view").expect("a store").link,
        LinkState::SignedOut
    );
}
