//! What to run.

/// Flags of the command.
#[derive(Debug, Default)]
pub(crate) struct Options {
    quick: bool,
    check: bool,
    rounds: Option<u32>,
    filter: Option<String>,
    sizes: Vec<String>,
    parts: Vec<String>,
}

pub(crate) const HELP: &str = "\
Usage: smile-benches [flags]

  --only <part>     in-process, deduplication, loopback, streaming or growth; may be repeated
                    (default: all)
  --filter <text>   only variants whose name holds the text, beside the yardsticks
  --size <size>     only bodies of this size, such as '112 KB'; may be repeated
  --rounds <n>      how many rounds to take the median of
  --quick           few rounds: to see that everything runs, not to measure
  --check           exit with 1 where a target is missed
";

impl Options {
    /// Reads the arguments.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(flag) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or(format!("{flag}: a value is missing"))
            };
            match flag.as_str() {
                "--quick" => options.quick = true,
                "--check" => options.check = true,
                // What `cargo bench` adds.
                "--bench" => {}
                "--only" => options.parts.push(value()?),
                "--filter" => options.filter = Some(value()?),
                "--size" => options.sizes.push(value()?),
                "--rounds" => {
                    let rounds = value()?.parse().map_err(|err| format!("--rounds: {err}"))?;
                    options.rounds = Some(rounds);
                }
                _ => return Err(format!("{flag}: no such flag")),
            }
        }
        Ok(options)
    }

    pub(crate) fn checks(&self) -> bool {
        self.check
    }

    pub(crate) fn rounds(&self, usual: u32) -> u32 {
        self.rounds.unwrap_or(if self.quick { 3 } else { usual })
    }

    pub(crate) fn chooses(&self, variant: &str) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|text| variant.contains(text))
    }

    pub(crate) fn chooses_size(&self, size: &str) -> bool {
        self.sizes.is_empty() || self.sizes.iter().any(|chosen| chosen == size)
    }

    pub(crate) fn chooses_part(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|chosen| chosen == part)
    }
}
