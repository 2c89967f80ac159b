//! The shape of the source: who may import whom, who may ask for the time, and how a module opens.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each module of the crate's root, and those that it may import from: the floors below its own, and of its own
/// floor what is named here.
const FLOORS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("files", &[]),
    ("aws", &[]),
    ("transfer", &["aws", "say"]),
    ("say", &["aws", "transfer"]),
    ("keys", &[]),
    ("app", &["aws", "transfer", "say", "keys"]),
    ("view", &["aws", "transfer", "say", "keys", "app"]),
    ("demo", &["aws", "clock"]),
    ("source", &["clock", "files", "aws", "transfer", "say", "keys", "app", "view"]),
    ("sink", &["clock", "files", "aws", "transfer", "say", "keys", "app", "view"]),
    ("cli", &["clock", "files", "aws", "transfer", "say", "keys", "app", "view", "source", "sink", "demo"]),
];

/// What the modules of a floor have no use for.
const STRANGERS: &[(&str, &[&str])] = &[
    ("aws", &["std::fs", "std::io", "std::net", "std::env", "tokio", "ratatui", "crossterm", "aws_", "hyper"]),
    ("transfer", &["std::fs", "std::io", "std::net", "std::env", "tokio", "ratatui", "crossterm", "aws_", "hyper"]),
    ("say", &["std::fs", "std::io", "std::net", "std::env", "tokio", "ratatui", "crossterm", "aws_", "hyper"]),
    ("keys", &["std::fs", "std::io", "std::net", "std::env", "tokio", "ratatui", "aws_", "hyper"]),
    ("app", &["std::fs", "std::io", "std::net", "std::env", "tokio", "ratatui", "aws_", "hyper"]),
    ("view", &["std::fs", "std::io", "std::net", "std::env", "std::time", "tokio", "crossterm", "aws_", "hyper"]),
    ("source", &["ratatui", "crossterm"]),
    ("sink", &["std::net", "aws_", "hyper"]),
];

/// Where the time is asked for besides in `clock`, and why.
const ASKS_THE_TIME: &[(&str, &str, &str)] = &[
    ("cli/demo", "Timestamp::now", "gives the demo's clock its origin"),
    ("sink/terminal", "Instant::now", "frames are paced in real time, whatever the clock's speed"),
];

/// A source file.
struct Module {
    path: PathBuf,
    /// As in `view/text`; empty for the crate's root.
    name: String,
    /// Without comments.
    code: String,
    /// Only compiled for tests.
    is_test: bool,
}

impl Module {
    /// The module of the crate's root that it belongs to.
    fn root(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The code outside of tests.
    fn own(&self) -> &str {
        if self.is_test { "" } else { outside_of_tests(&self.code) }
    }

    /// The modules of the crate's root that it names.
    fn imports(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            named.extend(first_names(&self.code[at + "crate::".len()..]));
        }
        let depth = self.name.split('/').count();
        let to_the_root = "super::".repeat(depth);
        for (at, _) in self.own().match_indices(&to_the_root) {
            named.extend(first_names(&self.own()[at + to_the_root.len()..]));
        }
        named
    }
}

/// What comes before the module of tests at a file's end.
fn outside_of_tests(code: &str) -> &str {
    let tests = code.match_indices("#[cfg(test)]").find(|(at, _)| {
        let (item, _) = code[*at..].split_once('{').unwrap_or_default();
        item.contains("mod ") && !item.contains(';')
    });
    tests.map_or(code, |(at, _)| &code[..at])
}

/// The names at the beginning of a path: one, or those in its braces.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(tree) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let mut names = vec![String::new()];
    for c in tree.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            c if depth == 0 => names.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    names.iter().map(|text| name(text)).filter(|name: &String| !name.is_empty()).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn without_comments(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| line.split(" // ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn modules() -> Vec<Module> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let module = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().with_extension("").to_str().unwrap().to_owned();
        let name = if ["main", "lib"].contains(&name.as_str()) { String::new() } else { name };
        let code = without_comments(&fs::read_to_string(&path).unwrap());
        Module { path, name, code, is_test: false }
    };
    let mut modules: Vec<Module> = files(&src).into_iter().map(module).collect();
    let tests: BTreeSet<String> = modules.iter().flat_map(test_modules).collect();
    modules.iter_mut().for_each(|module| module.is_test = tests.contains(&module.name));
    assert!(modules.len() > 50 && !tests.is_empty());
    modules
}

/// The modules that a file declares for tests only.
fn test_modules(module: &Module) -> Vec<String> {
    let declarations = module.code.split("#[cfg(test)]").skip(1).filter_map(|rest| {
        let (name, _) = rest.trim_start().strip_prefix("mod ")?.split_once(';')?;
        (!name.contains(char::is_whitespace)).then(|| format!("{}/{name}", module.name))
    });
    declarations.collect()
}

/// Where a text is in a module's code outside of tests.
fn places(module: &Module, text: &str) -> Vec<String> {
    let lines = module.own().lines().filter(|line| line.contains(text));
    lines.map(|line| format!("{}: {}", module.path.display(), line.trim())).collect()
}

#[test]
fn a_module_imports_only_from_the_floors_below_it() {
    for module in modules().iter().filter(|module| !module.name.is_empty()) {
        let floor = FLOORS.iter().find(|(name, _)| *name == module.root());
        let (_, below) = floor.unwrap_or_else(|| panic!("{} is on no floor", module.path.display()));
        for import in module.imports() {
            // what the simulated service says is good for tests on any floor
            let fits = import == module.root() || below.contains(&import.as_str()) || import == "demo";
            assert!(fits, "{} imports from {import}", module.path.display());
        }
    }
}

#[test]
fn no_floor_reaches_for_what_is_another_s() {
    for (root, strangers) in STRANGERS {
        for module in modules().iter().filter(|module| module.root() == *root) {
            for stranger in *strangers {
                let flat = places(module, stranger);
                assert_eq!(flat, [""; 0], "{root} has no use for {stranger}");
                let (krate, inner) = stranger.split_once("::").unwrap_or((stranger, ""));
                let grouped = std_tree(module.own()).any(|name| name == inner);
                assert!(krate != "std" || !grouped, "{}: {stranger}", module.path.display());
            }
        }
    }
}

/// The names in the braces of `use std::{…}`.
fn std_tree(code: &str) -> impl Iterator<Item = String> {
    code.match_indices("use std::{").flat_map(|(at, _)| first_names(&code[at + "use std::".len()..]))
}

#[test]
fn only_the_clock_asks_for_the_time() {
    for module in modules().iter().filter(|module| module.root() != "clock") {
        for question in ["Timestamp::now", "Instant::now", "SystemTime::now", "Zoned::now"] {
            let may = ASKS_THE_TIME.iter().any(|(name, what, _)| (*name, *what) == (&module.name, question));
            assert!(may || places(module, question).is_empty(), "{:?}", places(module, question));
        }
    }
    for (name, question, why) in ASKS_THE_TIME {
        let asks = |module: &Module| module.name == *name && !places(module, question).is_empty();
        assert!(modules().iter().any(asks), "{name} does not ask any more: it {why}");
    }
}

#[test]
fn nothing_is_taken_for_granted_outside_of_tests() {
    for module in modules() {
        for granted in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "println!(", "dbg!("] {
            assert_eq!(places(&module, granted), [""; 0]);
        }
    }
}

#[test]
fn every_module_says_what_it_is_for_and_lies_beside_its_parts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = ["src", "tests", "benches"].map(|directory| root.join(directory));
    for path in all.iter().filter(|directory| directory.exists()).flat_map(|directory| files(directory)) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is for", path.display());
        assert!(!path.ends_with("mod.rs"), "{} belongs beside its directory", path.display());
    }
}

#[test]
fn the_reader_of_imports_reads_what_there_is() {
    assert_eq!(first_names("model::arn::Arn;"), ["model"]);
    assert_eq!(first_names("{\n    app::{App, Event},\n    clock::Clock,\n    model,\n};"), ["app", "clock", "model"]);
    assert_eq!(
        outside_of_tests("a\n#[cfg(test)]\nmod b;\nc\n#[cfg(test)]\nmod tests {\nd"),
        "a\n#[cfg(test)]\nmod b;\nc\n"
    );
    let module =
        |name: &str, code: &str| Module { path: PathBuf::new(), name: name.into(), code: code.into(), is_test: false };
    assert!(module("view", "use super::source::x;").imports().contains("source"));
    assert!(module("view/text", "use super::super::source::x;").imports().contains("source"));
    assert!(module("view/text", "use super::theme;").imports().is_empty());
}
