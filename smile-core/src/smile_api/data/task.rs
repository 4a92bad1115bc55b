use crate::model::{Subject, Text, object, open_enum};

use super::DatapointPayload;

object! {
    /// The sync of a user's data began (`TaskStartedEvent`).
    pub struct TaskStarted<'a> {
        /// The user; opaque.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// What the data comes from, such as an account `a-..`; opaque.
        source_id: Option<Text<'a>> = "sourceId",
        /// What kind of source that is.
        source_type: Option<SourceType<'a>> = "sourceType",
        /// What the task does.
        task_type: Option<TaskType<'a>> = "taskType",
        /// The providers of the source.
        providers: Vec<Text<'a>> = "providers",
    }
}

object! {
    /// The sync of a user's data ended (`TaskFinishedEvent`).
    pub struct TaskFinished<'a> {
        /// The user; opaque.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// What the data comes from, such as an account `a-..`; opaque.
        source_id: Option<Text<'a>> = "sourceId",
        /// What kind of source that is.
        source_type: Option<SourceType<'a>> = "sourceType",
        /// What the task did.
        task_type: Option<TaskType<'a>> = "taskType",
        /// How it ended.
        status: Option<TaskStatus<'a>> = "status",
        /// Why it failed. The vendor documents no values.
        error_code: Option<Text<'a>> = "errorCode",
        /// The providers of the source.
        providers: Vec<Text<'a>> = "providers",
        /// The kinds of data that were found.
        datapoints: Vec<Datapoint<'a>> = "datapoints" | "dataPoints",
        /// The data, as sent.
        ///
        /// [`payload`](Self::payload) tells whether there is any.
        payload: Option<Box<DatapointPayload<'a>>> = "payload",
    }
}

impl<'a> TaskFinished<'a> {
    /// The data, where the webhook was registered with `includePayload`. Absent, `null` and `{}`
    /// all mean that there is none.
    #[must_use]
    pub fn payload(&self) -> Option<&DatapointPayload<'a>> {
        self.payload
            .as_deref()
            .filter(|payload| !payload.is_empty())
    }
}

object! {
    /// A periodic sync of an account ended (`AccountSyncTaskFinishedEvent`).
    pub struct AccountSyncTaskFinished<'a> {
        /// The user; opaque.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// What the data comes from, such as an account `a-..`; opaque.
        source_id: Option<Text<'a>> = "sourceId",
        /// What kind of source that is.
        source_type: Option<SourceType<'a>> = "sourceType",
        /// The providers of the source.
        providers: Vec<Text<'a>> = "providers",
        /// How it ended.
        status: Option<TaskStatus<'a>> = "status",
        /// Whether the account is still watched.
        monitor_status: Option<AccountMonitorStatus<'a>> = "monitorStatus",
        /// The kinds of data that were found. The accounts page spells the name `dataPoints`.
        datapoints: Vec<Datapoint<'a>> = "datapoints" | "dataPoints",
        /// The data, as sent.
        ///
        /// [`payload`](Self::payload) tells whether there is any.
        payload: Option<Box<DatapointPayload<'a>>> = "payload",
    }
}

impl<'a> AccountSyncTaskFinished<'a> {
    /// The data, where the webhook was registered with `includePayload`. Absent, `null` and `{}`
    /// all mean that there is none.
    #[must_use]
    pub fn payload(&self) -> Option<&DatapointPayload<'a>> {
        self.payload
            .as_deref()
            .filter(|payload| !payload.is_empty())
    }
}

macro_rules! task_subject {
    ($($name:ident)*) => {$(
        impl Subject for $name<'_> {
            fn user_id(&self) -> Option<&str> {
                self.user_id.as_deref()
            }

            /// A task names its source, which may be an account.
            fn account_id(&self) -> Option<&str> {
                match self.source_type {
                    Some(SourceType::Account) => self.source_id.as_deref(),
                    _ => None,
                }
            }
        }
    )*};
}

task_subject!(TaskStarted TaskFinished AccountSyncTaskFinished);

open_enum! {
    /// What data comes from (`RefSourceType`).
    pub enum SourceType<'a> {
        /// A linked account.
        Account = "ACCOUNT",
        /// An upload, the older form of an archive.
        Upload = "UPLOAD",
        /// Uploaded files.
        Archive = "ARCHIVE",
        /// A social security record.
        SocialSecurity = "SOCIAL_SECURITY",
    }
}

open_enum! {
    /// What a task does (`Task.type`; the event itself declares a string).
    pub enum TaskType<'a> {
        /// Links an account.
        LinkAccount = "LINK_ACCOUNT",
        /// Reads uploaded files.
        AnalyzeArchive = "ANALYZE_ARCHIVE",
        /// Finds out what uploaded files are.
        ClassifyArchive = "CLASSIFY_ARCHIVE",
        /// Fetches an account's data again.
        UpdateAccount = "UPDATE_ACCOUNT",
    }
}

open_enum! {
    /// How a task ended (`TaskFinishedEvent.data.status`).
    ///
    /// ```
    /// use smile_core::smile_api::data::TaskStatus;
    ///
    /// assert!(TaskStatus::from("FAILED").is_failed());
    /// assert!(TaskStatus::from("FAILURE").is_failed());
    /// ```
    pub enum TaskStatus<'a> {
        /// It worked.
        Succeeded = "SUCCEEDED",
        /// It failed, in the schema's spelling.
        Failed = "FAILED",
        /// It failed, in the spelling of the schema's description.
        Failure = "FAILURE",
    }
}

impl TaskStatus<'_> {
    /// Whether the task failed, in either spelling.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed | Self::Failure)
    }
}

open_enum! {
    /// A kind of data (`RefDatapoint`). The names are not those of the payload's members.
    pub enum Datapoint<'a> {
        /// Who the user is: the payload's [`identity`](DatapointPayload::identity).
        Identities = "IDENTITIES",
        /// The payload's [`transactions`](DatapointPayload::transactions).
        Transactions = "TRANSACTIONS",
        /// The payload's [`rating`](DatapointPayload::rating).
        Ratings = "RATINGS",
        /// The payload's [`employments`](DatapointPayload::employments).
        Employments = "EMPLOYMENTS",
        /// The payload's [`documents`](DatapointPayload::documents).
        Documents = "DOCUMENTS",
        /// The payload's [`incomes`](DatapointPayload::incomes).
        Incomes = "INCOMES",
        /// The payload's [`contributions`](DatapointPayload::contributions).
        Contributions = "CONTRIBUTIONS",
        /// Estimated incomes: the payload's [`eincomes`](DatapointPayload::eincomes).
        Eincomes = "EINCOMES",
        /// The payload's [`liabilities`](DatapointPayload::liabilities).
        Liabilities = "LIABILITIES",
        /// The payload's [`links`](DatapointPayload::links).
        Link = "LINK",
        /// The payload's [`insight`](DatapointPayload::insight).
        Insights = "INSIGHTS",
    }
}

open_enum! {
    /// Whether the vendor still watches an account (`AccountMonitorStatus`).
    pub enum AccountMonitorStatus<'a> {
        /// It does.
        Active = "ACTIVE",
        /// The user has to do something first.
        UserActionRequired = "USER_ACTION_REQUIRED",
        /// The provider cannot be watched.
        Unsupported = "UNSUPPORTED",
        /// You switched it off.
        CustomerDisabled = "CUSTOMER_DISABLED",
    }
}
