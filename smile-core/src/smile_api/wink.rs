//! The callbacks of the Wink widget, as a browser forwards them.
//!
//! The widget runs in the user's browser or app, and calls functions of your page. Your page may
//! forward such a call to your server, and this module reads it there. **No part of it is signed**:
//! anybody can send anything, with any ids. Use a [`Hint`] to show progress or to look something up
//! sooner. Only an event or the REST API can tell that an account is connected.
//!
//! The vendor defines no format for forwarding, so this one is ours: an object with the name of the
//! callback and its one argument.
//!
//! ```
//! use smile_core::smile_api::wink::{Hint, Payload};
//!
//! let body = br#"{"callback": "onAccountConnected",
//!     "payload": {"accountId": "a-1", "userId": "u-1", "providerId": "sss_ph"}}"#;
//! let hint = Hint::parse(body)?;
//! let Payload::AccountConnected(account) = hint.payload() else { panic!("another callback") };
//! assert_eq!(account.provider_id.as_deref(), Some("sss_ph"));
//! # Ok::<(), smile_core::smile_api::wink::HintError>(())
//! ```
//!
//! In the browser, the repository's `wink.js` forwards all callbacks in this format:
//!
//! ```js
//! import { forwardCallbacks } from "/wink.js";
//!
//! new SmileLinkModal(forwardCallbacks({ /* .. */ })).open();
//! ```

mod callback;
mod hint;
mod loose;
mod ui_event;

pub use self::callback::{
    AccountCallback, AccountErrorCallback, Callback, Payload, UnknownCallback, UploadsCallback,
};
pub use self::hint::{Hint, HintError};
pub use self::loose::{CloseReason, Closed, TokenExpired};
pub use self::ui_event::{UiAccount, UiArchive, UiEvent, UiEventName, WidgetMode};
