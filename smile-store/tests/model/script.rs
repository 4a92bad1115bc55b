//! What is done to a store, and what it answers.

use proptest::{collection::vec, prelude::*};

/// A short script over few events and few tokens, so that they meet.
pub(crate) fn script() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..40)
}

/// One call of a store.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) event: usize,
    pub(crate) token: usize,
    pub(crate) call: Call,
}

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Claim(Time),
    Extend(Time),
    Finish(Time, Print),
    Release,
}

/// How long a lease or a retention lasts: nothing here waits, so that every run of a script is the
/// same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// Beyond the end of the script.
    Long,
    /// Over at once: the next call finds it ended.
    Over,
}

/// Which body was handled.
pub(crate) type Print = u8;

/// A store's answer, without what may differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The fence grew.
    Acquired,
    /// Most of the lease was left.
    InFlight,
    Done(Print),
    Held,
    Lost,
    Failed(String),
}

pub(crate) const EVENTS: usize = 3;
pub(crate) const TOKENS: usize = 4;

fn step() -> impl Strategy<Value = Step> {
    (0..EVENTS, 0..TOKENS, call()).prop_map(|(event, token, call)| Step { event, token, call })
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => time().prop_map(Call::Claim),
        1 => time().prop_map(Call::Extend),
        2 => (time(), 0..3_u8).prop_map(|(time, print)| Call::Finish(time, print)),
        1 => Just(Call::Release),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![2 => Just(Time::Long), 1 => Just(Time::Over)]
}
