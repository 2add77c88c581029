//! What every request and every answer has in common.

use axum::body::Body;
use axum::http::Request;
use fieldline_platform::settings::AppVersion;
use serde_json::json;

use crate::world::{MARIA, START, World, minimum};

#[tokio::test(start_paused = true)]
async fn every_answer_is_dated() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    for (path, status) in [
        ("/v1/scope", 200),
        ("/v1/nothing", 404),
        ("/nothing", 404),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/v1/session", 404),
        ("/v1/changes", 400),
    ] {
        let answer = world.get(&phone, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.headers["fieldline-server-time"], START.to_string().as_str(), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_names_itself_and_is_new_enough() {
    let world = World::with(|s| s.minimum_versions = minimum("android", AppVersion(1, 4, 0))).await;
    let call = async |client: Option<&str>| {
        let mut request = Request::get("/v1/scope");
        if let Some(client) = client {
            request = request.header("Fieldline-Client", client);
        }
        world.raw(request.body(Body::empty()).unwrap()).await
    };
    for bad in [None, Some(""), Some("android"), Some("/1.0"), Some("android/new")] {
        let answer = call(bad).await;
        assert_eq!(answer.error(), (400, "malformed"));
        assert_eq!(answer.details()["field"], "Fieldline-Client");
    }
    let old = call(Some("android/1.3.9")).await;
    assert_eq!(old.error(), (426, "upgrade"));
    assert_eq!(old.details()["min_version"], "1.4.0");
    for good in ["android/1.4", "android/2.0.0", "ios/0.1"] {
        assert_eq!(call(Some(good)).await.error(), (401, "token"), "{good}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_and_read_as_json() {
    let world = World::new().await;
    let post = async |body: Body| {
        let request =
            Request::post("/v1/session").header("Fieldline-Client", "test/1").body(body).unwrap();
        world.raw(request).await
    };
    let large = post(Body::from(vec![b' '; 1024 * 1024 + 1])).await;
    assert_eq!(large.error(), (413, "too_large"));
    assert_eq!(large.details()["limit"], 1024 * 1024);
    // Without a length in front the body is counted as it comes.
    let parts = (0..17).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024]));
    let streamed = post(Body::from_stream(futures_util::stream::iter(parts))).await;
    assert_eq!(streamed.error(), (413, "too_large"));
    let mut fits = json!({"email": MARIA}).to_string().into_bytes();
    fits.resize(1024 * 1024, b' ');
    assert_eq!(post(Body::from(fits)).await.details()["field"], "device");
    for bad in ["", "{", "[]", "null", "{\"email\": 5}"] {
        assert_eq!(post(Body::from(bad)).await.error(), (400, "malformed"), "{bad}");
    }
    assert_eq!(post(Body::from("[".repeat(10_000))).await.error(), (400, "malformed"));
}
