use crate::model::{RawJson, Subject, Text, object, open_enum};

use super::loose::unwrapped;

object! {
    /// The argument of `onUIEvent`.
    pub struct UiEvent<'a> {
        /// The page that is shown.
        event_name: Option<UiEventName<'a>> = "eventName",
        /// When the page was shown; the format is not documented.
        event_time: Option<Text<'a>> = "eventTime",
        /// Whether the widget works with real data.
        mode: Option<WidgetMode<'a>> = "mode",
        /// The user; opaque. May be absent.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// The account, as sent; see [`account`](Self::account).
        account: Option<RawJson<'a>> = "account",
        /// The archive, as sent; see [`archive`](Self::archive).
        archive: Option<RawJson<'a>> = "archive",
    }
}

impl UiEvent<'_> {
    /// The account that the page is about. The vendor's samples send an object, or JSON in a
    /// string.
    #[must_use]
    pub fn account(&self) -> Option<UiAccount<'static>> {
        let json = unwrapped(self.account.as_ref()?)?;
        serde_json::from_str::<UiAccount<'_>>(json.get())
            .map(UiAccount::into_owned)
            .ok()
    }

    /// The archive that the page is about. The vendor's samples send an object, or JSON in a
    /// string.
    #[must_use]
    pub fn archive(&self) -> Option<UiArchive<'static>> {
        let json = unwrapped(self.archive.as_ref()?)?;
        serde_json::from_str::<UiArchive<'_>>(json.get())
            .map(UiArchive::into_owned)
            .ok()
    }
}

impl Subject for UiEvent<'_> {
    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }
}

open_enum! {
    /// A page of the widget (Smile API documentation, "Event Notifications", UI events).
    pub enum UiEventName<'a> {
        /// The consent page.
        ConsentPageOpened = "ConsentPageOpened",
        /// The list of providers.
        ProviderListPageOpened = "ProviderListPageOpened",
        /// A provider's login; with `providerId`.
        LoginPageOpened = "LoginPageOpened",
        /// A provider's second factor; with `providerId`.
        MfaPageOpened = "MfaPageOpened",
        /// An account was linked; with `providerId` and `accountId`.
        ConnectSuccessPageOpened = "ConnectSuccessPageOpened",
        /// A linked account, and how to revoke it; with `providerId` and `accountId`.
        AccountRevokePageOpened = "AccountRevokePageOpened",
        /// Other ways to log in.
        LoginOptionsPageOpened = "LoginOptionsPageOpened",
        /// Questions about the employer.
        EmployerSurveyPageOpened = "EmployerSurveyPageOpened",
        /// The kinds of files to upload.
        FileTypeListPageOpened = "FileTypeListPageOpened",
        /// The upload of files.
        FileTypePageOpened = "FileTypePageOpened",
        /// Files were uploaded.
        ArchiveSuccessPageOpened = "ArchiveSuccessPageOpened",
        /// Uploaded files, and how to remove them.
        RevokeArchivePageOpened = "RevokeArchivePageOpened",
    }
}

open_enum! {
    /// Whether the widget works with real data. The vendor gives these two as examples.
    pub enum WidgetMode<'a> {
        /// It works with made-up data.
        Sandbox = "SANDBOX",
        /// It works with real data.
        Production = "PRODUCTION",
    }
}

object! {
    /// The account of a UI event.
    pub struct UiAccount<'a> {
        /// The provider, such as `sss_ph`.
        provider_id: Option<Text<'a>> = "providerId",
        /// The account, `a-..`; opaque.
        account_id: Option<Text<'a>> = "accountId",
    }
}

object! {
    /// The archive of a UI event.
    pub struct UiArchive<'a> {
        /// The kind of the files, such as `payslip`.
        file_type: Option<Text<'a>> = "fileType",
    }
}
