//! Makes the README's pictures out of the program's own screen: `cargo run --release --example picture`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a tool of the developers may take things for granted"
)]

use std::{
    fs,
    io::{self, Read, Write},
    num::NonZero,
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use syncscope::{Writer, simulated};

const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };

/// What is run, and when it is worth a picture.
struct Picture {
    name: &'static str,
    arguments: &'static [&'static str],
    /// What the clock on the wall shows when it begins, in seconds since midnight.
    begins: u64,
    /// Told from the window's title and the screen's text.
    is_telling: fn(&str, &str) -> bool,
}

/// Stands for the recording's path.
const RECORDING: &str = "RECORDING";

const PICTURES: [Picture; 3] = [
    Picture {
        name: "screen",
        arguments: &["demo", "enhanced", "--speed", "60"],
        begins: 21 * 3600 + 40 * 60,
        is_telling: |title, _| percentage(title).is_some_and(|done| done >= 61),
    },
    Picture {
        name: "failing",
        arguments: &["demo", "error", "--speed", "60"],
        begins: 2 * 3600 + 38 * 60,
        is_telling: |title, _| title.contains("ERROR"),
    },
    Picture {
        name: "replay",
        arguments: &["replay", RECORDING, "--speed", "120"],
        begins: 3600 + 52 * 60,
        is_telling: |_, screen| screen.contains("STALLED: "),
    },
];

fn main() -> io::Result<()> {
    let program = std::env::args_os().nth(1).map_or_else(beside, |path| Ok(PathBuf::from(path)))?;
    // where it is run, not where it was built: a target directory may serve several checkouts
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let assets = root.join("assets");
    let recording = recorded()?;
    for picture in &PICTURES {
        let (title, screen) = taken(&program, picture, &recording)?;
        for (theme, palette) in [("dark", &DARK), ("light", &LIGHT)] {
            let path = assets.join(format!("{}-{theme}.svg", picture.name));
            fs::write(&path, svg(&title, &screen, palette))?;
            println!("{}", path.display());
        }
    }
    fs::remove_file(recording)
}

/// A recording of a transfer that stands still for a while.
fn recorded() -> io::Result<PathBuf> {
    let started = Timestamp::try_from(SystemTime::now()).map_err(io::Error::other)?;
    let looks = simulated("recovering", started, Duration::from_secs(5)).into_iter().flatten();
    let mut writer = Writer::default();
    let lines: String = looks.map(|look| writer.line(&look)).collect();
    let path = std::env::temp_dir().join(format!("syncscope-picture-{}.ndjson", std::process::id()));
    fs::write(&path, lines)?;
    Ok(path)
}

/// The program that was built with this one.
fn beside() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let built = own.ancestors().nth(2).map(|target| target.join("syncscope")).filter(|program| program.exists());
    built.ok_or_else(|| io::Error::other("build the program first, or give its path: cargo build --release"))
}

fn percentage(title: &str) -> Option<u32> {
    title.split_once('%')?.0.parse().ok()
}

/// Runs the program in a terminal until its screen is telling, and gives the window's title and the screen.
fn taken(program: &Path, picture: &Picture, recording: &Path) -> io::Result<(String, vt100::Screen)> {
    let pair = native_pty_system().openpty(SIZE).map_err(io::Error::other)?;
    let mut child = pair.slave.spawn_command(command(program, picture, recording)).map_err(io::Error::other)?;
    let mut keys = pair.master.take_writer().map_err(io::Error::other)?;
    let output = frames(pair.master.try_clone_reader().map_err(io::Error::other)?);
    let [rows, columns] = [SIZE.rows, SIZE.cols].map(|side| NonZero::new(side).unwrap_or(NonZero::<u16>::MIN));
    let mut terminal = vt100::Parser::new_with_callbacks(rows, columns, 0, Title::default());
    let deadline = Instant::now() + Duration::from_secs(180);
    let ends_at_a_frame = |bytes: &[u8]| bytes.ends_with(b"\x1b[?2026l");
    while Instant::now() < deadline {
        let Ok(bytes) = output.recv_timeout(Duration::from_secs(20)) else { break };
        terminal.process(&bytes);
        let title = &terminal.callbacks().0;
        if ends_at_a_frame(&bytes) && (picture.is_telling)(title, &terminal.screen().contents()) {
            let taken = (title.clone(), terminal.screen().clone());
            keys.write_all(b"q")?;
            child.wait()?;
            return Ok(taken);
        }
    }
    child.kill()?;
    Err(io::Error::other(format!("the moment for '{}' never came:\n{}", picture.name, terminal.screen().contents())))
}

fn command(program: &Path, picture: &Picture, recording: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(picture.arguments.iter().map(|argument| match *argument {
        RECORDING => recording.as_os_str(),
        argument => argument.as_ref(),
    }));
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("TZ", zone(picture.begins));
    command.env_remove("NO_COLOR");
    command
}

/// A zone in which it is `wanted` seconds after midnight now, so that the times of day are the same in every
/// picture.
fn zone(wanted: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // POSIX counts to the west, and by no more than a day
    let west = (now + 86_400 - wanted) % 86_400;
    let (sign, offset) = if west > 43_200 { ("-", 86_400 - west) } else { ("", west) };
    format!("<UTC>{sign}{:02}:{:02}:{:02}", offset / 3600, offset / 60 % 60, offset % 60)
}

/// What the program writes, as it comes.
fn frames(mut reader: Box<dyn Read + Send>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, output) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    output
}

/// The window's title.
#[derive(Default)]
struct Title(String);

impl vt100::Callbacks for Title {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0 = String::from_utf8_lossy(title).into_owned();
    }
}

/// The colours of a terminal.
struct Palette {
    ground: &'static str,
    text: &'static str,
    border: &'static str,
    sixteen: [&'static str; 16],
}

const DARK: Palette = Palette {
    ground: "#0d1117",
    text: "#e6edf3",
    border: "#30363d",
    sixteen: [
        "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4", "#6e7681", "#ffa198",
        "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
    ],
};

const LIGHT: Palette = Palette {
    ground: "#ffffff",
    text: "#1f2328",
    border: "#d0d7de",
    sixteen: [
        "#24292f", "#cf222e", "#1a7f37", "#9a6700", "#0969da", "#8250df", "#1b7c83", "#6e7781", "#57606a", "#a40e26",
        "#2da44e", "#bf8700", "#218bff", "#a475f9", "#3192aa", "#8c959f",
    ],
};

impl Palette {
    fn colour(&self, colour: vt100::Color, otherwise: &'static str) -> String {
        match colour {
            vt100::Color::Default => otherwise.into(),
            vt100::Color::Idx(nth @ 0..16) => self.sixteen[usize::from(nth)].into(),
            vt100::Color::Idx(nth @ 232..) => {
                let grey = 8 + 10 * (nth - 232);
                format!("#{grey:02x}{grey:02x}{grey:02x}")
            }
            vt100::Color::Idx(nth) => {
                let part = |of: u8| [0, 95, 135, 175, 215, 255][usize::from((nth - 16) / of % 6)];
                format!("#{:02x}{:02x}{:02x}", part(36), part(6), part(1))
            }
            vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

/// How a cell is drawn.
#[derive(Clone, PartialEq)]
struct Style {
    ink: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
}

impl Style {
    fn of(cell: &vt100::Cell, palette: &Palette) -> Self {
        let ink = palette.colour(cell.fgcolor(), palette.text);
        let ground = palette.colour(cell.bgcolor(), palette.ground);
        let (ink, ground) = if cell.inverse() { (ground, ink) } else { (ink, ground) };
        Self {
            ink,
            ground: (ground != palette.ground).then_some(ground),
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underlined: cell.underline(),
        }
    }

    /// What the theme does not say already.
    fn attributes(&self, palette: &Palette) -> String {
        let mut attributes = String::new();
        if self.ink != palette.text {
            attributes += &format!(r#" fill="{}""#, self.ink);
        }
        for (is, attribute) in [
            (self.dim, r#" opacity=".6""#),
            (self.bold, r#" font-weight="700""#),
            (self.italic, r#" font-style="italic""#),
            (self.underlined, r#" text-decoration="underline""#),
        ] {
            attributes += if is { attribute } else { "" };
        }
        attributes
    }
}

/// A cell's width and height, and where text stands in it.
const WIDTH: f64 = 9.0;
const HEIGHT: f64 = 19.0;
const BASELINE: f64 = 14.0;

/// The border around the cells, and the bar above them.
const MARGIN: f64 = 10.0;
const BAR: f64 = 30.0;

const FONTS: &str = "ui-monospace,'SF Mono',Menlo,'Cascadia Mono','DejaVu Sans Mono',Consolas,monospace";

fn svg(title: &str, screen: &vt100::Screen, palette: &Palette) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f64::from(columns) * WIDTH + 2.0 * MARGIN, f64::from(rows) * HEIGHT + BAR + MARGIN + 6.0);
    let Palette { ground, text, border, .. } = palette;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" color="{text}" font-family="{FONTS}" font-size="15" fill="{text}">
<title>{}</title>
<rect x=".5" y=".5" width="{}" height="{}" rx="9" fill="{ground}" stroke="{border}"/>
<path d="M.5 {BAR}H{}" stroke="{border}"/>
<g fill="{border}"><circle cx="18" cy="15" r="5.5"/><circle cx="36" cy="15" r="5.5"/><circle cx="54" cy="15" r="5.5"/></g>
<text x="{}" y="20" font-size="13" text-anchor="middle" opacity=".7">{}</text>
<g transform="translate({MARGIN} {})">
"#,
        escaped(title),
        width - 1.0,
        height - 1.0,
        width - 0.5,
        width / 2.0,
        escaped(title),
        BAR + 6.0,
    );
    for row in 0..rows {
        svg += &drawn(screen, row, columns, palette);
    }
    svg + "</g>\n</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A row, in pieces of one style and one kind each.
fn drawn(screen: &vt100::Screen, row: u16, columns: u16, palette: &Palette) -> String {
    let mut pieces: Vec<Piece> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let style = Style::of(cell, palette);
        let symbol = if cell.has_contents() { cell.contents() } else { " " };
        let cells = if cell.is_wide() { 2 } else { 1 };
        match pieces.last_mut() {
            Some(last) if last.takes(symbol, &style) => last.push(symbol, cells),
            _ => pieces.push(Piece { column, cells, text: symbol.into(), style }),
        }
    }
    let top = f64::from(row) * HEIGHT;
    pieces.iter().map(|piece| piece.svg(top, palette)).collect()
}

/// Neighbouring cells of one style.
struct Piece {
    column: u16,
    cells: u16,
    text: String,
    style: Style,
}

impl Piece {
    /// Words keep together with one space between them; shapes with shapes; any other character is alone, as its
    /// font may give it another width.
    fn takes(&self, symbol: &str, style: &Style) -> bool {
        let ours = self.text.chars().next_back().map(Kind::of);
        let kind = symbol.chars().next().map(Kind::of);
        let blank = self.text.trim().is_empty();
        self.style == *style
            && match (ours, kind) {
                (Some(Kind::Shape), Some(Kind::Shape)) | (Some(Kind::Letter), Some(Kind::Letter)) => true,
                (Some(Kind::Space), Some(Kind::Space)) => blank,
                (Some(Kind::Letter), Some(Kind::Space)) => true,
                (Some(Kind::Space), Some(Kind::Letter)) => !blank,
                _ => false,
            }
    }

    fn push(&mut self, symbol: &str, cells: u16) {
        self.text.push_str(symbol);
        self.cells += cells;
    }

    fn svg(&self, top: f64, palette: &Palette) -> String {
        let (left, width) = (f64::from(self.column) * WIDTH, f64::from(self.cells) * WIDTH);
        let attributes = self.style.attributes(palette);
        let ground =
            self.style.ground.as_ref().map(|ground| {
                format!(r#"<rect x="{left}" y="{top}" width="{width}" height="{HEIGHT}" fill="{ground}"/>"#)
            });
        let text = self.text.trim_end();
        let ink = match self.text.chars().next().map(Kind::of) {
            _ if text.is_empty() => String::new(),
            Some(Kind::Shape) => {
                format!(r#"<path{attributes} shape-rendering="crispEdges" d="{}"/>"#, outline(text, left, top))
            }
            Some(Kind::Letter) => {
                let (y, length) = (top + BASELINE, text.chars().count() as f64 * WIDTH);
                format!(r#"<text x="{left}" y="{y}" textLength="{length}"{attributes}>{}</text>"#, escaped(text))
            }
            _ => sign(text, left, top, width, &attributes),
        };
        let newline = if ground.is_some() || !ink.is_empty() { "\n" } else { "" };
        ground.unwrap_or_default() + &ink + newline
    }
}

/// How a character is drawn.
#[derive(PartialEq)]
enum Kind {
    /// Not at all.
    Space,
    /// As text that goes on in the next cell.
    Letter,
    /// As boxes that meet the neighbours'.
    Shape,
    /// By itself, in the middle of its cell.
    Sign,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            ' ' | '\u{a0}' => Self::Space,
            c if boxes(c).is_some() => Self::Shape,
            c if c.is_ascii() => Self::Letter,
            _ => Self::Sign,
        }
    }
}

/// A box within a cell: left, top, right, bottom, as shares of it.
type Share = [f64; 4];

/// The boxes that block elements and lines are made of.
fn boxes(character: char) -> Option<Vec<Share>> {
    const MIDDLE: f64 = 9.0 / 19.0;
    let (thin, thick) = (1.0 / 19.0, 3.0 / 19.0);
    let across = |from: f64, to: f64, thickness: f64| [from, MIDDLE, to, MIDDLE + thickness];
    let heavy = |from: f64, to: f64| [from, MIDDLE - thin, to, MIDDLE - thin + thick];
    let down = |from: f64, to: f64| [4.0 / 9.0, from, 5.0 / 9.0, to];
    Some(match character {
        '▁'..='█' => vec![[0.0, 1.0 - f64::from(character as u32 - 0x2580) / 8.0, 1.0, 1.0]],
        '▉'..='▏' => vec![[0.0, 0.0, f64::from(0x2590 - character as u32) / 8.0, 1.0]],
        '▐' => vec![[0.5, 0.0, 1.0, 1.0]],
        '─' => vec![across(0.0, 1.0, thin)],
        '╌' => vec![across(0.0, 1.0 / 3.0, thin), across(5.0 / 9.0, 8.0 / 9.0, thin)],
        '━' => vec![heavy(0.0, 1.0)],
        '╸' => vec![heavy(0.0, 0.5)],
        '╺' => vec![heavy(0.5, 1.0)],
        '│' => vec![down(0.0, 1.0)],
        '┤' => vec![across(0.0, 0.5, thin), down(0.0, 1.0)],
        '├' => vec![across(0.5, 1.0, thin), down(0.0, 1.0)],
        '└' => vec![across(0.5, 1.0, thin), down(0.0, MIDDLE + thin)],
        '┴' => vec![across(0.0, 1.0, thin), down(0.0, MIDDLE)],
        '┬' => vec![across(0.0, 1.0, thin), down(MIDDLE, 1.0)],
        '┯' => vec![heavy(0.0, 1.0), down(MIDDLE, 1.0)],
        '┃' => vec![[3.0 / 9.0, 0.0, 6.0 / 9.0, 1.0]],
        '▔' => vec![[0.0, 0.0, 1.0, 1.0 / 8.0]],
        _ => return None,
    })
}

/// The outline of a row of shapes; equal neighbours that meet become one box.
fn outline(text: &str, left: f64, top: f64) -> String {
    let mut path = String::new();
    let mut rest: Vec<char> = text.chars().collect();
    let mut at = left;
    while let Some(&first) = rest.first() {
        let equal = rest.iter().take_while(|other| **other == first).count();
        let shares = boxes(first).unwrap_or_default();
        let meets = matches!(shares[..], [[left, _, right, _]] if left == 0.0 && right == 1.0);
        let taken = if meets { equal } else { 1 };
        for [from, above, to, below] in shares {
            let width = (to - from + (taken - 1) as f64) * WIDTH;
            let (x, y, height) = (at + from * WIDTH, top + above * HEIGHT, (below - above) * HEIGHT);
            path += &format!("M{} {}h{}v{}h-{}z", short(x), short(y), short(width), short(height), short(width));
        }
        at += taken as f64 * WIDTH;
        rest.drain(..taken);
    }
    path
}

/// A number with at most two decimals.
fn short(number: f64) -> String {
    format!("{}", (number * 100.0).round() / 100.0)
}

/// A character that stands alone: the signs of states as shapes of their own, since fonts disagree on them.
fn sign(text: &str, left: f64, top: f64, width: f64, attributes: &str) -> String {
    let (x, y) = (left + width / 2.0, top + 9.5);
    let stroke = |d: &str| {
        let ink = attributes.replace("fill=", "stroke=");
        let ink = if ink.contains("stroke=") { ink } else { format!(r#"{ink} stroke="currentColor""#) };
        format!(r#"<path{ink} fill="none" stroke-width="1.6" stroke-linecap="round" d="M{x} {y}{d}"/>"#)
    };
    match text {
        "●" => format!(r#"<circle{attributes} cx="{x}" cy="{y}" r="3.8"/>"#),
        "▲" => format!(r#"<path{attributes} d="M{x} {y}m0 -5l4.6 9h-9.2z"/>"#),
        "○" => stroke("m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0"),
        "✔" => stroke("m-3.8 .4l2.8 3.4l4.8 -7.4"),
        "✖" => stroke("m-3.4 -3.4l6.8 6.8m0 -6.8l-6.8 6.8"),
        _ => {
            let y = top + BASELINE;
            format!(r#"<text x="{x}" y="{y}" text-anchor="middle"{attributes}>{}</text>"#, escaped(text))
        }
    }
}
