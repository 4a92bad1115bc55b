//! The data of each event, and the objects in it.
//!
//! Names are the vendor's. Facts about members are from the customer object's page in Smile.io's
//! developer documentation. See [`model`](crate::model) for what holds for all of them.

mod customer;

use crate::model::{Subject, object};

pub use self::customer::{Customer, CustomerState, VipStatus};

object! {
    /// The vendor tries whether an endpoint answers. It sends an empty object.
    pub struct Ping<'a> {}
}

impl Subject for Ping<'_> {}

object! {
    /// A customer changed, or is new.
    ///
    /// `customer/updated` is also the name of an event that merchants send *to* Smile.io, with
    /// other members. This is the one that Smile.io sends.
    pub struct CustomerUpdated<'a> {
        /// The customer as of now.
        customer: Option<Box<Customer<'a>>> = "customer",
    }
}

impl Subject for CustomerUpdated<'_> {}
