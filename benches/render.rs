//! What a frame costs: drawn into a buffer, and all the way to the bytes that a terminal gets.

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
    cell::Cell,
    io::{self, Write},
    rc::Rc,
};

use answers::{Course, STEP};
use divan::Bencher;
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, buffer::Buffer, layout::Rect};
use syncscope::{App, Event, Theme, render};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// A transfer of two days that was watched for an hour, so that the chart is full.
const COURSE: Course = Course { lasts: 2 * 86_400 };
const WATCHED: i64 = 3600;

fn main() {
    print_bytes();
    divan::main();
}

/// What happened since the frame before.
#[derive(Clone, Copy, Debug)]
enum Since {
    /// The terminal was cleared, so all of it is painted.
    Cleared,
    /// An answer with other counters came.
    CountersChanged,
    /// A second passed.
    ASecondPassed,
    /// Nothing at all.
    Nothing,
}

const SINCE: [Since; 4] = [Since::Cleared, Since::CountersChanged, Since::ASecondPassed, Since::Nothing];

/// A terminal that only counts what it gets.
#[derive(Clone, Default)]
struct Counted(Rc<Cell<usize>>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal on which nothing is drawn yet.
fn blank((width, height): (u16, u16), written: &Counted) -> Terminal<CrosstermBackend<Counted>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let terminal = Terminal::with_options(CrosstermBackend::new(written.clone()), TerminalOptions { viewport });
    terminal.expect("a terminal that takes everything")
}

/// An app on such a terminal.
struct Watch {
    app: App,
    terminal: Terminal<CrosstermBackend<Counted>>,
    size: (u16, u16),
    written: Counted,
    looked: i64,
    now: i64,
}

impl Watch {
    fn new(size: (u16, u16)) -> Self {
        let written = Counted::default();
        let terminal = blank(size, &written);
        let app = COURSE.watched(WATCHED);
        let mut watch = Self { app, terminal, size, written, looked: WATCHED, now: WATCHED };
        watch.draw();
        watch
    }

    /// Lets it happen. A second that passes is the first to the fourth after a look, again and again.
    fn pass(&mut self, since: Since) {
        match since {
            Since::Cleared => self.terminal = blank(self.size, &self.written),
            Since::CountersChanged => {
                self.looked += STEP;
                self.app.update(COURSE.observed(self.looked));
            }
            Since::ASecondPassed => {
                self.now += 1;
                if self.now - self.looked == 5 {
                    self.looked = self.now;
                    self.app.update(COURSE.observed(self.now));
                    self.draw();
                    self.now += 1;
                }
                self.app.update(Event::tick(answers::at(self.now)));
            }
            Since::Nothing => {}
        }
    }

    fn draw(&mut self) {
        let drawn = self.terminal.draw(|frame| {
            render(&self.app, Theme::default(), frame.buffer_mut());
        });
        drawn.expect("a terminal that takes everything");
    }
}

#[divan::bench(args = SIZES, sample_size = 10, sample_count = 300)]
fn a_frame_into_a_buffer(bencher: Bencher, (width, height): (u16, u16)) {
    let app = COURSE.watched(WATCHED);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    bencher.bench_local(|| {
        buffer.reset();
        render(&app, Theme::default(), &mut buffer);
    });
}

#[divan::bench(args = SINCE, sample_size = 1, sample_count = 1000)]
fn to_the_terminal_at_120x40(bencher: Bencher, since: Since) {
    to_the_terminal(bencher, (120, 40), since);
}

#[divan::bench(args = SINCE, sample_size = 1, sample_count = 1000)]
fn to_the_terminal_at_200x60(bencher: Bencher, since: Since) {
    to_the_terminal(bencher, (200, 60), since);
}

/// One frame each time, so that what happens in between is not in the figure.
fn to_the_terminal(bencher: Bencher, size: (u16, u16), since: Since) {
    let watch = std::cell::RefCell::new(Watch::new(size));
    bencher.with_inputs(|| watch.borrow_mut().pass(since)).bench_local_values(|()| watch.borrow_mut().draw());
}

/// Bytes to the terminal for a frame, the mean of 60.
fn print_bytes() {
    println!("bytes a frame     cleared   counters changed   a second passed   nothing");
    for size in SIZES {
        let bytes = SINCE.map(|since| {
            let mut watch = Watch::new(size);
            let mut sum = 0;
            for _ in 0..60 {
                watch.pass(since);
                let before = watch.written.0.get();
                watch.draw();
                sum += watch.written.0.get() - before;
            }
            sum / 60
        });
        let [cleared, changed, second, nothing] = bytes;
        println!("{:>4} × {:<4} {cleared:>14} {changed:>18} {second:>17} {nothing:>9}", size.0, size.1);
    }
    println!();
}
