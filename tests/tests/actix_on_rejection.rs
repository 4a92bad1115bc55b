//! A response of one's own to refusals, on actix-web.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use actix_web::{App, HttpResponse, body, test, web};
use smile_actix::{Rejection, RejectionKind, SmileMiddleware};
use smile_conformance::{Setup, sign, to_actix};

#[actix_web::test]
async fn a_response_of_ones_own_takes_the_place_of_the_document() {
    let own = |rejection: &Rejection| HttpResponse::BadRequest().body(rejection.kind().label());
    let (status, text) = refusal(own).await;
    assert_eq!((status, text.as_str()), (400, "signature"));
}

#[actix_web::test]
async fn one_that_panics_leaves_the_document() {
    let (status, text) = refusal(|_| panic!("it was told to panic")).await;
    let kind = RejectionKind::Signature;
    assert_eq!((status, text.as_str()), (kind.status(), kind.document()));
}

/// The status and the body of the answer to a wrong signature.
async fn refusal(
    respond: impl Fn(&Rejection) -> HttpResponse + Send + Sync + 'static,
) -> (u16, String) {
    let smile = SmileMiddleware::from(Setup::smile_api_builder().build()).on_rejection(respond);
    let resource = web::resource(sign::SMILE_API)
        .wrap(smile)
        .to(HttpResponse::NoContent);
    let app = test::init_service(App::new().service(resource)).await;
    let forged = sign::smile_api_with("another", sign::event());
    let response = test::call_service(&app, to_actix(&forged).to_request()).await;
    let rejection = response
        .response()
        .extensions()
        .get()
        .map(Rejection::reason)
        .cloned();
    assert!(rejection.is_some(), "the rejection is in the extensions");
    let status = response.status().as_u16();
    let body = body::to_bytes(response.into_body()).await;
    let text = String::from_utf8(body.expect("a body").to_vec());
    (status, text.expect("text"))
}
