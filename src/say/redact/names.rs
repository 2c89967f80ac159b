//! The names that are secret, the mask of each, and the replacing of all of them in one pass.

use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};
use core::net::IpAddr;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Twelve digits.
    Account,
    /// A bucket of object storage, or a container of blobs.
    Bucket,
    /// A host name or an address.
    Host,
    /// A share of a file server.
    Share,
    /// A user.
    User,
    /// A password, a token or a signature.
    Secret,
    /// An IAM role.
    Role,
    /// A KMS key.
    Key,
    /// An agent.
    Agent,
    /// A log group.
    LogGroup,
    /// A part of a path, or a file name.
    Path,
    /// A word that another name is a part of.
    Compound,
}

/// Words that are a share's name and a word of many sentences too: they identify nobody.
const GENERIC_SHARES: [&str; 8] = ["share", "shares", "data", "export", "exports", "files", "c$", "d$"];
/// First labels of host names that are words of the trade.
const GENERIC_LABELS: [&str; 12] =
    ["nfs", "smb", "hdfs", "www", "ftp", "files", "storage", "share", "http", "https", "host", "server"];

/// Parts of paths that are the service's words: they stand in ARNs and in names of log groups.
const GENERIC_PATHS: [&str; 12] =
    ["arn", "aws", "aws-cn", "datasync", "task", "execution", "role", "agent", "location", "iam", "kms", "logs"];

impl Kind {
    fn mask(self, number: usize) -> String {
        let word = match self {
            Self::Account => return format!("{number:012}"),
            Self::Bucket => "bucket",
            Self::Host => "host",
            Self::Share => "share",
            Self::User => "user",
            Self::Secret => "secret",
            Self::Role => "role",
            Self::Key => "key",
            Self::Agent => "agent",
            Self::LogGroup => "log-group",
            Self::Path => "path",
            Self::Compound => "name",
        };
        format!("{word}-{number}")
    }

    fn fits(self, text: &str) -> bool {
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        match self {
            Self::Account => text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Bucket => text.len() >= 3 && letters > 0,
            Self::Host => letters > 0,
            Self::Share => text.len() >= 2 && letters > 0 && !GENERIC_SHARES.contains(&&*text.to_ascii_lowercase()),
            Self::Compound => true,
            Self::Path if GENERIC_PATHS.contains(&text) => false,
            Self::Path | Self::User => text.len() >= 2 && letters > 0,
            Self::Secret | Self::Role | Self::Key | Self::Agent | Self::LogGroup => text.len() >= 3 && letters > 0,
        }
    }
}

#[derive(Clone, Debug)]
struct Name {
    text: String,
    /// The value that it is a form of: an index of `Names::values`.
    value: usize,
}

/// The names that were met, in the order in which they were.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<Name>,
    values: Vec<Kind>,
    /// The value of each name, in lower case.
    known: HashMap<String, usize>,
    addresses: HashMap<IpAddr, usize>,
}

impl Names {
    /// Adds a name, unless it is known, or too short to be one of its kind.
    pub fn add(&mut self, kind: Kind, text: &str) {
        self.add_form(kind, text, None);
    }

    /// Adds a host: a name, which is known by its first label too, or an address in any form.
    pub fn add_host(&mut self, host: &str) {
        if self.add_address(host, host) {
            return;
        }
        let Some(value) = self.add_form(Kind::Host, host, None) else { return };
        if let Some(address) = dashed(host.split('.').next().unwrap_or_default()) {
            self.add_address(host.split('.').next().unwrap_or_default(), &address);
            return;
        }
        let Some((label, rest)) = host.split_once('.') else { return };
        let generic = GENERIC_LABELS.contains(&&*label.to_ascii_lowercase());
        let is_name = rest.contains('.') || label.contains(|c: char| c.is_ascii_digit() || c == '-');
        if label.len() >= 3 && is_name && !generic && !rest.contains("amazonaws.") {
            self.add_form(Kind::Host, label, Some(value));
        }
    }

    /// Adds a text that stands for an address, if that is one. Forms of the same address get the same mask.
    pub fn add_address(&mut self, text: &str, address: &str) -> bool {
        let bare = address.split('%').next().unwrap_or_default();
        let Ok(address) = bare.parse::<IpAddr>() else { return false };
        let address = address.to_canonical();
        let value = self.add_form(Kind::Host, text, self.addresses.get(&address).copied());
        if let Some(value) = value {
            self.addresses.insert(address, value);
            // the address alone, where a zone stands behind it
            if text.contains('%') {
                self.add_form(Kind::Host, bare, Some(value));
            }
        }
        true
    }

    /// Adds an account, which is also written in three groups of four.
    pub fn add_account(&mut self, digits: &str) {
        if !Kind::Account.fits(digits) {
            return;
        }
        if let Some(value) = self.add_form(Kind::Account, digits, None) {
            let dashed = format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..]);
            self.add_form(Kind::Account, &dashed, Some(value));
        }
    }

    /// Adds a form of a value, of a new one where none is given. Gives the value that the text stands for.
    fn add_form(&mut self, kind: Kind, text: &str, value: Option<usize>) -> Option<usize> {
        let lower = text.to_lowercase();
        if let Some(known) = self.known.get(&lower) {
            return Some(*known);
        }
        if value.is_none() && !kind.fits(text) {
            return None;
        }
        let value = value.unwrap_or_else(|| {
            self.values.push(kind);
            self.values.len() - 1
        });
        self.known.insert(lower, value);
        self.names.push(Name { text: text.into(), value });
        Some(value)
    }
}

/// The address in `ip-10-1-2-3` or `10-1-2-3`.
pub fn dashed(text: &str) -> Option<String> {
    let digits = text.strip_prefix("ip-").unwrap_or(text);
    (digits.matches('-').count() == 3 && !digits.contains('.')).then(|| digits.replace('-', "."))
}

/// Names with their masks, ready to be looked for.
#[derive(Clone, Debug)]
pub struct Masks {
    masks: Vec<String>,
    kinds: Vec<Kind>,
    by_name: HashMap<String, usize>,
    /// `None` where it can't be built: then nothing is shown at all.
    finder: Option<AhoCorasick>,
}

impl Masks {
    /// The masks of the names. None of them is a name itself.
    pub fn new(names: &Names) -> Self {
        let taken: HashSet<&str> = names.known.keys().map(String::as_str).collect();
        let mut counts: HashMap<Kind, usize> = HashMap::new();
        let mut values = Vec::with_capacity(names.values.len());
        for kind in &names.values {
            let count = counts.entry(*kind).or_default();
            let mask = loop {
                *count += 1;
                let mask = kind.mask(*count);
                if !taken.contains(&*mask) {
                    break mask;
                }
            };
            values.push(mask);
        }
        let texts = names.names.iter().map(|name| &name.text);
        Self {
            masks: names.names.iter().map(|name| values[name.value].clone()).collect(),
            kinds: names.names.iter().map(|name| names.values[name.value]).collect(),
            by_name: names.names.iter().enumerate().map(|(place, name)| (name.text.to_lowercase(), place)).collect(),
            finder: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(texts)
                .ok(),
        }
    }

    /// The words in a text that a name is only a part of, joined to the rest by hyphens: half a mask would tell the
    /// other half. An account and a secret are masked wherever they are.
    pub fn compounds(&self, text: &str) -> Vec<String> {
        let joins = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let whole = |found: aho_corasick::Match| {
            let kind = self.kinds[found.pattern().as_usize()];
            let is_free = stands_free(kind, text, found.start(), found.end());
            if matches!(kind, Kind::Account | Kind::Secret) || !is_free {
                return None;
            }
            let (before, after) = (&text[..found.start()], &text[found.end()..]);
            let from = before.trim_end_matches(joins).len();
            let to = text.len() - after.trim_start_matches(joins).len();
            let word = text[from..to].trim_matches(['-', '_']);
            (word.len() > found.len() && self.of(word).is_none()).then(|| word.to_owned())
        };
        self.finder.iter().flat_map(|finder| finder.find_overlapping_iter(text)).filter_map(whole).collect()
    }

    /// The mask of exactly this name.
    pub fn of(&self, name: &str) -> Option<&str> {
        self.by_name.get(&name.to_lowercase()).map(|place| self.masks[*place].as_str())
    }

    /// The text with masks for the names in it: of names that overlap, for the first, and of those for the longest.
    pub fn replace(&self, text: &str) -> String {
        let Some(finder) = &self.finder else { return "masked".into() };
        let mut found: Vec<_> = finder
            .find_overlapping_iter(text)
            .filter(|found| stands_free(self.kinds[found.pattern().as_usize()], text, found.start(), found.end()))
            .collect();
        found.sort_by_key(|found| (found.start(), std::cmp::Reverse(found.end())));
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for found in found {
            if found.start() >= at {
                out.push_str(&text[at..found.start()]);
                out.push_str(&self.masks[found.pattern().as_usize()]);
                at = found.end();
            }
        }
        out.push_str(&text[at..]);
        out
    }
}

/// Whether a name of the kind begins and ends there: no letter and no digit touches it, for an account no digit, and
/// it is no scheme of a URI. A secret is one anywhere.
fn stands_free(kind: Kind, text: &str, from: usize, to: usize) -> bool {
    let (before, after) = (text[..from].chars().next_back(), text[to..].chars().next());
    let touches = |c: Option<char>, is: fn(char) -> bool| c.is_some_and(is);
    match kind {
        Kind::Secret => true,
        Kind::Account => !touches(before, |c| c.is_ascii_digit()) && !touches(after, |c| c.is_ascii_digit()),
        _ => {
            !touches(before, char::is_alphanumeric)
                && !touches(after, char::is_alphanumeric)
                && !text[to..].starts_with("://")
        }
    }
}
