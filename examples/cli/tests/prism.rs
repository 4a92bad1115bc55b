//! The client and the program against `tests/openapi/smile-webhooks.yaml`, served by Prism, which
//! checks each request by that description.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    pin::Pin,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use smile_tower::{
    RegistrationClient, RegistrationError,
    smile_api::{
        EventType,
        registration::{
            ApiCode, ApiErrorKind, Credentials, Ensured, Environment, NewWebhook, PageRequest,
            Registration, SecretMatch,
        },
    },
};
use tower_service::Service;

#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn the_four_operations_are_as_described() {
    let prism = Prism::start();
    let (client, seen) = prism.client(Prefer::Nothing);

    let created = client.create(&webhook()).await.unwrap();
    let id = created.id.as_deref().unwrap();
    let page = client.list(&PageRequest::first()).await.unwrap();
    assert_eq!(page.len(), 1);
    let found = client.get(id).await.unwrap();
    assert_eq!(found, created);
    assert_eq!(found.include_payload, Some(false));
    client.delete(id).await.unwrap();

    seen.assert_valid(4);
}

#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn the_largest_values_are_as_described() {
    let prism = Prism::start();
    let (client, seen) = prism.client(Prefer::Nothing);

    let url = format!("https://app.example/{}", "u".repeat(480));
    let largest = NewWebhook::new(&"\u{1f980}".repeat(200), &url, &"\u{e9}".repeat(64)).unwrap();
    let largest = largest.events(EventType::ALL).unwrap().include_payload();
    client.create(&largest.inactive()).await.unwrap();
    client.get(&"\u{1f980}".repeat(200)).await.unwrap();
    client.delete("a/b?c#d e%2F").await.unwrap();
    for size in [1, 150] {
        let page = PageRequest::at("a&size=9/+ \u{e9}=").size(size).unwrap();
        client.list(&page).await.unwrap();
    }

    seen.assert_valid(5);
}

#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn webhooks_are_listed_over_several_pages() {
    let prism = Prism::start();
    let (client, seen) = prism.client(Prefer::TwoPages);

    let first = client.list(&PageRequest::first().size(2).unwrap()).await;
    let first = first.unwrap();
    assert_eq!(first.len(), 2);
    let cursor = first.next_cursor.as_deref().unwrap();
    let second = client.list(&PageRequest::at(cursor)).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(second.next_cursor.as_deref(), None);

    seen.assert_valid(2);
}

#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn ensure_finds_what_is_on_the_second_page() {
    let prism = Prism::start();
    let (client, seen) = prism.client(Prefer::TwoPages);

    let ensured = client.ensure(webhook()).await.unwrap();
    let Ensured::Existing(found, SecretMatch::Same) = ensured else {
        panic!("{ensured:?}");
    };
    assert_eq!(found.name.as_deref(), Some("ledger"));

    seen.assert_valid(2);
}

#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn ensure_creates_what_is_on_no_page() {
    let prism = Prism::start();
    let (client, seen) = prism.client(Prefer::TwoPages);

    let missing = NewWebhook::new("new", "https://app.example/hook", "the-webhook-secret");
    let ensured = client.ensure(missing.unwrap()).await.unwrap();
    assert!(matches!(ensured, Ensured::Created(_)), "{ensured:?}");

    seen.assert_valid(3);
}

#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn each_refusal_comes_back_as_its_own_value() {
    let prism = Prism::start();
    for (status, kind, code) in [
        (400, ApiErrorKind::Refused, "INVALID_PARAMETERS"),
        (401, ApiErrorKind::Unauthorized, "INVALID_TOKEN"),
        (403, ApiErrorKind::Forbidden, "UNAUTHORIZED_ACCESS"),
        (404, ApiErrorKind::NotFound, "MISSING_RESOURCE"),
        (429, ApiErrorKind::RateLimited, "REQUEST_LIMIT_EXCEEDED"),
        (500, ApiErrorKind::Server, "SERVER_ERROR"),
        (503, ApiErrorKind::Server, "SERVER_UNAVAILABLE"),
    ] {
        let (client, seen) = prism.client(Prefer::Status(status));
        let mut errors = vec![
            client.get("1").await.unwrap_err(),
            client.delete("1").await.unwrap_err(),
        ];
        // The operations on all webhooks have no 404.
        if status != 404 {
            errors.push(client.list(&PageRequest::first()).await.unwrap_err());
            errors.push(client.create(&webhook()).await.unwrap_err());
            errors.push(client.ensure(webhook()).await.unwrap_err());
        }
        for err in &errors {
            let RegistrationError::Api(err) = err else {
                panic!("{status}: {err:?}");
            };
            assert_eq!(err.status(), status);
            assert_eq!(err.kind(), kind);
            assert_eq!(err.code().map(ApiCode::as_str), Some(code));
            assert!(err.request_id().is_some(), "{status}");
        }
        seen.assert_no_violation();
    }
}

/// Else the other tests would show nothing.
#[tokio::test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
async fn requests_that_are_not_as_described_are_refused() {
    let prism = Prism::start();
    let basic = Some("Basic a2V5OnNlY3JldA==");
    let valid = r#"{"name":"a","url":"https://a.example","eventTypes":["ALL_EVENTS"],
        "active":true,"secret":"s"}"#;
    let body = |from: &str, to: &str| valid.replace(from, to);
    for (fault, method, path, authorization, body, status) in [
        ("none", "POST", "/webhooks", basic, valid.into(), 200),
        ("no credentials", "GET", "/webhooks", None, "".into(), 401),
        (
            "size 151",
            "GET",
            "/webhooks?size=151",
            basic,
            "".into(),
            400,
        ),
        ("size 0", "GET", "/webhooks?size=0", basic, "".into(), 400),
        (
            "no secret",
            "POST",
            "/webhooks",
            basic,
            body("secret", "secrets"),
            400,
        ),
        (
            "http",
            "POST",
            "/webhooks",
            basic,
            body("https:", "http:"),
            400,
        ),
        (
            "event",
            "POST",
            "/webhooks",
            basic,
            body("ALL_EVENTS", "SOME_EVENTS"),
            400,
        ),
        ("no body", "POST", "/webhooks", basic, "".into(), 400),
    ] {
        let mut request = Request::builder()
            .method(method)
            .uri(prism.base_url() + path)
            .header("content-type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer = http_client().request(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{fault}");
    }
}

#[test]
#[ignore = "needs prism (npm install -g @stoplight/prism-cli)"]
fn the_program_registers_a_webhook_as_described() {
    let prism = Prism::start();
    let output = Command::new(env!("CARGO_BIN_EXE_smile"))
        .args(["webhooks", "ensure"])
        .args(["--base-url", &prism.base_url()])
        .args(["--url", "https://app.example/hook"])
        .args(["--events", "TASK_FINISHED,ACCOUNT_FAILED"])
        .env("SMILE_API_KEY_ID", "the-key")
        .env("SMILE_API_KEY_SECRET", "the-key-secret")
        .env("SMILE_API_SECRET", "the-webhook-secret")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "created webhook 7b2e4c9dbf506e83cad9b8a7f6e5d4c3\n"
    );
}

/// The one that the description's examples hold on the second page.
fn webhook() -> NewWebhook {
    NewWebhook::new(
        "ledger",
        "https://shop.example/hooks/ledger",
        "the-webhook-secret",
    )
    .unwrap()
}

fn http_client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// A Prism of the test's own, which ends with its value.
struct Prism {
    process: Child,
    address: SocketAddr,
}

impl Prism {
    /// From the environment variable `PRISM`, or else from `PATH`.
    #[track_caller]
    fn start() -> Self {
        let program = env::var_os("PRISM").unwrap_or_else(|| "prism".into());
        let description =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/openapi/smile-webhooks.yaml");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = port.unwrap();
        let mut process = Command::new(&program)
            .args(["mock", "--errors", "--host", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .arg(description)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|err| panic!("{}: {err}", program.display()));
        let output = BufReader::new(process.stdout.take().unwrap());
        let prism = Self { process, address };
        let (started, starts) = mpsc::channel();
        // Reads to the end, so that Prism is not stopped by a full pipe.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.contains("Prism is listening") {
                    let _ = started.send(());
                }
            }
        });
        starts
            .recv_timeout(Duration::from_secs(120))
            .unwrap_or_else(|err| panic!("Prism does not listen: {err}"));
        prism
    }

    fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn client(&self, prefer: Prefer) -> (RegistrationClient<Preferring>, Seen) {
        let credentials = Credentials::new("the-key", "the-key-secret").unwrap();
        let environment = Environment::at(&self.base_url()).unwrap();
        let seen = Seen::default();
        let http = Preferring {
            inner: http_client(),
            prefer,
            seen: seen.clone(),
        };
        let registration = Registration::new(environment, credentials);
        (RegistrationClient::new(registration, http), seen)
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Which of the described answers Prism is to give.
#[derive(Clone, Copy)]
enum Prefer {
    Nothing,
    Status(u16),
    TwoPages,
}

/// Tells Prism which answer is preferred, and keeps what it says about the request.
#[derive(Clone)]
struct Preferring {
    inner: Client<HttpConnector, Full<Bytes>>,
    prefer: Prefer,
    seen: Seen,
}

impl Service<Request<Full<Bytes>>> for Preferring {
    type Response = Response<Full<Bytes>>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Full<Bytes>>) -> Self::Future {
        let query = request.uri().query();
        let prefer = match self.prefer {
            Prefer::Nothing => None,
            Prefer::Status(status) => Some(format!("code={status}")),
            Prefer::TwoPages => query.map(|query| match query.split_once("cursor=") {
                None => "example=first-of-two".to_owned(),
                // As an escaped cursor has to arrive for the second page.
                Some((_, "after%2Fone%2Btwo%3D")) => "example=second-of-two".to_owned(),
                Some((_, cursor)) => panic!("another cursor: {cursor}"),
            }),
        };
        if let Some(prefer) = prefer {
            let prefer = HeaderValue::from_str(&prefer).unwrap();
            request.headers_mut().insert("prefer", prefer);
        }
        let seen = self.seen.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let (parts, body) = answer.await?.into_parts();
            let violations = parts.headers.get("sl-violations").cloned();
            seen.0.lock().unwrap().push((parts.status, violations));
            let body = body.collect().await?.to_bytes();
            Ok(Response::from_parts(parts, Full::new(body)))
        })
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// The status of each answer, and what Prism found wrong with the request or the answer.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Answer>>>);

type Answer = (StatusCode, Option<HeaderValue>);

impl Seen {
    #[track_caller]
    fn assert_valid(&self, requests: usize) {
        let seen = self.0.lock().unwrap();
        assert_eq!(seen.len(), requests);
        for answer in &*seen {
            assert_eq!(*answer, (StatusCode::OK, None));
        }
    }

    #[track_caller]
    fn assert_no_violation(&self) {
        let seen = self.0.lock().unwrap();
        assert!(!seen.is_empty());
        for (_, violations) in &*seen {
            assert_eq!(*violations, None);
        }
    }
}
