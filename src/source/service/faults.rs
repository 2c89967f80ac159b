//! What an error of the service, or something in its place, means to the one who watches.

use super::credentials::Owner;
use crate::aws::fault::{Fault, FaultKind};

/// An answer that is no success.
#[derive(Clone, Debug)]
pub struct Refusal<'a> {
    /// The permission that was needed, `datasync:DescribeTaskExecution`.
    pub action: &'a str,
    /// What was asked about.
    pub subject: &'a str,
    /// Who answered: host and port.
    pub host: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The service's code for it, where there is one.
    pub code: Option<&'a str>,
    /// The service's words for it, where there are any.
    pub text: Option<&'a str>,
    /// The body, as far as it is text.
    pub body: &'a str,
}

impl Refusal<'_> {
    /// The fault that the monitor shows.
    pub fn fault(&self, owner: &Owner) -> Fault {
        let (kind, message) = match self.code {
            Some(code) => self.of_service(code, owner),
            None => self.of_stranger(),
        };
        Fault { kind, code: self.code.map(str::to_owned), message }
    }

    fn of_service(&self, code: &str, owner: &Owner) -> (FaultKind, String) {
        let said = self.said();
        let who = owner.credentials();
        if is_throttling(code) || self.status == 429 {
            return (FaultKind::Throttled, format!("the service is asked too often{said}"));
        }
        if is_clock(code, self.text.unwrap_or_default()) {
            return (FaultKind::Expired, format!("this machine's clock is wrong: check it{said}"));
        }
        if is_expired(code) {
            return (FaultKind::Expired, format!("{who} have expired; {}", owner.renew()));
        }
        if is_refused(code) {
            let message = format!("AWS does not accept {who}; {}{said}", owner.renew());
            return (FaultKind::Expired, message);
        }
        if is_denied(code) {
            let message = format!("{who} lack the permission {}; have it allowed{said}", self.action);
            return (FaultKind::Denied, message);
        }
        if is_missing(code) || code == "InvalidRequestException" && speaks_of_absence(self.text.unwrap_or_default()) {
            let old = if self.subject.contains("exec-") { ", or it is older than 30 days" } else { "" };
            return (FaultKind::NotFound, format!("there is no {}{old}{said}", self.subject));
        }
        if self.status >= 500 {
            let message = format!("{} has trouble of its own: {} {code}{said}", self.host, self.status);
            return (FaultKind::Unreachable, message);
        }
        (FaultKind::Other, format!("{} was refused: {code}{said}", self.action))
    }

    /// Without a code it was not DataSync that answered.
    fn of_stranger(&self) -> (FaultKind, String) {
        let Self { host, status, .. } = self;
        let reason = http::StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let status_text = format!("{status} {}", reason.unwrap_or_default());
        let status_text = status_text.trim_end();
        let page = if self.body.trim_start().starts_with('<') { "a web page" } else { "something else" };
        let message = match status {
            429 => return (FaultKind::Throttled, format!("{host} is asked too often: {status_text}")),
            407 => format!("a proxy wants a name and password: {status_text}; put them into HTTPS_PROXY"),
            300..400 => format!("{host} sent elsewhere: {status_text}, perhaps the network wants a sign-in first"),
            403 => format!("{page} came in place of an answer: {status_text} from {host}, perhaps from a proxy"),
            404 | 405 | 410 => format!("{host} is no endpoint of DataSync: {status_text}; check the endpoint URL"),
            500.. if page == "a web page" => format!("{page} came in place of an answer: {status_text} from {host}"),
            500.. => format!("{host} has trouble of its own: {status_text}"),
            _ => format!("{page} came in place of an answer: {status_text} from {host}"),
        };
        (FaultKind::Unreachable, message)
    }

    /// The service's own words, as the end of a sentence.
    fn said(&self) -> String {
        match self.text.map(one_line).filter(|text| !text.is_empty()) {
            Some(text) => format!(" (AWS says: {text})"),
            None => String::new(),
        }
    }
}

/// Codes of asking too often.
pub fn is_throttling(code: &str) -> bool {
    const CODES: [&str; 10] = [
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
    ];
    CODES.contains(&code)
}

/// Codes of a missing permission.
pub fn is_denied(code: &str) -> bool {
    ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "OptInRequired"].contains(&code)
}

/// Codes of credentials that were valid once.
pub fn is_expired(code: &str) -> bool {
    ["ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired"].contains(&code)
}

/// Codes of credentials that the service does not know, or of signatures that do not fit them.
fn is_refused(code: &str) -> bool {
    const CODES: [&str; 8] = [
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    ];
    CODES.contains(&code)
}

fn is_missing(code: &str) -> bool {
    ["ResourceNotFoundException", "NotFoundException"].contains(&code)
}

/// A signature is valid for some minutes around the service's time.
fn is_clock(code: &str, text: &str) -> bool {
    let skewed = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"].contains(&code);
    let text = text.to_lowercase();
    skewed
        || code == "InvalidSignatureException"
            && (text.contains("signature expired") || text.contains("not yet current"))
}

/// `InvalidRequestException` is the only code for whatever is wrong with a request, an unknown ARN most of all.
fn speaks_of_absence(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "not found",
        "not exist",
        "doesn't exist",
        "no such",
        "cannot find",
        "could not find",
        "unknown",
        "not valid",
        "invalid",
    ];
    let text = text.to_lowercase();
    text.is_empty() || WORDS.iter().any(|word| text.contains(word))
}

/// Foreign text on one line, without control characters, at most 300 characters of it.
pub fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<_> = clean.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: &str = "execution exec-0123456789abcdef0";

    fn fault(status: u16, code: Option<&str>, text: Option<&str>, body: &str) -> Fault {
        let refusal = Refusal {
            action: "datasync:DescribeTaskExecution",
            subject: EXECUTION,
            host: "127.0.0.1:9",
            status,
            code,
            text,
            body,
        };
        refusal.fault(&Owner::default())
    }

    #[test]
    fn the_service_s_codes_are_told_apart() {
        use FaultKind::*;
        let skew = "Signature expired: 20261122T1600Z is now earlier than 20261122T1700Z";
        for (status, code, text, kind, says) in [
            (400, "ThrottlingException", "Rate exceeded", Throttled, "too often (AWS says: Rate exceeded)"),
            (400, "TooManyRequestsException", "", Throttled, "too often"),
            (400, "RequestLimitExceeded", "", Throttled, "too often"),
            (503, "SlowDown", "", Throttled, "too often"),
            (429, "Whatever", "", Throttled, "too often"),
            (400, "ExpiredTokenException", "The security token is expired", Expired, "have expired; renew them"),
            (400, "UnrecognizedClientException", "invalid token", Expired, "does not accept the default credentials"),
            (400, "InvalidSignatureException", "does not match", Expired, "does not accept the default credentials"),
            (400, "InvalidSignatureException", skew, Expired, "clock"),
            (403, "RequestTimeTooSkewed", "", Expired, "clock"),
            (
                400,
                "AccessDeniedException",
                "no",
                Denied,
                "the default credentials lack the permission datasync:DescribeTaskExecution",
            ),
            (400, "InvalidRequestException", "", NotFound, "older than 30 days"),
            (400, "InvalidRequestException", "Task execution was not found.", NotFound, "there is no execution exec-"),
            (400, "InvalidRequestException", "The request is not valid.", NotFound, "there is no execution exec-"),
            (400, "InvalidRequestException", "The region is disabled", Other, "The region is disabled"),
            (400, "ResourceNotFoundException", "", NotFound, "there is no"),
            (500, "InternalException", "oops", Unreachable, "trouble of its own: 500 InternalException"),
            (503, "ServiceUnavailable", "", Unreachable, "trouble"),
            (400, "UnknownOperationException", "", Other, "was refused: UnknownOperationException"),
        ] {
            let fault = fault(status, Some(code), Some(text), "");
            assert_eq!(fault.kind, kind, "{code}: {fault}");
            assert_eq!(fault.code.as_deref(), Some(code));
            assert!(fault.message.contains(says), "{code}: {fault}");
        }
    }

    #[test]
    fn what_is_not_the_service_s_is_unreachable() {
        for (status, body, says) in [
            (403, "<html>", "a web page came in place of an answer: 403 Forbidden"),
            (407, "<html>", "HTTPS_PROXY"),
            (503, "<html>", "a web page came in place of an answer: 503"),
            (500, "", "has trouble of its own: 500"),
            (404, "<html>", "no endpoint of DataSync"),
            (404, "not found", "no endpoint of DataSync"),
            (302, "", "sign-in"),
            (418, "short and stout", "something else came in place"),
        ] {
            let fault = fault(status, None, None, body);
            assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Unreachable, None));
            assert!(fault.message.contains(says), "{status}: {fault}");
        }
        assert_eq!(fault(429, None, None, "").kind, FaultKind::Throttled);
    }

    #[test]
    fn foreign_text_is_one_short_line() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m "), "a b [31m");
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), 301);
    }
}
