//! Takes accounts, buckets and hosts out of observations; the same one becomes the same mask everywhere.

use std::sync::Arc;

use serde_json::Value;

use crate::aws::{
    arn::Arn,
    observation::{Observation, Outcome},
    response::Response,
    task::Task,
};

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Account,
    Bucket,
    Host,
}

/// The names that were met, and what is put in their place.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    names: Vec<Name>,
    counts: [usize; 3],
    /// The response that was learned from last.
    learned: Option<Response>,
    /// The response that was masked last, and how it looks then.
    masked: Option<(Response, Response)>,
}

#[derive(Clone, Debug)]
struct Name {
    kind: Kind,
    text: String,
    mask: String,
}

/// Members whose values are the service's own words.
fn is_constant(member: &str) -> bool {
    matches!(member, "Options" | "TaskMode") || member.ends_with("Status")
}

/// Where a word with a name in it ends.
fn ends_word(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';' | '`' | '|' | '{' | '}')
}

fn word(text: &str) -> &str {
    &text[..text.find(ends_word).unwrap_or(text.len())]
}

/// Whether a text begins and ends where a name would: no letter and no digit touches it.
fn stands_free(text: &str, from: usize, to: usize) -> bool {
    let touches = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !touches(text[..from].chars().next_back()) && !touches(text[to..].chars().next())
}

impl Redactor {
    /// Learns the names in an observation.
    pub fn learn_observation(&mut self, observation: &Observation) {
        self.learn(&observation.execution);
        if let Some(task) = &observation.task {
            let texts = [&task.source, &task.destination, &task.log_group, &task.name];
            texts.into_iter().flatten().for_each(|text| self.learn(text));
        }
        match &observation.outcome {
            Outcome::Response(answer) if self.learned.as_ref().is_some_and(|last| last.is_same(answer)) => {}
            Outcome::Response(answer) => {
                self.learn_value(&serde_json::from_str(answer.verbatim()).unwrap_or_default());
                self.learned = Some(answer.clone());
            }
            Outcome::Fault(fault) => self.learn(&fault.message),
        }
    }

    fn learn_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.learn(text),
            Value::Array(values) => values.iter().for_each(|value| self.learn_value(value)),
            Value::Object(members) => {
                members.iter().filter(|(name, _)| !is_constant(name)).for_each(|(_, value)| self.learn_value(value));
            }
            _ => {}
        }
    }

    /// Learns the names in a text.
    pub fn learn(&mut self, text: &str) {
        for (at, _) in text.match_indices("arn:") {
            self.learn_arn(word(&text[at..]));
        }
        for (at, _) in text.match_indices("://") {
            let scheme: String =
                text[..at].chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            self.learn_place(&scheme.chars().rev().collect::<String>(), word(&text[at + 3..]));
        }
        for (at, _) in text.match_indices("\\\\") {
            self.add(Kind::Host, word(&text[at + 2..]).split('\\').next().unwrap_or_default());
        }
        let mut told = "";
        for part in text.split(ends_word).filter(|part| !part.is_empty()) {
            self.learn_word(part, told);
            told = part;
        }
    }

    fn learn_arn(&mut self, arn: &str) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, account, resource] = parts[..] else { return };
        self.add(Kind::Account, account);
        if service.starts_with("s3") {
            let resource = resource.strip_prefix("accesspoint/").unwrap_or(resource);
            self.add(Kind::Bucket, resource.split(['/', ':']).next().unwrap_or_default());
        }
    }

    /// What comes after `scheme://`.
    fn learn_place(&mut self, scheme: &str, place: &str) {
        if place.starts_with("arn:") {
            return;
        }
        let mut parts = place.split('/');
        let authority = parts.next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(address) => address.split(']').next().unwrap_or_default(),
            None => authority.split([':', '?', '#']).next().unwrap_or_default(),
        };
        if scheme == "s3" {
            return self.add(Kind::Bucket, host);
        }
        self.add_host(host);
        if matches!(scheme, "object-storage" | "azure-blob") {
            self.add(Kind::Bucket, parts.next().unwrap_or_default());
        }
    }

    /// A word of a sentence, and the one before it.
    fn learn_word(&mut self, word: &str, before: &str) {
        let bare = word.trim_matches(|c: char| matches!(c, '.' | ':' | '!' | '?' | '[' | ']' | '='));
        if let Some((host, path)) = word.split_once(":/")
            && !path.starts_with('/')
            && !host.contains('/')
        {
            self.add_host(host.rsplit('@').next().unwrap_or_default());
        }
        if let Some((_, host)) = bare.split_once('@') {
            self.add_host(host.split([':', '/']).next().unwrap_or_default());
        }
        let telling = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.');
        let before = before.trim_end_matches(':').to_ascii_lowercase();
        match &*before {
            "bucket" if bare.contains(telling) && bare.len() >= 3 && !bare.contains(['/', ':']) => {
                self.add(Kind::Bucket, bare)
            }
            "host" | "server" | "hostname" if bare.contains(telling) => {
                self.add_host(bare.split([':', '/']).next().unwrap_or_default())
            }
            _ => {}
        }
        for part in bare.split(['/', '=']) {
            let alone = if is_ipv6(part) { part } else { part.split(':').next().unwrap_or_default() };
            if is_ipv4(alone) || is_ipv6(alone) {
                self.add(Kind::Host, alone);
            } else if is_domain(alone) && !bare.contains(&format!("/{alone}")) {
                self.add_host(alone);
            }
        }
        for digits in bare.split(|c: char| !c.is_ascii_alphanumeric()) {
            self.add(Kind::Account, digits);
        }
    }

    /// A host is known by its first label too.
    fn add_host(&mut self, host: &str) {
        self.add(Kind::Host, host);
        let Some((label, rest)) = host.split_once('.') else { return };
        let is_ours = rest.contains("amazonaws.") || is_ipv4(host);
        if !is_ours && label.len() >= 3 {
            self.add_as(Kind::Host, label, host);
        }
    }

    fn add(&mut self, kind: Kind, text: &str) {
        let fits = match kind {
            Kind::Account => text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
            Kind::Bucket => text.len() >= 3,
            Kind::Host => true,
        };
        if fits {
            self.add_as(kind, text, "");
        }
    }

    /// Adds a name, with the mask of another where that is known.
    fn add_as(&mut self, kind: Kind, text: &str, twin: &str) {
        let known = |text: &str| self.names.iter().find(|name| name.text.eq_ignore_ascii_case(text));
        if text.is_empty() || known(text).is_some() || self.names.iter().any(|name| name.mask == text) {
            return;
        }
        let mask = known(twin).map(|name| name.mask.clone()).unwrap_or_else(|| {
            let count = &mut self.counts[kind as usize];
            *count += 1;
            match kind {
                Kind::Account => format!("{count:012}"),
                Kind::Bucket => format!("bucket-{count}"),
                Kind::Host => format!("host-{count}"),
            }
        });
        self.names.push(Name { kind, text: text.into(), mask });
        // of two that begin alike, the longer one is looked for first
        self.names.sort_by_key(|name| std::cmp::Reverse(name.text.len()));
    }

    /// A text with masks for all names that were learned. Ids of tasks and executions stay.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let rest = &text[at..];
            let named = rest.starts_with("arn:").then(|| datasync_arn(rest));
            if let Some((named, arn)) = named.and_then(|named| Some((named, Arn::parse(named).ok()?))) {
                out.push_str(&self.arn(&arn).to_string());
                at += named.len();
            } else if let Some(name) = self.names.iter().find(|name| is_at(name, text, at)) {
                out.push_str(&name.mask);
                at += name.text.len();
            } else {
                out.push(first);
                at += first.len_utf8();
            }
        }
        out
    }

    fn arn(&self, arn: &Arn) -> Arn {
        let account = self.names.iter().find(|name| name.kind == Kind::Account && name.text == arn.account);
        Arn { account: account.map_or_else(|| arn.account.clone(), |name| name.mask.clone()), ..arn.clone() }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(members) => {
                members.iter_mut().filter(|(name, _)| !is_constant(name)).for_each(|(_, value)| self.value(value));
            }
            _ => {}
        }
    }

    fn answer(&self, answer: &Response) -> Response {
        let masked = serde_json::from_str(answer.verbatim()).ok().and_then(|mut value: Value| {
            self.value(&mut value);
            Response::parse(&value.to_string()).ok()
        });
        // what could be parsed once can be parsed again
        masked.unwrap_or_else(|| answer.clone())
    }

    /// The same observation with masks for the names that were learned.
    pub fn observation(&mut self, observation: &Observation) -> Observation {
        let outcome = match &observation.outcome {
            Outcome::Fault(fault) => {
                let mut fault = fault.clone();
                fault.message = self.text(&fault.message);
                Outcome::Fault(fault)
            }
            Outcome::Response(answer) => {
                let known = self.masked.as_ref().filter(|(before, _)| before.is_same(answer));
                let masked = known.map_or_else(|| self.answer(answer), |(_, masked)| masked.clone());
                self.masked = Some((answer.clone(), masked.clone()));
                Outcome::Response(masked)
            }
        };
        let execution: Arc<str> = self.text(&observation.execution).into();
        let task = observation.task.as_ref().map(|task| Arc::new(self.task(task)));
        Observation { execution, outcome, task, ..observation.clone() }
    }

    fn task(&self, task: &Task) -> Task {
        let text = |text: &Option<String>| text.as_ref().map(|text| self.text(text));
        Task {
            name: text(&task.name),
            source: text(&task.source),
            destination: text(&task.destination),
            log_group: text(&task.log_group),
        }
    }
}

/// The characters that an ARN of DataSync's can be made of.
fn datasync_arn(text: &str) -> &str {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '-');
    text[..text.find(|c| !fits(c)).unwrap_or(text.len())].trim_end_matches([':', '/', '-'])
}

fn is_at(name: &Name, text: &str, at: usize) -> bool {
    let end = at + name.text.len();
    text.get(at..end).is_some_and(|there| there.eq_ignore_ascii_case(&name.text)) && stands_free(text, at, end)
}

fn is_ipv4(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.len() <= 3 && part.parse::<u8>().is_ok())
}

fn is_ipv6(text: &str) -> bool {
    let hexadecimal = text.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    let colons = text.matches(':').count();
    hexadecimal && text.len() > 2 && (text.contains("::") && colons >= 2 || colons == 7)
}

/// Two dots at least, and letters at the end.
fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let fits =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let top = labels.last().is_some_and(|top| top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic()));
    labels.len() >= 3 && labels.iter().all(fits) && top
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::arn::EXAMPLE;

    fn masked(text: &str) -> String {
        let mut redactor = Redactor::default();
        redactor.learn(text);
        redactor.text(text)
    }

    #[test]
    fn names_become_masks() {
        for (text, shown) in [
            (
                EXAMPLE,
                "arn:aws:datasync:us-east-1:000000000001:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0",
            ),
            ("s3://media-prod/raw/", "s3://bucket-1/raw/"),
            ("nfs://10.1.2.3/export and 10.1.2.3", "nfs://host-1/export and host-1"),
            ("smb://filer.corp.example.com/share", "smb://host-1/share"),
            ("\\\\FILER\\share: filer is down", "\\\\host-1\\share: host-1 is down"),
            ("smb://filer01.corp.example/x: FILER01 is down", "smb://host-1/x: host-1 is down"),
            ("nfs://[fd00::12]:2049/x", "nfs://[host-1]:2049/x"),
            ("hdfs://name-node:8020/data", "hdfs://host-1:8020/data"),
            ("object-storage://store.example.com/photos/2026", "object-storage://host-1/bucket-1/2026"),
            ("arn:aws:s3:::media-prod/x", "arn:aws:s3:::bucket-1/x"),
            ("arn:aws:iam::111122223333:role/r", "arn:aws:iam::000000000001:role/r"),
            ("user: 111122223333 is not allowed", "user: 000000000001 is not allowed"),
            ("mount.nfs: filer7:/export timed out at 16:00:05", "mount.nfs: host-1:/export timed out at 16:00:05"),
            ("Bucket media-prod is gone, media-prod/x too", "Bucket bucket-1 is gone, bucket-1/x too"),
            ("from ftp.a.example.org.", "from host-1."),
            ("7 items and 1111222233334 bytes in /a/b.c.tar", "7 items and 1111222233334 bytes in /a/b.c.tar"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn the_same_name_is_the_same_mask_and_another_is_another() {
        let text = "s3://one-a/ s3://two-b/ s3://one-a/x";
        assert_eq!(masked(text), "s3://bucket-1/ s3://bucket-2/ s3://bucket-1/x");
    }

    #[test]
    fn the_services_words_stay() {
        let body = format!(
            r#"{{"TaskExecutionArn":"{EXAMPLE}","Status":"ERROR","Options":{{"LogLevel":"BASIC"}},"Result":{{"ErrorDetail":"\\\\error\\basic s3://basic-x/"}}}}"#
        );
        let seen = Observation {
            execution: EXAMPLE.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            outcome: Outcome::Response(Response::parse(&body).unwrap()),
            task: Some(Arc::new(Task { name: Some("copy basic-x".into()), ..Task::default() })),
            next: None,
        };
        let mut redactor = Redactor::default();
        redactor.learn_observation(&seen);
        let masked = redactor.observation(&seen);
        let Outcome::Response(answer) = &masked.outcome else { panic!() };
        assert!(
            answer.verbatim().contains(r#""Status":"ERROR","Options":{"LogLevel":"BASIC"}"#),
            "{}",
            answer.verbatim()
        );
        assert!(answer.verbatim().contains(r"\\\\host-1\\basic s3://bucket-1/"), "{}", answer.verbatim());
        assert_eq!(masked.task.as_ref().unwrap().name.as_deref(), Some("copy bucket-1"));
    }

    proptest::proptest! {
        #[test]
        fn no_name_of_the_input_is_left(
            account in "[1-9][0-9]{11}",
            bucket in "x[a-z0-9]{4,12}-[a-z0-9]{1,8}q",
            host in "y[a-z]{4,8}[0-9]{1,3}",
            ip in "1[0-9]{1}\\.[1-9][0-9]\\.1[0-9]{2}\\.[1-9]{2}",
            noise in "[ -~]{0,30}",
        ) {
            let text = format!(
                "{noise} s3://{bucket}/a nfs://{host}/x {host} smb://{ip}/s arn:aws:s3:::{bucket} {noise} \
                 arn:aws:datasync:us-east-1:{account}:task/task-0123456789abcdef0 log {bucket}-logs {ip}:2049 {account}"
            );
            let masked = masked(&text);
            for name in [&account, &bucket, &host, &ip] {
                proptest::prop_assert!(!masked.contains(name.as_str()), "{name} in {masked}");
            }
            proptest::prop_assert!(masked.contains("task-0123456789abcdef0"));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,120}") {
            let _ = masked(&text);
        }
    }
}
