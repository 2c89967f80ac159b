//! What two weeks of watching leave in memory, and what one look allocates.

#![allow(unsafe_code, reason = "it counts what is allocated")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may take things for granted"
)]

mod answers;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use answers::{Course, INTERVAL};

/// The system's allocator, counted.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);
static TAKEN: AtomicUsize = AtomicUsize::new(0);
static TIMES: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        TAKEN.fetch_add(layout.size(), Relaxed);
        TIMES.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Two weeks.
const LASTS: i64 = 14 * 86_400;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let course = Course { lasts: LASTS };
    let before = HELD.load(Relaxed);
    let mut app = course.watched(0);
    let (mut bytes, mut times) = (0, 0);
    println!("watched      looks    held by the app    allocated a look, read and folded");
    for seconds in (INTERVAL..=LASTS).step_by(INTERVAL as usize) {
        let body = course.body(seconds);
        let (taken, count) = (TAKEN.load(Relaxed), TIMES.load(Relaxed));
        let answer = syncscope::Response::parse(&body).expect("what the service sends");
        app.update(answers::observed(answer, seconds));
        bytes += TAKEN.load(Relaxed) - taken;
        times += TIMES.load(Relaxed) - count;
        drop(body);
        if [3600, 86_400, 7 * 86_400, LASTS].contains(&seconds) {
            let looks = (seconds / INTERVAL) as usize;
            let held = (HELD.load(Relaxed) - before) as f64 / 1024.0;
            let (bytes, times) = (bytes / looks, times / looks);
            println!("{:5} h    {looks:7}    {held:11.1} KiB    {bytes} bytes in {times} pieces", seconds / 3600);
        }
    }
}
