//! Takes what is secret out of observations; the same value becomes the same mask everywhere.
//!
//! First everything is learned: what members, ARNs and URIs say, and what stands where a name would. Then each name is
//! masked wherever it occurs, in any member and any text.

mod json;
mod names;
mod patterns;

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use percent_encoding::percent_decode_str;

use self::{
    json::{Place, rewrite},
    names::{Kind, Masks, Names},
};
use crate::aws::{
    arn::Arn,
    fault::{Fault, FaultKind},
    members::is_member,
    observation::{Observation, Outcome},
    response::Response,
    task::Task,
};

/// How much is masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redaction {
    /// Accounts, buckets, hosts, shares, users and secrets.
    #[default]
    Names,
    /// Roles, keys, agents, log groups, paths and file names too.
    Strict,
}

/// So many texts are remembered as learned.
const REMEMBERED: usize = 10_000;

/// Learns what is secret.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    redaction: Redaction,
    names: Names,
    /// Texts, each with the name of its member: most are the same in the next response.
    learned: HashSet<(String, String)>,
    last: Option<Response>,
}

impl Redactor {
    /// One that has learned nothing yet.
    pub fn new(redaction: Redaction) -> Self {
        Self { redaction, ..Self::default() }
    }

    /// Learns the names in an observation.
    pub fn learn_observation(&mut self, observation: &Observation) {
        self.learn_member("", &observation.execution);
        if let Some(task) = &observation.task {
            self.learn_task(task);
        }
        match &observation.outcome {
            Outcome::Response(response) if self.last.as_ref().is_some_and(|last| last.is_same(response)) => {}
            Outcome::Response(response) => {
                self.learn_response(response);
                self.last = Some(response.clone());
            }
            Outcome::Fault(fault) => {
                self.learn_member("", &fault.message);
                fault.code.iter().for_each(|code| self.learn_member("", code));
            }
        }
    }

    fn learn_task(&mut self, task: &Task) {
        for (member, text) in
            [("", &task.source), ("", &task.destination), ("LogGroup", &task.log_group), ("", &task.name)]
        {
            text.iter().for_each(|text| self.learn_member(member, text));
        }
    }

    fn learn_response(&mut self, response: &Response) {
        rewrite(response.verbatim(), |place, text| {
            if !place.is_string {
                let member = place.member.to_ascii_lowercase();
                let digits = digits(text).filter(|_| member.contains("account") || member.contains("owner"));
                digits.iter().for_each(|digits| self.names.add_account(digits));
            } else if !stays(place, text) {
                self.learn_member(place.member, text);
            }
            None
        });
    }

    fn learn_member(&mut self, member: &str, text: &str) {
        let both = (member.to_owned(), text.to_owned());
        if self.learned.contains(&both) {
            return;
        }
        if self.learned.len() >= REMEMBERED {
            self.learned.clear();
        }
        self.learned.insert(both);
        patterns::learn_member(&mut self.names, member, text, self.redaction == Redaction::Strict);
        self.learn_patterns(text);
    }

    /// Learns the names in a text.
    pub fn learn(&mut self, text: &str) {
        self.learn_member("", text);
    }

    fn learn_patterns(&mut self, text: &str) {
        let strict = self.redaction == Redaction::Strict;
        patterns::learn(&mut self.names, text, strict);
        if let Some(decoded) = percent_decoded(text) {
            patterns::learn(&mut self.names, &decoded, strict);
        }
    }

    /// Learns the name of a file: in the strict form that is a secret too.
    pub fn learn_file(&mut self, name: &str) {
        self.learn_member("FileName", name);
    }

    /// What masks all that was learned.
    pub fn masker(&self) -> Masker {
        let (mut names, masks) = (self.names.clone(), Masks::new(&self.names));
        let texts: BTreeSet<&String> = self.learned.iter().map(|(_, text)| text).collect();
        for compound in texts.into_iter().flat_map(|text| masks.compounds(text)) {
            names.add(Kind::Compound, &compound);
        }
        Masker { masks: Masks::new(&names), masked: None }
    }
}

/// Puts masks in the place of names.
#[derive(Clone, Debug)]
pub struct Masker {
    masks: Masks,
    /// The response that was masked last, and what came of it.
    masked: Option<(Response, Outcome)>,
}

impl Masker {
    /// A text with masks for all names that were learned. Ids of tasks and executions stay.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("arn:") {
            let named = datasync_arn(&rest[at..]);
            match Arn::parse(named) {
                Ok(arn) => {
                    out.push_str(&self.words(&rest[..at]));
                    out.push_str(&self.arn(&arn).to_string());
                    rest = &rest[at + named.len()..];
                }
                Err(_) => {
                    let end = at + rest[at..].find(char::is_whitespace).unwrap_or(rest.len() - at);
                    out.push_str(&self.words(&rest[..end]));
                    rest = &rest[end..];
                }
            }
        }
        out + &self.words(rest)
    }

    /// A text in which no task and no execution is named by its ARN.
    fn words(&self, text: &str) -> String {
        if !text.contains('%') {
            return self.masks.replace(text);
        }
        let word = |word: &str| {
            let masked = percent_decoded(word).map(|decoded| (self.masks.replace(&decoded), decoded));
            match masked {
                Some((masked, decoded)) if masked != decoded => masked,
                _ => self.masks.replace(word),
            }
        };
        text.split_inclusive(char::is_whitespace).map(word).collect()
    }

    /// The ARN with a mask for its account. An account without a mask is left out.
    pub fn arn(&self, arn: &Arn) -> Arn {
        let account = self.masks.of(&arn.account).unwrap_or_default().to_owned();
        Arn { account, ..arn.clone() }
    }

    /// The same observation with masks for the names that were learned. A response that cannot be read with them is a
    /// fault, and never shown without.
    pub fn observation(&mut self, observation: &Observation) -> Observation {
        let outcome = match &observation.outcome {
            Outcome::Fault(fault) => Outcome::Fault(Fault {
                kind: fault.kind,
                code: fault.code.as_deref().map(|code| self.text(code)),
                message: self.text(whole(fault)),
            }),
            Outcome::Response(response) => {
                let known = self.masked.as_ref().filter(|(before, _)| before.is_same(response));
                let masked = known.map_or_else(|| self.response(response), |(_, masked)| masked.clone());
                self.masked = Some((response.clone(), masked.clone()));
                masked
            }
        };
        let execution: Arc<str> = self.text(&observation.execution).into();
        let task = observation.task.as_ref().map(|task| Arc::new(self.task(task)));
        Observation { execution, outcome, task, ..observation.clone() }
    }

    fn response(&self, response: &Response) -> Outcome {
        let masked = rewrite(response.verbatim(), |place, text| {
            if !place.is_string {
                return self.masks.of(&digits(text)?).map(str::to_owned);
            }
            let masked = if stays(place, text) { return None } else { self.text(text) };
            (masked != text).then_some(masked)
        });
        let garbled = |_| Fault::new(FaultKind::Garbled, "the response cannot be shown with its names masked");
        Response::parse(&masked).map_err(garbled).map_or_else(Outcome::Fault, Outcome::Response)
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

/// What a fault says, without a quotation that was cut: half of a name would not be known for one.
fn whole(fault: &Fault) -> &str {
    match fault.message.split_once(": ") {
        Some((what, _)) if fault.kind == FaultKind::Garbled && fault.message.contains('…') => what,
        _ => &fault.message,
    }
}

/// Whether a string is the service's own word: a name of the API's, or a constant in a member for constants.
fn stays(place: Place, text: &str) -> bool {
    if place.is_name {
        return is_member(text);
    }
    let is_constant = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let has_constants = place.in_options
        || place.member.ends_with("Status")
        || matches!(place.member, "TaskMode" | "FilterType" | "Action" | "Format")
        || matches!(place.member, "OutputType" | "ReportLevel" | "ObjectVersionIds");
    is_constant && has_constants && (is_member(place.member) || !place.in_options)
}

/// A whole number as the twelve digits of an account; `None` for any other number, and for what is none.
fn digits(text: &str) -> Option<String> {
    let number: f64 = text.parse().ok()?;
    let is_whole = number.fract() == 0.0 && (0.0..1e12).contains(&number);
    is_whole.then(|| format!("{:012}", number as u64))
}

/// The text without its percent-encoding, however often it was encoded up to three times; `None` where it has none.
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded: Cow<str> = text.into();
    for _ in 0..3 {
        let next = percent_decode_str(&decoded).decode_utf8_lossy().into_owned();
        if next == decoded {
            break;
        }
        decoded = next.into();
    }
    (decoded != text).then(|| decoded.into_owned())
}

/// The characters that an ARN of DataSync's can be made of.
fn datasync_arn(text: &str) -> &str {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '-');
    text[..text.find(|c| !fits(c)).unwrap_or(text.len())].trim_end_matches([':', '/', '-'])
}

#[cfg(test)]
mod tests;
