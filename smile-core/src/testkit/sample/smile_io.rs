//! The data of Smile.io's events, in the shapes of its webhooks guide and of its customer object.

use serde_json::{Value, json};

use crate::smile_io::Topic;

/// The data of an event that happens `now`, about a customer with this number; empty for a topic
/// that this version does not know, as for a ping.
pub(super) fn data(topic: &Topic, customer: u64, now: &str) -> Value {
    match topic {
        Topic::CustomerUpdated => json!({"customer": {
            "id": customer,
            "first_name": "Noor",
            "last_name": "Haddad",
            "email": "noor.haddad@shop.example",
            "state": "member",
            "date_of_birth": "1004-11-30",
            "points_balance": 1250,
            "referral_url": "https://shop.example/refer/noor",
            "vip_tier_id": null,
            "created_at": "2024-03-01T10:20:30.400Z",
            "updated_at": now,
        }}),
        Topic::Ping | Topic::Other(_) => json!({}),
    }
}
