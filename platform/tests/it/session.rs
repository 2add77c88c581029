//! Signing in, staying signed in, signing out.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use fieldline_platform::Platform;
use serde_json::json;
use tokio::time::advance;

use crate::world::{BEN, MARIA, OWNER, PASSWORD, Phone, World, device, settings};

const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const B: &str = "BBBBBBBB-0000-4000-8000-000000000002";

#[tokio::test(start_paused = true)]
async fn a_password_opens_a_session() {
    let world = World::new().await;
    let grant = world.try_sign_in(" MARIA@example.test ", PASSWORD, A).await.ok();
    assert_eq!(grant["expires_in_s"], 900);
    assert_eq!(grant["member"]["name"], "Maria");
    assert_eq!(grant["member"]["role"], "employee");
    assert_eq!(grant["workspace"]["name"], "Bloom");
    assert_eq!(grant["epoch"], grant["workspace"]["epoch"]);
    let phone = Phone::of(A, &grant);
    assert!(world.get(&phone, "/v1/scope").await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn nothing_tells_an_unknown_email_from_a_wrong_password() {
    let world = World::new().await;
    let wrong = world.try_sign_in(MARIA, "wrong password", A).await;
    let unknown = world.try_sign_in("nobody@example.test", "wrong password", A).await;
    assert_eq!(wrong.error(), (401, "wrong_credentials"));
    assert_eq!(unknown.error(), wrong.error());
    assert_eq!(unknown.json, wrong.json);
    world.sql().execute("UPDATE members SET removed_at = 1 WHERE email = ?1", [BEN]).unwrap();
    assert_eq!(world.try_sign_in(BEN, PASSWORD, A).await.json, wrong.json);
}

#[tokio::test(start_paused = true)]
async fn guessing_is_slowed_down_for_known_and_unknown_alike() {
    let world = World::new().await;
    for email in [MARIA, "nobody@example.test"] {
        for _ in 0..5 {
            assert_eq!(world.try_sign_in(email, "wrong", A).await.error().0, 401);
        }
        let refused = world.try_sign_in(email, PASSWORD, A).await;
        assert_eq!(refused.error(), (429, "too_many"));
        assert_eq!(refused.details()["retry_after_ms"], 180_000);
        assert_eq!(refused.headers["retry-after"], "180");
    }
    assert!(world.try_sign_in(BEN, PASSWORD, A).await.status.is_success());
    advance(Duration::from_mins(3)).await;
    assert!(world.try_sign_in(MARIA, PASSWORD, B).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_success_forgives_the_failures_before_it() {
    let world = World::new().await;
    for _ in 0..3 {
        for _ in 0..4 {
            world.try_sign_in(MARIA, "wrong", A).await;
        }
        assert!(world.try_sign_in(MARIA, PASSWORD, A).await.status.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn an_access_token_ends_after_fifteen_minutes() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    advance(Duration::from_millis(899_999)).await;
    assert!(world.get(&phone, "/v1/scope").await.status.is_success());
    advance(Duration::from_millis(1)).await;
    assert_eq!(world.get(&phone, "/v1/scope").await.error(), (401, "token"));
    let none = world.call("GET", "/v1/scope", None, None).await;
    assert_eq!(none.error(), (401, "token"));
    let made_up = world.call("GET", "/v1/scope", Some("x.1.y"), None).await;
    assert_eq!(made_up.error(), (401, "token"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_refresh_answer_is_given_again_and_signs_nobody_out() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let first = world.refresh(&phone.refresh).await.ok();
    // The answer was lost: the same token once more gives the same successor.
    let again = world.refresh(&phone.refresh).await.ok();
    assert_eq!(first["refresh_token"], again["refresh_token"]);
    assert_ne!(first["refresh_token"], phone.refresh);
    // The successor was used: the old one is good no more, and its use ends the session.
    let second = Phone::of(A, &world.refresh(first["refresh_token"].as_str().unwrap()).await.ok());
    assert!(world.get(&second, "/v1/scope").await.status.is_success());
    assert_eq!(world.refresh(&phone.refresh).await.error(), (401, "session_ended"));
    assert_eq!(world.refresh(&second.refresh).await.error(), (401, "session_ended"));
    assert_eq!(world.get(&second, "/v1/scope").await.error(), (401, "token"));
    assert_eq!(world.one::<String>("SELECT end_reason FROM sessions"), "reuse");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_came_back_from_a_copy_signs_nobody_out() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let file = world.dir.path().join("platform.db");
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let copy = std::fs::read(&file).unwrap();
    let mut tokens = vec![phone.refresh.clone()];
    for _ in 0..3 {
        let grant = world.refresh(tokens.last().unwrap()).await.ok();
        tokens.push(grant["refresh_token"].as_str().unwrap().to_owned());
    }
    world.platform.stop().await;
    std::fs::write(&file, copy).unwrap();
    let platform = Platform::open(settings(world.dir.path()), world.ports.clone()).await.unwrap();
    let world = World { platform, ..world };
    // The copy knows the first token alone; the phone's is newer, and only this platform's key
    // can have made it.
    let back = world.refresh(&tokens[3]).await.ok();
    let again = world.refresh(&tokens[3]).await.ok();
    assert_eq!(back["refresh_token"], again["refresh_token"]);
    let next = world.refresh(back["refresh_token"].as_str().unwrap()).await.ok();
    assert!(world.get(&Phone::of(A, &next), "/v1/scope").await.status.is_success());
    // From here on an old one is a copy again.
    assert_eq!(world.refresh(&tokens[2]).await.error(), (401, "session_ended"));
    let ended = world.refresh(next["refresh_token"].as_str().unwrap()).await;
    assert_eq!(ended.error(), (401, "session_ended"));
    // Somebody has a copy: the office can read of it.
    let what: String = world.one("SELECT what || ' ' || actor FROM audit ORDER BY id DESC LIMIT 1");
    assert_eq!(what, "session_reused system");
}

#[tokio::test(start_paused = true)]
async fn refresh_tokens_are_not_stored() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let secret = phone.refresh.rsplit('.').next().unwrap().to_owned();
    world.platform.stop().await;
    let file = std::fs::read(world.dir.path().join("platform.db")).unwrap();
    for secret in [secret.as_str(), PASSWORD, "graph-token"] {
        assert!(!file.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_refreshes_nothing() {
    let world = World::new().await;
    for token in ["", "x", "a.1.b"] {
        assert_eq!(world.refresh(token).await.error(), (401, "session_ended"));
    }
    let none = world.post("/v1/session/refresh", json!({})).await;
    assert_eq!(none.error(), (400, "malformed"));
    assert_eq!(none.details()["field"], "refresh_token");
}

#[tokio::test(start_paused = true)]
async fn a_device_has_one_session_and_one_member() {
    let world = World::new().await;
    let first = Phone::of(A, &world.try_sign_in(MARIA, PASSWORD, A).await.ok());
    let second = Phone::of(A, &world.try_sign_in(MARIA, PASSWORD, A).await.ok());
    assert_eq!(world.get(&first, "/v1/scope").await.error(), (401, "token"));
    assert_eq!(world.refresh(&first.refresh).await.error(), (401, "session_ended"));
    assert!(world.get(&second, "/v1/scope").await.status.is_success());
    assert_eq!(world.try_sign_in(BEN, PASSWORD, A).await.error(), (409, "device_taken"));
    assert!(world.get(&second, "/v1/scope").await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_removed_device_or_member_is_told_so() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    world
        .sql()
        .execute("UPDATE devices SET revoked_at = 1 WHERE id = ?1", [&maria.device])
        .unwrap();
    world.sql().execute("UPDATE members SET removed_at = 1 WHERE email = ?1", [BEN]).unwrap();
    for phone in [&maria, &ben] {
        assert_eq!(world.get(phone, "/v1/scope").await.error(), (401, "device_revoked"));
        assert_eq!(world.refresh(&phone.refresh).await.error(), (401, "device_revoked"));
    }
    let again = world.try_sign_in(MARIA, PASSWORD, &maria.device).await;
    assert_eq!(again.error(), (401, "device_revoked"));
}

#[tokio::test(start_paused = true)]
async fn signing_out_ends_the_session() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let out = world.call("DELETE", "/v1/session", Some(&phone.access), None).await;
    assert_eq!(out.status.as_u16(), 204);
    assert_eq!(world.get(&phone, "/v1/scope").await.error(), (401, "token"));
    assert_eq!(world.refresh(&phone.refresh).await.error(), (401, "session_ended"));
}

#[tokio::test(start_paused = true)]
async fn a_link_code_signs_one_phone_in_once() {
    let world = World::new().await;
    let made = world.platform.office().link_code(MARIA).await.unwrap();
    assert_eq!(made.expires_at, world.now() + 600_000);
    assert_eq!(made.url, format!("http://127.0.0.1:8480/link#{}", made.link_code));
    let spelled = made.link_code.to_lowercase().replace('-', " ");
    let preview = world.post("/v1/session/preview", json!({"link_code": spelled})).await.ok();
    assert_eq!(preview, json!({"workspace": "Bloom", "member_name": "Maria"}));
    let use_it = |id: &str| json!({"link_code": made.link_code, "device": device(id)});
    let first = world.post("/v1/session", use_it(A)).await.ok();
    // Its answer was lost: the same phone gets the same session.
    let again = world.post("/v1/session", use_it(A)).await.ok();
    assert_eq!(first["refresh_token"], again["refresh_token"]);
    assert!(world.get(&Phone::of(A, &first), "/v1/scope").await.status.is_success());
    let other = world.post("/v1/session", use_it(B)).await;
    assert_eq!(other.error(), (401, "link_code"));
    assert_eq!(other.details()["cause"], "used");
    let preview = world.post("/v1/session/preview", json!({"link_code": made.link_code})).await;
    assert_eq!(preview.details()["cause"], "used");
}

#[tokio::test(start_paused = true)]
async fn link_codes_expire_and_are_not_guessed() {
    let world = World::new().await;
    let made = world.platform.office().link_code(OWNER).await.unwrap();
    advance(Duration::from_mins(10)).await;
    let late = json!({"link_code": made.link_code, "device": device(A)});
    assert_eq!(world.post("/v1/session", late).await.details()["cause"], "expired");
    for _ in 0..4 {
        let guess = json!({"link_code": "AAAA-AAAA", "device": device(A)});
        assert_eq!(world.post("/v1/session", guess).await.details()["cause"], "unknown");
    }
    let made = world.platform.office().link_code(OWNER).await.unwrap();
    let good = json!({"link_code": made.link_code, "device": device(A)});
    assert_eq!(world.post("/v1/session", good.clone()).await.error(), (429, "too_many"));
    advance(Duration::from_mins(3)).await;
    assert!(world.post("/v1/session", good).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn behind_a_proxy_a_strangers_guesses_keep_nobody_out() {
    let world = World::new().await;
    let knock = |code: String, socket: [u8; 4], forwarded: Option<&'static str>| {
        let body = json!({"link_code": code, "device": device(A)}).to_string();
        let mut request = Request::post("/v1/session").header("Fieldline-Client", "test/1.0.0");
        if let Some(forwarded) = forwarded {
            request = request.header("X-Forwarded-For", forwarded);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((socket, 1))));
        world.raw(request)
    };
    let home = [127, 0, 0, 1];
    for round in 0..6 {
        // What a client writes there itself stands before what the proxy adds.
        let from = if round % 2 == 0 { "203.0.113.9" } else { "10.0.0.1, 203.0.113.9" };
        let refused = knock("AAAA-AAAA".into(), home, Some(from)).await;
        assert_eq!(refused.error().0, if round < 5 { 401 } else { 429 }, "{round}");
    }
    let made = world.platform.office().link_code(MARIA).await.unwrap();
    knock(made.link_code, home, Some("198.51.100.7")).await.ok();
    // Nobody but a proxy on this machine is believed.
    for round in 0..6 {
        let refused = knock("AAAA-AAAA".into(), [192, 0, 2, 1], Some("198.51.100.8")).await;
        assert_eq!(refused.error().0, if round < 5 { 401 } else { 429 }, "{round}");
    }
    assert_eq!(
        knock("AAAA-AAAA".into(), [192, 0, 2, 1], Some("198.51.100.9")).await.error().0,
        429
    );
}

#[tokio::test(start_paused = true)]
async fn one_password_tried_on_everybody_is_slowed_down_too() {
    let world = World::new().await;
    let knock = |email: String, password: &str, from: [u8; 4]| {
        let body = json!({"email": email, "password": password, "device": device(A)}).to_string();
        let request = Request::post("/v1/session").header("Fieldline-Client", "test/1.0.0");
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((from, 1))));
        world.raw(request)
    };
    let home = [192, 0, 2, 1];
    // Who gets in is no guess, however many share the address.
    for _ in 0..60 {
        knock(MARIA.into(), PASSWORD, home).await.ok();
    }
    for n in 0..50 {
        let told = knock(format!("{n}@example.test"), "summer 2026", home).await;
        assert_eq!(told.error(), (401, "wrong_credentials"), "{n}");
    }
    let told = knock("x@example.test".into(), "summer 2026", home).await;
    assert_eq!(
        (told.error(), &told.details()["retry_after_ms"]),
        ((429, "too_many"), &json!(180_000))
    );
    assert_eq!(knock(MARIA.into(), PASSWORD, home).await.error(), (429, "too_many"));
    knock(MARIA.into(), PASSWORD, [192, 0, 2, 2]).await.ok();
    advance(Duration::from_mins(3)).await;
    knock(MARIA.into(), PASSWORD, home).await.ok();
    // Behind a proxy that does not say who knocks nobody is kept out by the others.
    for n in 0..60 {
        let told = knock(format!("{n}@example.test"), "summer 2026", [127, 0, 0, 1]).await;
        assert_eq!(told.error(), (401, "wrong_credentials"), "{n}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_code_does_not_wipe_out_guesses() {
    let world = World::new().await;
    let made = world.platform.office().link_code(OWNER).await.unwrap();
    let (good, bad) = (json!({"link_code": made.link_code}), json!({"link_code": "AAAAAAAA"}));
    for _ in 0..5 {
        assert!(world.post("/v1/session/preview", good.clone()).await.status.is_success());
        assert_eq!(world.post("/v1/session/preview", bad.clone()).await.error().0, 401);
    }
    assert_eq!(world.post("/v1/session/preview", good).await.error(), (429, "too_many"));
}

#[tokio::test(start_paused = true)]
async fn each_bad_field_is_named() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"email": MARIA, "password": PASSWORD}), "device"),
        (json!({"email": MARIA, "device": device(A)}), "password"),
        (json!({"password": PASSWORD, "device": device(A)}), "email"),
        (json!({"email": MARIA, "password": PASSWORD, "device": device("x")}), "device.id"),
        (
            json!({"email": MARIA, "password": PASSWORD, "device": {"id": A, "platform": "t"}}),
            "device.name",
        ),
        (
            json!({"email": MARIA, "password": PASSWORD, "device": {"id": A, "name": "P"}}),
            "device.platform",
        ),
    ] {
        let answer = world.post("/v1/session", body).await;
        assert_eq!(answer.error(), (400, "malformed"));
        assert_eq!(answer.details()["field"], field);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_locks_nobody_out() {
    let world = World::new().await;
    for _ in 0..6 {
        world.try_sign_in(MARIA, "wrong horse", &world.uuid()).await;
    }
    // As if the clock had been a year ahead when they failed.
    let year = 365 * 24 * 3_600_000_i64;
    world.sql().execute("UPDATE sign_in_failures SET since = since + ?1", [year]).unwrap();
    let answer = world.try_sign_in(MARIA, PASSWORD, &world.uuid()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
}
