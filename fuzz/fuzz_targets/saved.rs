//! Whatever was saved is read and folded, or refused in a sentence.
#![no_main]

use std::{sync::Arc, time::Duration};

use libfuzzer_sys::fuzz_target;
use syncscope::bench::{Player, Recording};

fuzz_target!(|bytes: &[u8]| {
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    match Recording::read(bytes.to_vec(), Duration::from_secs(5), now) {
        Ok(recording) => Player::new(Arc::new(recording), 1.0).settle(),
        Err(why) => assert!(!why.is_empty() && !why.contains('\n')),
    }
});
