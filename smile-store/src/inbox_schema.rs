//! The version of an inbox's tables.

use crate::cause::Cause;

/// The version that this one makes.
pub(crate) const VERSION: i64 = 1;

/// Whether this version can use tables of that version, of which readers older than `oldest_reader`
/// have no idea. Without tables there is nothing to check: `create_schema` makes them.
pub(crate) fn check(versions: Option<(i64, i64)>) -> Result<(), Cause> {
    let Some((version, oldest_reader)) = versions else {
        return Ok(());
    };
    if version < VERSION {
        Err(Cause::new(
            format!(
                "the inbox's tables are of version {version}, expected {VERSION}: run create_schema() once"
            ),
            "the tables are too old",
        ))
    } else if oldest_reader > VERSION {
        Err(Cause::new(
            format!(
                "the inbox's tables are of version {version}, which needs a smile-store that knows \
                 version {oldest_reader}, and this one knows {VERSION}: update this app"
            ),
            "the tables are too new",
        ))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_used_from_the_own_version_up_to_one_that_shuts_it_out() {
        let check = |versions| check(versions).map_err(|cause| cause.to_string());
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some((1, 1))), Ok(()));
        // A newer app made them, in a way that this one can still use.
        assert_eq!(check(Some((2, 1))), Ok(()));
        assert!(
            check(Some((0, 0)))
                .unwrap_err()
                .ends_with("run create_schema() once")
        );
        assert!(
            check(Some((3, 2)))
                .unwrap_err()
                .ends_with("update this app")
        );
    }
}
