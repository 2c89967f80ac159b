//! Where credentials come from, by the program's environment: each source against an endpoint on loopback that plays
//! all of AWS's services.

use std::{fs, process::Output};

use serde_json::{Value, json};

use crate::support::{
    endpoint::{EXECUTION, Endpoint, Reply, denied},
    pipe::{finished, piped},
    program::KEYS,
};

/// A home with nothing in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs the program here with these arguments and variables.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = piped(arguments);
        command.env("HOME", self.0.path());
        command.env("AWS_CONFIG_FILE", self.path("config"));
        command.env("AWS_SHARED_CREDENTIALS_FILE", self.path("credentials"));
        finished(command.envs(variables.iter().copied()))
    }

    /// Polls an execution once; the state that the program prints, and its exit code.
    fn polled(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
        let output = self.run(&[&["status", EXECUTION, "--output", "json"], arguments].concat(), variables);
        let state = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code().unwrap(), state)
    }

    #[track_caller]
    fn assert_works(&self, arguments: &[&str], variables: &[(&str, &str)]) {
        let (code, state) = self.polled(arguments, variables);
        assert_eq!((code, state["status"].as_str()), (0, Some("QUEUED")), "{}", state["fault"]);
    }

    /// The kind and message of the fault.
    #[track_caller]
    fn fault(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (String, String) {
        let (_, state) = self.polled(arguments, variables);
        let text = |name: &str| state["fault"][name].as_str().expect("a fault").to_owned();
        let (kind, message) = (text("kind"), text("message"));
        assert!(!message.contains(['\n', '{']), "a debug print: {message}");
        (kind, message)
    }
}

/// Plays every service, gives out the key `AKIDNEW` in the form of each, and accepts no other.
fn all_services() -> Endpoint {
    let expiry = "2099-01-01T00:00:00Z";
    let xml = move |action: &str| {
        let credentials = format!(
            "<Credentials><AccessKeyId>AKIDNEW</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>{expiry}</Expiration></Credentials>"
        );
        Reply::Body(200, format!("<{action}Response><{action}Result>{credentials}</{action}Result></{action}Response>"))
    };
    Endpoint::scripted(move |seen, _| match &*seen.operation {
        "DescribeTaskExecution" if seen.head.contains("Credential=AKIDNEW/") => {
            Reply::ok(json!({ "Status": "QUEUED" }))
        }
        "DescribeTaskExecution" => Reply::Error("UnrecognizedClientException", "who?"),
        "DescribeTask" => denied(),
        line if line.starts_with("PUT /latest/api/token") => {
            let head = "HTTP/1.1 200 OK\r\nx-aws-ec2-metadata-token-ttl-seconds: 600\r\ncontent-length: 5\r\n\r\ntoken";
            Reply::Raw(head.into())
        }
        line if line.contains("/security-credentials/ ") => Reply::Body(200, "role".into()),
        line if line.contains("/security-credentials/role") || line.contains("/container") => Reply::ok(json!({
            "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": expiry, "Expiration": expiry,
            "AccessKeyId": "AKIDNEW", "SecretAccessKey": "s", "Token": "t",
        })),
        line if line.contains("/federation/credentials") => Reply::ok(json!({
            "roleCredentials": {
                "accessKeyId": "AKIDNEW", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4_070_908_800_000_u64,
            }
        })),
        _ if seen.body.contains("Action=AssumeRoleWithWebIdentity") => xml("AssumeRoleWithWebIdentity"),
        _ if seen.body.contains("Action=AssumeRole") => xml("AssumeRole"),
        line => panic!("{line}"),
    })
}

/// Accepts one key, and says of the others that they have expired.
fn accepting(key: &'static str) -> Endpoint {
    Endpoint::scripted(move |seen, _| match &*seen.operation {
        "DescribeTaskExecution" if seen.head.contains(&format!("Credential={key}/")) => {
            Reply::ok(json!({ "Status": "QUEUED" }))
        }
        "DescribeTaskExecution" => {
            Reply::Error("ExpiredTokenException", "The security token included in the request is expired")
        }
        _ => denied(),
    })
}

#[test]
fn an_instance_s_role_works() {
    let server = all_services();
    let variables = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*server.url)];
    Home::new().assert_works(&["--endpoint-url", &server.url], &variables);
}

#[test]
fn a_container_s_role_works() {
    let server = all_services();
    let url = format!("{}/container", server.url);
    Home::new().assert_works(&["--endpoint-url", &server.url], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url)]);
}

#[test]
fn a_web_identity_works() {
    let (home, server) = (Home::new(), all_services());
    home.write("token", "jwt");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &*home.path("token")),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
        ("AWS_ENDPOINT_URL_STS", &*server.url),
    ];
    home.assert_works(&["--endpoint-url", &server.url], &variables);
}

const SSO: &str = "[profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Reader\n\
                   [profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = sso\n\
                   [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n";

/// Leaves what `aws sso login` leaves, in a file named by the SHA-1 of the session's name.
fn log_in(home: &Home, expiry: &str) {
    fs::create_dir_all(home.path(".aws/sso/cache")).unwrap();
    let token = json!({ "accessToken": "t", "expiresAt": expiry, "region": "us-east-1" });
    home.write(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", &token.to_string());
}

#[test]
fn sso_works_after_the_login_and_by_way_of_a_role() {
    let (home, server) = (Home::new(), all_services());
    home.write("config", SSO);
    let arguments = ["--profile", "role", "--endpoint-url", &server.url];
    let variables = [("AWS_ENDPOINT_URL_SSO", &*server.url), ("AWS_ENDPOINT_URL_STS", &*server.url)];
    let (kind, message) = home.fault(&arguments, &variables);
    assert_eq!(kind, "no_credentials");
    assert!(message.contains("run 'aws sso login --profile role'"), "{message}");
    log_in(&home, "2020-01-01T00:00:00Z");
    let (kind, message) = home.fault(&arguments, &variables);
    assert_eq!(kind, "expired", "{message}");
    assert!(message.contains("run 'aws sso login --profile role'"), "{message}");
    log_in(&home, "2099-01-01T00:00:00Z");
    home.assert_works(&arguments, &variables);
}

#[test]
fn a_console_login_works_and_says_when_it_is_needed() {
    let (home, server) = (Home::new(), all_services());
    home.write("config", "[profile me]\nlogin_session = arn:aws:iam::0123456789012:user/Admin\n");
    let arguments = ["--profile", "me", "--endpoint-url", &server.url];
    let (kind, message) = home.fault(&arguments, &[]);
    assert_eq!(kind, "no_credentials", "{message}");
    assert!(message.contains("run 'aws login --profile me'"), "{message}");

    // The file is named by the SHA-256 of the session.
    fs::create_dir_all(home.path(".aws/login/cache")).unwrap();
    let token = json!({
        "accessToken": {
            "accessKeyId": "AKIDNEW", "secretAccessKey": "s", "sessionToken": "t",
            "accountId": "012345678901", "expiresAt": "2099-01-01T00:00:00Z",
        },
        "tokenType": "aws_sigv4", "refreshToken": "r", "clientId": "c", "dpopKey": "k",
    });
    let name = ".aws/login/cache/36db1d138ff460920374e4c3d8e01f53f9f73537e89c88d639f68393df0e2726.json";
    home.write(name, &token.to_string());
    home.assert_works(&arguments, &[]);
}

#[test]
fn a_role_that_may_not_be_assumed_is_denied() {
    let home = Home::new();
    let text = "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\ncredential_source = Environment\n";
    home.write("config", text);
    let server = Endpoint::scripted(|_, _| {
        let error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error>";
        Reply::Body(403, format!("<ErrorResponse>{error}</ErrorResponse>"))
    });
    let arguments = ["--profile", "role", "--endpoint-url", &server.url];
    let [id, secret] = KEYS;
    let (kind, message) = home.fault(&arguments, &[id, secret, ("AWS_ENDPOINT_URL_STS", &server.url)]);
    assert_eq!(kind, "denied", "{message}");
    assert_eq!(message, "profile 'role' is not allowed to assume its role (sts:AssumeRole): not authorized");
    let (kind, message) = home.fault(&arguments, &[id, secret, ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")]);
    assert_eq!(kind, "unreachable", "{message}");
    assert!(message.contains("127.0.0.1:1 refused the connection"), "{message}");
}

#[test]
fn a_metadata_service_that_is_silent_is_asked_once() {
    let server = Endpoint::silent();
    let variables = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*server.url)];
    let (kind, message) = Home::new().fault(&[], &variables);
    assert_eq!(kind, "no_credentials", "{message}");
    assert_eq!((server.seen().len(), server.connections()), (1, 1));
}

#[test]
fn without_credentials_the_fault_says_what_to_do() {
    let home = Home::new();
    let (kind, message) = home.fault(&[], &[]);
    assert_eq!(kind, "no_credentials");
    assert!(message.contains("--profile") && message.contains("aws configure"), "{message}");

    home.write("config", "[profile prod]\nregion = us-east-1\n[profile stage]\n");
    let (kind, message) = home.fault(&["--profile", "prod"], &[]);
    assert_eq!(kind, "no_credentials");
    assert!(message.contains("profile 'prod' has no credentials"), "{message}");
    let (kind, message) = home.fault(&["--profile", "nope"], &[]);
    assert_eq!(kind, "no_credentials");
    let file = home.path("config");
    assert_eq!(message, format!("profile 'nope' not found: {file} defines prod, stage"));
}

#[test]
fn renewed_credentials_are_picked_up() {
    let home = Home::new();
    let write = |key: &str| {
        home.write("credentials", &format!("[prod]\naws_access_key_id = {key}\naws_secret_access_key = s\n"))
    };
    let server = accepting("AKIDNEW");
    let arguments = ["--profile", "prod", "--endpoint-url", &server.url];
    assert_eq!(home.fault(&arguments, &[]).0, "no_credentials");
    write("AKIDOLD");
    let (kind, message) = home.fault(&arguments, &[]);
    assert_eq!(kind, "expired");
    let expected =
        "the credentials of profile 'prod' have expired: refresh them (aws sso login, or your credential tool)";
    assert_eq!(message, expected);

    // The program itself does so too, while it waits.
    let credentials = home.path("credentials");
    let polls = std::sync::atomic::AtomicUsize::new(0);
    let server = Endpoint::scripted(move |seen, _| match &*seen.operation {
        "DescribeTaskExecution" if seen.head.contains("Credential=AKIDNEW/") => {
            Reply::ok(json!({ "Status": "SUCCESS" }))
        }
        "DescribeTaskExecution" => {
            if polls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1 {
                let text = "[prod]\naws_access_key_id = AKIDNEW\naws_secret_access_key = s\n";
                fs::write(&credentials, text).unwrap();
            }
            Reply::Error("ExpiredTokenException", "The security token included in the request is expired")
        }
        _ => denied(),
    });
    let arguments = ["wait", EXECUTION, "--profile", "prod", "--endpoint-url", &server.url, "--interval", "100ms"];
    let output = home.run(&arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(server.counts()["DescribeTaskExecution"], 3);
}

#[test]
fn a_profile_that_a_flag_names_beats_keys_in_the_environment() {
    let home = Home::new();
    home.write("credentials", "[prod]\naws_access_key_id = AKIDPROD\naws_secret_access_key = s\n");
    let server = accepting("AKIDPROD");
    home.assert_works(&["--profile", "prod", "--endpoint-url", &server.url], &KEYS);
    let (kind, message) = home.fault(&["--endpoint-url", &server.url], &KEYS);
    assert_eq!(kind, "expired");
    let expected = "the credentials in the environment have expired: set new ones and restart syncscope";
    assert_eq!(message, expected);
}

#[test]
fn a_process_gives_credentials_or_its_reason() {
    let home = Home::new();
    let good = r#"{\"Version\":1,\"AccessKeyId\":\"AKIDPROC\",\"SecretAccessKey\":\"s\"}"#;
    home.write(
        "config",
        &format!(
            "[profile good]\ncredential_process = sh -c \"echo '{good}'\"\n\
             [profile bad]\ncredential_process = sh -c 'echo vault is sealed >&2; exit 3'\n"
        ),
    );
    let server = accepting("AKIDPROC");
    home.assert_works(&["--profile", "good", "--endpoint-url", &server.url], &[]);
    let (kind, message) = home.fault(&["--profile", "bad", "--endpoint-url", &server.url], &[]);
    assert_eq!(kind, "no_credentials");
    assert!(message.contains("vault is sealed"), "{message}");
    assert!(message.ends_with("check the profile's credential_process"), "{message}");
}

#[test]
fn a_process_runs_once_for_all_transfers_of_a_profile() {
    let home = Home::new();
    let (runs, keys) = (home.path("runs"), home.path("keys.json"));
    home.write("keys.json", r#"{"Version":1,"AccessKeyId":"AKIDPROC","SecretAccessKey":"s"}"#);
    home.write("config", &format!("[profile tool]\ncredential_process = sh -c 'echo run >> {runs}; cat {keys}'\n"));
    let server = accepting("AKIDPROC");
    let transfers: Vec<String> = (0..6).map(|digit| format!("{}{digit}", &EXECUTION[..EXECUTION.len() - 1])).collect();
    let elsewhere: Vec<String> = transfers.iter().map(|arn| arn.replace("us-east-1", "eu-west-1")).collect();
    for transfers in [transfers.clone(), [transfers, elsewhere].concat()] {
        home.write("runs", "");
        let mut arguments = vec!["status", "--profile", "tool", "--endpoint-url", &server.url];
        arguments.extend(transfers.iter().map(String::as_str));
        let output = home.run(&arguments, &[]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n");
    }
}

#[test]
fn odd_settings_are_told_in_a_sentence() {
    let home = Home::new();
    let (_, message) = home.fault(&[], &[("AWS_PROFILE", "gone")]);
    assert_eq!(message, format!("profile 'gone' not found: {} defines no profiles", home.path("config")));
    home.write("config", "[default\nregion");
    let (kind, message) = home.fault(&[], &[("AWS_PROFILE", "")]);
    assert_eq!(kind, "no_credentials");
    assert!(message.starts_with("cannot use the AWS config"), "{message}");
    fs::remove_file(home.path("config")).unwrap();
    let [id, secret] = KEYS;
    for url in ["nonsense", "http://", "https://["] {
        for name in ["AWS_ENDPOINT_URL_DATASYNC", "AWS_ENDPOINT_URL"] {
            let output = home.run(&["status", EXECUTION], &[id, secret, (name, url)]);
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{message}");
            assert!(message.contains(name) && message.contains(url) && message.contains("is not a URL"), "{message}");
        }
    }
}

#[test]
fn the_profile_s_ca_bundle_is_trusted() {
    let home = Home::new();
    let (server, certificate) = Endpoint::over_tls(|seen, _| match &*seen.operation {
        "DescribeTaskExecution" => Reply::ok(json!({ "Status": "QUEUED" })),
        _ => denied(),
    });
    home.write("ca.pem", &certificate);
    let (kind, message) = home.fault(&["--endpoint-url", &server.url], &KEYS);
    assert_eq!(kind, "unreachable");
    assert!(message.contains("not trusted") && message.contains("--ca-bundle"), "{message}");
    home.write("config", &format!("[default]\nca_bundle = {}\n", home.path("ca.pem")));
    home.assert_works(&["--endpoint-url", &server.url], &KEYS);
}

#[test]
fn proxies_of_the_environment_are_used_but_for_hosts_that_it_excludes() {
    let (home, [id, secret]) = (Home::new(), KEYS);
    let proxy = Endpoint::scripted(|_, _| Reply::Raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec()));
    let (_, message) = home.fault(&[], &[id, secret, ("HTTPS_PROXY", &proxy.url)]);
    assert!(message.starts_with(&format!("the proxy {}", &proxy.url["http://".len()..])), "{message}");
    assert!(proxy.seen().iter().all(|seen| seen.operation == "CONNECT datasync.us-east-1.amazonaws.com:443 HTTP/1.1"));
    let excluded =
        [("HTTP_PROXY", &*proxy.url), ("NO_PROXY", "0.0.0.0"), ("AWS_ENDPOINT_URL_DATASYNC", "http://0.0.0.0:1")];
    let before = proxy.connections();
    let (_, message) = home.fault(&[], &[&[id, secret], &excluded[..]].concat());
    assert!(message.contains("0.0.0.0:1 refused the connection"), "{message}");
    assert_eq!(proxy.connections(), before);
}
