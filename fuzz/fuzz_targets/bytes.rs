#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| guestlist_fuzz::roster::bytes(input));
