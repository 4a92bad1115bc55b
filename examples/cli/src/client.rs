//! The HTTP client, and addresses to give it.

use bytes::Bytes;
use http::{Response, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::failure::Failure;

pub(crate) type HttpClient<B = Full<Bytes>> = Client<HttpsConnector<HttpConnector>, B>;

/// A client for `http://` and `https://`, which trusts the certificates of the system.
pub(crate) fn client<B>() -> Result<HttpClient<B>, Failure>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(Failure::failed)?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(https))
}

/// Reads an address with scheme and host.
pub(crate) fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|err| format!("{err}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err("expected http://.. or https://..".into()),
    }
}

/// Whether the layer answered a repetition of a handled event.
pub(crate) fn is_duplicate<B>(response: &Response<B>) -> bool {
    response
        .headers()
        .get("smile-duplicate")
        .is_some_and(|value| value == "true")
}
