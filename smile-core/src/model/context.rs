use std::cell::{Cell, RefCell};

use serde::de::Error;

use super::MAX_DATA_MEMORY;

/// The state of one reading: the memory left, and the path to an error.
pub(crate) struct Context {
    /// In bytes.
    memory_left: Cell<usize>,
    /// Built from its end, while an error passes outwards.
    path: RefCell<String>,
}

impl Context {
    /// Subtracts an allocation from the memory left.
    #[inline]
    pub(crate) fn allow<E: Error>(&self, bytes: usize) -> Result<(), E> {
        match self.memory_left.get().checked_sub(bytes) {
            Some(left) => {
                self.memory_left.set(left);
                Ok(())
            }
            None => Err(too_large()),
        }
    }

    /// Makes room for one more item.
    #[inline]
    pub(crate) fn make_room<T, E: Error>(&self, items: &mut Vec<T>) -> Result<(), E> {
        if items.len() == items.capacity() {
            let more = items.len().max(FIRST_ITEMS);
            self.allow(more.saturating_mul(size_of::<T>()))?;
            items.reserve_exact(more);
        }
        Ok(())
    }

    /// Puts this member in front of the path to an error.
    #[cold]
    pub(crate) fn leave_member(&self, name: &str) {
        // The names of unknown members come from the body: no control character may reach a log,
        // and no long name.
        let name: String = name
            .chars()
            .take(LONGEST_NAME)
            .flat_map(char::escape_debug)
            .collect();
        self.prepend(&name);
    }

    /// Puts this item, counted from 0, in front of the path to an error.
    #[cold]
    pub(crate) fn leave_item(&self, index: usize) {
        self.prepend(&format!("[{index}]"));
    }

    /// The path, as in `data.payload.incomes.items[17].currency`.
    pub(crate) fn into_path(self) -> String {
        self.path.into_inner()
    }

    fn prepend(&self, step: &str) {
        let mut path = self.path.borrow_mut();
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, step);
    }
}

impl Default for Context {
    fn default() -> Self {
        Self {
            memory_left: Cell::new(MAX_DATA_MEMORY),
            path: RefCell::default(),
        }
    }
}

#[cold]
fn too_large<E: Error>() -> E {
    E::custom(format_args!(
        "expected data that takes at most {} MiB of memory, found more",
        MAX_DATA_MEMORY >> 20
    ))
}

const FIRST_ITEMS: usize = 4;

const LONGEST_NAME: usize = 64;
