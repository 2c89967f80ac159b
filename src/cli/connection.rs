//! How the service is reached.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use clap::Args;

use super::{exit::CliError, interval};
use crate::{aws::arn::Arn, source::service::Connection};

/// What is said where certificates are not checked.
pub const UNVERIFIED: &str = "The server's certificate is not checked (--no-verify-ssl): \
    anyone on the way can read and change what is said.";

/// How the service is reached.
#[derive(Debug, Args)]
pub struct ConnectionArgs {
    /// The profile of the AWS configuration to use
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The region of a console address that does not say its own
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Another endpoint than the region's
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Do not check the server's certificate: anyone on the way can read and change what is said
    #[arg(long)]
    pub no_verify_ssl: bool,
    /// Certificates to check the server's by, in PEM format, in place of the system's [env: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Time between two requests, such as 5s, 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    pub interval: Duration,
}

impl ConnectionArgs {
    /// What is meant by the texts that were given.
    pub fn arns(&self, transfers: &[String]) -> Result<Vec<Arn>, CliError> {
        let arn = |text: &String| Arn::parse_in(text, self.region.as_deref());
        transfers.iter().map(arn).collect::<Result<_, _>>().map_err(|error| CliError::usage(error.to_string()))
    }

    /// The way to the service. Where it is not checked whose it is, it says so on standard error.
    pub fn connection(&self) -> Connection {
        if self.no_verify_ssl {
            let _ = writeln!(io::stderr(), "syncscope: WARNING: {UNVERIFIED}");
        }
        Connection {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            ca_bundle: self.ca_bundle.clone(),
            no_verify_ssl: self.no_verify_ssl,
            ..Connection::default()
        }
    }
}
