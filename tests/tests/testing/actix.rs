//! An application on actix-web.

use actix_web::{App, HttpResponse, test, web};
use smile_actix::testkit::{self, Sample, Signer};
use smile_actix::{EventType, Secret, SmileEvent, SmileMiddleware};

fn routes(config: &mut web::ServiceConfig, smile: SmileMiddleware) {
    config.service(
        web::resource("/webhooks/smile")
            .wrap(smile)
            .route(web::post().to(on_event)),
    );
}

async fn on_event(event: SmileEvent) -> HttpResponse {
    match event.event_type() {
        EventType::AccountConnected => HttpResponse::NoContent().finish(),
        _ => HttpResponse::Accepted().finish(),
    }
}

#[actix_web::test]
async fn a_linked_account_is_answered_204() -> Result<(), Box<dyn std::error::Error>> {
    let secret = Secret::new("a little secret")?;
    let signer = Signer::smile_api(&secret);
    let smile = SmileMiddleware::smile_api(secret).build();
    let app = test::init_service(App::new().configure(|config| routes(config, smile))).await;
    let sample = Sample::smile_api(EventType::AccountConnected).set("data.userId", "u-1");
    let request = testkit::request(&signer, "/webhooks/smile", sample).to_request();
    assert_eq!(test::call_service(&app, request).await.status(), 204);
    Ok(())
}
