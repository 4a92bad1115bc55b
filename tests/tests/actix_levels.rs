//! The same middleware at two levels of an actix-web app.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    test,
    web::{self, Bytes, Data},
};
use smile_actix::{SmileEvent, SmileMiddleware};
use smile_conformance::{Setup, sign, to_actix};

#[actix_web::test]
async fn an_event_is_verified_and_claimed_once() {
    async fn on_event(event: SmileEvent, body: Bytes, runs: Data<AtomicUsize>) -> HttpResponse {
        assert_eq!(*event.raw(), body);
        runs.fetch_add(1, Ordering::Relaxed);
        HttpResponse::NoContent().finish()
    }

    /// Takes the payload and gives none back.
    async fn read(
        mut request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let body = request.extract::<Bytes>().await?;
        assert!(!body.is_empty());
        next.call(request).await
    }

    let runs = Data::new(AtomicUsize::new(0));
    let smile = SmileMiddleware::from(Setup::smile_api_builder().build());
    let app = App::new().app_data(runs.clone()).service(
        web::scope("")
            .wrap(from_fn(read))
            .wrap(smile.clone())
            .service(
                web::resource(sign::SMILE_API)
                    .wrap(smile)
                    .route(web::post().to(on_event)),
            ),
    );
    let app = test::init_service(app).await;
    let send = || to_actix(&sign::smile_api(sign::event_with_id("one"))).to_request();
    let first = test::call_service(&app, send()).await;
    assert_eq!(first.status(), 204);
    let again = test::call_service(&app, send()).await;
    assert_eq!(again.status(), 200);
    assert!(again.headers().contains_key("smile-duplicate"));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

/// Two intakes may differ in all that they ask for.
#[actix_web::test]
async fn another_middleware_inside_verifies_for_itself() {
    let outside = SmileMiddleware::from(Setup::smile_api_builder().build());
    let inside = Setup::smile_api_builder()
        .body_limit(10)
        .map(|builder| builder.build());
    let inside = SmileMiddleware::from(inside.unwrap_or_else(|err| panic!("{err}")));
    let app = App::new().service(
        web::resource(sign::SMILE_API)
            .wrap(inside)
            .wrap(outside)
            .to(HttpResponse::NoContent),
    );
    let app = test::init_service(app).await;
    let request = to_actix(&sign::smile_api(sign::event())).to_request();
    let answer = test::call_service(&app, request).await;
    assert_eq!(answer.status(), 413);
}
