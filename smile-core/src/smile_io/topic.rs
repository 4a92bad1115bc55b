use crate::model::{OtherData, event_table};

use super::data::{CustomerUpdated, Ping};

event_table! {
    vendor crate::SmileIo;

    /// What happened: the `topic` of an event (Smile.io webhooks guide).
    ///
    /// ```
    /// use smile_core::smile_io::Topic;
    ///
    /// assert_eq!(Topic::from("customer/updated"), Topic::CustomerUpdated);
    /// assert_eq!(Topic::from("points/earned").as_str(), "points/earned");
    /// ```
    names Topic, UnknownTopic as topic;

    /// The typed data of an event.
    ///
    /// ```
    /// use smile_core::smile_io::{Data, Topic};
    ///
    /// let json = r#"{"customer": {"id": 7, "state": "member"}}"#;
    /// let data = Data::from_json(&Topic::CustomerUpdated, json)?;
    /// let Data::CustomerUpdated(updated) = data else { panic!("another topic") };
    /// let customer = updated.customer.expect("a customer");
    /// assert_eq!(customer.id.and_then(|id| id.to_i64()), Some(7));
    /// # Ok::<(), smile_core::DataError>(())
    /// ```
    data Data, OtherData in "data";

    /// A webhook was made, and the vendor tries whether its endpoint answers.
    Ping = "ping": Ping,
    /// A customer changed, or is new.
    CustomerUpdated = "customer/updated": CustomerUpdated,
}

impl Topic {
    /// The OAuth permission that an account has to grant to your app for the vendor to send this
    /// topic, where one is documented. `ping` needs none.
    #[must_use]
    pub fn required_permission(&self) -> Option<&'static str> {
        match self {
            Self::CustomerUpdated => Some("customer:read"),
            Self::Ping | Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_of_customer_topics_is_reading_customers() {
        assert_eq!(
            Topic::CustomerUpdated.required_permission(),
            Some("customer:read")
        );
        assert_eq!(Topic::Ping.required_permission(), None);
        assert_eq!(Topic::from("customer/merged").required_permission(), None);
    }
}
