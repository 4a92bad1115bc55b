//! What middlewares outside see on actix-web, where a handler fails in a way that takes the request
//! with it: it panics, it is too slow, or its success cannot be noted.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    future::pending,
    sync::{Mutex, Once, PoisonError},
    time::Duration,
};

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    body::{self, BoxBody, MessageBody},
    dev::{HttpServiceFactory, ServiceRequest, ServiceResponse},
    http::{Method, header::HeaderName},
    middleware::{DefaultHeaders, ErrorHandlerResponse, ErrorHandlers, Logger, Next, from_fn},
    test, web,
};
use smile_actix::{
    Claim, DedupeStore, EventKey, Fingerprint, Header, Ownership, Rejection, RejectionKind,
    SmileEvent, SmileMiddleware, StoreError, Token,
};
use smile_conformance::{Setup, sign, to_actix};

/// The ways to fail, with what each is answered.
const FAILURES: [(&str, RejectionKind); 3] = [
    ("panic", RejectionKind::HandlerPanicked),
    ("slow", RejectionKind::HandlerTimeout),
    ("lost", RejectionKind::StoreUnavailable),
];

#[actix_web::test]
async fn one_that_looks_at_the_result_finds_the_whole_answer() {
    async fn look(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        // As middlewares do that count errors by their status.
        let result = next.call(request).await;
        if let Err(err) = &result {
            let _ = err.error_response();
        }
        let response = result?;
        let inside = response.response().extensions();
        let rejection: &Rejection = inside.get().expect("a rejection");
        assert_eq!(rejection.status(), response.status().as_u16());
        drop(inside);
        assert_eq!(response.request().method(), Method::POST);
        assert_eq!(response.request().path(), sign::SMILE_API);
        assert_eq!(response.request().query_string(), "a=b");
        assert_eq!(response.request().match_info().as_str(), sign::SMILE_API);
        Ok(response)
    }

    for (failure, kind) in FAILURES {
        let app = App::new().wrap(from_fn(look)).service(webhook(failure));
        let app = test::init_service(app).await;
        expect(test::call_service(&app, delivery()).await, kind).await;
    }
}

#[actix_web::test]
async fn default_headers_are_added() {
    for (failure, kind) in FAILURES {
        let headers = DefaultHeaders::new().add(("x-outside", "1"));
        let app = App::new().wrap(headers).service(webhook(failure));
        let app = test::init_service(app).await;
        let response = test::call_service(&app, delivery()).await;
        assert_eq!(response.headers().get("x-outside").expect("it"), "1");
        expect(response, kind).await;
    }
}

#[actix_web::test]
async fn error_handlers_are_called() {
    fn note(
        mut response: ServiceResponse<BoxBody>,
    ) -> Result<ErrorHandlerResponse<BoxBody>, Error> {
        let name = HeaderName::from_static("x-outside");
        response.headers_mut().insert(name, 1.into());
        Ok(ErrorHandlerResponse::Response(
            response.map_into_left_body(),
        ))
    }

    for (failure, kind) in FAILURES {
        let handlers = ErrorHandlers::new().default_handler(note);
        let app = App::new().wrap(handlers).service(webhook(failure));
        let app = test::init_service(app).await;
        let response = test::call_service(&app, delivery()).await;
        assert_eq!(response.headers().get("x-outside").expect("it"), "1");
        expect(response, kind).await;
    }
}

#[actix_web::test]
async fn the_access_log_has_a_line() {
    Lines::install();
    for (failure, kind) in FAILURES {
        let logger = Logger::new("%r %s").log_target(failure);
        let app = App::new().wrap(logger).service(webhook(failure));
        let app = test::init_service(app).await;
        expect(test::call_service(&app, delivery()).await, kind).await;
        assert_eq!(
            Lines::of(failure),
            [format!(
                "POST {}?a=b HTTP/1.1 {}",
                sign::SMILE_API,
                kind.status()
            )]
        );
    }
}

/// The inner service's own error stays one.
#[actix_web::test]
async fn an_error_of_a_middleware_inside_leaves_as_it_came() {
    async fn fail(_: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
        Err(actix_web::error::ErrorImATeapot("tea"))
    }

    async fn look(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let result = next.call(request).await;
        let err = result.as_ref().err().expect("an error");
        assert_eq!(err.to_string(), "tea");
        result
    }

    let smile = SmileMiddleware::from(Setup::smile_api_builder().build());
    let resource = web::resource(sign::SMILE_API)
        .wrap(from_fn(fail))
        .wrap(smile)
        .to(HttpResponse::Ok);
    let app = test::init_service(App::new().wrap(from_fn(look)).service(resource)).await;
    let err = test::try_call_service(&app, delivery()).await.err();
    let status = err.expect("an error").as_response_error().status_code();
    assert_eq!(status, 418);
}

fn webhook(failure: &'static str) -> impl HttpServiceFactory {
    let builder = Setup::smile_api_builder()
        .handler_timeout(Duration::from_millis(50))
        .expect("a deadline");
    let intake = match failure {
        "lost" => builder.deduplicate(Forgetful).build(),
        _ => builder.build(),
    };
    // A scope, whose routing needs the only handle on the request.
    web::scope("").wrap(SmileMiddleware::from(intake)).route(
        sign::SMILE_API,
        web::post().to(move |_: HttpRequest, _: SmileEvent| async move {
            match failure {
                "panic" => panic!("the handler was told to panic"),
                "slow" => pending().await,
                _ => {}
            }
            HttpResponse::NoContent().finish()
        }),
    )
}

fn delivery() -> actix_http::Request {
    let mut signed = sign::smile_api(sign::event());
    signed.target.push_str("?a=b");
    to_actix(&signed).to_request()
}

async fn expect<B: MessageBody>(response: ServiceResponse<B>, kind: RejectionKind) {
    assert_eq!(response.status().as_u16(), kind.status());
    let rejection: Rejection = response
        .response()
        .extensions()
        .get()
        .cloned()
        .expect("a rejection");
    assert_eq!(rejection.kind(), kind);
    for (name, value) in rejection.reply().headers() {
        let found = response.headers().get(name).expect(name);
        assert_eq!(found, Header::to_text(value).as_ref());
    }
    let body = body::to_bytes(response.into_body()).await.ok();
    assert_eq!(body.expect("a body"), kind.document());
}

/// Grants every claim, and cannot note that anything is done.
struct Forgetful;

impl DedupeStore for Forgetful {
    async fn claim(
        &self,
        _: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> Result<Claim, StoreError> {
        Ok(Claim::Acquired { fence: None })
    }

    async fn extend(&self, _: &EventKey, _: Token, _: Duration) -> Result<Ownership, StoreError> {
        Ok(Ownership::Held)
    }

    async fn finish(
        &self,
        _: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> Result<Ownership, StoreError> {
        Err(StoreError::new("the disk is full"))
    }

    async fn release(&self, _: &EventKey, _: Token) -> Result<Ownership, StoreError> {
        Ok(Ownership::Held)
    }
}

/// Every line that is logged, with its target.
struct Lines(Mutex<Vec<(String, String)>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Lines {
    fn install() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            log::set_logger(&LINES).expect("no other logger");
            log::set_max_level(log::LevelFilter::Info);
        });
    }

    fn of(target: &str) -> Vec<String> {
        let lines = LINES.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_target = lines.iter().filter(|line| line.0 == target);
        of_target.map(|line| line.1.clone()).collect()
    }
}

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = (record.target().to_owned(), record.args().to_string());
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
    }

    fn flush(&self) {}
}
