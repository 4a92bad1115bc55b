//! In which order slots are forgotten and used again.

/// All slots in a ring: first those that are done, the oldest before the others, then as many as are
/// claimed, and then those that are free. To go on from one to the next only moves a border, and
/// what a claim takes lies where it is put when it is done, or next to it.
pub(super) struct Order {
    /// Those that are claimed are not in their part of it: they may be done in any order.
    ring: Vec<Turn>,
    /// Where the oldest is.
    oldest: usize,
    done: usize,
    claimed: usize,
}

/// A slot and, where it is done, the hash of its event: to forget that, nobody has to look into the
/// slot, which is far away by then.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) slot: u32,
    pub(super) hash: u32,
}

impl Order {
    /// Of this many slots, all of them free, the first before the others.
    pub(super) fn of(slots: u32) -> Self {
        Self {
            ring: (0..slots).map(Turn::free).collect(),
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

    /// The slot that is claimed next, where one is free.
    #[inline]
    pub(super) fn next_free(&self) -> u32 {
        self.ring[self.after(self.done + self.claimed)].slot
    }

    /// A free slot becomes a claimed one; a new one, where none is free.
    #[inline]
    pub(super) fn claim(&mut self) -> u32 {
        if self.done + self.claimed == self.ring.len() {
            self.grow();
        }
        let at = self.after(self.done + self.claimed);
        self.claimed += 1;
        self.ring[at].slot
    }

    /// A claimed slot becomes the newest of those that are done.
    #[inline]
    pub(super) fn finish(&mut self, slot: u32, hash: u32) {
        let at = self.after(self.done);
        self.ring[at] = Turn { slot, hash };
        self.done += 1;
        self.claimed -= 1;
    }

    /// A claimed slot becomes a free one.
    pub(super) fn release(&mut self, slot: u32) {
        self.claimed -= 1;
        let at = self.after(self.done + self.claimed);
        self.ring[at] = Turn::free(slot);
    }

    /// So many of those that are done, the oldest first.
    pub(super) fn oldest(&self, count: usize) -> impl Iterator<Item = Turn> {
        let oldest = 0..count.min(self.done);
        oldest.map(|steps| self.ring[self.after(steps)])
    }

    /// The oldest of those that are done becomes a free one.
    pub(super) fn forget(&mut self) -> Option<Turn> {
        let turn = self.oldest(1).next()?;
        self.done -= 1;
        self.oldest = self.after(1);
        Some(turn)
    }

    /// Where one is that comes so many after the oldest.
    #[inline]
    fn after(&self, steps: usize) -> usize {
        let at = self.oldest + steps;
        at.checked_sub(self.ring.len()).unwrap_or(at)
    }

    #[cold]
    fn grow(&mut self) {
        self.ring.rotate_left(self.oldest);
        self.oldest = 0;
        let slots = u32::try_from(self.ring.len()).unwrap_or(u32::MAX);
        let more = slots..slots.saturating_mul(2).max(1);
        self.ring.extend(more.map(Turn::free));
    }
}

impl Turn {
    fn free(slot: u32) -> Self {
        Self { slot, hash: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn slots_are_given_once_and_forgotten_in_the_order_of_their_end(
            steps in vec((0..5u8, any::<proptest::sample::Index>()), 0..200)
        ) {
            let mut order = Order::of(2);
            let (mut claimed, mut done) = (Vec::new(), VecDeque::new());
            for (step, which) in steps {
                match step {
                    0 | 1 => {
                        let slot = order.claim();
                        prop_assert!(!claimed.contains(&slot) && !done.contains(&slot), "{slot}");
                        claimed.push(slot);
                    }
                    2 if !claimed.is_empty() => {
                        let slot = claimed.swap_remove(which.index(claimed.len()));
                        order.finish(slot, slot + 7);
                        done.push_back(slot);
                    }
                    3 if !claimed.is_empty() => {
                        order.release(claimed.swap_remove(which.index(claimed.len())));
                    }
                    _ => {
                        let turn = order.forget().map(|Turn { slot, hash }| (slot, hash));
                        prop_assert_eq!(turn, done.pop_front().map(|slot| (slot, slot + 7)));
                    }
                }
                let oldest: Vec<_> = order.oldest(200).map(|turn| turn.slot).collect();
                prop_assert_eq!(&oldest, &done.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!((order.claimed(), order.done()), (claimed.len(), done.len()));
            }
        }
    }
}
