//! The error codes of AWS, and what each means for the one who sent the request.

/// What an error code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Too many requests.
    Throttled,
    /// A permission is missing.
    Denied,
    /// The credentials were valid once.
    Expired,
    /// The service does not know the credentials, or the signature does not fit them.
    Rejected,
    /// The signature's time is too far from the service's.
    ClockSkew,
    /// The request names something that does not exist.
    NotFound,
    /// None of these.
    Other,
}

const THROTTLED: [&str; 10] = [
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

const DENIED: [&str; 5] =
    ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "OptInRequired"];

const EXPIRED: [&str; 3] = ["ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired"];

const REJECTED: [&str; 8] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
];

const CLOCK_SKEW: [&str; 3] = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"];

const NOT_FOUND: [&str; 2] = ["ResourceNotFoundException", "NotFoundException"];

/// What `code` means, with the message that came with it: two codes stand for several things.
pub fn classify(code: &str, message: &str) -> Meaning {
    let message = message.to_lowercase();
    match code {
        code if THROTTLED.contains(&code) => Meaning::Throttled,
        code if CLOCK_SKEW.contains(&code) => Meaning::ClockSkew,
        "InvalidSignatureException" if is_about_time(&message) => Meaning::ClockSkew,
        code if EXPIRED.contains(&code) => Meaning::Expired,
        code if REJECTED.contains(&code) => Meaning::Rejected,
        code if DENIED.contains(&code) => Meaning::Denied,
        code if NOT_FOUND.contains(&code) => Meaning::NotFound,
        "InvalidRequestException" if is_about_absence(&message) => Meaning::NotFound,
        _ => Meaning::Other,
    }
}

/// A signature is valid for some minutes around the service's time.
fn is_about_time(message: &str) -> bool {
    message.contains("signature expired") || message.contains("not yet current")
}

/// `InvalidRequestException` is DataSync's one code for all that is wrong with a request, most often an unknown ARN.
fn is_about_absence(message: &str) -> bool {
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
    message.is_empty() || WORDS.iter().any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_s_message_counts_where_the_code_says_too_little() {
        for (code, message, meaning) in [
            ("InvalidSignatureException", "Signature expired: it is now earlier", Meaning::ClockSkew),
            ("InvalidSignatureException", "does not match", Meaning::Rejected),
            ("InvalidRequestException", "Task was Not Found", Meaning::NotFound),
            ("InvalidRequestException", "", Meaning::NotFound),
            ("InvalidRequestException", "The region is disabled", Meaning::Other),
            ("SlowDown", "not found", Meaning::Throttled),
            ("AccessDenied", "", Meaning::Denied),
            ("NovelException", "unknown", Meaning::Other),
        ] {
            assert_eq!(classify(code, message), meaning, "{code}: {message}");
        }
    }
}
