use actix_web::{HttpResponse, dev::HttpServiceFactory, web};
use smile_actix::{SmileEvent, SmileMiddleware};
use smile_core::{Intake, SmileApi};

use super::Reading;
use crate::delivery::PATH;

pub(crate) fn resource<R: Reading>(intake: Intake<SmileApi>) -> impl HttpServiceFactory + 'static {
    web::resource(PATH)
        .route(web::post().to(on_event::<R>))
        .wrap(SmileMiddleware::from(intake))
}

async fn on_event<R: Reading>(event: SmileEvent) -> HttpResponse {
    R::read(&event);
    HttpResponse::NoContent().finish()
}
