//! The operator's page of figures.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use fieldline_platform::settings::Settings;
use serde_json::json;
use tower::ServiceExt as _;

use crate::meta_world::*;

async fn page(world: &World) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = world.platform().metrics_router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_figures_count_what_happened_and_name_nobody() {
    let world = World::new().await;
    world.ana("wamid.canary.1", "canary text").await;
    world.graph.then([Reply::Code(400, 131_047), Reply::Accept]);
    let held = world.send(MARIA, "canary reply", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&held), "held queued R7");
    let bad = json!({"kind": "canary", "canary": "canary"});
    assert_eq!(world.command(MARIA, bad).await["outcome"], "refused");
    assert_eq!(world.post(b"{}".to_vec(), Some("sha256=canary")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(world.raw(b"canary".to_vec()).await, StatusCode::OK);
    for field in ["canary_field", "Canary Field +34600"] {
        world.webhook(&[json!({"field": field, "value": {"canary": 1}})]).await;
    }
    assert_eq!(world.get("/canary/path").await.0, StatusCode::NOT_FOUND);
    world.space.set(123_456_789_012);

    let page = page(&world).await;
    for wanted in [
        "fieldline_build_info{version=\"0.1.0\"} 1",
        "fieldline_http_requests_total{route=\"/webhooks/meta\",status=\"200\"} 4",
        "fieldline_http_requests_total{route=\"/webhooks/meta\",status=\"401\"} 1",
        "fieldline_http_requests_total{route=\"none\",status=\"404\"} 1",
        "fieldline_commands_total{outcome=\"done\",code=\"none\"} 1",
        "fieldline_commands_total{outcome=\"refused\",code=\"unknown_kind\"} 1",
        "fieldline_graph_calls_total{class=\"refused\"} 1",
        "fieldline_sockets 0",
        "fieldline_webhook_signatures_wrong_total 1",
        "fieldline_webhooks_pending 0",
        "fieldline_webhooks_lag_seconds 0",
        "fieldline_webhooks_in_trouble{state=\"unreadable\"} 1",
        "fieldline_webhook_leftovers{field=\"canary_field\"} 1",
        "fieldline_webhook_leftovers{field=\"other\"} 1",
        "fieldline_sends_open{state=\"held\",reason=\"R7\"} 1",
        "fieldline_sessions 1",
        "fieldline_disk_free_bytes 123456789012",
        "fieldline_disk_floor_bytes 209715200",
    ] {
        assert!(page.lines().any(|line| line == wanted), "{wanted} is not in\n{page}");
    }
    let size = page.lines().find(|line| line.starts_with("fieldline_store_bytes{file=\"main\"}"));
    assert!(size.unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap() > 0);
    // The one field's name stands there because a test has to find it; nothing else of what came in.
    let rest = page.replace("canary_field", "");
    for private in ["canary", "Canary", ANA, PHONE_NUMBER_ID, "maria", MARIA, "34600", "Ana"] {
        assert!(!rest.contains(private), "{private} in\n{page}");
    }
    // Every sample belongs to a family that was announced.
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(page.contains(&format!("# TYPE {name} ")), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lag_is_the_age_of_the_oldest_body_that_waits() {
    let world = World::asleep().await;
    assert_eq!(world.raw(envelope(&[])).await, StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_secs(75)).await;
    let page = page(&world).await;
    assert!(page.contains("\nfieldline_webhooks_lag_seconds 75\n"), "{page}");
    assert!(page.contains("\nfieldline_webhooks_pending 1\n"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn the_public_listener_has_no_figures_unless_asked() {
    let closed = crate::world::World::new().await;
    assert_eq!(closed.call("GET", "/metrics", None, None).await.status, StatusCode::NOT_FOUND);
    let open = crate::world::World::with(|it: &mut Settings| it.metrics_public = true).await;
    assert_eq!(open.call("GET", "/metrics", None, None).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn every_answer_names_its_request_with_a_number_of_ours() {
    let world = crate::world::World::new().await;
    let mut seen = std::collections::BTreeSet::new();
    for path in ["/healthz", "/nothing", "/v1/scope", "/webhooks/meta"] {
        let request = Request::get(path).header("X-Request-Id", "canary").body(Body::empty());
        let answer = world.raw(request.unwrap()).await;
        let id = answer.headers["fieldline-request-id"].to_str().unwrap().to_owned();
        assert!(!id.contains("canary") && id.len() >= 8, "{id}");
        assert!(seen.insert(id));
    }
}
