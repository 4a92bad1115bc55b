//! A request's head, as the core wants to see it.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use smile_core::Head;

pub(crate) struct RequestHead<'r>(pub(crate) &'r ServiceRequest);

impl Head for RequestHead<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.0.peer_addr().map(|peer| peer.ip())
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        self.0
            .headers()
            .get_all(name)
            .for_each(|value| each(value.as_bytes()));
    }
}
