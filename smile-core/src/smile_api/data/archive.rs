use crate::model::{Text, open_enum};

use super::user_event;

user_event! {
    /// A user uploaded files, which became an archive (`ArchiveStartedEvent`).
    pub struct ArchiveStarted<'a> {
        /// The archive, `archive-..` or `u-..`; opaque.
        archive_id: Option<Text<'a>> = "archiveId",
    }
}

user_event! {
    /// The files of an archive were read and turned into data (`ArchiveAnalyzedEvent`).
    pub struct ArchiveAnalyzed<'a> {
        /// The archive, `archive-..` or `u-..`; opaque.
        archive_id: Option<Text<'a>> = "archiveId",
    }
}

user_event! {
    /// A user withdrew the access to an archive (`ArchiveRevokedEvent`).
    pub struct ArchiveRevoked<'a> {
        /// The archive, `archive-..` or `u-..`; opaque.
        archive_id: Option<Text<'a>> = "archiveId",
    }
}

user_event! {
    /// An archive could not be made or read (`ArchiveFailedEvent`).
    pub struct ArchiveFailed<'a> {
        /// The archive, `archive-..` or `u-..`; opaque.
        archive_id: Option<Text<'a>> = "archiveId",
        /// Why it failed.
        error_code: Option<ArchiveErrorCode<'a>> = "errorCode",
        /// Why it failed, in words.
        error_message: Option<Text<'a>> = "errorMessage",
    }
}

open_enum! {
    /// Why an archive failed (`Archive.state.errorCode`; the event itself declares a string).
    pub enum ArchiveErrorCode<'a> {
        /// A field that must be there is not, in the schema's first spelling.
        MissingMandataryField = "MISSING_MANDATARY_FIELD",
        /// A field that must be there is not.
        MissingMandatoryField = "MISSING_MANDATORY_FIELD",
        /// A field is not in the right format.
        InvalidFieldFormat = "INVALID_FIELD_FORMAT",
        /// The vendor's system failed.
        SystemError = "SYSTEM_ERROR",
        /// The kind of the file was not recognised. Found in the webhooks page's example only.
        FileUnableToRecognize = "FILE_UNABLE_TO_RECOGNIZE",
    }
}
