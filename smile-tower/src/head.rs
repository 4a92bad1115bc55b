//! A request's head, as the core wants to see it.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, GetAll},
    request::Parts,
};
use smile_core::{Field, Head};

/// Where a request's connection comes from. `smile_tower::serve` (feature `serve`) puts it into each
/// request's extensions.
///
/// With other servers put it there yourself, before the layer, if an allow-list is configured; with
/// `axum::serve` use `into_make_service_with_connect_info::<SocketAddr>()` instead.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddr(pub SocketAddr);

pub(crate) struct RequestHead<'p>(pub(crate) &'p Parts);

impl Head for RequestHead<'_> {
    fn method(&self) -> &str {
        self.0.method.as_str()
    }

    fn path(&self) -> &str {
        self.0.uri.path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri.query()
    }

    fn peer(&self) -> Option<IpAddr> {
        let given = self.0.extensions.get::<PeerAddr>().map(|peer| peer.0);
        given.or_else(|| connect_info(self.0)).map(|peer| peer.ip())
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        let values = self.values(name);
        values.iter().for_each(|value| each(value.as_bytes()));
    }

    fn field(&self, name: &str) -> Field<'_> {
        let mut values = self.values(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Field::Absent,
            (Some(value), None) => Field::One(value.as_bytes()),
            (Some(_), Some(_)) => Field::Repeated,
        }
    }
}

impl RequestHead<'_> {
    fn values(&self, name: &str) -> GetAll<'_, HeaderValue> {
        match known(name) {
            Some(name) => self.0.headers.get_all(name),
            None => self.0.headers.get_all(name),
        }
    }
}

/// The names that every request is asked for, parsed once and not with every look-up.
fn known(name: &str) -> Option<&'static HeaderName> {
    static SIGNATURE: HeaderName = HeaderName::from_static("smile-signature");
    static TIMESTAMP: HeaderName = HeaderName::from_static("smile-timestamp");
    Some(match name {
        "smile-signature" => &SIGNATURE,
        "smile-timestamp" => &TIMESTAMP,
        "content-encoding" => &CONTENT_ENCODING,
        "content-length" => &CONTENT_LENGTH,
        _ => return None,
    })
}

#[cfg(feature = "axum")]
fn connect_info(parts: &Parts) -> Option<SocketAddr> {
    use axum::extract::{ConnectInfo, connect_info::MockConnectInfo};

    let mocked = || {
        parts
            .extensions
            .get::<MockConnectInfo<SocketAddr>>()
            .map(|info| info.0)
    };
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0)
        .or_else(mocked)
}

#[cfg(not(feature = "axum"))]
fn connect_info(_parts: &Parts) -> Option<SocketAddr> {
    None
}
