//! The two protocols that DataSync's clients speak: AWS JSON 1.1, and Smithy RPC v2 with CBOR.
//!
//! The SDK for Rust speaks JSON. The AWS command line (botocore) prefers `smithy-rpc-v2-cbor`, which the service's
//! model names first, so that without CBOR the endpoint could not answer it.

use ciborium::Value as Cbor;
use serde_json::{Map, Value, json};

use super::account::ServiceError;

/// Members that are moments: CBOR tags them, JSON does not.
const MOMENTS: [&str; 4] = ["StartTime", "LaunchTime", "EndTime", "CreationTime"];

/// CBOR's tag for seconds since 1970.
const EPOCH: u64 = 1;

/// How a request was written, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `POST /` with an `x-amz-target`.
    Json,
    /// `POST /service/FmrsService/operation/…`.
    Cbor,
}

impl Protocol {
    /// The protocol and the operation that a request's path and `x-amz-target` name.
    pub fn of(path: &str, target: Option<&str>) -> Option<(Self, String)> {
        if let Some(operation) = path.strip_prefix("/service/FmrsService/operation/") {
            return Some((Self::Cbor, operation.into()));
        }
        let operation = target.filter(|_| path == "/")?;
        Some((Self::Json, operation.strip_prefix("FmrsService.").unwrap_or(operation).into()))
    }

    /// The answer's Content-Type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/cbor",
        }
    }

    /// Reads a request's members; an empty body has none.
    ///
    /// # Errors
    /// A SerializationException where the body is not a map of this protocol.
    pub fn read(self, body: &[u8]) -> Result<Map<String, Value>, ServiceError> {
        if body.is_empty() {
            return Ok(Map::new());
        }
        let read = match self {
            Self::Json => serde_json::from_slice(body).ok(),
            Self::Cbor => ciborium::from_reader(body).ok(),
        };
        read.ok_or_else(|| ServiceError::new(400, "SerializationException", "The body could not be read."))
    }

    /// Writes an answer.
    pub fn write(self, answer: &Value) -> Vec<u8> {
        match self {
            Self::Json => answer.to_string().into_bytes(),
            Self::Cbor => {
                let mut body = Vec::new();
                // Writing into memory does not fail.
                let _ = ciborium::into_writer(&cbor("", answer), &mut body);
                body
            }
        }
    }

    /// Writes an error.
    pub fn write_error(self, error: &ServiceError) -> Vec<u8> {
        let code = match self {
            Self::Json => error.code.to_owned(),
            Self::Cbor => format!("com.amazonaws.datasync#{}", error.code),
        };
        let mut body = json!({"__type": code, "message": error.message});
        if let Some(reason) = error.reason {
            body["errorCode"] = reason.into();
            body["datasyncErrorCode"] = reason.into();
        }
        self.write(&body)
    }
}

fn cbor(member: &str, value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(truth) => Cbor::Bool(*truth),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(values) => Cbor::Array(values.iter().map(|value| cbor("", value)).collect()),
        Value::Object(members) => {
            Cbor::Map(members.iter().map(|(name, value)| (Cbor::Text(name.clone()), cbor(name, value))).collect())
        }
        Value::Number(number) => {
            let seconds = || Cbor::Float(number.as_f64().unwrap_or_default());
            match number.as_i64() {
                _ if MOMENTS.contains(&member) => Cbor::Tag(EPOCH, Box::new(seconds())),
                Some(whole) => Cbor::Integer(whole.into()),
                None => seconds(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_target_tell_the_protocol() {
        let json = Protocol::of("/", Some("FmrsService.ListTasks"));
        assert_eq!(json, Some((Protocol::Json, "ListTasks".into())));
        let cbor = Protocol::of("/service/FmrsService/operation/ListTasks", None);
        assert_eq!(cbor, Some((Protocol::Cbor, "ListTasks".into())));
        assert_eq!(Protocol::of("/", None), None);
        assert_eq!(Protocol::of("/favicon.ico", Some("FmrsService.ListTasks")), None);
    }

    #[test]
    fn a_request_is_a_map_or_refused() {
        let mut whole = Vec::new();
        ciborium::into_writer(&json!({"MaxResults": 3, "NextToken": null}), &mut whole).unwrap();
        assert_eq!(Protocol::Cbor.read(&whole).unwrap()["MaxResults"], 3);
        assert_eq!(Protocol::Json.read(br#"{"MaxResults":3}"#).unwrap()["MaxResults"], 3);
        for protocol in [Protocol::Json, Protocol::Cbor] {
            assert_eq!(protocol.read(b"").unwrap(), Map::new());
            for body in [&b"{"[..], b"[1]", b"\xff\xff", &whole[..4]] {
                assert_eq!(protocol.read(body).unwrap_err().code, "SerializationException");
            }
        }
    }

    #[test]
    fn moments_are_tagged_in_cbor() {
        let body = Protocol::Cbor.write(&json!({"StartTime": 1578092083.501, "BytesWritten": i64::MAX}));
        let read: Cbor = ciborium::from_reader(&*body).unwrap();
        let members = read.as_map().unwrap();
        assert_eq!(members[0].1, Cbor::Tag(1, Box::new(Cbor::Float(1578092083.501))));
        assert_eq!(members[1].1, Cbor::Integer(i64::MAX.into()));
    }

    #[test]
    fn errors_carry_their_type_in_both() {
        let error =
            ServiceError { reason: Some("TaskNotFound"), ..ServiceError::new(400, "InvalidRequestException", "no") };
        let json: Value = serde_json::from_slice(&Protocol::Json.write_error(&error)).unwrap();
        assert_eq!(json["__type"], "InvalidRequestException");
        assert_eq!(json["datasyncErrorCode"], "TaskNotFound");
        let cbor: Value = ciborium::from_reader(&*Protocol::Cbor.write_error(&error)).unwrap();
        assert_eq!(cbor["__type"], "com.amazonaws.datasync#InvalidRequestException");
    }
}
