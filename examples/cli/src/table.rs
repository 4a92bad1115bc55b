//! An aligned table for people.

use std::fmt;

/// Rows of cells, with a head.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        let head = head.iter().map(|cell| (*cell).to_owned()).collect();
        Self { rows: vec![head] }
    }

    /// Control characters are escaped, since some cells come from elsewhere.
    pub(crate) fn row<S: fmt::Display>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter().map(|cell| {
            let cell = cell.to_string();
            cell.chars()
                .flat_map(|character| match character.is_control() {
                    true => character.escape_debug().collect::<Vec<_>>(),
                    false => vec![character],
                })
                .collect()
        });
        self.rows.push(cells.collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (cell, &width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            if index > 0 {
                writeln!(f)?;
            }
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_control_characters_escaped() {
        let mut table = Table::new(&["A", "LONG"]);
        table.row(["\u{1b}[1m", "1"]);
        table.row(["é", "22"]);
        assert_eq!(
            table.to_string(),
            "A          LONG\n\\u{1b}[1m  1\né          22"
        );
    }
}
