//! Tells cargo when the embedded UI is out of date.
//!
//! A debug build reads `frontend/dist` when it runs, so nothing depends on it.
//! A release build has it inside, and is built again when it changes.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "a build script is told its profile like this")]
    let profile = std::env::var("PROFILE");
    if profile.is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../frontend/dist");
    }
}
