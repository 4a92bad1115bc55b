//! The versions of the tables.

use crate::cause::Cause;

/// Tables that have a version, in a table of their own beside them.
pub(crate) struct Tables {
    /// With its verb, as an error begins.
    subject: &'static str,
    /// The version that this smile-store makes.
    version: i64,
}

/// Where there is no version, the table is of the first, which had none, or there is no table yet.
pub(crate) const DEDUPE: Tables = Tables {
    subject: "the table smile_dedupe is",
    version: 1,
};

/// Where there is no version, there are no tables: `create_schema` makes them.
#[cfg(feature = "inbox")]
pub(crate) const INBOX: Tables = Tables {
    subject: "the inbox's tables are",
    version: 1,
};

impl Tables {
    /// Whether this smile-store can use tables of that version, of which readers older than
    /// `oldest_reader` have no idea.
    pub(crate) fn check(&self, versions: Option<(i64, i64)>) -> Result<(), Cause> {
        let Self { subject, version } = self;
        let Some((found, oldest_reader)) = versions else {
            return Ok(());
        };
        if found < *version {
            Err(Cause::new(
                format!(
                    "{subject} of version {found}, expected {version}: run create_schema() once"
                ),
                "the tables are too old",
            ))
        } else if oldest_reader > *version {
            Err(Cause::new(
                format!(
                    "{subject} of version {found}, which needs a smile-store that knows version \
                     {oldest_reader}, and this one knows {version}: update this app"
                ),
                "the tables are too new",
            ))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_used_from_the_own_version_up_to_one_that_shuts_it_out() {
        let check = |versions| DEDUPE.check(versions).map_err(|cause| cause.to_string());
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some((1, 1))), Ok(()));
        // A newer app made them, in a way that this one can still use.
        assert_eq!(check(Some((2, 1))), Ok(()));
        assert_eq!(
            check(Some((0, 0))).unwrap_err(),
            "the table smile_dedupe is of version 0, expected 1: run create_schema() once"
        );
        assert_eq!(
            check(Some((3, 2))).unwrap_err(),
            "the table smile_dedupe is of version 3, which needs a smile-store that knows version 2, \
             and this one knows 1: update this app"
        );
    }
}
