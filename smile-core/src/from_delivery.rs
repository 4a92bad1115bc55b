//! What the application's functions take.

use crate::{Delivery, Vendor};

/// What a handler of a [`Dispatch`](crate::Dispatch) or a worker takes: a [`Delivery`], or the
/// `SmileEvent` of an adapter, so that one function serves everywhere.
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
