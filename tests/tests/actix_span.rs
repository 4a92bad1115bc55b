//! The span of a request on actix-web, where its sender leaves and the handler runs on.

use actix_web::{
    App, HttpResponse,
    dev::Service,
    test,
    web::{self, Data},
};
use smile_actix::{SmileEvent, SmileMiddleware};
use smile_conformance::{Log, Setup, sign, to_actix};
use tokio::{select, sync::Notify};
use tracing::{Instrument, info, info_span};

#[actix_web::test]
async fn what_a_handler_logs_after_its_sender_left_is_in_the_requests_span() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let steps = Data::new(Steps::default());
    let smile = SmileMiddleware::from(Setup::smile_api_builder().build());
    let app = App::new()
        .app_data(steps.clone())
        .wrap_fn(|request, app| {
            let span = info_span!("request", number = 7);
            app.call(request).instrument(span)
        })
        .service(
            web::resource(sign::SMILE_API)
                .wrap(smile)
                .route(web::post().to(on_event)),
        );
    let app = test::init_service(app).await;

    let response = app.call(to_actix(&sign::smile_api(sign::event())).to_request());
    select! {
        _ = response => panic!("the handler waits"),
        () = steps.started.notified() => {}
    }
    // The response is dropped, as it is when its connection ends.
    steps.may_go_on.notify_one();
    steps.ended.notified().await;

    let log = log.text();
    let lines = |text: &str| -> Vec<&str> {
        let lines = log.lines().filter(|line| line.contains(text));
        lines.collect()
    };
    for text in ["the handler starts", "the handler ends"] {
        let [line] = lines(text)[..] else {
            panic!("{text:?} is not there once: {log}");
        };
        assert!(line.contains("request{number=7}"), "{line}");
    }
}

#[derive(Default)]
struct Steps {
    started: Notify,
    may_go_on: Notify,
    ended: Notify,
}

async fn on_event(_: SmileEvent, steps: Data<Steps>) -> HttpResponse {
    info!("the handler starts");
    steps.started.notify_one();
    steps.may_go_on.notified().await;
    info!("the handler ends");
    steps.ended.notify_one();
    HttpResponse::NoContent().finish()
}
