//! The regions of AWS: which are known, and which word is none.

use super::nearest::nearest;

/// The regions that had DataSync when this was written. There may be newer ones.
const KNOWN: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "eusc-de-east-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
];

/// The words before the number.
const DIRECTIONS: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// What is wrong with a word that can be no region, whatever regions will come: `'us-esat-1' is not an AWS region: did
/// you mean us-east-1?`; `None` for one that can be.
pub fn wrong(region: &str) -> Option<String> {
    let mut parts = region.rsplit('-');
    let ends_in_number = parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()));
    let has_direction = parts.next().is_some_and(|word| DIRECTIONS.contains(&word));
    if ends_in_number && has_direction && parts.next().is_some() {
        return None;
    }
    Some(format!("'{region}' is not an AWS region{}", meant(region)))
}

/// The same of a region that is not known, for where it can't be reached: it may be a newer one.
pub fn unknown(region: &str) -> Option<String> {
    let is_known = KNOWN.contains(&region);
    (!is_known).then(|| format!("'{region}' is no region that syncscope knows{}", meant(region)))
}

fn meant(region: &str) -> String {
    nearest(region, KNOWN.iter().copied()).map(|name| format!(": did you mean {name}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_a_region_that_is_new() {
        for known in KNOWN {
            assert_eq!((wrong(known), unknown(known)), (None, None), "{known}");
        }
        for (slip, says) in [
            ("us-esat-1", "'us-esat-1' is not an AWS region: did you mean us-east-1?"),
            ("eu-wset-2", "'eu-wset-2' is not an AWS region: did you mean eu-west-2?"),
            ("useast1", "'useast1' is not an AWS region: did you mean us-east-1?"),
            ("us-east", "'us-east' is not an AWS region: did you mean us-east-1?"),
            ("moon", "'moon' is not an AWS region"),
        ] {
            assert_eq!(wrong(slip).as_deref(), Some(says));
        }
        assert_eq!(wrong("eu-east-7"), None, "it may be new");
        assert!(unknown("us-east-9").unwrap().contains("did you mean us-east-1?"));
    }
}
