//! The data of each event, and the objects in it.
//!
//! Names are the vendor's, in Rust's spelling. Where a type has the name of a component, the facts
//! about its members are from the Smile API OpenAPI 1.14.0; meanings are also from the Smile API
//! webhooks page. See [`model`](crate::model) for what holds for all of them.

mod account;
mod added;
mod archive;
mod document;
mod employment;
mod identity;
mod income;
mod insight;
mod invite;
mod liability;
mod link;
mod payload;
mod rating;
mod record;
mod task;
mod transaction;
mod updated;
mod user;
mod verification;

pub use self::account::{
    AccountConnected, AccountCreated, AccountDisconnected, AccountErrorCode, AccountFailed,
};
pub use self::added::{
    ContributionsAdded, DocumentsAdded, EincomesAdded, EmploymentsAdded, IdentityAdded,
    IncomesAdded, InsightAdded, LiabilitiesAdded, LinkAdded, RatingAdded, TransactionsAdded,
};
pub use self::archive::{
    ArchiveAnalyzed, ArchiveErrorCode, ArchiveFailed, ArchiveRevoked, ArchiveStarted,
};
pub use self::document::{Document, DocumentType};
pub use self::employment::Employment;
pub use self::identity::{
    Address, AddressTag, AddressType, Citizenship, Email, EmailType, Gender, Identity,
    MaritalStatus, Phone, PhoneType, SocialProfile, SocialProfileType,
};
pub use self::income::{Contribution, Eincome, Income, PayPeriod};
pub use self::insight::{Features, Insight, Outcome};
pub use self::invite::{InviteInvited, InviteLinked};
pub use self::liability::Liability;
pub use self::link::{Link, LinkRecord};
pub use self::payload::DatapointPayload;
pub use self::rating::Rating;
pub use self::record::{
    Consent, RecordCompleted, RecordCreated, RecordResultCode, RecordStatus, RecordType,
    SocialSecurity, SocialSecurityRequestMeta, SocialSecurityResult,
};
pub use self::task::{
    AccountMonitorStatus, AccountSyncTaskFinished, Datapoint, SourceType, TaskFinished,
    TaskStarted, TaskStatus, TaskType,
};
pub use self::transaction::Transaction;
pub use self::updated::{
    ContributionsUpdated, DocumentsUpdated, EincomesUpdated, EmploymentsUpdated, IncomesUpdated,
    LiabilitiesUpdated,
};
pub use self::user::{
    Form, SessionChannel, UserAccount, UserArchive, UserCreated, UserPayload, UserSession,
    UserSessionCompleted, UserSessionReset, UserSessionStatus,
};
pub use self::verification::{
    VerificationAdditionalData, VerificationCompleted, VerificationContactMatch,
    VerificationIdMatch, VerificationNames, VerificationResult, VerificationResultCode,
    VerificationStarted,
};

/// Makes the data of an event about an account: the three members that all of these have come
/// first.
macro_rules! account_event {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident<$lt:lifetime> { $($rest:tt)* }
    ) => {
        $crate::model::object! {
            $(#[doc = $doc])*
            pub struct $name<$lt> {
                /// The user; opaque.
                user_id: Option<$crate::model::Text<$lt>> = "userId" | "userid",
                /// The account, `a-..`; opaque.
                account_id: Option<$crate::model::Text<$lt>> = "accountId",
                /// The providers of the account, such as `sss_ph`.
                providers: Vec<$crate::model::Text<$lt>> = "providers",
                $($rest)*
            }
        }

        impl $crate::model::Subject for $name<'_> {
            fn user_id(&self) -> Option<&str> {
                self.user_id.as_deref()
            }

            fn account_id(&self) -> Option<&str> {
                self.account_id.as_deref()
            }
        }
    };
}

/// Makes the data of an event about a user, whose id comes first.
macro_rules! user_event {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident<$lt:lifetime> { $($rest:tt)* }
    ) => {
        $crate::model::object! {
            $(#[doc = $doc])*
            pub struct $name<$lt> {
                /// The user; opaque.
                user_id: Option<$crate::model::Text<$lt>> = "userId" | "userid",
                $($rest)*
            }
        }

        impl $crate::model::Subject for $name<'_> {
            fn user_id(&self) -> Option<&str> {
                self.user_id.as_deref()
            }
        }
    };
}

use {account_event, user_event};
