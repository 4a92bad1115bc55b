//! The checks, by the names that `--only` takes.

mod events;
mod forged;
mod large;
mod rotation;
mod shutdown;
mod slow;
mod steady;
mod vanishing;

use std::pin::Pin;

use crate::{Framework, receiver::Program, size::Size, table::Table};

type Check = for<'a> fn(
    &'a Program,
    Framework,
    &'a Size,
    &'a mut Table,
) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// L5, L6, L8, L9 and L17 to L20 of the same list are tests of the stores and of the inbox.
pub(crate) const CHECKS: [(&str, Check); 12] = [
    ("L1", |p, f, s, t| Box::pin(slow::bodies(p, f, s, t))),
    ("L2", |p, f, s, t| Box::pin(slow::heads(p, f, s, t))),
    ("L3", |p, f, s, t| Box::pin(large::endless(p, f, s, t))),
    ("L4", |p, f, s, t| Box::pin(forged::signatures(p, f, s, t))),
    ("L7", |p, f, s, t| Box::pin(events::flood(p, f, s, t))),
    ("L10", |p, f, s, t| Box::pin(forged::timestamps(p, f, s, t))),
    ("L11", |p, f, s, t| Box::pin(rotation::rotation(p, f, s, t))),
    ("L12", |p, f, s, t| Box::pin(shutdown::sigterm(p, f, s, t))),
    ("L13", |p, f, s, t| Box::pin(large::odd(p, f, s, t))),
    ("L14", |p, f, s, t| Box::pin(vanishing::senders(p, f, s, t))),
    ("L15", |p, f, s, t| Box::pin(slow::readers(p, f, s, t))),
    ("L16", |p, f, s, t| Box::pin(steady::load(p, f, s, t))),
];
