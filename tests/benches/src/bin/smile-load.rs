//! Prints what servers do under load; see `docs/speed.md`.

fn main() {
    smile_benches::load(std::env::args().skip(1));
}
