//! Prints the table of `docs/speed.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    smile_benches::table(std::env::args().skip(1))
}
