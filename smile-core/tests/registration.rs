//! The registration calls: what is sent, and what is made of the answers.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use serde_json::{Value, json};
use smile_core::smile_api::{
    EventType,
    registration::{
        ApiCode, ApiErrorKind, Credentials, EnsureError, EnsureStep, Ensured, Environment,
        InvalidInput, Method, NewWebhook, PageRequest, Registration, Request, SecretMatch,
        Subscription,
    },
};

#[test]
fn environments_lead_to_the_vendor_s_addresses() {
    for (environment, url) in [
        (
            Environment::Sandbox,
            "https://sandbox.smileapi.io/v1/webhooks/w%2F1",
        ),
        (
            Environment::Production,
            "https://open.smileapi.io/v1/webhooks/w%2F1",
        ),
        (
            Environment::at("http://127.0.0.1:4010").unwrap(),
            "http://127.0.0.1:4010/webhooks/w%2F1",
        ),
        (
            Environment::at("https://api.example/v1/").unwrap(),
            "https://api.example/v1/webhooks/w%2F1",
        ),
    ] {
        let registration = Registration::new(environment, credentials());
        assert_eq!(registration.get("w/1").unwrap().request().url(), url);
    }
}

#[test]
fn base_urls_that_would_leak_credentials_are_refused() {
    for url in [
        "http://api.example",
        "http://localhost.example",
        "http://127.0.0.1@api.example",
        "http://localhost\\@api.example",
        "ftp://localhost",
        "https://",
        "https://a b",
        "https://api.example/?x=",
        "https://user:pw@api.example",
        "api.example",
        "",
    ] {
        assert_eq!(Environment::at(url), Err(InvalidInput::BaseUrl), "{url}");
    }
    for url in [
        "http://localhost:4010/v1",
        "http://[::1]:4010",
        "https://api.example:8443",
    ] {
        assert!(Environment::at(url).is_ok(), "{url}");
    }
}

#[test]
fn requests_carry_http_basic_and_json() {
    let webhook = NewWebhook::new("orders", "https://app.example/hook", "s3").unwrap();
    let call = registration().create(&webhook);
    let headers: Vec<_> = call.request().headers().collect();
    // printf 'key:secret' | openssl base64
    let expected = [
        ("accept", "application/json"),
        ("authorization", "Basic a2V5OnNlY3JldA=="),
        ("content-type", "application/json"),
    ];
    assert_eq!(headers, expected);
    assert_eq!(call.request().method(), Method::Post);
    let list = registration().list(&PageRequest::first());
    assert_eq!(list.request().headers().collect::<Vec<_>>(), expected[..2]);
    assert_eq!(
        (list.request().method().as_str(), list.request().body()),
        ("GET", None)
    );
}

#[test]
fn new_webhooks_are_sent_as_the_schema_has_them() {
    let webhook = NewWebhook::new("orders", "https://app.example/hook", "s3").unwrap();
    let all = json!({
        "name": "orders", "url": "https://app.example/hook", "secret": "s3",
        "eventTypes": ["ALL_EVENTS"], "active": true, "includePayload": false,
    });
    assert_eq!(body(registration().create(&webhook).request()), all);
    let webhook = webhook
        .events([EventType::TaskFinished, EventType::from("MOON_LANDED")])
        .unwrap()
        .include_payload()
        .inactive();
    let sent = body(registration().create(&webhook).request());
    assert_eq!(sent["eventTypes"], json!(["TASK_FINISHED", "MOON_LANDED"]));
    assert_eq!(
        (&sent["active"], &sent["includePayload"]),
        (&json!(false), &json!(true))
    );
}

#[test]
fn the_vendor_s_limits_are_checked_at_the_setter() {
    let url = "https://app.example/hook";
    let long_url = |length: usize| format!("https://a/{}", "x".repeat(length - 10));
    for (name, url, secret, field) in [
        ("", url, "s", Some("name")),
        (&*"ü".repeat(200), url, "s", None),
        (&*"ü".repeat(201), url, "s", Some("name")),
        ("n", "", "s", Some("url")),
        ("n", &*long_url(500), "s", None),
        ("n", &*long_url(501), "s", Some("url")),
        ("n", url, "", Some("secret")),
        ("n", url, &*"s".repeat(64), None),
        ("n", url, &*"s".repeat(65), Some("secret")),
    ] {
        let found = match NewWebhook::new(name, url, secret) {
            Ok(_) => None,
            Err(InvalidInput::Length { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, field);
    }
    let http = NewWebhook::new("n", "http://app.example", "s").unwrap_err();
    assert_eq!(http, InvalidInput::NotHttps);
    let none = NewWebhook::new("n", url, "s")
        .unwrap()
        .events::<EventType>([])
        .unwrap_err();
    assert_eq!(none, InvalidInput::NoEventTypes);
    for size in [0, 151] {
        let err = PageRequest::first().size(size).unwrap_err();
        assert_eq!(
            err.to_string(),
            format!("size: expected 1 to 150, found {size}")
        );
    }
    for id in ["", ".", "..", &*"x".repeat(201)] {
        assert!(
            registration().get(id).is_err() && registration().delete(id).is_err(),
            "{id}"
        );
    }
    for (key, secret) in [
        ("", "s"),
        ("k", ""),
        ("k:k", "s"),
        ("k\n", "s"),
        ("k", "s\r"),
    ] {
        assert!(Credentials::new(key, secret).is_err(), "{key:?} {secret:?}");
    }
}

#[test]
fn pages_are_asked_for_by_size_and_cursor() {
    let page = PageRequest::at("a b&c=ü").size(10).unwrap();
    let call = registration().list(&page);
    let url = "https://sandbox.smileapi.io/v1/webhooks?size=10&cursor=a%20b%26c%3D%C3%BC";
    assert_eq!(call.request().url(), url);
    let body =
        answer(json!({"nextCursor": "11", "items": [webhook("1"), {"id": "2", "new": [1]}]}));
    let page = call.parse(200, &body).unwrap();
    assert_eq!((page.next_cursor.as_deref(), page.len()), (Some("11"), 2));
    assert_eq!(
        page[0].event_types,
        [Subscription::Only(EventType::TaskFinished)]
    );
    assert_eq!(page[1].unknown.get("new").unwrap().get(), "[1]");
}

#[test]
fn any_2xx_is_a_success() {
    let created = registration().create(&new_webhook());
    for status in [200, 201] {
        let webhook = created.parse(status, &answer(webhook("7"))).unwrap();
        assert_eq!(webhook.id.as_deref(), Some("7"));
    }
    let delete = registration().delete("7").unwrap();
    assert_eq!(delete.request().method().as_str(), "DELETE");
    for (status, body) in [
        (200, r#"{"code":"OK"}"#),
        (204, ""),
        (200, r#"{"data":null}"#),
    ] {
        assert_eq!(delete.parse(status, body.as_bytes()), Ok(()));
    }
}

#[test]
fn each_documented_error_is_a_value_of_its_own() {
    for (status, name, code, kind) in [
        (
            400,
            "INVALID_CREDENTIALS",
            ApiCode::InvalidCredentials,
            ApiErrorKind::Unauthorized,
        ),
        (
            400,
            "INVALID_PARAMETERS",
            ApiCode::InvalidParameters,
            ApiErrorKind::Refused,
        ),
        (
            401,
            "INVALID_TOKEN",
            ApiCode::InvalidToken,
            ApiErrorKind::Unauthorized,
        ),
        (
            403,
            "UNAUTHORIZED_ACCESS",
            ApiCode::UnauthorizedAccess,
            ApiErrorKind::Forbidden,
        ),
        (
            404,
            "MISSING_RESOURCE",
            ApiCode::MissingResource,
            ApiErrorKind::NotFound,
        ),
        (
            415,
            "UNSUPPORTED_TYPE",
            ApiCode::UnsupportedType,
            ApiErrorKind::Refused,
        ),
        (
            429,
            "REQUEST_LIMIT_EXCEEDED",
            ApiCode::RequestLimitExceeded,
            ApiErrorKind::RateLimited,
        ),
        (
            500,
            "SERVER_ERROR",
            ApiCode::ServerError,
            ApiErrorKind::Server,
        ),
        (
            501,
            "UNSUPPORTED_METHOD",
            ApiCode::UnsupportedMethod,
            ApiErrorKind::Server,
        ),
        (
            503,
            "SERVER_UNAVAILABLE",
            ApiCode::ServerUnavailable,
            ApiErrorKind::Server,
        ),
        (
            504,
            "TIME_LIMIT_EXCEEDED",
            ApiCode::TimeLimitExceeded,
            ApiErrorKind::Server,
        ),
    ] {
        let body = json!({"code": name, "message": "words", "requestId": "r-1", "data": {}});
        let err = registration()
            .get("7")
            .unwrap()
            .parse(status, body.to_string().as_bytes());
        let err = err.unwrap_err();
        assert_eq!((err.kind(), err.code()), (kind, Some(&code)), "{name}");
        assert_eq!(
            (err.message(), err.request_id()),
            (Some("words"), Some("r-1"))
        );
        assert_eq!(
            err.to_string(),
            format!("smile api answered {status} {name} (request r-1)")
        );
    }
}

#[test]
fn answers_that_are_no_json_are_errors_by_their_status() {
    let call = registration().get("7").unwrap();
    for (status, body, kind) in [
        (429, "slow down", ApiErrorKind::RateLimited),
        (502, "<html>", ApiErrorKind::Server),
        (200, "<html>", ApiErrorKind::Unexpected),
        (200, "", ApiErrorKind::Unexpected),
        (200, r#"{"data":null}"#, ApiErrorKind::Unexpected),
        (200, r#"{"data":[true]}"#, ApiErrorKind::Unexpected),
        (302, "{}", ApiErrorKind::Unexpected),
    ] {
        let err = call.parse(status, body.as_bytes()).unwrap_err();
        assert_eq!((err.kind(), err.status()), (kind, status), "{body}");
        let list = registration().list(&PageRequest::first());
        assert_eq!(
            list.parse(status, body.as_bytes()).unwrap_err().kind(),
            kind,
            "{body}"
        );
    }
}

#[test]
fn nothing_shows_the_secrets() {
    let credentials = Credentials::new("key", "SECRET").unwrap();
    let registration = Registration::new(Environment::Sandbox, credentials);
    let new = NewWebhook::new("n", "https://app.example", "SECRET").unwrap();
    let create = registration.create(&new);
    let webhook = create
        .parse(200, &answer(json!({"id": "1", "secret": "SECRET"})))
        .unwrap();
    let ensure = registration.ensure(new.clone());
    let encoded = "a2V5OlNFQ1JFVA==";
    for shown in [
        format!("{registration:?}"),
        format!("{new:?}"),
        format!("{create:?}"),
        format!("{webhook:?}"),
        format!("{ensure:?}"),
        serde_json::to_string(&webhook).unwrap(),
    ] {
        assert!(
            !shown.contains("SECRET") && !shown.contains(encoded),
            "{shown}"
        );
    }
    assert_eq!(webhook.secret.unwrap().expose(), "SECRET");
}

#[test]
fn ensure_creates_what_no_page_lists() {
    let mut other = webhook("1");
    other["url"] = json!("https://app.example/other");
    let mut inactive = webhook("2");
    inactive["active"] = json!(false);
    let mut fewer = webhook("3");
    fewer["eventTypes"] = json!(["LINK_ADDED"]);
    let mut with_payload = webhook("4");
    with_payload["includePayload"] = json!(true);
    let pages = [
        json!({"nextCursor": "2", "items": [other, inactive]}),
        json!({"nextCursor": null, "items": [fewer, with_payload]}),
    ];
    let mut call = registration().ensure(new_webhook());
    for page in pages {
        assert_eq!(call.request().method(), Method::Get);
        call = next(call.receive(200, &answer(page)));
    }
    assert_eq!(call.request().method(), Method::Post);
    let step = call.receive(201, &answer(webhook("5"))).unwrap();
    let EnsureStep::Done(Ensured::Created(created)) = step else {
        panic!("{step:?}")
    };
    assert_eq!(created.id.as_deref(), Some("5"));
}

#[test]
fn ensure_creates_nothing_where_one_is_listed_already() {
    for (change, secret_match) in [
        (json!({}), SecretMatch::Same),
        (json!({"eventTypes": ["ALL_EVENTS"]}), SecretMatch::Same),
        (
            json!({"eventTypes": ["LINK_ADDED", "TASK_FINISHED"]}),
            SecretMatch::Same,
        ),
        (
            json!({"name": "renamed", "includePayload": null}),
            SecretMatch::Same,
        ),
        (json!({"secret": "****"}), SecretMatch::Different),
        (json!({"secret": null}), SecretMatch::NotTold),
    ] {
        let mut listed = webhook("1");
        for (name, value) in change.as_object().unwrap() {
            listed[name] = value.clone();
        }
        let call = registration().ensure(new_webhook());
        let call = next(call.receive(200, &answer(json!({"nextCursor": "2", "items": []}))));
        assert!(call.request().url().ends_with("?size=150&cursor=2"));
        let step = call
            .receive(200, &answer(json!({"items": [listed]})))
            .unwrap();
        let EnsureStep::Done(Ensured::Existing(_, found)) = step else {
            panic!("{change}")
        };
        assert_eq!(found, secret_match, "{change}");
    }
}

#[test]
fn ensure_gives_up_on_errors_and_endless_lists() {
    let call = registration().ensure(new_webhook());
    let err = call.receive(429, b"").unwrap_err();
    assert!(matches!(err, EnsureError::Api(err) if err.kind() == ApiErrorKind::RateLimited));
    let endless = answer(json!({"nextCursor": "2", "items": []}));
    let call = next(registration().ensure(new_webhook()).receive(200, &endless));
    assert_eq!(
        call.receive(200, &endless).unwrap_err(),
        EnsureError::EndlessList
    );
    let mut call = registration().ensure(new_webhook());
    for page in 0..99 {
        call = next(call.receive(200, &answer(json!({"nextCursor": page, "items": []}))));
    }
    let err = call
        .receive(200, &answer(json!({"nextCursor": "more", "items": []})))
        .unwrap_err();
    assert_eq!(err, EnsureError::EndlessList);
}

fn credentials() -> Credentials {
    Credentials::new("key", "secret").unwrap()
}

fn registration() -> Registration {
    Registration::new(Environment::Sandbox, credentials())
}

fn new_webhook() -> NewWebhook {
    NewWebhook::new("orders", "https://app.example/hook", "s3")
        .unwrap()
        .events([EventType::TaskFinished])
        .unwrap()
}

fn webhook(id: &str) -> Value {
    json!({
        "id": id, "createdAt": "2024-07-19T02:41:07Z", "name": "orders",
        "url": "https://app.example/hook", "secret": "s3", "eventTypes": ["TASK_FINISHED"],
        "active": true, "updatedAt": "2024-07-19T02:41:07Z",
    })
}

fn answer(data: Value) -> Vec<u8> {
    json!({"code": "OK", "message": "Success", "requestId": "r-1", "data": data})
        .to_string()
        .into_bytes()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body().unwrap()).unwrap()
}

#[track_caller]
fn next(step: Result<EnsureStep, EnsureError>) -> smile_core::smile_api::registration::EnsureCall {
    match step {
        Ok(EnsureStep::Send(call)) => call,
        other => panic!("{other:?}"),
    }
}
