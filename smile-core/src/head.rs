//! A request's head, as the core sees it.

use std::{fmt, net::IpAddr};

/// The part of a request that is there before its body: what an adapter shows to the core.
///
/// Header values are bytes and names are lower-case text, so that no version of the `http` crate
/// appears here (actix-web is on another major than hyper and axum).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not show a request's head",
    label = "`Head` is not implemented for it",
    note = "an adapter, such as smile-tower or smile-actix, shows its framework's requests; implement `Head` to verify what came another way"
)]
pub trait Head {
    /// The method, in upper case: `POST`.
    fn method(&self) -> &str;

    /// The path, percent-encoding included: `/webhooks/smile`.
    ///
    /// As the framework shows it: inside axum's `Router::nest` the prefix is gone.
    fn path(&self) -> &str;

    /// The query without its question mark.
    fn query(&self) -> Option<&str>;

    /// The address that the connection comes from, where the server knows it.
    fn peer(&self) -> Option<IpAddr>;

    /// Calls `each` with every value of the header `name` (lower case), in the order received.
    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8]));

    /// The header `name` (lower case), which is absent, there once, or repeated.
    ///
    /// For headers that may occur only once. Taking the first of several, as most header maps do,
    /// would let a sender show one value to us and another to a proxy.
    fn field(&self, name: &str) -> Field<'_> {
        let mut found = Field::Absent;
        self.fields(name, &mut |value| {
            found = match found {
                Field::Absent => Field::One(value),
                Field::One(_) | Field::Repeated => Field::Repeated,
            };
        });
        found
    }
}

impl fmt::Debug for dyn Head + '_ {
    /// Shows the method and the path; never a header, since one is the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// How often a header occurs, and its value where that is once.
///
/// Exhaustive: there is no fourth case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// Not there.
    Absent,
    /// There once, with this value.
    One(&'a [u8]),
    /// There more than once, be the values equal or not.
    Repeated,
}

pub(crate) mod names {
    #[cfg(feature = "intake")]
    pub(crate) const CONTENT_ENCODING: &str = "content-encoding";
    pub(crate) const CONTENT_LENGTH: &str = "content-length";
    #[cfg(feature = "intake")]
    pub(crate) const FORWARDED: &str = "forwarded";
    pub(crate) const SIGNATURE: &str = "smile-signature";
    pub(crate) const TIMESTAMP: &str = "smile-timestamp";
    #[cfg(feature = "intake")]
    pub(crate) const TRACE_PARENT: &str = "traceparent";
    #[cfg(feature = "intake")]
    pub(crate) const X_FORWARDED_FOR: &str = "x-forwarded-for";
}

/// The head of a test's request.
#[cfg(test)]
pub(crate) struct Post<'a> {
    pub(crate) peer: Option<&'a str>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

#[cfg(test)]
impl Head for Post<'_> {
    fn method(&self) -> &str {
        "POST"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn query(&self) -> Option<&str> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer.map(|peer| peer.parse().unwrap())
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        let matching = self.headers.iter().filter(|header| header.0 == name);
        matching.for_each(|header| each(header.1.as_bytes()));
    }
}
