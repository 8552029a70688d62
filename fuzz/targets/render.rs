//! Templates to files and hosts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| berth_compose_templates::fuzzing::render(data));
