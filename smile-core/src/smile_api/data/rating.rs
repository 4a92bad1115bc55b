use crate::model::{Number, Text, object};

object! {
    /// How a user is rated at a provider (`RatingPayload`).
    pub struct Rating<'a> {
        /// The rating, `r-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The rating itself, out of `max_rating`.
        current_rating: Option<Number<'a>> = "currentRating",
        /// The best rating that there is.
        max_rating: Option<Number<'a>> = "maxRating",
        /// `current_rating` of `max_rating` in percent.
        calculated_percentage: Option<Number<'a>> = "calculatedPercentage",
        /// How many reviews there are; a count, declared as a number.
        reviews_received: Option<Number<'a>> = "reviewsReceived",
        /// How many likes there are; a count, declared as a number.
        likes_received: Option<Number<'a>> = "likesReceived",
        /// How many jobs were done; a count, declared as a number.
        jobs_completed: Option<Number<'a>> = "jobsCompleted",
    }
}
