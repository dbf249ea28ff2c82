//! The fixtures are embedded at compile time; cargo has to be told that they are input.

fn main() {
    println!("cargo::rerun-if-changed=fixtures");
}
