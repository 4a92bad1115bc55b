//! What the application's functions take.

use crate::{Delivery, Vendor};

/// What a handler of a [`Dispatch`](crate::Dispatch) or a worker takes: a [`Delivery`], or the
/// `SmileEvent` of an adapter, so that one function serves everywhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event that a handler can take",
    label = "expected a `SmileEvent` of an adapter, or a `Delivery` of the core",
    note = "such as `async fn on_event(event: SmileEvent) -> Result<(), MyError>`"
)]
pub trait FromDelivery: Sized {
    /// Whose events these are.
    type Vendor: Vendor;

    /// Wraps the delivery.
    fn from_delivery(delivery: Delivery<Self::Vendor>) -> Self;
}

impl<V: Vendor> FromDelivery for Delivery<V> {
    type Vendor = V;

    fn from_delivery(delivery: Self) -> Self {
        delivery
    }
}
