//! The events that are known, in the order in which they are forgotten.

use std::time::Instant;

use super::{KeyDigest, index};
use crate::{Fingerprint, Token};

/// All slots in a ring: first those that are done, the oldest before the others, then those that are
/// claimed, and then those that are free. To go on from one to the next only moves a border, and
/// neighbours lie next to each other in memory.
///
/// Claims may end in any order: one that does changes places with the one at the border.
pub(super) struct Slots {
    /// Made when they are first used.
    ring: Vec<Slot>,
    size: usize,
    /// Where the oldest is.
    oldest: usize,
    done: usize,
    claimed: usize,
}

/// In one cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Slot {
    pub(super) key: KeyDigest,
    pub(super) until: Instant,
    pub(super) event: Event,
}

#[derive(Clone, Copy)]
pub(super) enum Event {
    Claimed(Token),
    Done(Fingerprint),
}

/// A claimed slot that made way for another.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(super) struct Moved {
    pub(super) hash: u32,
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Slots {
    /// So many, all of them free.
    pub(super) fn with_capacity(slots: usize) -> Self {
        Self {
            ring: Vec::with_capacity(slots),
            size: slots,
            oldest: 0,
            done: 0,
            claimed: 0,
        }
    }

    pub(super) fn done(&self) -> usize {
        self.done
    }

    pub(super) fn claimed(&self) -> usize {
        self.claimed
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> &Slot {
        &self.ring[index(place)]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> &mut Slot {
        &mut self.ring[index(place)]
    }

    /// What was in the slot that is claimed next, where that was used before.
    #[inline]
    pub(super) fn next_free(&self) -> Option<&Slot> {
        self.ring.get(self.after(self.done + self.claimed))
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.done + self.claimed == self.size
    }

    /// A free slot becomes a claimed one: where it is. One has to be free.
    #[inline]
    pub(super) fn claim(&mut self, claim: Slot) -> u32 {
        let at = self.after(self.done + self.claimed);
        match self.ring.get_mut(at) {
            Some(free) => *free = claim,
            None => self.ring.push(claim),
        }
        self.claimed += 1;
        place(at)
    }

    /// A claimed slot becomes the newest of those that are done: where it is then.
    #[inline]
    pub(super) fn finish(&mut self, from: u32, done: Slot) -> (u32, Option<Moved>) {
        let to = place(self.after(self.done));
        let moved = self.shift(to, from);
        *self.get_mut(to) = done;
        self.done += 1;
        self.claimed -= 1;
        (to, moved)
    }

    /// A claimed slot becomes a free one.
    pub(super) fn release(&mut self, at: u32) -> Option<Moved> {
        self.claimed -= 1;
        let last = place(self.after(self.done + self.claimed));
        self.shift(last, at)
    }

    /// What is in one slot is in the other, too.
    #[inline]
    fn shift(&mut self, from: u32, to: u32) -> Option<Moved> {
        (from != to).then(|| {
            let slot = *self.get(from);
            *self.get_mut(to) = slot;
            let hash = slot.key.for_table();
            Moved { hash, from, to }
        })
    }

    /// So many of those that are done, the oldest first, and where they are.
    pub(super) fn oldest(&self, count: usize) -> impl Iterator<Item = (u32, &Slot)> {
        let steps = 0..count.min(self.done);
        steps.map(|steps| {
            let at = self.after(steps);
            (place(at), &self.ring[at])
        })
    }

    /// So many of those that are done become free ones, the oldest first.
    pub(super) fn forget(&mut self, count: usize) {
        self.oldest = self.after(count);
        self.done -= count;
    }

    /// Where one is that comes so many after the oldest.
    #[inline]
    fn after(&self, steps: usize) -> usize {
        let at = self.oldest + steps;
        at.checked_sub(self.size).unwrap_or(at)
    }

    /// Makes room where all are taken: where each of those that are taken is from then on.
    pub(super) fn grow(&mut self) -> impl Fn(u32) -> u32 + use<> {
        let (size, oldest) = (place(self.size), place(self.oldest));
        self.ring.rotate_left(self.oldest);
        self.oldest = 0;
        self.size *= 2;
        move |place| place.checked_sub(oldest).unwrap_or(place + (size - oldest))
    }
}

#[inline]
fn place(at: usize) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "2^32 slots would be 256 GiB of claims in flight"
    )]
    let place = at as u32;
    place
}
