//! A delivery without a server, for calling a handler directly.

use std::net::IpAddr;

use bytes::Bytes;

use crate::{
    Delivery, Head, KeyRing, Rejection, Secret, Signature, Vendor, Verification, Verified,
};

/// Makes a delivery of a body, to call a handler directly.
///
/// It signs the body with a secret of its own and verifies it as an endpoint does.
///
/// ```
/// use smile_core::{Delivery, EventType, SmileApi, testkit::{Sample, delivery}};
///
/// let event: Delivery<SmileApi> = delivery(Sample::smile_api(EventType::UserCreated));
/// assert_eq!(*event.event_type(), EventType::UserCreated);
/// ```
///
/// # Panics
///
/// On a body that an endpoint would refuse with 422, because it is no event of the vendor.
#[track_caller]
pub fn delivery<V: Vendor>(body: impl Into<Bytes>) -> Delivery<V> {
    match verified::<V>(body.into()).and_then(Delivery::read) {
        Ok(delivery) => delivery,
        Err(rejection) => panic!("this body is no event of {}: {rejection}", V::NAME),
    }
}

fn verified<V: Vendor>(body: Bytes) -> Result<Verified<Bytes>, Rejection> {
    #[expect(clippy::expect_used, reason = "the text is a secret")]
    let secret = Secret::new("the secret of the test kit").expect("not blank");
    let signer = V::signer(&secret).at(NOW);
    let head = Signed(signer.sign(&body));
    let signature = Signature::<V>::read(&head, NOW, Signature::<V>::TOLERANCE)?;
    let ring = KeyRing::new(secret);
    Verification::begin(&ring, signature, body.len())
        .push(body)?
        .finish()
}

/// 2023-11-14: any time does.
const NOW: u64 = 1_700_000_000;

/// The head of a POST with these headers.
struct Signed(Vec<(&'static str, String)>);

impl Head for Signed {
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
        None
    }

    fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        let named = self.0.iter().filter(|(header, _)| *header == name);
        named.for_each(|(_, value)| each(value.as_bytes()));
    }
}
