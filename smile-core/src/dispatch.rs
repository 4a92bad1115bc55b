//! One handler for each event type.

use std::{
    any::type_name, collections::HashMap, error::Error, fmt, future::Future, panic::Location,
    pin::Pin, sync::Arc,
};

use crate::{DataError, Delivery, FromDelivery, vendor::Scheme};

mod route;

pub(crate) use route::{Route, RouteNote};

/// Hands each event, with its data, to the handler of its type, and every other event to a fallback.
///
/// ```
/// use smile_core::{Delivery, Dispatch, SmileApi, Unhandled, smile_api::data::AccountConnected};
///
/// async fn linked(
///     event: Delivery<SmileApi>,
///     account: AccountConnected<'static>,
/// ) -> Result<(), std::io::Error> {
///     println!("{}: {:?}", event.id(), account.account_id);
///     Ok(())
/// }
///
/// async fn other(event: Delivery<SmileApi>, why: Unhandled) -> Result<(), std::io::Error> {
///     println!("{} {}: {why}", event.event_type(), event.id());
///     Ok(())
/// }
///
/// let events = Dispatch::new().on(linked).otherwise(other);
/// assert_eq!(events.event_names().collect::<Vec<_>>(), ["ACCOUNT_CONNECTED"]);
/// ```
///
/// Handlers take the event, as a [`Delivery`] or an adapter's `SmileEvent`, and its data, which is read
/// once. With [`with_state`](DispatchBuilder::with_state) they may take the state before both. It is a
/// handler of axum and of actix-web as it is, and of a worker by `Worker::dispatch`. Cheap to clone.
pub struct Dispatch<E: FromDelivery>(Arc<Table<E>>);

struct Table<E: FromDelivery> {
    handlers: HashMap<&'static str, Registered<DataCall<E>>>,
    fallback: Registered<FallbackCall<E>>,
}

/// A handler, and what an error says of it.
struct Registered<C: ?Sized> {
    name: &'static str,
    at: &'static Location<'static>,
    call: Box<C>,
}

type Run = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type BoxError = Box<dyn Error + Send + Sync>;
type DataCall<E> = dyn Fn(E, OwnedData<E>) -> Run + Send + Sync;
type FallbackCall<E> = dyn Fn(E, Unhandled) -> Run + Send + Sync;
type OwnedData<E> = <<E as FromDelivery>::Vendor as Scheme>::Data<'static>;

/// The data of one event type: what a handler of a [`Dispatch`] takes.
///
/// Implemented for every type of data of both vendors, with the lifetime `'static`. The trait is
/// sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the data of an event",
    label = "a handler takes the event and the data of one type, such as `AccountConnected<'static>`",
    note = "the types are in `smile_api::data` and `smile_io::data`; `otherwise` takes the rest"
)]
pub trait EventData: Sized + Send + 'static {
    /// Whose event it is.
    type Vendor: Scheme;

    /// The event's name, as the vendor writes it today.
    const NAME: &'static str;

    /// Takes it out of the data of all types.
    #[doc(hidden)]
    fn of(data: <Self::Vendor as Scheme>::Data<'static>) -> Option<Self>;
}

/// Why an event went to the fallback.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Unhandled {
    /// The type is known, and no handler is registered for it.
    NoHandler,
    /// This version does not know the type.
    UnknownType,
    /// A handler is registered, but the data does not have the documented shape. The bytes are in
    /// [`Delivery::raw`].
    Unreadable(DataError),
}

impl fmt::Display for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHandler => f.write_str("no handler is registered for the type"),
            Self::UnknownType => f.write_str("the type is unknown to this version"),
            Self::Unreadable(err) => write!(f, "the data cannot be read: {err}"),
        }
    }
}

impl<E: FromDelivery> Dispatch<E> {
    /// Begins without handlers.
    #[expect(clippy::new_ret_no_self, reason = "it is complete with its fallback")]
    pub fn new() -> DispatchBuilder<E> {
        DispatchBuilder {
            state: (),
            handlers: HashMap::new(),
        }
    }

    /// Runs the handler of the event's type, or the fallback.
    ///
    /// Where the fallback succeeds, the report's outcome is `Ignored` for a type without a handler,
    /// and `Unhandled` for data that cannot be read.
    ///
    /// # Errors
    ///
    /// The handler's, in a [`DispatchError`] that names it.
    pub async fn handle(&self, delivery: Delivery<E::Vendor>) -> Result<(), DispatchError> {
        let event_name: Box<str> = delivery.event_name().into();
        let registered = self
            .0
            .handlers
            .get(E::Vendor::type_name(delivery.envelope()));
        let (name, at, run) = match registered.map(|found| (found, delivery.owned_data())) {
            Some((Registered { name, at, call }, Ok(data))) => {
                delivery.route().set(Route::Handler);
                (name, at, call(E::from_delivery(delivery), data))
            }
            unhandled => {
                let why = match unhandled {
                    Some((_, Err(err))) => Unhandled::Unreadable(err),
                    _ if delivery.is_known() => Unhandled::NoHandler,
                    _ => Unhandled::UnknownType,
                };
                delivery.route().set(Route::from(&why));
                let Registered { name, at, call } = &self.0.fallback;
                (name, at, call(E::from_delivery(delivery), why))
            }
        };
        run.await.map_err(|source| DispatchError {
            event_name,
            handler: name,
            at,
            source,
        })
    }

    /// The names of the types that have a handler, sorted: to compare with those that a webhook is
    /// registered for.
    pub fn event_names(&self) -> impl Iterator<Item = &'static str> {
        let mut names: Vec<_> = self.0.handlers.keys().copied().collect();
        names.sort_unstable();
        names.into_iter()
    }
}

impl<E: FromDelivery> Clone for Dispatch<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: FromDelivery> fmt::Debug for Dispatch<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.event_names().collect();
        f.debug_tuple("Dispatch").field(&names).finish()
    }
}

/// A [`Dispatch`] without its fallback, which [`otherwise`](Self::otherwise) gives it.
#[must_use = "it handles nothing before `otherwise`"]
pub struct DispatchBuilder<E: FromDelivery, S = ()> {
    state: S,
    handlers: HashMap<&'static str, Registered<DataCall<E>>>,
}

impl<E: FromDelivery> DispatchBuilder<E> {
    /// Gives this state to every handler that takes it, as a clone. Call it first.
    pub fn with_state<S: Clone + Send + Sync + 'static>(self, state: S) -> DispatchBuilder<E, S> {
        let Self { handlers, .. } = self;
        DispatchBuilder { state, handlers }
    }
}

impl<E, S> DispatchBuilder<E, S>
where
    E: FromDelivery + 'static,
    S: Clone + Send + Sync + 'static,
{
    /// Handles events of one type with this function, which takes the event and its data, or the state
    /// and both. The type of the data says which event it is.
    ///
    /// # Panics
    ///
    /// If the type has a handler already: the message has both places.
    #[track_caller]
    pub fn on<D, H, M>(mut self, handler: H) -> Self
    where
        D: EventData<Vendor = E::Vendor>,
        H: DispatchHandler<S, E, D, M>,
        M: 'static,
    {
        let at = Location::caller();
        if let Some(before) = self.handlers.get(D::NAME) {
            panic!("{} has two handlers: at {} and at {at}", D::NAME, before.at);
        }
        let state = self.state.clone();
        let call = move |event: E, data: OwnedData<E>| match D::of(data) {
            Some(data) => handler.call(state.clone(), event, data),
            None => Box::pin(async { Err("the data is of another type than its event".into()) }),
        };
        let call: Box<DataCall<E>> = Box::new(call);
        let name = type_name::<H>();
        let registered = Registered { name, at, call };
        self.handlers.insert(D::NAME, registered);
        self
    }

    /// Handles every other event: of known types without a handler, of types that this version does not
    /// know, and those whose data cannot be read.
    ///
    /// `Ok` takes the event, and its vendor does not send it again; an error asks for it once more.
    #[track_caller]
    pub fn otherwise<H, M>(self, fallback: H) -> Dispatch<E>
    where
        H: DispatchHandler<S, E, Unhandled, M>,
        M: 'static,
    {
        let state = self.state;
        let call = move |event: E, why: Unhandled| fallback.call(state.clone(), event, why);
        Dispatch(Arc::new(Table {
            handlers: self.handlers,
            fallback: Registered {
                name: type_name::<H>(),
                at: Location::caller(),
                call: Box::new(call),
            },
        }))
    }
}

impl<E: FromDelivery, S> fmt::Debug for DispatchBuilder<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.handlers.keys().collect();
        f.debug_tuple("DispatchBuilder").field(&names).finish()
    }
}

/// A function that a [`Dispatch`] calls: `async fn(event, data) -> Result<(), E>`, or
/// `async fn(state, event, data) -> Result<(), E>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler of events",
    label = "expected `async fn({E}, {D}) -> Result<(), _>`, with the state before both or without",
    note = "the error must be one that `Box<dyn Error + Send + Sync>` can be made of, and the future `Send`"
)]
pub trait DispatchHandler<S, E, D, M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn call(&self, state: S, event: E, data: D) -> Run;
}

impl<F, S, E, D, Fut, Err> DispatchHandler<S, E, D, (E, D)> for F
where
    F: Fn(E, D) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Err>> + Send + 'static,
    Err: Into<BoxError>,
{
    fn call(&self, _state: S, event: E, data: D) -> Run {
        let run = self(event, data);
        Box::pin(async { run.await.map_err(Into::into) })
    }
}

impl<F, S, E, D, Fut, Err> DispatchHandler<S, E, D, (S, E, D)> for F
where
    F: Fn(S, E, D) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Err>> + Send + 'static,
    Err: Into<BoxError>,
{
    fn call(&self, state: S, event: E, data: D) -> Run {
        let run = self(state, event, data);
        Box::pin(async { run.await.map_err(Into::into) })
    }
}

/// A handler of a [`Dispatch`] failed.
#[derive(Debug)]
pub struct DispatchError {
    event_name: Box<str>,
    handler: &'static str,
    at: &'static Location<'static>,
    source: BoxError,
}

/// Logs the error of a handler that an adapter called, with every cause behind it.
#[cfg(feature = "intake")]
#[doc(hidden)]
pub fn log_dispatch_error(err: &DispatchError) {
    let error = crate::rejection::chain(err);
    tracing::error!(target: "smile", event = &*err.event_name, error, "a handler failed");
}

impl DispatchError {
    #[cfg(feature = "inbox")]
    pub(crate) fn own(&self) -> &BoxError {
        &self.source
    }

    /// The handler's own error.
    pub fn into_source(self) -> Box<dyn Error + Send + Sync> {
        self.source
    }
}

impl fmt::Display for DispatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the handler `{}` of {}, registered at {}, failed",
            self.handler, self.event_name, self.at
        )
    }
}

impl Error for DispatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
