//! Measures whether the time of a verification tells a sender anything; see `docs/proofs.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    smile_benches::timing(std::env::args().skip(1))
}
