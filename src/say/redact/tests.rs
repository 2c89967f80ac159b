//! What is masked and what stays, in texts and in observations.

use super::*;
use crate::aws::arn::EXAMPLE;

fn masked(text: &str) -> String {
    let mut redactor = Redactor::default();
    redactor.learn(text);
    redactor.masker().text(text)
}

#[test]
fn names_become_masks() {
    for (text, shown) in [
        (
            EXAMPLE,
            "arn:aws:datasync:us-east-1:000000000001:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0",
        ),
        ("s3://media-prod/raw/", "s3://bucket-1/raw/"),
        ("nfs://10.1.2.3/export and 10.1.2.3", "nfs://host-1/export and host-1"),
        ("smb://filer.corp.example.com/share", "smb://host-1/share"),
        ("\\\\FILER\\share: filer is down", "\\\\host-1\\share: host-1 is down"),
        ("smb://filer01.corp.example/x: FILER01 is down", "smb://host-1/x: host-1 is down"),
        ("nfs://[fd00::12]:2049/x", "nfs://[host-1]:2049/x"),
        ("hdfs://name-node:8020/data", "hdfs://host-1:8020/data"),
        ("object-storage://store.example.com/photos/2026", "object-storage://host-1/bucket-1/2026"),
        ("arn:aws:s3:::media-prod/x", "arn:aws:s3:::bucket-1/x"),
        ("arn:aws:iam::111122223333:role/r", "arn:aws:iam::000000000001:role/r"),
        ("user: 111122223333 is not allowed", "user: 000000000001 is not allowed"),
        ("mount.nfs: filer7:/export timed out at 16:00:05", "mount.nfs: host-1:/export timed out at 16:00:05"),
        ("Bucket media-prod is gone, media-prod/x too", "Bucket bucket-1 is gone, bucket-1/x too"),
        ("from ftp.a.example.org.", "from host-1."),
        ("7 items and 1111222233334 bytes in /a/b.c.tar", "7 items and 1111222233334 bytes in /a/b.c.tar"),
    ] {
        assert_eq!(masked(text), shown);
    }
}

#[test]
fn the_same_name_is_the_same_mask_and_another_is_another() {
    let text = "s3://one-a/ s3://two-b/ s3://one-a/x";
    assert_eq!(masked(text), "s3://bucket-1/ s3://bucket-2/ s3://bucket-1/x");
}

#[test]
fn the_services_words_stay() {
    let body = format!(
        r#"{{"TaskExecutionArn":"{EXAMPLE}","Status":"ERROR","Options":{{"LogLevel":"BASIC"}},"Result":{{"ErrorDetail":"\\\\error\\basic s3://basic-x/"}}}}"#
    );
    let seen = Observation {
        execution: EXAMPLE.into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        outcome: Outcome::Response(Response::parse(&body).unwrap()),
        task: Some(Arc::new(Task { name: Some("copy basic-x".into()), ..Task::default() })),
        next: None,
    };
    let mut redactor = Redactor::default();
    redactor.learn_observation(&seen);
    let masked = redactor.masker().observation(&seen);
    let Outcome::Response(answer) = &masked.outcome else { panic!() };
    assert!(answer.verbatim().contains(r#""Status":"ERROR","Options":{"LogLevel":"BASIC"}"#), "{}", answer.verbatim());
    assert!(answer.verbatim().contains(r"\\\\host-1\\share-1 s3://bucket-1/"), "{}", answer.verbatim());
    assert_eq!(masked.task.as_ref().unwrap().name.as_deref(), Some("copy bucket-1"));
}

fn masked_strictly(text: &str) -> String {
    let mut redactor = Redactor::new(Redaction::Strict);
    redactor.learn(text);
    redactor.masker().text(text)
}

/// Texts with secrets in every form, and what must not be left of each.
const FORMS: &[(&str, &[&str])] = &[
    ("mount //filer/finance-q3 failed", &["filer", "finance"]),
    (r"\\filer\finance-q3\2026: finance-q3 is gone", &["filer", "finance"]),
    (r"at '\\\\filer\\finance-q3'", &["filer", "finance"]),
    ("connect filer:2049 refused", &["filer"]),
    ("connect [fd00::12]:2049 refused, fd00:0:0:0:0:0:0:12 too", &["fd00"]),
    ("fe80::1ff:fe23:4567:890a%eth0 is down", &["fe80", "890a"]),
    ("::ffff:10.1.2.3 and 10.1.2.3", &["10.1", "ffff"]),
    ("ip-10-1-2-3 and 10-1-2-3 and ip-10-1-2-4.ec2.internal", &["10-1", "internal"]),
    ("from example.com", &["example"]),
    ("server=filer7,share=fin", &["filer7", "fin"]),
    ("mount -o addr=10.1.2.3,username=alice,domain=CORP", &["10.1", "alice", "CORP"]),
    ("bucket=acme media is gone", &["acme"]),
    (r#"bucket "acme" is not there: acme"#, &["acme"]),
    ("NoSuchBucket: acme", &["acme"]),
    ("https://s3.us-east-1.amazonaws.com/acme/raw/x then acme", &["acme"]),
    ("https://acme.s3.eu-west-2.amazonaws.com/raw then acme", &["acme"]),
    ("s3%3A%2F%2Facme-media%2Fraw", &["acme"]),
    ("arn%253Aaws%253As3%253A%253A%253Aacme-media", &["acme"]),
    ("1111-2222-3333 is 111122223333", &["1111"]),
    ("https://alice:hunter22@store.example.com/x by alice", &["alice", "hunter22", "store"]),
    ("https://a.blob.core.windows.net/acme?sv=2022-11-02&sig=abcDEF%2B12%3D", &["acme", "abcDEF", "sig=a"]),
    ("?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=fe5f80", &["AKIA", "fe5f80"]),
    ("CORP\\alice and alice@corp.example.com", &["alice", "CORP", "corp"]),
    ("arn:aws:sts::111122223333:assumed-role/DataSync/alice: alice is not allowed", &["alice", "1111"]),
    ("UnknownHostException: filer", &["filer"]),
    ("nfs://nfs/export", &["nfs/"]),
];

#[test]
fn every_form_of_a_secret_is_masked() {
    for (text, secrets) in FORMS {
        for masked in [masked(text), masked_strictly(text)] {
            for secret in *secrets {
                assert!(!masked.contains(secret), "{secret} in {masked}");
            }
        }
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "mount.nfs: Connection timed out at 16:00:05, code=403",
        "NoSuchBucket: The specified bucket does not exist",
        "x40016: Input/output error (errno 5) in report.csv: std::io failed",
        "123456789 of 1234567890123 bytes at 7.66 GiB/s on 2026-11-25",
        "Transfer and verification completed.Selected files transferred except for files skipped due to errors",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn a_scheme_stays_a_scheme_and_forms_of_a_value_share_its_mask() {
    assert_eq!(masked("nfs://nfs/x smb://nfs/y"), "nfs://host-1/x smb://host-1/y");
    assert_eq!(masked("10.1.2.3 ip-10-1-2-3 ::ffff:10.1.2.3"), "host-1 host-1 host-1");
    assert_eq!(masked("fd00::1 and fd00:0:0:0:0:0:0:1"), "host-1 and host-1");
    assert_eq!(masked("111122223333 1111-2222-3333"), "000000000001 000000000001");
}

#[test]
fn half_a_name_is_not_masked() {
    for (text, shown) in [
        ("nfs://render.example.com/x of render-farm-output", "nfs://host-1/x of name-1"),
        (
            "smb://f.example.com/home: home_old-2 and home-directories, home",
            "smb://host-1/share-1: name-1 and name-2, share-1",
        ),
        ("s3://acme-media/acme-media-raw/x", "s3://bucket-1/name-1/x"),
        (
            "arn:aws:iam::111122223333:role/x of x-111122223333-y",
            "arn:aws:iam::000000000001:role/x of x-000000000001-y",
        ),
        ("s3://acme/ -acme- acme", "s3://bucket-1/ -bucket-1- bucket-1"),
    ] {
        assert_eq!(masked(text), shown);
    }
}

#[test]
fn no_mask_is_the_name_of_another() {
    assert_eq!(masked("s3://acme-media/ s3://bucket-1/"), "s3://bucket-2/ s3://bucket-3/");
}

#[test]
fn strictly_roles_keys_agents_log_groups_and_paths_are_masked() {
    for (text, secrets) in [
        ("arn:aws:iam::111122223333:role/team/DataSyncRole, DataSyncRole", &["team", "DataSyncRole"][..]),
        ("arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555", &["0a1b2c3d"]),
        ("agent-0123456789abcdef0 is offline", &["0123456789abcdef0"]),
        ("arn:aws:logs:us-east-1:111122223333:log-group:acme-transfers:*", &["acme"]),
        ("s3://acme-media/raw/2026/cut-7.mov", &["raw", "2026", "cut-7", "mov"]),
        ("Failed to open /in/payroll/alice.xlsx: alice.xlsx is locked", &["payroll", "alice", "xlsx"]),
        ("op=GetObjectTagging key=raw/cut-7.mov", &["raw", "cut-7"]),
        (r"\\filer\finance-q3\payroll\x.doc", &["payroll", "x.doc"]),
    ] {
        let masked = masked_strictly(text);
        for secret in secrets {
            assert!(!masked.contains(secret), "{secret} in {masked}");
        }
    }
    assert_eq!(masked_strictly(EXAMPLE), masked(EXAMPLE));
    assert_eq!(masked_strictly("/aws/datasync in arn:aws:s3:::acme-media"), "log-group-1 in arn:aws:s3:::bucket-1");
}

/// The response with masks, as it would be shown: of a fault, its message.
fn masked_response(members: &str) -> String {
    let body = format!(r#"{{"TaskExecutionArn":"{EXAMPLE}","Status":"ERROR",{members}}}"#);
    let seen = Observation {
        execution: EXAMPLE.into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        outcome: Outcome::Response(Response::parse(&body).unwrap()),
        task: None,
        next: None,
    };
    let mut redactor = Redactor::default();
    redactor.learn("s3://acme-media/");
    redactor.learn_observation(&seen);
    match redactor.masker().observation(&seen).outcome {
        Outcome::Response(response) => response.verbatim().to_string(),
        Outcome::Fault(fault) => fault.message,
    }
}

#[test]
fn what_one_reader_refuses_is_masked_all_the_same() {
    let deep = format!(r#""FilesSkipped":{}"acme-media"{}"#, "[".repeat(129), "]".repeat(129));
    for members in [
        r#""FilesSkipped":["\ud800 acme-media"]"#,
        r#""FilesSkipped":[1e400,"acme-media"]"#,
        r#""Options":{"New":"acm\u0065-media","acme-media":["x/acme-media/y"]}"#,
        &deep,
        r#""Options":{"Account":111122223333,"New":1.11122223333e11,"Third":"111122223333"}"#,
        r#""Options":{"Status":"s3://acme-media/"}"#,
    ] {
        let shown = masked_response(members);
        assert!(shown.contains(r#""Status":"ERROR""#), "{shown}");
        for secret in ["acme", "111122223333", "11122223333e11"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn half_a_name_in_a_quotation_that_was_cut_is_not_shown() {
    let fault = Response::parse(&format!("oops, the bucket is called acme-media-{}", "x".repeat(60))).unwrap_err();
    assert!(fault.message.contains("acme"), "{fault}");
    let seen = Observation {
        execution: EXAMPLE.into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        outcome: Outcome::Fault(fault),
        task: None,
        next: None,
    };
    let mut redactor = Redactor::default();
    redactor.learn_observation(&seen);
    let Outcome::Fault(fault) = redactor.masker().observation(&seen).outcome else { panic!() };
    assert_eq!(fault.message, "the answer is not what DataSync sends");
}

#[test]
fn what_a_member_says_is_known_to_be_secret_everywhere() {
    let shown = masked_response(
        r#""Options":{"ServerHostname":"vault","User":"mallory","BucketName":"crown"},"Result":{"ErrorDetail":"vault told mallory that crown is full","vault":"x"},"BytesWritten":111122223334"#,
    );
    for secret in ["vault", "mallory", "crown"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains(r#""BytesWritten":111122223334"#) && shown.contains(r#""ErrorDetail":"host-1 told"#));
}

proptest::proptest! {
    #[test]
    fn no_name_of_the_input_is_left(
        account in "[1-9][0-9]{11}",
        bucket in "x[a-z0-9]{4,12}-[a-z0-9]{1,8}q",
        host in "y[a-z]{4,8}[0-9]{1,3}",
        ip in "1[0-9]{1}\\.[1-9][0-9]\\.1[0-9]{2}\\.[1-9]{2}",
        noise in "[ -~]{0,30}",
    ) {
        let text = format!(
            "{noise} s3://{bucket}/a nfs://{host}/x {host} smb://{ip}/s arn:aws:s3:::{bucket} {noise} \
             arn:aws:datasync:us-east-1:{account}:task/task-0123456789abcdef0 log {bucket}-logs {ip}:2049 {account}"
        );
        let masked = masked(&text);
        for name in [&account, &bucket, &host, &ip] {
            proptest::prop_assert!(!masked.contains(name.as_str()), "{name} in {masked}");
        }
        proptest::prop_assert!(masked.contains("task-0123456789abcdef0"));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,120}") {
        let _ = masked(&text);
    }
}
