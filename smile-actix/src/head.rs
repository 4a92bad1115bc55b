//! A request's head, as the core wants to see it.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpMessage, HttpRequest};
use smile_core::Head;

/// Where a request comes from, for an allow-list on a server that does not know it: one on a unix
/// socket.
///
/// Put it into the request's extensions, in a middleware outside of
/// [`SmileMiddleware`](crate::SmileMiddleware). It takes precedence over the address of the
/// connection.
///
/// # Security
///
/// Name an address only for a socket that nobody but your own proxy can open.
///
/// # Examples
///
/// A proxy on the same machine connects to a unix socket and names the sender in `X-Forwarded-For`.
/// The app treats the socket as the proxy's address, and trusts that address.
///
/// ```no_run
/// use actix_web::{App, HttpMessage, HttpResponse, HttpServer, dev::Service, web};
/// use smile_actix::{IpAllowList, PeerAddr, Secret, SmileEvent, SmileMiddleware, smile_api};
///
/// async fn on_event(event: SmileEvent) -> HttpResponse {
///     println!("{} {}", event.event_type(), event.id());
///     HttpResponse::NoContent().finish()
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let smile = SmileMiddleware::smile_api(Secret::new("a little secret")?)
///     .allow_from(IpAllowList::from([smile_api::SOURCE_ADDRESS]))
///     .trusted_proxies(IpAllowList::parse(["127.0.0.1"])?)
///     .build();
/// let server = HttpServer::new(move || {
///     App::new()
///         .wrap_fn(|request, app| {
///             let peer = PeerAddr(([127, 0, 0, 1], 0).into());
///             request.extensions_mut().insert(peer);
///             app.call(request)
///         })
///         .service(
///             web::resource("/webhooks/smile")
///                 .wrap(smile.clone())
///                 .route(web::post().to(on_event)),
///         )
/// });
/// server.bind_uds("/run/webhooks.sock")?.run().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PeerAddr(pub SocketAddr);

pub(crate) struct RequestHead<'r>(pub(crate) &'r HttpRequest);

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
        let given = self.0.extensions().get().map(|peer: &PeerAddr| peer.0);
        given.or_else(|| self.0.peer_addr()).map(|peer| peer.ip())
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        let values = self.0.headers().get_all(name);
        values.for_each(|value| each(value.as_bytes()));
    }
}
