//! Whatever came as a response is read, or is a fault.
#![no_main]

use libfuzzer_sys::fuzz_target;
use syncscope::Response;

fuzz_target!(|body: &str| {
    let _ = Response::parse(body);
});
