use crate::model::{OtherData, event_table};

use super::data::*;

event_table! {
    vendor crate::SmileApi;

    /// What happened: the `type` of an event.
    ///
    /// The names are those of the Smile API OpenAPI 1.14.0, `RefWebhookEventType`. Whatever else
    /// comes is kept in [`Other`](Self::Other).
    ///
    /// ```
    /// use smile_core::smile_api::EventType;
    ///
    /// assert_eq!(EventType::from("TASK_FINISHED"), EventType::TaskFinished);
    /// assert_eq!(EventType::from("MOON_LANDED").as_str(), "MOON_LANDED");
    /// ```
    names EventType, UnknownEventType as event_type;

    /// The typed data of an event.
    ///
    /// ```
    /// use smile_core::smile_api::{Data, EventType};
    ///
    /// let json = r#"{"userId": "tenant-1", "accountId": "a-1", "count": 3}"#;
    /// match Data::from_json(&EventType::IncomesAdded, json)? {
    ///     Data::IncomesAdded(incomes) => {
    ///         assert_eq!(incomes.count.and_then(|count| count.to_i64()), Some(3));
    ///     }
    ///     other => panic!("unexpected {other:?}"),
    /// }
    /// # Ok::<(), smile_core::DataError>(())
    /// ```
    data Data, OtherData in "data";

    /// A user and a link token were made.
    UserCreated = "USER_CREATED": UserCreated,
    /// A user began to link an account; sent for providers without a login too.
    AccountCreated = "ACCOUNT_CREATED": AccountCreated,
    /// A user linked an account: the login worked.
    AccountConnected = "ACCOUNT_CONNECTED": AccountConnected,
    /// A user revoked the link to an account.
    AccountDisconnected = "ACCOUNT_DISCONNECTED": AccountDisconnected,
    /// Linking an account failed.
    AccountFailed = "ACCOUNT_FAILED": AccountFailed,
    /// The sync of a user's data began.
    TaskStarted = "TASK_STARTED": TaskStarted,
    /// The sync of a user's data ended; carries the data where the webhook includes the payload.
    TaskFinished = "TASK_FINISHED": TaskFinished,
    /// A periodic sync of an account ended; carries the data where the webhook includes the
    /// payload.
    AccountSyncTaskFinished = "ACCOUNT_SYNC_TASK_FINISHED": AccountSyncTaskFinished,
    /// A user uploaded files, which became an archive.
    ArchiveStarted = "ARCHIVE_STARTED": ArchiveStarted,
    /// The files of an archive were read and turned into data.
    ArchiveAnalyzed = "ARCHIVE_ANALYZED" | "ACCOUNT_ANALYZED": ArchiveAnalyzed,
    /// A user withdrew the access to an archive.
    ArchiveRevoked = "ARCHIVE_REVOKED": ArchiveRevoked,
    /// An archive could not be made or read.
    ArchiveFailed = "ARCHIVE_FAILED": ArchiveFailed,
    /// An invitation was sent to a user.
    InviteInvited = "INVITE_INVITED": InviteInvited,
    /// An invited user linked an account.
    InviteLinked = "INVITE_LINKED": InviteLinked,
    /// Identity data of a user was added.
    IdentityAdded = "IDENTITY_ADDED": IdentityAdded,
    /// Rating data of a user was added.
    RatingAdded = "RATING_ADDED": RatingAdded,
    /// Transactions of a user were added.
    TransactionsAdded = "TRANSACTIONS_ADDED": TransactionsAdded,
    /// Documents of a user were added.
    DocumentsAdded = "DOCUMENTS_ADDED": DocumentsAdded,
    /// Documents of a user changed.
    DocumentsUpdated = "DOCUMENTS_UPDATED": DocumentsUpdated,
    /// Employments of a user were added.
    EmploymentsAdded = "EMPLOYMENTS_ADDED": EmploymentsAdded,
    /// Employments of a user changed.
    EmploymentsUpdated = "EMPLOYMENTS_UPDATED": EmploymentsUpdated,
    /// Incomes of a user were added.
    IncomesAdded = "INCOMES_ADDED": IncomesAdded,
    /// Incomes of a user changed.
    IncomesUpdated = "INCOMES_UPDATED": IncomesUpdated,
    /// Social security contributions of a user were added.
    ContributionsAdded = "CONTRIBUTIONS_ADDED": ContributionsAdded,
    /// Social security contributions of a user changed.
    ContributionsUpdated = "CONTRIBUTIONS_UPDATED": ContributionsUpdated,
    /// Incomes of a user were estimated from other data.
    EincomesAdded = "EINCOMES_ADDED": EincomesAdded,
    /// Estimated incomes of a user changed.
    EincomesUpdated = "EINCOMES_UPDATED": EincomesUpdated,
    /// Liabilities of a user were added.
    LiabilitiesAdded = "LIABILITIES_ADDED": LiabilitiesAdded,
    /// Liabilities of a user changed.
    LiabilitiesUpdated = "LIABILITIES_UPDATED": LiabilitiesUpdated,
    /// Insights were computed from a user's data.
    InsightAdded = "INSIGHT_ADDED": InsightAdded,
    /// Links of a user to other tenants of the vendor were found.
    LinkAdded = "LINK_ADDED": LinkAdded,
    /// A verification began.
    VerificationStarted = "VERIFICATION_STARTED": VerificationStarted,
    /// A verification ended; carries what matched.
    VerificationCompleted = "VERIFICATION_COMPLETED": VerificationCompleted,
    /// A record was requested.
    RecordCreated = "RECORD_CREATED": RecordCreated,
    /// A record is ready, or could not be obtained; carries the record.
    RecordCompleted = "RECORD_COMPLETED": RecordCompleted,
    /// A user's session was completed; carries what the user handed in.
    UserSessionCompleted = "USER_SESSION_COMPLETED": UserSessionCompleted,
    /// A user's session was started over.
    UserSessionReset = "USER_SESSION_RESET": UserSessionReset,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_seven_types_and_each_comes_back_from_its_name() {
        assert_eq!(EventType::ALL.len(), 37);
        for event_type in EventType::ALL {
            assert_eq!(EventType::from(event_type.as_str()), event_type);
        }
    }

    #[test]
    fn the_older_page_s_spelling_is_recognised_and_reported() {
        let (event_type, as_sent) = EventType::recognise("ACCOUNT_ANALYZED");
        assert_eq!(event_type, EventType::ArchiveAnalyzed);
        assert_eq!(as_sent, Some("ACCOUNT_ANALYZED"));
    }

    #[test]
    fn unknown_types_survive_a_round_trip_through_json() {
        let event_type: EventType = serde_json::from_str(r#""MOON_L\u0041NDED""#).unwrap();
        assert_eq!(
            serde_json::to_string(&event_type).unwrap(),
            r#""MOON_LANDED""#
        );
    }
}
