//! An error response as a fault: what was wrong, and what to do.

use super::{
    codes::{Meaning, classify},
    profile::Profile,
    text::{self, one_line},
};
use crate::aws::fault::{Fault, FaultKind};

/// A response other than 2xx.
#[derive(Clone, Debug)]
pub struct ErrorResponse<'a> {
    /// The service's name: `DataSync`.
    pub service: &'a str,
    /// The permission that the request needs: `datasync:DescribeTaskExecution`.
    pub permission: &'a str,
    /// What the request was about.
    pub subject: &'a str,
    /// Host and port that responded.
    pub host: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The service's error code; `None` where something else responded.
    pub code: Option<&'a str>,
    /// The service's message.
    pub message: Option<&'a str>,
    /// The body, as far as it is text.
    pub body: &'a str,
}

impl ErrorResponse<'_> {
    /// The fault that the monitor shows.
    pub fn fault(&self, profile: &Profile) -> Fault {
        let (kind, message) = match self.code {
            Some(code) => self.service_fault(code, profile),
            None => self.intermediary_fault(),
        };
        Fault { kind, code: self.code.map(text::code), message }
    }

    fn service_fault(&self, code: &str, profile: &Profile) -> (FaultKind, String) {
        let Self { service, permission, subject, status, .. } = self;
        let quote = self.quote();
        let credentials = profile.credentials();
        let shown = text::code(code);
        let throttled = (FaultKind::Throttled, format!("throttled by AWS{quote}"));
        match classify(code, self.message.unwrap_or_default()) {
            Meaning::Throttled => throttled,
            _ if *status == 429 => throttled,
            Meaning::ClockSkew => {
                (FaultKind::Expired, format!("AWS rejects the time of the request: set this machine's clock{quote}"))
            }
            Meaning::Expired => (FaultKind::Expired, format!("{credentials} have expired: {}", profile.renewal())),
            Meaning::Rejected => {
                (FaultKind::Expired, format!("AWS rejects {credentials}: {}{quote}", profile.renewal()))
            }
            Meaning::Denied => {
                let what = format!("{credentials} are missing permission {permission}: ask for that IAM permission");
                (FaultKind::Denied, what + &quote)
            }
            Meaning::NotFound => {
                let old = if subject.contains("exec-") { ": wrong ARN, or older than 30 days" } else { "" };
                (FaultKind::NotFound, format!("{subject} not found{old}{quote}"))
            }
            Meaning::Other if *status >= 500 => {
                (FaultKind::Unreachable, format!("{service} returned HTTP {status} {shown}{quote}"))
            }
            Meaning::Other => (FaultKind::Other, format!("{service} rejected {permission}: {shown}{quote}")),
        }
    }

    /// Without a code, a proxy, a captive portal or some other server responded in place of the service.
    fn intermediary_fault(&self) -> (FaultKind, String) {
        let Self { service, host, status, .. } = self;
        let reason = http::StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let status_line = format!("{status} {}", reason.unwrap_or_default());
        let status_line = status_line.trim_end();
        let is_page = self.body.trim_start().starts_with('<');
        let page = || {
            format!(
                "got an HTML page from {host} instead of a {service} response ({status_line}): \
                 check for a proxy or captive portal"
            )
        };
        let message = match status {
            429 => return (FaultKind::Throttled, format!("throttled by {host} ({status_line})")),
            407 => {
                format!("the proxy requires authentication ({status_line}): put user and password into HTTPS_PROXY")
            }
            300..400 => format!("{host} redirects ({status_line}): check whether the network requires a sign-in"),
            404 | 405 | 410 => format!("{host} is not a {service} endpoint ({status_line}): check the endpoint URL"),
            _ if is_page => page(),
            500.. => format!("{host} returned HTTP {status_line}"),
            _ => format!(
                "{host} sent something other than a {service} response ({status_line}): check the endpoint URL, proxy"
            ),
        };
        (FaultKind::Unreachable, message)
    }

    /// The service's own words, to end a sentence with.
    fn quote(&self) -> String {
        match self.message.map(one_line).filter(|message| !message.is_empty()) {
            Some(message) => format!(" (AWS says: {message})"),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: &str = "execution exec-0123456789abcdef0";

    fn fault(status: u16, code: Option<&str>, message: Option<&str>, body: &str) -> Fault {
        let response = ErrorResponse {
            service: "DataSync",
            permission: "datasync:DescribeTaskExecution",
            subject: EXECUTION,
            host: "127.0.0.1:9",
            status,
            code,
            message,
            body,
        };
        response.fault(&Profile::default())
    }

    #[test]
    fn the_service_s_codes_are_told_apart() {
        use FaultKind::*;
        let skew = "Signature expired: 20261122T1600Z is now earlier than 20261122T1700Z";
        for (status, code, text, kind, says) in [
            (400, "ThrottlingException", "Rate exceeded", Throttled, "throttled by AWS (AWS says: Rate exceeded)"),
            (400, "TooManyRequestsException", "", Throttled, "throttled by AWS"),
            (400, "RequestLimitExceeded", "", Throttled, "throttled by AWS"),
            (503, "SlowDown", "", Throttled, "throttled by AWS"),
            (429, "Whatever", "", Throttled, "throttled by AWS"),
            (
                400,
                "ExpiredTokenException",
                "The security token is expired",
                Expired,
                "have expired: refresh them (aws sso login, or your credential tool)",
            ),
            (400, "UnrecognizedClientException", "invalid token", Expired, "AWS rejects the default credentials"),
            (400, "InvalidSignatureException", "does not match", Expired, "AWS rejects the default credentials"),
            (400, "InvalidSignatureException", skew, Expired, "set this machine's clock"),
            (403, "RequestTimeTooSkewed", "", Expired, "set this machine's clock"),
            (
                400,
                "AccessDeniedException",
                "no",
                Denied,
                "the default credentials are missing permission datasync:DescribeTaskExecution",
            ),
            (400, "InvalidRequestException", "", NotFound, "older than 30 days"),
            (
                400,
                "InvalidRequestException",
                "Task execution was not found.",
                NotFound,
                "execution exec-0123456789abcdef0 not found",
            ),
            (
                400,
                "InvalidRequestException",
                "The request is not valid.",
                NotFound,
                "execution exec-0123456789abcdef0 not found",
            ),
            (400, "InvalidRequestException", "The region is disabled", Other, "The region is disabled"),
            (400, "ResourceNotFoundException", "", NotFound, "not found"),
            (500, "InternalException", "oops", Unreachable, "DataSync returned HTTP 500 InternalException"),
            (503, "ServiceUnavailable", "", Unreachable, "returned HTTP 503"),
            (
                400,
                "UnknownOperationException",
                "",
                Other,
                "DataSync rejected datasync:DescribeTaskExecution: UnknownOperationException",
            ),
        ] {
            let fault = fault(status, Some(code), Some(text), "");
            assert_eq!(fault.kind, kind, "{code}: {fault}");
            assert_eq!(fault.code.as_deref(), Some(code));
            assert!(fault.message.contains(says), "{code}: {fault}");
        }
    }

    #[test]
    fn a_response_without_a_code_is_not_the_service_s() {
        for (status, body, says) in [
            (403, "<html>", "got an HTML page from 127.0.0.1:9 instead of a DataSync response (403 Forbidden)"),
            (407, "<html>", "HTTPS_PROXY"),
            (503, "<html>", "got an HTML page from 127.0.0.1:9 instead of a DataSync response (503"),
            (500, "", "127.0.0.1:9 returned HTTP 500 Internal Server Error"),
            (404, "<html>", "not a DataSync endpoint"),
            (404, "not found", "not a DataSync endpoint"),
            (302, "", "sign-in"),
            (418, "short and stout", "something other than a DataSync response"),
        ] {
            let fault = fault(status, None, None, body);
            assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Unreachable, None));
            assert!(fault.message.contains(says), "{status}: {fault}");
        }
        assert_eq!(fault(429, None, None, "").kind, FaultKind::Throttled);
    }

    #[test]
    fn a_code_without_end_is_cut() {
        let code = "X".repeat(100_000);
        for status in [400, 500] {
            let fault = fault(status, Some(&code), Some(&code), "");
            assert!(fault.message.len() < 1000 && fault.code.is_some_and(|code| code.len() < 100));
        }
    }
}
