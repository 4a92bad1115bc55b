use actix_web::{HttpResponse, Resource, web};
use smile_actix::{SmileEvent, SmileMiddleware};

use super::Reading;
use crate::delivery::PATH;

/// The resource; wrapped in the middleware, its type has no name.
pub(crate) fn resource<R: Reading>() -> Resource {
    web::resource(PATH).route(web::post().to(on_event::<R>))
}

pub(crate) fn middleware(intake: smile_core::Intake<smile_core::SmileApi>) -> SmileMiddleware {
    SmileMiddleware::from(intake)
}

async fn on_event<R: Reading>(event: SmileEvent) -> HttpResponse {
    R::read(&event);
    HttpResponse::NoContent().finish()
}
