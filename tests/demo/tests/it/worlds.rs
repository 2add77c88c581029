//! Broken worlds with the real programs: the day is played by processes of the demo's own binary.

use fieldline_demo::day;
use fieldline_demo::show::Page;
use fieldline_demo::world::{Plan, World};

async fn broken_in(plan: Plan) -> Vec<&'static str> {
    let program = Some(env!("CARGO_BIN_EXE_fieldline-demo").into());
    let plan = Plan { program, ..plan };
    let mut world = World::start(&plan).await.unwrap();
    let verdict = day::play(&mut world, &Page::quiet()).await.unwrap();
    let folder = world.folder().to_owned();
    world.end().await;
    assert!(!folder.exists(), "the folder is left behind");
    verdict.results.into_iter().filter(|j| j.outcome.is_err()).map(|judged| judged.id).collect()
}

#[tokio::test]
async fn where_nothing_is_lost_and_nobody_is_killed_the_demo_says_so() {
    let broken = broken_in(Plan { lose_answers: false, kill: false, ..Plan::default() }).await;
    let lost = ["survives-kill", "phone-asks-again", "unknown-is-said", "status-settles"];
    assert_eq!(broken, lost);
}

#[tokio::test]
async fn where_whatsapp_withholds_every_status_the_demo_names_what_hangs_on_it() {
    let broken = broken_in(Plan { statuses: false, ..Plan::default() }).await;
    for claim in ["status-settles", "each-reply-once", "in-written-order", "steps-are-true"] {
        assert!(broken.contains(&claim), "{claim} is not among {broken:?}");
    }
    for claim in
        ["customer-on-every-phone", "survives-kill", "held-when-answered", "unknown-is-said"]
    {
        assert!(!broken.contains(&claim), "{claim} is among {broken:?}");
    }
}
