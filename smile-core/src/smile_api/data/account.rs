use crate::model::{Text, open_enum};

use super::account_event;

account_event! {
    /// A user began to link an account (`AccountCreatedEvent`). Sent for providers without a login
    /// too.
    pub struct AccountCreated<'a> {}
}

account_event! {
    /// A user linked an account: the login worked (`AccountConnectedEvent`).
    pub struct AccountConnected<'a> {
        /// The name that the user logged in with at the provider.
        login_name: Option<Text<'a>> = "loginName",
    }
}

account_event! {
    /// A user revoked the link to an account (`AccountDisconnectedEvent`).
    pub struct AccountDisconnected<'a> {}
}

account_event! {
    /// Linking an account failed (`AccountFailedEvent`).
    pub struct AccountFailed<'a> {
        /// The name that the user tried to log in with at the provider.
        login_name: Option<Text<'a>> = "loginName",
        /// Why it failed.
        error_code: Option<AccountErrorCode<'a>> = "errorCode",
        /// Why it failed, in words.
        error_message: Option<Text<'a>> = "errorMessage",
    }
}

open_enum! {
    /// Why an account could not be linked (`AccountErrorCode`; the event itself declares a string).
    pub enum AccountErrorCode<'a> {
        /// The account is disabled at the provider.
        AccountDisabled = "ACCOUNT_DISABLED",
        /// The account cannot be reached.
        AccountInaccessible = "ACCOUNT_INACCESSIBLE",
        /// The account is not fully set up at the provider.
        AccountIncomplete = "ACCOUNT_INCOMPLETE",
        /// The account is locked at the provider.
        AccountLocked = "ACCOUNT_LOCKED",
        /// The user has to authenticate.
        AuthRequired = "AUTH_REQUIRED",
        /// The credentials have expired.
        ExpiredCredentials = "EXPIRED_CREDENTIALS",
        /// The account is of a type that is not supported.
        InvalidAccountType = "INVALID_ACCOUNT_TYPE",
        /// The authentication is not valid.
        InvalidAuth = "INVALID_AUTH",
        /// User name or password are wrong.
        InvalidCredentials = "INVALID_CREDENTIALS",
        /// The second factor is wrong.
        InvalidMfa = "INVALID_MFA",
        /// The second factor did not come in time.
        MfaTimeout = "MFA_TIMEOUT",
        /// The provider is not available.
        ServiceUnavailable = "SERVICE_UNAVAILABLE",
        /// The vendor's system failed.
        SystemError = "SYSTEM_ERROR",
        /// The user has to accept the provider's terms of service.
        TosRequired = "TOS_REQUIRED",
        /// The way of authenticating is not supported.
        UnsupportedAuthType = "UNSUPPORTED_AUTH_TYPE",
        /// The kind of second factor is not supported.
        UnsupportedMfaMethod = "UNSUPPORTED_MFA_METHOD",
    }
}
