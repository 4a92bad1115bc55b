//! Gives the sources shuttle's locks, see `smile-core/src/sync.rs`.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
}
