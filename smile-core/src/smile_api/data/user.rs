use crate::model::{RawJson, Subject, Text, object, open_enum};

use super::{DatapointPayload, user_event};

user_event! {
    /// A user and a link token were made (`UserCreatedEvent`).
    pub struct UserCreated<'a> {
        /// The session that the user was made in.
        session: Option<Box<UserSession<'a>>> = "session",
    }
}

object! {
    /// A user's session was completed (`UserSessionCompletedEvent`).
    pub struct UserSessionCompleted<'a> {
        /// The session; it names the user.
        session: Option<Box<UserSession<'a>>> = "session",
        /// What the user handed in.
        payload: Option<Box<UserPayload<'a>>> = "payload",
    }
}

object! {
    /// A user's session was started over (`UserSessionResetEvent`).
    pub struct UserSessionReset<'a> {
        /// The session; it names the user.
        session: Option<Box<UserSession<'a>>> = "session",
    }
}

impl Subject for UserSessionCompleted<'_> {
    fn user_id(&self) -> Option<&str> {
        self.session.as_ref()?.user_id.as_deref()
    }
}

impl Subject for UserSessionReset<'_> {
    fn user_id(&self) -> Option<&str> {
        self.session.as_ref()?.user_id.as_deref()
    }
}

object! {
    /// A user's way through a link page or the widget (`UserSession`).
    pub struct UserSession<'a> {
        /// The user; opaque.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// Where the session takes place.
        channel: Option<SessionChannel<'a>> = "channel",
        /// The page that it takes place on, `site-..`; opaque.
        channel_id: Option<Text<'a>> = "channelId",
        /// How far it is.
        status: Option<UserSessionStatus<'a>> = "status",
    }
}

object! {
    /// What a user handed in during a session (`UserPayload`).
    pub struct UserPayload<'a> {
        /// The session.
        metadata: Option<Box<UserSession<'a>>> = "metadata",
        /// The forms that were filled in.
        forms: Vec<Form<'a>> = "forms",
        /// The accounts that were linked.
        accounts: Vec<UserAccount<'a>> = "accounts",
        /// The files that were uploaded.
        archives: Vec<UserArchive<'a>> = "archives",
    }
}

object! {
    /// A form that a user filled in (`UserPayload.forms`).
    pub struct Form<'a> {
        /// The form, `form-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The title of the form.
        name: Option<Text<'a>> = "name",
        /// The answers, in a shape that the form decides.
        data: Option<RawJson<'a>> = "data",
    }
}

object! {
    /// An account that a user linked in a session (`UserPayload.accounts`).
    pub struct UserAccount<'a> {
        /// The account, `a-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The provider of the account, such as `nbi_ph`.
        provider_id: Option<Text<'a>> = "providerId",
        /// The data from the account, as sent.
        ///
        /// [`payload`](Self::payload) tells whether there is any.
        payload: Option<Box<DatapointPayload<'a>>> = "payload",
    }
}

impl<'a> UserAccount<'a> {
    /// The data from the account. Absent, `null` and `{}` all mean that there is none.
    #[must_use]
    pub fn payload(&self) -> Option<&DatapointPayload<'a>> {
        self.payload
            .as_deref()
            .filter(|payload| !payload.is_empty())
    }
}

object! {
    /// Files that a user uploaded in a session (`UserPayload.archives`).
    pub struct UserArchive<'a> {
        /// The archive, `archive-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// What the files are, such as `payslip`.
        file_type: Option<Text<'a>> = "fileType",
        /// The data from the files, as sent.
        ///
        /// [`payload`](Self::payload) tells whether there is any.
        payload: Option<Box<DatapointPayload<'a>>> = "payload",
    }
}

impl<'a> UserArchive<'a> {
    /// The data from the files. Absent, `null` and `{}` all mean that there is none.
    #[must_use]
    pub fn payload(&self) -> Option<&DatapointPayload<'a>> {
        self.payload
            .as_deref()
            .filter(|payload| !payload.is_empty())
    }
}

open_enum! {
    /// Where a session takes place (`SessionChannel`).
    pub enum SessionChannel<'a> {
        /// A page that the vendor hosts.
        WinkSite = "WinkSite",
        /// Everything else.
        Default = "Default",
    }
}

open_enum! {
    /// How far a session is (`UserSessionStatus`).
    pub enum UserSessionStatus<'a> {
        /// The user is at it.
        InProgress = "IN_PROGRESS",
        /// The user is through.
        Completed = "COMPLETED",
        /// The user withdrew.
        Revoked = "REVOKED",
    }
}
