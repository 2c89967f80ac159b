//! The values of members: numbers, texts and moments, as the service and its tools write them.

use jiff::Timestamp;
use serde::{
    Serialize, Serializer,
    de::{IgnoredAny, MapAccess, SeqAccess},
};
use serde_json::Value;

use super::lenient::{Lenient, Member};

/// A whole number as the service reports it: usually a count, never trusted to be one. It may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Count(pub i64);

impl Member for Count {
    fn of_i64(number: i64) -> Option<Self> {
        Some(Self(number))
    }

    fn of_f64(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number as i64))
    }

    fn of_str(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        wrapped(map)
    }
}

/// A text as the service reports it; a number or a truth value in its place is taken as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Text(pub String);

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Member for Text {
    fn of_bool(truth: bool) -> Option<Self> {
        Some(Self(truth.to_string()))
    }

    fn of_i64(number: i64) -> Option<Self> {
        Some(Self(number.to_string()))
    }

    fn of_f64(number: f64) -> Option<Self> {
        Some(Self(Value::from(number).to_string()))
    }

    fn of_str(text: &str) -> Option<Self> {
        Some(Self(text.into()))
    }

    fn of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        wrapped(map)
    }
}

/// What PowerShell wraps a constant or a moment in: `{"Value": …}`.
fn wrapped<'de, T: Member, A: MapAccess<'de>>(mut map: A) -> Result<Option<T>, A::Error> {
    let mut value = None;
    while let Some(name) = map.next_key::<String>()? {
        if name.eq_ignore_ascii_case("value") {
            value = map.next_value_seed(Lenient::new())?;
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(value)
}

/// A moment: epoch seconds on the wire, ISO-8601 in the newer command line's print, milliseconds as in
/// `/Date(1578092083501)/` in PowerShell's. Written as epoch seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_millisecond() as f64 / 1e3)
    }
}

impl Member for Time {
    fn of_i64(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(Self)
    }

    fn of_f64(seconds: f64) -> Option<Self> {
        let milliseconds = (seconds * 1e3).round();
        milliseconds.is_finite().then(|| Timestamp::from_millisecond(milliseconds as i64).ok().map(Self))?
    }

    fn of_str(text: &str) -> Option<Self> {
        let milliseconds = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
        match milliseconds {
            Some(milliseconds) => Timestamp::from_millisecond(milliseconds.parse().ok()?).ok().map(Self),
            None => text.parse().ok().map(Self),
        }
    }

    fn of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        wrapped(map)
    }
}

impl<T: Member> Member for Vec<T> {
    fn of_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let (mut read, mut whole) = (Self::new(), true);
        while let Some(item) = seq.next_element_seed(Lenient::new())? {
            match item {
                Some(item) => read.push(item),
                None => whole = false,
            }
        }
        Ok(whole.then_some(read))
    }
}
