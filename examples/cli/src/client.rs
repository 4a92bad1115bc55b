//! The HTTP client, and addresses to give it.

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::failure::Failure;

pub(crate) type Connector = HttpsConnector<HttpConnector>;
pub(crate) type HttpClient<B = Full<Bytes>> = Client<Connector, B>;

/// Connects to `http://` and `https://`, and trusts the certificates of the system.
pub(crate) fn connector() -> Result<Connector, Failure> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(Failure::failed)?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(connector)
}

/// A client over a connector.
pub(crate) fn over<B>(connector: Connector) -> HttpClient<B>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    Client::builder(TokioExecutor::new()).build(connector)
}

/// A client for small requests.
pub(crate) fn client() -> Result<HttpClient, Failure> {
    Ok(over(connector()?))
}

/// Reads an address with scheme and host.
pub(crate) fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|err| format!("{err}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err("expected http://.. or https://..".into()),
    }
}
