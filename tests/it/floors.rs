//! The shape of the source: who may import whom, to the file, and how a module opens.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The floors, from the ground up. A file lies on the floor with the longest of these names that its own begins
/// with, and imports from the floors below it and from files of the same name. What stands on one floor side by side
/// never imports each other.
const FLOORS: &[&[&str]] = &[
    &["aws", "clock", "transfer/severity"],
    &["transfer/past", "demo"],
    &["transfer/present"],
    &["transfer/judge"],
    &["transfer/events"],
    &["transfer/execution"],
    &["transfer/readout"],
    &["say"],
    &["keys"],
    &["app"],
    &["view"],
    &["source", "sink"],
    &["cli"],
];

/// Modules that know fewer floors than lie below them.
const KNOWS_ONLY: &[(&str, &[&str])] = &[("demo", &["aws", "clock"]), ("aws", &[]), ("clock", &[])];

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

/// A source file.
struct Module {
    path: PathBuf,
    /// As in `view/text`; empty for the crate's root.
    name: String,
    /// Outside of tests, without comments.
    code: String,
    lines: usize,
}

impl Module {
    fn read(path: PathBuf, src: &Path) -> Self {
        let name = path.strip_prefix(src).unwrap().with_extension("").to_str().unwrap().to_owned();
        let name = if ["main", "lib"].contains(&name.as_str()) { String::new() } else { name };
        let code = outside_of_tests(&without_comments(&fs::read_to_string(&path).unwrap())).to_owned();
        let lines = code.lines().count();
        Self { path, name, code, lines }
    }

    /// The paths in the crate that it names, from the root.
    fn imports(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for root in ["crate::", "super::", "self::"] {
            for (at, _) in self.code.match_indices(root) {
                let goes_on = self.code[..at].ends_with("::") || self.code[..at].ends_with(is_name);
                if !goes_on {
                    found.extend(paths(&self.code[at..]).iter().filter_map(|path| self.absolute(path)));
                }
            }
        }
        found
    }

    /// `super::text::cut` in `view/footer` is `view/text/cut`.
    fn absolute(&self, path: &str) -> Option<String> {
        let mut parts: Vec<&str> = self.name.split('/').filter(|part| !part.is_empty()).collect();
        let mut rest = path.split("::").peekable();
        match rest.next()? {
            "crate" => parts.clear(),
            "self" => {}
            _ => {
                parts.pop();
            }
        }
        while rest.next_if_eq(&"super").is_some() {
            parts.pop();
        }
        parts.extend(rest.filter(|part| *part != "self" && *part != "*"));
        Some(parts.join("/"))
    }

    fn is_within(&self, other: &str) -> bool {
        is_within(&self.name, other)
    }
}

fn is_within(name: &str, other: &str) -> bool {
    name == other || name.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths that a path with braces stands for: `crate::{a, b::c}` is `crate::a` and `crate::b::c`.
fn paths(text: &str) -> Vec<String> {
    fn tree(text: &str, before: &str, found: &mut Vec<String>) -> usize {
        let (mut at, mut path) = (0, before.to_owned());
        while let Some(c) = text[at..].chars().next() {
            if is_name(c) || c == '*' {
                path.push(c);
                at += c.len_utf8();
            } else if text[at..].starts_with("::") {
                path.push_str("::");
                at += 2;
            } else if c == '{' && path.ends_with("::") {
                at += 1;
                loop {
                    at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
                    if text[at..].starts_with('}') || text[at..].is_empty() {
                        return at + 1;
                    }
                    let read = tree(&text[at..], &path, found);
                    at += read;
                    // what a name is called here does not matter
                    at += text[at..].find([',', '}']).unwrap_or(0);
                }
            } else {
                break;
            }
        }
        found.push(path);
        at.max(1)
    }
    let mut found = Vec::new();
    tree(text, "", &mut found);
    found
}

/// What comes before the module of tests at a file's end.
fn outside_of_tests(code: &str) -> &str {
    let tests = code.match_indices("#[cfg(test)]").find(|(at, _)| {
        let (item, _) = code[*at..].split_once('{').unwrap_or_default();
        item.contains("mod ") && !item.contains(';')
    });
    tests.map_or(code, |(at, _)| &code[..at])
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

/// The files that are not for tests alone.
fn modules() -> Vec<Module> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all: Vec<Module> = files(&src).into_iter().map(|path| Module::read(path, &src)).collect();
    let tests: BTreeSet<String> = all.iter().flat_map(test_modules).collect();
    assert!(all.len() > 50 && !tests.is_empty());
    all.into_iter().filter(|module| !tests.iter().any(|test| module.is_within(test))).collect()
}

/// The modules that a file declares for tests only.
fn test_modules(module: &Module) -> Vec<String> {
    let declarations = module.code.split("#[cfg(test)]").skip(1).filter_map(|rest| {
        let item = rest.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let (name, _) = item.strip_prefix("mod ")?.split_once(';')?;
        let folder = if module.name.is_empty() { String::new() } else { format!("{}/", module.name) };
        (!name.contains(char::is_whitespace)).then(|| format!("{folder}{name}"))
    });
    declarations.collect()
}

/// Which file imports which, by their names.
fn arrows(modules: &[Module]) -> BTreeMap<&str, BTreeSet<&str>> {
    let file_of =
        |path: &str| modules.iter().filter(|module| is_within(path, &module.name)).max_by_key(|m| m.name.len());
    let of = |module: &Module| -> BTreeSet<&str> {
        let files = module.imports();
        let files = files.iter().filter_map(|path| file_of(path)).map(|file| file.name.as_str());
        files.filter(|file| !file.is_empty() && *file != module.name).collect()
    };
    modules.iter().map(|module| (module.name.as_str(), of(module))).collect()
}

/// The floor of a file, and the name by which it lies there.
fn floor(name: &str) -> (usize, &'static str) {
    let rooms = FLOORS.iter().enumerate().flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, *room)));
    let found = rooms.filter(|(_, room)| is_within(name, room)).max_by_key(|(_, room)| room.len());
    found.unwrap_or_else(|| panic!("{name} is on no floor"))
}

#[test]
fn a_file_imports_only_from_the_floors_below_it() {
    let modules = modules();
    let arrows = arrows(&modules).into_iter();
    for (file, imports) in arrows.filter(|(file, imports)| !file.is_empty() && !imports.is_empty()) {
        let (own, room) = floor(file);
        for import in imports {
            let (other, other_room) = floor(import);
            assert!(other < own || room == other_room, "{file} imports from {import}");
            for (name, known) in KNOWS_ONLY.iter().filter(|(name, _)| is_within(file, name)) {
                let knows = is_within(import, name) || known.iter().any(|known| is_within(import, known));
                assert!(knows, "{file} has no use for {import}");
            }
        }
    }
}

/// A file that puts the parts in its own folder together may name them, and they may name what it holds for all of
/// them; everywhere else a file never imports from one that imports from it.
#[test]
fn no_circle_of_files_imports_each_other() {
    let modules = modules();
    let arrows = arrows(&modules);
    let others = |file: &str| {
        let imports = arrows.get(file).into_iter().flatten().copied();
        imports.filter(move |import| !is_within(import, file)).collect::<Vec<_>>()
    };
    for start in arrows.keys().filter(|file| !file.is_empty()) {
        let (mut reached, mut next) = (BTreeSet::new(), others(start));
        while let Some(file) = next.pop() {
            assert_ne!(file, *start, "{start} imports from files that import from it: {reached:?}");
            if reached.insert(file) {
                next.extend(others(file));
            }
        }
    }
}

#[test]
fn no_floor_reaches_for_what_is_another_s() {
    for (root, strangers) in STRANGERS {
        for module in modules().iter().filter(|module| module.is_within(root)) {
            for stranger in *strangers {
                let (krate, inner) = stranger.split_once("::").unwrap_or((stranger, ""));
                let grouped = std_tree(&module.code).any(|name| name == inner);
                let named = module.code.contains(stranger) || krate == "std" && grouped;
                assert!(!named, "{}: {root} has no use for {stranger}", module.path.display());
            }
        }
    }
}

/// The names in the braces of `use std::{…}`.
fn std_tree(code: &str) -> impl Iterator<Item = String> {
    let trees = code.match_indices("use std::{").flat_map(|(at, _)| paths(&code[at + "use ".len()..]));
    trees.filter_map(|path| path.split("::").nth(1).map(str::to_owned))
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

/// Tables of data may be longer.
const DATA: &[&str] = &["demo/scenarios"];

#[test]
fn no_file_is_too_long_and_no_folder_too_full() {
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for module in modules() {
        let fits = module.lines <= 500 || DATA.contains(&module.name.as_str());
        assert!(fits, "{} has {} lines", module.path.display(), module.lines);
        *folders.entry(module.path.parent().unwrap().to_owned()).or_default() += 1;
    }
    for (folder, count) in folders {
        assert!(count <= 16, "{} has {count} files", folder.display());
    }
}

#[test]
fn the_reader_of_imports_reads_what_there_is() {
    let module =
        |name: &str, code: &str| Module { path: PathBuf::new(), name: name.into(), code: code.into(), lines: 1 };
    let named = |name: &str, code: &str| Vec::from_iter(module(name, code).imports());
    assert_eq!(named("app", "use crate::aws::arn::Arn;"), ["aws/arn/Arn"]);
    assert_eq!(
        named("app", "use crate::{\n    say::{self, text::clean as c},\n    clock::Clock,\n};"),
        ["clock/Clock", "say", "say/text/clean"]
    );
    assert_eq!(named("view/text", "use super::super::source::x;"), ["source/x"]);
    assert_eq!(named("view/text", "use super::theme::{BOLD, DIM};"), ["view/theme/BOLD", "view/theme/DIM"]);
    assert_eq!(
        named("view", "let x = crate::say::words::age(self::text::width(a));"),
        ["say/words/age", "view/text/width"]
    );
    assert_eq!(
        outside_of_tests("a\n#[cfg(test)]\nmod b;\nc\n#[cfg(test)]\nmod tests {\nd"),
        "a\n#[cfg(test)]\nmod b;\nc\n"
    );
    assert_eq!(floor("transfer/past/phases"), (1, "transfer/past"));
}
