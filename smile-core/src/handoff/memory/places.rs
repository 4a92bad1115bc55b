//! In which place each event is: a hash table in a single array.
//!
//! After a large body nothing of it is in a cache, and a look costs what it takes to fetch what has to
//! be looked at. That is one cache line here, and two, in two pages, in a table that has control bytes
//! in an array of their own.

use super::index;

/// Places by the hash of what is there, with linear probing.
pub(super) struct Places {
    /// A power of two, and at most half of them taken.
    entries: Box<[Entry]>,
    /// Of a hash, to the entry to look at first.
    shift: u32,
    taken: usize,
}

/// The hash, and the place from 1 on; 0 where there is none. As an array, all are made of the system's
/// zeros.
type Entry = [u32; 2];

const NONE: Entry = [0; 2];

impl Places {
    /// Room for this many, at most 2^31, before it is rebuilt.
    pub(super) fn with_capacity(places: usize) -> Self {
        let entries = (places.max(1) * 2).next_power_of_two();
        Self {
            entries: vec![NONE; entries].into(),
            shift: u32::BITS - entries.trailing_zeros(),
            taken: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// At which entry the place with this hash is that `is_it`, or where it would be.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Result<usize, usize> {
        let mut at = self.home(hash);
        loop {
            match self.entries[at] {
                NONE => return Err(at),
                [other, place] if other == hash && is_it(place - 1) => return Ok(at),
                _ => at = self.after(at),
            }
        }
    }

    /// What is at the entry to look at first, whatever it is.
    #[inline]
    pub(super) fn peek(&self, hash: u32) -> u32 {
        let [_, place] = self.entries[self.home(hash)];
        place
    }

    /// The place at an entry that was found.
    #[inline]
    pub(super) fn get(&self, at: usize) -> u32 {
        let [_, place] = self.entries[at];
        place - 1
    }

    /// Another place for an entry that was found.
    #[inline]
    pub(super) fn set(&mut self, at: usize, place: u32) {
        let [_, old] = &mut self.entries[at];
        *old = place + 1;
    }

    /// A place where none was found.
    #[inline]
    pub(super) fn insert(&mut self, at: usize, hash: u32, place: u32) {
        self.entries[at] = [hash, place + 1];
        self.taken += 1;
        if self.taken * 2 > self.entries.len() {
            self.grow();
        }
    }

    /// Takes out an entry that was found. Those behind it that had to make way move up.
    pub(super) fn remove(&mut self, mut at: usize) {
        let mut next = self.after(at);
        while self.entries[next] != NONE {
            let [hash, _] = self.entries[next];
            if self.steps(self.home(hash), next) >= self.steps(at, next) {
                self.entries[at] = self.entries[next];
                at = next;
            }
            next = self.after(next);
        }
        self.entries[at] = NONE;
        self.taken -= 1;
    }

    /// Gives each place another number.
    pub(super) fn renumber(&mut self, number: impl Fn(u32) -> u32) {
        for [_, place] in self.entries.iter_mut().filter(|entry| **entry != NONE) {
            *place = number(*place - 1) + 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.entries.len());
        for [hash, place] in self.entries.iter().filter(|entry| **entry != NONE) {
            if let Err(at) = larger.find(*hash, |_| false) {
                larger.insert(at, *hash, place - 1);
            }
        }
        *self = larger;
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        index(hash) >> self.shift
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.entries.len() - 1)
    }

    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.entries.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Half of them begin at one of the last two entries, so that they go on at the first.
    fn hash() -> impl Strategy<Value = u32> {
        prop_oneof![any::<u32>(), (0..4u32).prop_map(|n| u32::MAX - (n << 28))]
    }

    proptest! {
        #[test]
        fn it_holds_what_a_map_would(
            steps in vec((hash(), 0..3u32, any::<bool>()), 0..200), capacity in 0..40usize
        ) {
            let mut places = Places::with_capacity(capacity);
            // Several have one hash, and are told apart by their places.
            let mut plain = HashMap::new();
            for (step, (hash, n, is_insert)) in steps.into_iter().enumerate() {
                let key = (hash, n);
                let known = plain.get(&key).copied();
                let found = places.find(hash, |place| Some(place) == known);
                prop_assert_eq!(found.ok().map(|at| places.get(at)), known);
                match found {
                    Ok(at) if is_insert => {
                        places.set(at, u32::try_from(step).unwrap());
                        plain.insert(key, u32::try_from(step).unwrap());
                    }
                    Ok(at) => {
                        places.remove(at);
                        plain.remove(&key);
                    }
                    Err(at) => {
                        places.insert(at, hash, u32::try_from(step).unwrap());
                        plain.insert(key, u32::try_from(step).unwrap());
                    }
                }
                prop_assert_eq!(places.len(), plain.len());
                for ((hash, _), place) in &plain {
                    let found = places.find(*hash, |other| other == *place);
                    prop_assert_eq!(found.map(|at| places.get(at)), Ok(*place));
                }
            }
        }
    }
}
