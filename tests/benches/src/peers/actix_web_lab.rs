use actix_web::{
    HttpRequest, HttpResponse, Resource, error,
    web::{self, Bytes},
};
use actix_web_lab::extract::{RequestSignature, RequestSignatureScheme};
use hmac::{
    Hmac, KeyInit, Mac,
    digest::{CtOutput, Output},
};
use sha2::Sha512;

use super::read;
use crate::delivery::{PATH, SECRET, SIGNATURE};

/// The crate leaves the hash to its user: here HMAC-SHA512 with a key that was set up once.
struct Scheme(Hmac<Sha512>);

impl RequestSignatureScheme for Scheme {
    type Signature = CtOutput<Hmac<Sha512>>;
    type Error = error::Error;

    async fn init(request: &HttpRequest) -> Result<Self, Self::Error> {
        let keyed: Option<&Hmac<Sha512>> = request.app_data();
        keyed
            .map(|mac| Self(mac.clone()))
            .ok_or_else(|| error::ErrorInternalServerError("no key"))
    }

    async fn consume_chunk(&mut self, _: &HttpRequest, chunk: Bytes) -> Result<(), Self::Error> {
        self.0.update(&chunk);
        Ok(())
    }

    async fn finalize(self, _: &HttpRequest) -> Result<Self::Signature, Self::Error> {
        Ok(self.0.finalize())
    }

    fn verify(
        signature: Self::Signature,
        request: &HttpRequest,
    ) -> Result<Self::Signature, Self::Error> {
        let unauthorized = || error::ErrorUnauthorized("signature");
        let sent = request.headers().get(SIGNATURE).ok_or_else(unauthorized)?;
        let mut tag = Output::<Hmac<Sha512>>::default();
        hex::decode_to_slice(sent.as_bytes(), &mut tag).map_err(|_| unauthorized())?;
        if signature == CtOutput::from(tag) {
            Ok(signature)
        } else {
            Err(unauthorized())
        }
    }
}

pub(super) fn resource() -> Resource {
    let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).expect("any key");
    web::resource(PATH)
        .app_data(mac)
        .app_data(web::PayloadConfig::new(4 << 20))
        .route(web::post().to(on_event))
}

async fn on_event(body: RequestSignature<Bytes, Scheme>) -> HttpResponse {
    let (body, _) = body.into_parts();
    if read(&body) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::BadRequest().finish()
    }
}
