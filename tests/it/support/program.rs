//! The program under test, and the environment it runs in: nothing of the machine's AWS configuration reaches it.

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_syncscope");

/// Far more than anything here takes on an idle machine, so that a busy one passes too.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// The whole environment of the program. What it keeps, it keeps in a folder that is new for each of them.
pub fn environment() -> Vec<(&'static str, String)> {
    let home = concat!(env!("CARGO_TARGET_TMPDIR"), "/home");
    fs::create_dir_all(home).unwrap();
    vec![
        ("HOME", home.into()),
        ("XDG_STATE_HOME", state()),
        ("TERM", "xterm-256color".into()),
        ("LANG", "C.UTF-8".into()),
        ("TZ", "UTC".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
    ]
}

/// A folder that nothing is in yet.
pub fn state() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = format!("{}/state/{}-{number}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Credentials that an endpoint on loopback takes.
pub const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "an-example")];
