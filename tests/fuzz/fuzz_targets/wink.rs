#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| smile_fuzz::wink(input));
