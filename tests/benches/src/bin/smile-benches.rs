//! Prints what receiving costs; see `docs/speed.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    smile_benches::compare(std::env::args().skip(1))
}
