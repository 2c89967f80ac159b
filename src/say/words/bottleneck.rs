//! Why it is as fast as it is, in a sentence.

use crate::say::{
    units::{self, LocalTime},
    words,
};
use crate::transfer::judge::bottleneck::Bottleneck;

/// The sentence of a bottleneck.
pub fn sentence(bottleneck: &Bottleneck, time: &LocalTime) -> String {
    match bottleneck {
        Bottleneck::BandwidthLimit { used, limit, compression_is_vain } => {
            let limit = units::byte_rate(*limit as f64);
            let vain = if *compression_is_vain { " Compression saves nothing on the network." } else { "" };
            format!("At the bandwidth limit: {} of {limit} used.{vain}", units::percent(*used))
        }
        Bottleneck::ItemCount { files_per_second, size, size_before } => {
            let files = units::file_rate(*files_per_second);
            let sizes = (units::bytes(*size), units::bytes(*size_before));
            format!(
                "Limited by item count, not bytes: {files} as before, but files are smaller ({}, was {}).",
                sizes.0, sizes.1
            )
        }
        Bottleneck::Backlog { before, after, waiting, growth } => {
            let (waiting, growth) = (units::short_count(*waiting), units::item_rate(*growth));
            let (before, noun) = (words::step(*before).to_lowercase(), words::step_noun(*after));
            let after = words::step(*after).to_lowercase();
            format!("{noun} is the bottleneck: {waiting} files {before} but not {after}, growing by {growth}.")
        }
        Bottleneck::RateChanged { at, from, to } => {
            let (from, to) = (units::byte_rate(*from), units::byte_rate(*to));
            format!("The rate changed at {} from {from} to {to}.", time.minute(*at))
        }
        Bottleneck::Compression(saved) => {
            format!("Compression saves {} on the network.", units::whole_percent(*saved))
        }
    }
}
