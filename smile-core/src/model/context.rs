use std::cell::RefCell;

/// What a reading carries along: the path to an error, made on the way out of it.
#[derive(Default)]
pub(crate) struct Context {
    path: RefCell<String>,
}

impl Context {
    /// Notes that the error is in this member.
    #[cold]
    pub(crate) fn leave_member(&self, name: &str) {
        // The names of unknown members come from the body: control characters must not reach a log,
        // nor a name of any length.
        let name: String = name
            .chars()
            .take(LONGEST_NAME)
            .flat_map(char::escape_debug)
            .collect();
        self.prepend(&name);
    }

    /// Notes that the error is in this item, counted from 0.
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

const LONGEST_NAME: usize = 64;
