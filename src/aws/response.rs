//! One DescribeTaskExecution response: the text as it came, and what it says.

use std::sync::Arc;

use super::{
    fault::{Fault, FaultKind},
    snapshot::Snapshot,
};

/// The longest body that is read, in bytes; DataSync's are some kilobytes.
pub const LONGEST_BODY: usize = 16 << 20;

/// An answer of DescribeTaskExecution: the text as it came, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    verbatim: Arc<str>,
    snapshot: Arc<Snapshot>,
}

impl Response {
    /// Reads an answer's body.
    ///
    /// # Errors
    /// A `garbled` fault where the body is no JSON object, or one that names neither a status nor
    /// an execution.
    pub fn parse(body: &str) -> Result<Self, Fault> {
        let garbled = |what: String| Fault::new(FaultKind::Garbled, what);
        if body.trim().is_empty() {
            return Err(garbled("the answer was empty".into()));
        }
        let snapshot = serde_json::from_str::<Snapshot>(body).map_err(|error| {
            let what = if body.trim_start().starts_with('<') {
                "is a web page, perhaps a proxy's"
            } else if error.is_eof() {
                "was cut short"
            } else {
                "is not what DataSync sends"
            };
            garbled(format!("the answer {what}: it begins '{}'", beginning(body)))
        })?;
        if snapshot.status.is_none() && snapshot.task_execution_arn.is_none() {
            return Err(garbled(format!("the answer has neither a status nor an execution: '{}'", beginning(body))));
        }
        Ok(Self { verbatim: body.into(), snapshot: Arc::new(snapshot) })
    }

    /// The body as the service sent it.
    pub fn verbatim(&self) -> &Arc<str> {
        &self.verbatim
    }

    /// Whether the other one is the same text.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.verbatim, &other.verbatim) || self.verbatim == other.verbatim
    }

    /// What the body says.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

/// The first characters of a text, on one line.
fn beginning(text: &str) -> String {
    let line: String = text.trim_start().chars().map(|c| if c.is_control() { ' ' } else { c }).take(41).collect();
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_a_garbled_fault_that_says_so() {
        for (body, says) in [
            ("", "empty"),
            ("  \n", "empty"),
            ("<html><body>Login</body></html>", "web page"),
            (r#"{"Status":"TRANSF"#, "cut short"),
            ("nope", "not what DataSync sends"),
            ("[1,2]", "not what DataSync sends"),
            ("{}", "neither a status"),
            (r#"{"Message":"hi"}"#, "neither a status"),
        ] {
            let fault = Response::parse(body).expect_err(body);
            assert_eq!(fault.kind, FaultKind::Garbled);
            assert!(fault.message.contains(says), "{body}: {fault}");
            assert!(!fault.message.contains('\n'));
        }
    }

    #[test]
    fn an_answer_keeps_its_text() {
        let body = r#"{ "Status":"LAUNCHING", "Status" : "QUEUED", "Later": 1.50 }"#;
        let answer = Response::parse(body).unwrap();
        assert_eq!(&**answer.verbatim(), body);
        assert_eq!(answer.snapshot().status.as_deref(), Some("QUEUED"));
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in "\\PC{0,300}") {
            let _ = Response::parse(&body);
        }
    }
}
