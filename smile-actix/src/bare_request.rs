//! A request without headers, for an answer to one that is lost.

use std::net::SocketAddr;

use actix_web::{
    HttpRequest,
    http::{Method, Uri, Version},
    test::TestRequest,
};

/// The parts of a request that cost little to copy.
///
/// A handler that panics or is stopped takes its request with it, and an answer needs one: outer
/// middlewares get a `ServiceResponse`, and skip an `Err`. A clone of the request cannot be kept,
/// since routing inside panics if there is one.
pub(crate) struct BareRequest {
    method: Method,
    uri: Uri,
    version: Version,
    peer: Option<SocketAddr>,
}

impl BareRequest {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            peer: request.peer_addr(),
        }
    }

    /// actix-web has no other way to make a request.
    pub(crate) fn into_request(self) -> HttpRequest {
        let mut request = TestRequest::default().to_srv_request();
        request.match_info_mut().get_mut().update(&self.uri);
        let head = request.head_mut();
        head.method = self.method;
        head.uri = self.uri;
        head.version = self.version;
        head.peer_addr = self.peer;
        request.into_parts().0
    }
}
