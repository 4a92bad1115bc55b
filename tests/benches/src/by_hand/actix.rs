use std::hint::black_box;

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    web::{self, Bytes, Data},
};
use serde::de::DeserializeOwned;

use super::{Refusal, Verifier};
use crate::delivery::{PATH, SIGNATURE};

pub(crate) fn resource<E: DeserializeOwned + 'static>() -> Resource {
    web::resource(PATH)
        .app_data(Data::new(Verifier::new()))
        .app_data(web::PayloadConfig::new(4 << 20))
        .route(web::post().to(on_event::<E>))
}

async fn on_event<E: DeserializeOwned>(
    verifier: Data<Verifier>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let signature = request.headers().get(SIGNATURE);
    match verifier.receive::<E>(signature.map(|value| value.as_bytes()), &body) {
        Ok(event) => {
            black_box(&event);
            HttpResponse::NoContent().finish()
        }
        Err(Refusal::Unauthorized) => HttpResponse::Unauthorized().finish(),
        Err(Refusal::NoEvent) => HttpResponse::BadRequest().finish(),
    }
}
