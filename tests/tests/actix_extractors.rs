//! An extractor that finds no verified event of its vendor, on actix-web.

use actix_web::{App, HttpResponse, test, web};
use smile_actix::{SmileEvent, SmileIo, SmileMiddleware, VerifiedBody};
use smile_conformance::{Log, Setup, sign, to_actix};

#[actix_web::test]
async fn behind_the_other_vendors_middleware_the_log_names_both() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let smile_api = SmileMiddleware::from(Setup::smile_api_builder().build());
    let smile_io = SmileMiddleware::from(Setup::smile_io_builder().build());
    let app = App::new()
        .service(
            web::resource(sign::SMILE_API)
                .wrap(smile_api)
                .to(async |_: SmileEvent<SmileIo>| HttpResponse::NoContent()),
        )
        .service(
            web::resource(sign::SMILE_IO)
                .wrap(smile_io)
                .to(async |_: VerifiedBody| HttpResponse::NoContent()),
        )
        .service(web::resource("/bare").to(async |_: SmileEvent| HttpResponse::NoContent()));
    let app = test::init_service(app).await;

    let mut bare = sign::smile_api(sign::event());
    bare.target = "/bare".into();
    for (request, expected) in [
        (
            sign::smile_api(sign::event()),
            "the verified event here is of smile-api, and this extractor takes those of smile-io",
        ),
        (
            sign::smile_io(sign::customer()),
            "the verified event here is of smile-io, and this extractor takes those of smile-api",
        ),
        (
            bare,
            "no verified event: put `.wrap(SmileMiddleware::smile_api(secret).build())`",
        ),
    ] {
        let response = test::call_service(&app, to_actix(&request).to_request()).await;
        assert_eq!(response.status(), 500, "{expected}");
        let log = log.text();
        let line = log
            .lines()
            .rfind(|line| line.contains("verified event"))
            .expect("a line");
        assert!(line.contains(expected), "{line}");
    }
}
