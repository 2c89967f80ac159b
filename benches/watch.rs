//! What the whole program costs in a real terminal: start, rest, and a watch beside the AWS command line.
//!
//! `cargo bench --bench watch -- --minutes 10 --interval 5s --speed 1` is the long watch; without arguments it
//! takes two minutes. It reads `/proc`, so it needs Linux. `AWS_CLI` names another `aws` than PATH's, `--program`
//! another build than this one.

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

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };

/// The end of a frame: the terminal may show it now.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// Where the watches record.
const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/watch");

/// What both programs ask as, and where they look for nothing else.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("LC_ALL", "C.UTF-8"),
    ("TERM", "xterm-256color"),
    ("XDG_STATE_HOME", STATE),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let option = |name: &str, default: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)).map_or(default, String::as_str).to_owned()
    };
    let minutes: f64 = option("--minutes", "1").parse().expect("--minutes takes a number");
    let interval = option("--interval", "500ms");
    let endpoint = Endpoint::start(program(option("--program", "")), &option("--speed", "30"));

    let size = fs::metadata(&endpoint.program).expect("the program").len();
    println!("program                    {:.2} MB ({size} bytes)", size as f64 / 1e6);
    start(&endpoint, "first paint", &[]);
    start(&endpoint, "first answer on the screen", &STATUSES);
    rest(&endpoint, Duration::from_secs(20));
    let poll = watch(&endpoint, Duration::from_secs_f64(minutes * 60.0), &interval);
    command_line(&endpoint, 10, poll);
}

/// The program as it is shipped. What is built for benches unwinds at a panic, and so is larger.
fn program(named: String) -> String {
    if !named.is_empty() {
        return named;
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release"]).status();
    assert!(built.is_ok_and(|status| status.success()), "the program is not built");
    env!("CARGO_BIN_EXE_syncscope").into()
}

/// The statuses that the first answer may have.
const STATUSES: [&str; 4] = ["QUEUED", "LAUNCHING", "TRANSFERRING", "SUCCESS"];

/// From the start of the program to the end of the first frame that shows one of these words; without any, to the
/// end of the first frame.
fn start(endpoint: &Endpoint, what: &str, words: &[&str]) {
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let began = Instant::now();
            let mut screen = Screen::start(endpoint, "5s", &["--no-record"]);
            let painted = screen.wait_for_frame(words);
            screen.quit();
            painted.duration_since(began)
        })
        .collect();
    times.sort();
    let [first, median, last] = [0, times.len() / 2, times.len() - 1].map(|place| times[place].as_secs_f64() * 1e3);
    println!("{what:<26} {median:.1} ms, the median of {} ({first:.1} to {last:.1})", times.len());
}

/// Seconds in which nothing comes and only the ages on the screen go on.
fn rest(endpoint: &Endpoint, lasts: Duration) {
    let mut screen = Screen::start(endpoint, "1h", &[]);
    screen.read_for(Duration::from_secs(4));
    let before = screen.cpu();
    let bytes = screen.read_for(lasts);
    let cpu = screen.cpu() - before;
    screen.quit();
    let seconds = lasts.as_secs_f64();
    println!("a second at rest           {:.0} bytes, {:.2} ms of CPU", bytes as f64 / seconds, cpu * 1e3 / seconds);
}

/// A watch; gives the CPU seconds of one look with its frames.
fn watch(endpoint: &Endpoint, lasts: Duration, interval: &str) -> f64 {
    let mut screen = Screen::start(endpoint, interval, &[]);
    screen.read_for(Duration::from_secs(2));
    let (before, looks_before) = (screen.cpu(), endpoint.looks());
    let bytes = screen.read_for(lasts);
    let (cpu, looks) = (screen.cpu() - before, (endpoint.looks() - looks_before).max(1) as f64);
    let memory = screen.peak_memory();
    screen.quit();
    let seconds = lasts.as_secs_f64();
    println!("watched                    {seconds:.0} s, a look every {interval}, {looks} looks");
    println!("  CPU in all               {:.1} ms, {:.3}% of a core", cpu * 1e3, cpu / seconds * 100.0);
    println!("  a look with its frames   {:.2} ms of CPU, {:.0} bytes", cpu / looks * 1e3, bytes as f64 / looks);
    println!("  peak memory              {memory:.1} MB");
    cpu / looks
}

/// The same with the AWS command line in a loop, as people do today.
fn command_line(endpoint: &Endpoint, looks: u32, ours: f64) {
    let aws = std::env::var("AWS_CLI").unwrap_or_else(|_| "aws".into());
    let look = || {
        let mut command = Command::new(&aws);
        command.args(["datasync", "describe-task-execution", "--task-execution-arn", &endpoint.execution]);
        command.args(["--endpoint-url", &endpoint.url, "--region", "us-east-1"]);
        command.envs(ENVIRONMENT).stdin(Stdio::null()).output()
    };
    let version = match look() {
        Ok(answer) if answer.status.success() => Command::new(&aws).arg("--version").output(),
        Ok(answer) => return println!("{aws} failed: {}", String::from_utf8_lossy(&answer.stderr).trim()),
        Err(error) => return println!("{aws} not compared: {error}; it is PyPI's awscli, or name it in AWS_CLI"),
    };
    let version = version.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    let before = cpu_of_children();
    for _ in 0..looks {
        let _ = look();
    }
    let theirs = (cpu_of_children() - before) / f64::from(looks);
    let times = theirs / ours;
    println!("{}", version.trim());
    println!("  a look                   {:.0} ms of CPU, {times:.0} times as much", theirs * 1e3);
}

/// The demo's endpoint, and a relay before it that counts what is asked.
struct Endpoint {
    program: String,
    serving: Child,
    url: String,
    execution: String,
    relay: relay::Relay,
}

impl Endpoint {
    fn start(program: String, speed: &str) -> Self {
        let _ = std::fs::remove_dir_all(STATE);
        let mut command = Command::new(&program);
        command.args(["demo", "--serve", "--speed", speed]).stdout(Stdio::piped());
        let mut serving = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(serving.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let served = lines.next().expect("the endpoint's URL");
        let enhanced = lines.find(|line| line.ends_with("  enhanced")).expect("the Enhanced execution");
        let execution = enhanced.split(' ').next().unwrap_or_default().to_owned();
        let relay = relay::Relay::start(served.trim_start_matches("http://").trim_end_matches('/').to_owned());
        Self { program, serving, url: format!("http://{}", relay.address), execution, relay }
    }

    /// How often DescribeTaskExecution was asked for.
    fn looks(&self) -> usize {
        self.relay.count()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.serving.kill();
        let _ = self.serving.wait();
    }
}

mod relay {
    //! Passes connections on to the endpoint and counts the requests for an execution.

    use std::{
        io::{self, Read, Write},
        net::{Shutdown, SocketAddr, TcpListener, TcpStream},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        thread,
    };

    const ASKED: &[u8] = b"FmrsService.DescribeTaskExecution";

    pub struct Relay {
        pub address: SocketAddr,
        count: Arc<AtomicUsize>,
    }

    impl Relay {
        pub fn start(to: String) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("its address");
            let count = Arc::new(AtomicUsize::new(0));
            let counter = count.clone();
            thread::spawn(move || {
                for near in listener.incoming().map_while(Result::ok) {
                    let far = TcpStream::connect(&to).expect("the endpoint");
                    let counter = counter.clone();
                    let (back_from, back_to) = (far.try_clone().expect("it"), near.try_clone().expect("it"));
                    thread::spawn(move || pass(near, far, |bytes| counted(bytes, &counter)));
                    thread::spawn(move || pass(back_from, back_to, |_| ()));
                }
            });
            Self { address, count }
        }

        pub fn count(&self) -> usize {
            self.count.load(Relaxed)
        }
    }

    /// A request's head comes in one piece on loopback.
    fn counted(bytes: &[u8], counter: &AtomicUsize) {
        counter.fetch_add(bytes.windows(ASKED.len()).filter(|window| *window == ASKED).count(), Relaxed);
    }

    fn pass(mut from: TcpStream, mut to: TcpStream, seen: impl Fn(&[u8])) {
        let mut buffer = vec![0; 1 << 16];
        let _ = to.set_nodelay(true);
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            seen(&buffer[..read]);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _: io::Result<()> = to.shutdown(Shutdown::Write);
    }
}

/// The program in a terminal.
struct Screen {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: mpsc::Receiver<(Instant, Vec<u8>)>,
    /// Closes the terminal when dropped.
    _terminal: Box<dyn portable_pty::MasterPty + Send>,
}

impl Screen {
    fn start(endpoint: &Endpoint, interval: &str, more: &[&str]) -> Self {
        let pair = native_pty_system().openpty(SIZE).expect("a terminal");
        let mut command = CommandBuilder::new(&endpoint.program);
        command.args([&endpoint.execution, "--endpoint-url", &endpoint.url, "--interval", interval]);
        command.args(more);
        ENVIRONMENT.iter().for_each(|(name, value)| command.env(name, value));
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..read].to_vec())).is_err() {
                    return;
                }
            }
        });
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let keys = pair.master.take_writer().expect("its input");
        Self { child, keys, output, _terminal: pair.master }
    }

    /// When the first frame was there that shows one of these words; without any, the first frame.
    fn wait_for_frame(&mut self, words: &[&str]) -> Instant {
        let mut seen = Vec::new();
        let find = |seen: &[u8], text: &[u8]| seen.windows(text.len()).position(|window| window == text);
        loop {
            let (at, bytes) = self.output.recv_timeout(Duration::from_secs(10)).expect("a frame");
            seen.extend(bytes);
            let shown = words.iter().filter_map(|word| find(&seen, word.as_bytes())).min();
            let from = if words.is_empty() { Some(0) } else { shown };
            if from.is_some_and(|from| find(&seen[from..], FRAME_END).is_some()) {
                return at;
            }
        }
    }

    /// How many bytes come in this time.
    fn read_for(&mut self, lasts: Duration) -> usize {
        let end = Instant::now() + lasts;
        let mut sum = 0;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match self.output.recv_timeout(left) {
                Ok((_, bytes)) => sum += bytes.len(),
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the program ended"),
            }
        }
        sum
    }

    fn proc(&self) -> String {
        format!("/proc/{}", self.child.process_id().expect("it runs"))
    }

    /// Seconds of CPU that its threads have used, in and out of the kernel.
    fn cpu(&self) -> f64 {
        let threads = fs::read_dir(Path::new(&self.proc()).join("task")).expect("its threads");
        let nanoseconds = threads.map_while(Result::ok).map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|spent| spent.parse::<f64>().ok()).unwrap_or(0.0)
        });
        nanoseconds.sum::<f64>() / 1e9
    }

    /// The most memory that it had at once, in megabytes.
    fn peak_memory(&self) -> f64 {
        let status = fs::read_to_string(format!("{}/status", self.proc())).expect("its status");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its memory");
        let kibibytes: f64 = line.split_whitespace().nth(1).and_then(|size| size.parse().ok()).expect("a number");
        kibibytes * 1024.0 / 1e6
    }

    fn quit(mut self) {
        let _ = self.keys.write_all(b"q");
        let _ = self.keys.flush();
        let _ = self.child.wait();
    }
}

/// Seconds of CPU of all processes that were started and have ended, to a hundredth.
fn cpu_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}
