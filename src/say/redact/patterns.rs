//! Finds names by the places in which they stand: in ARNs, URIs, assignments, addresses and sentences.

use std::sync::LazyLock;

use http::uri::Authority;
use regex_lite::{Captures, Regex};

use super::names::{Kind, Names};

/// What is learned from a match.
type Learn = fn(&mut Names, &Captures);

/// What ends a word that may hold a name.
const WORD: &str = r#"[^\s"'<>(),;`|{}\[\]]"#;

/// The patterns, those that say most first. `W` stands for a character of a word.
const PATTERNS: &[(&str, Learn)] = &[
    (r"arn:[a-z0-9-]*:W+", |names, found| arn(names, &found[0])),
    (r"([A-Za-z][A-Za-z0-9+.-]*)://((?:[^\s<>(),;`|{}'\x22])+)", |names, found| place(names, &found[1], &found[2])),
    (r#"(?:^|[\s"'(=,;])//([A-Za-z0-9._:@-]+)(?:/([^\s"'/<>]+))?"#, |names, found| share(names, found)),
    (r#"\\{2,4}([^\s\\"'<>]+)(?:\\{1,2}([^\s\\:"'<>,;]+))?"#, |names, found| share(names, found)),
    (r#"(?:^|[\s"'(=:])([A-Za-z][A-Za-z0-9.-]+)\\{1,2}([A-Za-z0-9._$-]+)"#, |names, found| {
        names.add_host(&found[1]);
        names.add(Kind::User, &found[2]);
    }),
    (r"([A-Za-z0-9._%+$-]+)@([A-Za-z0-9.-]*[A-Za-z0-9])", |names, found| {
        names.add(Kind::User, &found[1]);
        names.add_host(&found[2]);
    }),
    (r#"(?i)([a-z0-9_.-]*(?:bucket|container))["'`]?\s*=\s*["'`]?([^\s"'`&,;/)]+)"#, |names, found| {
        names.add(Kind::Bucket, &found[2]);
    }),
    (
        r#"(?i)\b(?:[a-z]*addr(?:ess)?|[a-z]*host(?:name)?|[a-z]*server(?:name)?|namenode|ip|domain|workgroup|realm|unc)["'`]?\s*=\s*["'`]?\[?([^\s"'`&,;/)\]]+)"#,
        |names, found| host_port(names, &found[1]),
    ),
    (r#"(?i)\b(?:user(?:name|id)?|uname|login|principal)["'`]?\s*=\s*["'`]?([^\s"'`&,;)]+)"#, |names, found| {
        names.add(Kind::User, &found[1]);
    }),
    (r#"(?i)\bshare(?:name)?["'`]?\s*=\s*["'`]?([^\s"'`&,;/)]+)"#, |names, found| names.add(Kind::Share, &found[1])),
    (
        r#"(?i)\b(?:x-amz-(?:signature|credential|security-token)|[a-z_-]*(?:sig|signature|token|password|passwd|pwd|pass|secret|api-?key|accesskey(?:id)?|accountkey|credential)|[a-z_-]*secret[a-z_-]*key)["'`]?\s*=\s*["'`]?([^\s"'`&,;)]+)"#,
        |names, found| names.add(Kind::Secret, &found[1]),
    ),
    (r"\b(?:AKIA|ASIA|AIDA|AROA|AGPA|ANPA|ANVA)[A-Z0-9]{12,}\b", |names, found| names.add(Kind::Secret, &found[0])),
    (
        r#"(?i)\b(bucket|container|server|host|hostname|share|user|username)s?:?\s+(?:(?:named?|called)\s+)?["'`“‘]([^"'`”’\s]+)["'`”’]"#,
        |names, found| quoted(names, &found[1], &found[2]),
    ),
    (r"(?i)bucket:\s+([A-Za-z0-9][A-Za-z0-9._-]+)", |names, found| {
        if !is_common_word(&found[1]) {
            names.add(Kind::Bucket, found[1].trim_end_matches('.'));
        }
    }),
    (r"(?i)\bbucket\s+([a-z0-9][a-z0-9._-]+)", |names, found| {
        if is_telling(&found[1]) {
            names.add(Kind::Bucket, found[1].trim_end_matches('.'));
        }
    }),
    (r"(?i)\b(?:host|hostname|server):?\s+([a-z0-9][a-z0-9._-]+)", |names, found| {
        if is_telling(&found[1]) {
            names.add_host(found[1].trim_end_matches('.'));
        }
    }),
    (
        r#"(?i)(?:resolve (?:the )?host|unknownhost(?:exception)?|lookup|could not resolve)(?:name)?:?\s+["'`]?([a-z0-9][a-z0-9._-]+)"#,
        |names, found| {
            if !is_common_word(&found[1]) {
                names.add_host(found[1].trim_end_matches('.'));
            }
        },
    ),
    (r#"(?:^|[\s"'(=])([A-Za-z0-9._-]{2,}):/(?:[^/\s]|\s|$)"#, |names, found| names.add_host(&found[1])),
    (r#"(?:^|[\s"'(=@,/])([A-Za-z][A-Za-z0-9.-]*):([0-9]{2,5})\b"#, |names, found| {
        let is_word = WORDS_BEFORE_NUMBERS.contains(&&*found[1].to_ascii_lowercase());
        if !is_word && found[2].parse::<u16>().is_ok() {
            names.add_host(&found[1]);
        }
    }),
    (r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?", |names, found| {
        let text = found[0].trim_end_matches('.');
        let unzoned = text.split('%').next().unwrap_or_default();
        if unzoned.len() > 2 && !names.add_address(text, unzoned) {
            names.add_address(unzoned.trim_end_matches(':'), unzoned.trim_end_matches(':'));
        }
    }),
    (r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b", |names, found| {
        names.add_address(&found[0], &found[0]);
    }),
    (r"\b(?:ip-)?[0-9]{1,3}(?:-[0-9]{1,3}){3}\b", |names, found| {
        if let Some(address) = super::names::dashed(&found[0]) {
            names.add_address(&found[0], &address);
        }
    }),
    (r"(?:^|[^A-Za-z0-9._/-])((?:[A-Za-z0-9_-]+\.)+[A-Za-z]{2,})\b", |names, found| domain(names, &found[1])),
    (r"[0-9]+", |names, found| {
        if found[0].len() == 12 {
            names.add_account(&found[0]);
        }
    }),
    (r"\b([0-9]{4})-([0-9]{4})-([0-9]{4})\b", |names, found| {
        names.add_account(&format!("{}{}{}", &found[1], &found[2], &found[3]));
    }),
];

/// What `--redact=strict` finds besides.
const STRICT: &[(&str, Learn)] = &[
    (r"\bagent-[0-9a-f]{8,}\b", |names, found| names.add(Kind::Agent, &found[0])),
    (r"(?i)\bkey/([0-9a-f-]{8,})", |names, found| names.add(Kind::Key, &found[1])),
    (r"\b((?i:alias)/[A-Za-z0-9/_-]+)", |names, found| names.add(Kind::Key, &found[1])),
    (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", |names, found| names.add(Kind::Key, &found[0])),
    (r"\b(?:assumed-)?role/(W+)", |names, found| {
        found[1].split('/').for_each(|name| names.add(Kind::Role, unpunctuated(name)))
    }),
    (r#"(?i)\brole(?:name)?["'`]?\s*[:=]?\s+["'`“]([^"'`”\s]+)"#, |names, found| names.add(Kind::Role, &found[1])),
    (r"log-group:([^\s:*,;]+)", |names, found| names.add(Kind::LogGroup, &found[1])),
    (r"/aws/[A-Za-z0-9._/-]+", |names, found| names.add(Kind::LogGroup, &found[0])),
    (r"arn:[a-z0-9-]*:s3[a-z-]*:[^:\s]*:[^:\s]*:[^/\s]+/(W+)", |names, found| path(names, &found[1])),
    (r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s]*/([^\s<>,;`|{}\x22]+)", |names, found| path(names, &found[1])),
    (r#"\\{2,4}[^\s\\"']+\\{1,2}([^\s:"'<>,;]+)"#, |names, found| path(names, &found[1])),
    (r#"(?:^|[\s"'`(=:|~.])/([^\s"'`<>,;()|]+)"#, |names, found| path(names, &found[1])),
    (r#"\b[A-Za-z]:\\+([^\s"'`<>,;()|]+)"#, |names, found| path(names, &found[1])),
    (
        r#"(?i)\b(?:key|path|prefix|file(?:name)?|object|dir(?:ectory)?|folder)["'`]?\s*=\s*["'`]?([^\s"'`&,;)]+)"#,
        |names, found| {
            path(names, &found[1]);
        },
    ),
    (r#"(?i)\b(?:file|path|object|key|directory|folder)\s+["'`“]([^"'`”]+)"#, |names, found| {
        path(names, &found[1])
    }),
    (r"\b[A-Za-z0-9_][A-Za-z0-9._-]*\.[A-Za-z0-9]{1,8}\b", |names, found| {
        let extension = found[0].rsplit('.').next().unwrap_or_default();
        if !is_program(&found[0]) && extension.contains(|c: char| c.is_ascii_alphabetic()) {
            names.add(Kind::Path, &found[0]);
        }
    }),
];

/// Words that a number follows, and no port.
const WORDS_BEFORE_NUMBERS: [&str; 17] = [
    "status", "code", "error", "errno", "line", "exit", "port", "pid", "uid", "gid", "rc", "http", "version", "count",
    "limit", "at", "mode",
];

static FINDERS: LazyLock<Vec<(Regex, Learn)>> = LazyLock::new(|| finders(PATTERNS));
static STRICT_FINDERS: LazyLock<Vec<(Regex, Learn)>> = LazyLock::new(|| finders(STRICT));

fn finders(patterns: &[(&str, Learn)]) -> Vec<(Regex, Learn)> {
    let finder = |(pattern, learn): &(&str, Learn)| Some((Regex::new(&pattern.replace('W', WORD)).ok()?, *learn));
    patterns.iter().filter_map(finder).collect()
}

/// Learns the names in a text; `strict` also learns roles, keys, agents, log groups, paths and file names.
pub fn learn(names: &mut Names, text: &str, strict: bool) {
    let strict = strict.then_some(&*STRICT_FINDERS);
    for (finder, learn) in FINDERS.iter().chain(strict.into_iter().flatten()) {
        finder.captures_iter(text).for_each(|found| learn(names, &found));
    }
}

/// Learns the value of a member by the member's name.
pub fn learn_member(names: &mut Names, member: &str, value: &str, strict: bool) {
    let member = member.to_ascii_lowercase().replace(['_', '-'], "");
    let ends = |ends: &[&str]| ends.iter().any(|end| member.ends_with(end));
    let is_bare = !value.contains(['/', ':', ' ']);
    if ends(&["account", "accountid", "accountnumber"]) {
        names.add_account(value);
    } else if ends(&["password", "secret", "secretkey", "token", "signature", "accesskey", "accesskeyid"]) {
        names.add(Kind::Secret, value);
    } else if ends(&["bucket", "bucketname", "container", "containername"]) && is_bare {
        names.add(Kind::Bucket, value);
    } else if ends(&["host", "hostname", "server", "servername", "address", "domain"]) && !value.contains('/') {
        host_port(names, value);
    } else if ends(&["user", "username", "principal"]) && is_bare {
        names.add(Kind::User, value);
    } else if ends(&["share", "sharename"]) && is_bare {
        names.add(Kind::Share, value);
    }
    if strict {
        learn_strict_member(names, &member, value);
    }
}

fn learn_strict_member(names: &mut Names, member: &str, value: &str) {
    match member {
        "loggroup" | "loggroupname" if !value.starts_with("arn:") => names.add(Kind::LogGroup, value),
        "subdirectory" | "manifestobjectpath" | "value" | "path" | "key" | "prefix" | "filename" | "file" => {
            value.split('|').for_each(|part| path(names, part));
        }
        "role" | "rolename" if !value.starts_with("arn:") => names.add(Kind::Role, value),
        _ => {}
    }
}

fn arn(names: &mut Names, arn: &str) {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, account, resource] = parts[..] else { return };
    names.add_account(account);
    if service.starts_with("s3") {
        let resource = resource.strip_prefix("accesspoint/").unwrap_or(resource);
        names.add(Kind::Bucket, resource.split(['/', ':']).next().map(unpunctuated).unwrap_or_default());
    }
    let mut parts = resource.split('/');
    match parts.next() {
        Some("user" | "federated-user") => parts.for_each(|part| names.add(Kind::User, unpunctuated(part))),
        Some("assumed-role") => parts.skip(1).for_each(|session| names.add(Kind::User, unpunctuated(session))),
        _ => {}
    }
}

/// What stands behind `scheme://`.
fn place(names: &mut Names, scheme: &str, place: &str) {
    if place.starts_with("arn:") {
        return;
    }
    let end = place.find(['/', '?', '#', '\\']).unwrap_or(place.len());
    let (authority, rest) = place.split_at(end);
    let (userinfo, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
    if let Some((user, password)) = userinfo.split_once(':') {
        names.add(Kind::User, user);
        names.add(Kind::Secret, password);
    } else {
        names.add(Kind::User, userinfo);
    }
    let mut path = rest.split(['?', '#']).next().unwrap_or_default().split('/').skip(1);
    match scheme.to_ascii_lowercase().as_str() {
        "s3" | "s3a" | "s3n" => names.add(Kind::Bucket, unpunctuated(authority)),
        "object-storage" | "azure-blob" | "wasb" | "abfs" | "abfss" => {
            host_port(names, authority);
            names.add(Kind::Bucket, path.next().map(unpunctuated).unwrap_or_default());
        }
        "smb" | "cifs" => {
            host_port(names, authority);
            names.add(Kind::Share, path.next().map(unpunctuated).unwrap_or_default());
        }
        _ => {
            host_port(names, authority);
            bucket_of_host(names, authority, path.next().unwrap_or_default());
        }
    }
    query(names, rest);
}

/// The values in a query: who knows one may be let in.
fn query(names: &mut Names, rest: &str) {
    let Some((_, query)) = rest.split_once('?') else { return };
    for part in query.split(['&', '#']) {
        if let Some((name, value)) = part.split_once('=')
            && name != "region"
            && value.len() >= 6
        {
            names.add(Kind::Secret, value);
        }
    }
}

/// The bucket in the host name of a service for objects, or in the first part of the path.
fn bucket_of_host(names: &mut Names, host: &str, first: &str) {
    let is_s3 = |label: &str| label == "s3" || label.starts_with("s3-");
    if host.contains("amazonaws.") {
        let labels: Vec<&str> = host.split('.').collect();
        match labels.iter().position(|label| is_s3(label)) {
            Some(0) => names.add(Kind::Bucket, first),
            Some(place) => names.add(Kind::Bucket, &labels[..place].join(".")),
            None => {}
        }
    } else if host.contains(".blob.core.") {
        names.add(Kind::Bucket, first);
    }
}

/// A host with its port, if it has one. What is no authority of a URI is a host as a whole.
fn host_port(names: &mut Names, text: &str) {
    let text = text.trim_end_matches(['.', ':']);
    if names.add_address(text, text) {
        return;
    }
    let bracketed = text.strip_prefix('[').and_then(|text| text.split(']').next());
    if let Some(address) = bracketed {
        names.add_host(address);
        return;
    }
    match text.parse::<Authority>() {
        Ok(authority) => names.add_host(authority.host()),
        Err(_) => names.add_host(text),
    }
}

/// Without what ends a sentence or a part of one.
fn unpunctuated(name: &str) -> &str {
    name.trim_end_matches(['.', ':', '!', '?'])
}

fn share(names: &mut Names, found: &Captures) {
    let host = &found[1];
    host_port(names, host.rsplit('@').next().unwrap_or(host));
    if let Some(share) = found.get(2) {
        names.add(Kind::Share, unpunctuated(share.as_str()));
    }
}

fn quoted(names: &mut Names, of: &str, name: &str) {
    match of.to_ascii_lowercase().as_str() {
        "bucket" | "container" => names.add(Kind::Bucket, name),
        "share" => names.add(Kind::Share, name),
        "user" | "username" => names.add(Kind::User, name),
        _ => host_port(names, name),
    }
}

/// A host name of two labels or more, unless a program, a file or a class is called so, or two sentences touch there.
fn domain(names: &mut Names, name: &str) {
    let top = name.rsplit('.').next().unwrap_or_default();
    let one_case = top.bytes().all(|c| c.is_ascii_lowercase()) || top.bytes().all(|c| c.is_ascii_uppercase());
    let is_file = name.matches('.').count() == 1 && is_extension(top);
    if one_case && !is_program(name) && !is_file {
        names.add_host(name);
    }
}

fn is_program(name: &str) -> bool {
    matches!(name, "mount.nfs" | "mount.nfs4" | "mount.cifs" | "mount.efs" | "umount.nfs" | "umount.nfs4")
}

/// Ends of file names that are not the ends of domains too.
fn is_extension(end: &str) -> bool {
    const EXTENSIONS: [&str; 36] = [
        "txt", "log", "csv", "tsv", "json", "ndjson", "xml", "yaml", "yml", "tar", "gz", "tgz", "bz2", "xz", "zst",
        "jpg", "jpeg", "png", "gif", "tif", "tiff", "mp4", "mkv", "wav", "pdf", "doc", "docx", "xls", "xlsx", "bin",
        "dat", "bak", "tmp", "parquet", "html", "exe",
    ];
    EXTENSIONS.contains(&&*end.to_ascii_lowercase())
}

/// The parts of a path: directories and file names.
fn path(names: &mut Names, path: &str) {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for part in path.split(['/', '\\']) {
        names.add(Kind::Path, part.trim_matches(['.', ':', '*']));
    }
}

/// A name that no word of a sentence would be.
fn is_telling(word: &str) -> bool {
    word.trim_end_matches('.').contains(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '_')) && word.len() >= 3
}

/// A word with which a message of the service begins.
fn is_common_word(word: &str) -> bool {
    const WORDS: [&str; 18] = [
        "the",
        "this",
        "that",
        "a",
        "an",
        "no",
        "not",
        "it",
        "is",
        "access",
        "bucket",
        "specified",
        "your",
        "you",
        "in",
        "on",
        "permission",
        "cannot",
    ];
    WORDS.contains(&&*word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert_eq!((FINDERS.len(), STRICT_FINDERS.len()), (PATTERNS.len(), STRICT.len()));
    }
}
