use crate::{
    model::{OtherData, RawJson, Subject, Text, event_table, object},
    smile_api::data::AccountErrorCode,
};

use super::{Closed, TokenExpired, UiEvent, loose::unwrapped};

event_table! {
    /// A callback of the widget (Smile API documentation, "Event Notifications", callbacks).
    names Callback, UnknownCallback as callback;

    /// The argument of a callback.
    data Payload, OtherData in "payload";

    /// The user began to link an account.
    AccountCreated = "onAccountCreated": AccountCallback,
    /// The user linked an account.
    AccountConnected = "onAccountConnected": AccountCallback,
    /// The user revoked the link to an account.
    AccountRemoved = "onAccountRemoved": AccountCallback,
    /// The link token has expired. Ask the vendor for a new one (`POST /tokens` with the user's id)
    /// and give it to the widget.
    TokenExpired = "onTokenExpired": TokenExpired,
    /// The user closed the widget.
    Close = "onClose": Closed,
    /// Linking an account failed.
    AccountError = "onAccountError": AccountErrorCallback,
    /// The user uploaded files.
    UploadsCreated = "onUploadsCreated": UploadsCallback,
    /// The user removed uploaded files.
    UploadsRemoved = "onUploadsRemoved": UploadsCallback,
    /// The widget shows another page.
    UiEvent = "onUIEvent": UiEvent,
}

object! {
    /// The argument of `onAccountCreated`, `onAccountConnected` and `onAccountRemoved`.
    pub struct AccountCallback<'a> {
        /// The account, `a-..`; opaque.
        account_id: Option<Text<'a>> = "accountId",
        /// The user; opaque.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// The provider of the account, such as `sss_ph`.
        provider_id: Option<Text<'a>> = "providerId",
    }
}

object! {
    /// The argument of `onAccountError`.
    pub struct AccountErrorCallback<'a> {
        /// The account, `a-..`; opaque.
        account_id: Option<Text<'a>> = "accountId",
        /// The user; opaque.
        user_id: Option<Text<'a>> = "userId" | "userid",
        /// The provider of the account, such as `sss_ph`.
        provider_id: Option<Text<'a>> = "providerId",
        /// Why it failed.
        error_code: Option<AccountErrorCode<'a>> = "errorCode",
    }
}

object! {
    /// The argument of `onUploadsCreated` and `onUploadsRemoved`.
    pub struct UploadsCallback<'a> {
        /// The uploads, as sent; see [`uploads`](Self::uploads).
        uploads: Option<RawJson<'a>> = "uploads",
        /// The user; opaque. The archives page spells the name `userid`.
        user_id: Option<Text<'a>> = "userId" | "userid",
    }
}

impl UploadsCallback<'_> {
    /// The uploads as JSON. The vendor documents an object, mentions an array, and shows code that
    /// sends JSON in a string, which this method parses. The content is not documented.
    #[must_use]
    pub fn uploads(&self) -> Option<RawJson<'_>> {
        self.uploads.as_ref().and_then(unwrapped)
    }
}

macro_rules! subject {
    ($($name:ident: $($id:ident)*;)*) => {$(
        impl Subject for $name<'_> {
            $(fn $id(&self) -> Option<&str> {
                self.$id.as_deref()
            })*
        }
    )*};
}

subject! {
    AccountCallback: user_id account_id;
    AccountErrorCallback: user_id account_id;
    UploadsCallback: user_id;
}
