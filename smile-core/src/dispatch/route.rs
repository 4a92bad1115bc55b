//! Which way a table of handlers sent an event.

use std::sync::atomic::{AtomicU8, Ordering};

use super::Unhandled;

/// Notes on a delivery which way a table sent it, for the report. Without a table it stays at
/// [`Route::Handler`].
#[derive(Debug, Default)]
pub(crate) struct RouteNote(AtomicU8);

/// To which handler an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// To one for its type, or to one without a table.
    Handler,
    /// To the fallback, since there is none for its type.
    NoHandler,
    /// To the fallback, since its data cannot be read.
    Unreadable,
}

impl RouteNote {
    /// The last table that took the event counts: a fallback may hand it to another one.
    pub(crate) fn set(&self, route: Route) {
        let code = match route {
            Route::Handler => HANDLER,
            Route::NoHandler => NO_HANDLER,
            Route::Unreadable => UNREADABLE,
        };
        self.0.store(code, Ordering::Relaxed);
    }

    #[cfg(feature = "intake")]
    pub(crate) fn get(&self) -> Route {
        match self.0.load(Ordering::Relaxed) {
            NO_HANDLER => Route::NoHandler,
            UNREADABLE => Route::Unreadable,
            _ => Route::Handler,
        }
    }
}

impl From<&Unhandled> for Route {
    fn from(why: &Unhandled) -> Self {
        match why {
            Unhandled::NoHandler | Unhandled::UnknownType => Self::NoHandler,
            Unhandled::Unreadable(_) => Self::Unreadable,
        }
    }
}

const HANDLER: u8 = 0;
const NO_HANDLER: u8 = 1;
const UNREADABLE: u8 = 2;
