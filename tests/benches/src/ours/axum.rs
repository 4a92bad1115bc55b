use axum::{Router, http::StatusCode, routing::post};
use smile_core::{Intake, SmileApi};
use smile_tower::{SmileEvent, SmileLayer};

use super::Reading;
use crate::delivery::PATH;

pub(crate) fn app<R: Reading>(intake: Intake<SmileApi>) -> Router {
    let smile = SmileLayer::from(intake);
    Router::new().route(PATH, post(on_event::<R>).route_layer(smile))
}

async fn on_event<R: Reading>(event: SmileEvent) -> StatusCode {
    R::read(&event);
    StatusCode::NO_CONTENT
}
