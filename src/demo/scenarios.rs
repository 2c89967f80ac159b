//! The scenarios: one entry each, times in seconds.

use super::{
    rate_curve::RateCurve,
    scenario::{
        Ending, FOREVER, Failure,
        Injected::*,
        Kind::{Files, Folders},
        Load, Report, STEP, Scenario, Setup, Step, TaskMode,
    },
};

const MINUTES: f64 = 60.0;
const HOURS: f64 = 3600.0;
const GIB: i64 = 1 << 30;
const TIB: i64 = 1 << 40;
const EIB: i64 = 1 << 60;

const SETUP: Setup = Setup { options: &[], excludes: "", includes: "", manifest: "", report: None };

const NO_LOAD: Load = Load {
    files: 0,
    folders: 0,
    bytes: 0,
    skipped: 0,
    skipped_folders: 0,
    filtered: 0,
    deletes: 0,
    deleted_folders: 0,
};

/// A short rise, then about the same rate for good.
const STEADY: RateCurve = RateCurve { rates: &[(0.0, 0.55), (90.0, 1.0)], wobble: 0.15 };

/// A Basic task from a file server through an agent to a bucket; entries say where they differ.
const BASIC: Scenario = Scenario {
    name: "",
    about: "",
    task: "",
    source: "nfs://fileserver.example.com/export/projects/",
    destination: "s3://example-projects/2026/",
    mode: TaskMode::Basic,
    setup: SETUP,
    course: &[],
    ending: Ending::Success,
    load: NO_LOAD,
    compression: 0.81,
    rate_curve: STEADY,
    reaches: 1.0,
    listed_by: 0.0,
    failures: &[],
    step: STEP,
    stops: None,
    extra_members: "{}",
    injected: &[],
};

/// An Enhanced task from bucket to bucket; entries say where they differ.
const ENHANCED: Scenario = Scenario {
    source: "s3://example-media-prod/raw/",
    destination: "s3://example-media-archive/2026/",
    mode: TaskMode::Enhanced,
    compression: 1.0,
    ..BASIC
};

const SKIPPED_DUE_TO_ERRORS: &str = "Transfer and verification completed. Selected files transferred except for \
     files skipped due to errors. See CloudWatch Logs for the files that were skipped.";

/// Every scenario of the demo; the first one is what a newcomer should see.
pub static SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "enhanced",
        about: "26 TiB from bucket to bucket in Enhanced mode; the listing grows, a few items fail",
        task: "nightly-media-archive",
        setup: Setup { options: &[("LogLevel", "TRANSFER")], excludes: "*/.cache|*/tmp", ..SETUP },
        course: &[("QUEUED", 20.0), ("LAUNCHING", 40.0), ("TRANSFERRING", 75.0 * MINUTES)],
        load: Load {
            files: 8_214_507,
            folders: 61_384,
            bytes: 26 * TIB + 417 * GIB + 113_246_208,
            skipped: 402_113,
            skipped_folders: 2_107,
            filtered: 18_442,
            ..NO_LOAD
        },
        rate_curve: RateCurve {
            rates: &[
                (0.0, 0.2),
                (3.0 * MINUTES, 1.0),
                (24.0 * MINUTES, 1.1),
                (28.0 * MINUTES, 0.55),
                (35.0 * MINUTES, 0.6),
                (39.0 * MINUTES, 1.15),
                (66.0 * MINUTES, 1.0),
                (74.0 * MINUTES, 0.6),
            ],
            wobble: 0.15,
        },
        listed_by: 45.0 * MINUTES,
        failures: &[
            Failure { step: Step::Prepare, kind: Files, count: 3, from: 0.2, to: 0.5 },
            Failure { step: Step::Transfer, kind: Files, count: 12, from: 0.35, to: 0.9 },
            Failure { step: Step::Verify, kind: Files, count: 41, from: 0.48, to: 0.62 },
        ],
        ..ENHANCED
    },
    Scenario {
        name: "basic",
        about: "2 TiB from NFS to S3 in Basic mode: prepare, transfer and verify one after the other",
        task: "projects-to-s3",
        setup: Setup { options: &[("LogLevel", "BASIC")], excludes: "*/.snapshot|*/lost+found", ..SETUP },
        course: &[
            ("LAUNCHING", 95.0),
            ("PREPARING", 6.0 * MINUTES),
            ("TRANSFERRING", 42.0 * MINUTES),
            ("VERIFYING", 9.0 * MINUTES),
        ],
        load: Load {
            files: 1_208_411,
            folders: 34_902,
            bytes: 2 * TIB + 88_204_771_328,
            skipped: 311_870,
            skipped_folders: 8_113,
            ..NO_LOAD
        },
        rate_curve: RateCurve {
            rates: &[
                (0.0, 0.3),
                (2.0 * MINUTES, 1.0),
                (20.0 * MINUTES, 1.0),
                (24.0 * MINUTES, 0.7),
                (33.0 * MINUTES, 1.1),
            ],
            wobble: 0.15,
        },
        ..BASIC
    },
    Scenario {
        name: "queued",
        about: "waits 25 minutes for an agent that another execution uses, then runs",
        task: "home-directories",
        source: "smb://fileserver.example.com/home/",
        destination: "fsxw://us-east-1.fs-0123456789abcdef0/share/home/",
        setup: Setup {
            options: &[
                ("VerifyMode", "ONLY_FILES_TRANSFERRED"),
                ("Uid", "NONE"),
                ("Gid", "NONE"),
                ("PosixPermissions", "NONE"),
                ("SecurityDescriptorCopyFlags", "OWNER_DACL"),
            ],
            ..SETUP
        },
        course: &[
            ("QUEUED", 25.0 * MINUTES),
            ("LAUNCHING", 2.0 * MINUTES),
            ("PREPARING", 3.0 * MINUTES),
            ("TRANSFERRING", 15.0 * MINUTES),
            ("VERIFYING", 4.0 * MINUTES),
        ],
        load: Load { files: 418_202, folders: 52_077, bytes: 214 * GIB + 8_192, skipped: 1_902_554, ..NO_LOAD },
        ..BASIC
    },
    Scenario {
        name: "slow-launch",
        about: "stays in LAUNCHING for 20 minutes, then runs",
        task: "lab-results",
        course: &[
            ("LAUNCHING", 20.0 * MINUTES),
            ("PREPARING", 2.0 * MINUTES),
            ("TRANSFERRING", 20.0 * MINUTES),
            ("VERIFYING", 5.0 * MINUTES),
        ],
        load: Load { files: 96_311, folders: 4_480, bytes: 731 * GIB + 52_428, ..NO_LOAD },
        ..BASIC
    },
    Scenario {
        name: "failing",
        about: "failures in every step from the first minutes on; ends in ERROR",
        task: "sensor-data",
        setup: Setup {
            options: &[("LogLevel", "TRANSFER")],
            report: Some(Report {
                output_type: "STANDARD",
                level: "ERRORS_ONLY",
                error: Some(("AccessDenied", "The role could not write the report to the bucket.")),
            }),
            ..SETUP
        },
        course: &[
            ("LAUNCHING", 50.0),
            ("PREPARING", 45.0),
            ("TRANSFERRING", 40.0 * MINUTES),
            ("VERIFYING", 2.0 * MINUTES),
        ],
        ending: Ending::Error { code: "", detail: SKIPPED_DUE_TO_ERRORS, steps: ["ERROR", "ERROR", "ERROR"] },
        load: Load { files: 2_900_118, folders: 12_660, bytes: 9 * TIB, skipped: 7_020, ..NO_LOAD },
        listed_by: 18.0 * MINUTES,
        failures: &[
            Failure { step: Step::List, kind: Folders, count: 19, from: 0.05, to: 0.6 },
            Failure { step: Step::Prepare, kind: Files, count: 4_202, from: 0.02, to: 1.0 },
            Failure { step: Step::Transfer, kind: Files, count: 388_450, from: 0.03, to: 1.0 },
            Failure { step: Step::Transfer, kind: Folders, count: 640, from: 0.03, to: 1.0 },
            Failure { step: Step::Verify, kind: Files, count: 61_007, from: 0.05, to: 1.0 },
        ],
        ..ENHANCED
    },
    Scenario {
        name: "stalled",
        about: "transfers well for 15 minutes, then no counter changes again",
        task: "render-farm-output",
        source: "nfs://render.example.com/frames/",
        destination: "s3://example-render-archive/",
        course: &[("LAUNCHING", 85.0), ("PREPARING", 2.0 * MINUTES), ("TRANSFERRING", FOREVER)],
        load: Load { files: 740_020, folders: 9_114, bytes: 3 * TIB + 600 * GIB, ..NO_LOAD },
        rate_curve: RateCurve {
            rates: &[(0.0, 0.4), (90.0, 1.0), (14.0 * MINUTES, 1.0), (15.0 * MINUTES, 0.0)],
            wobble: 0.12,
        },
        reaches: 0.38,
        stops: Some(19.0 * MINUTES),
        ..BASIC
    },
    Scenario {
        name: "stuck",
        about: "is TRANSFERRING at the first poll, and no counter ever changes",
        task: "tape-restore",
        source: "nfs://tape.example.com/restore/",
        destination: "s3://example-tape-restore/",
        course: &[("TRANSFERRING", FOREVER)],
        load: Load { files: 310_400, folders: 2_020, bytes: TIB, ..NO_LOAD },
        rate_curve: RateCurve { rates: &[(0.0, 1.0), (60.0, 0.0)], wobble: 0.0 },
        reaches: 0.0,
        stops: Some(0.0),
        ..BASIC
    },
    Scenario {
        name: "recovering",
        about: "no counter changes for 9 minutes in the middle, then it resumes, slowly at first",
        task: "genome-runs",
        setup: Setup { includes: "/runs/2026*|/reference", ..SETUP },
        course: &[("LAUNCHING", 45.0), ("TRANSFERRING", 40.0 * MINUTES)],
        load: Load { files: 1_430_900, folders: 22_011, bytes: 11 * TIB, skipped: 90_040, ..NO_LOAD },
        rate_curve: RateCurve {
            rates: &[
                (0.0, 0.4),
                (2.0 * MINUTES, 1.0),
                (12.0 * MINUTES, 1.0),
                (12.5 * MINUTES, 0.0),
                (21.5 * MINUTES, 0.0),
                (22.0 * MINUTES, 0.15),
                (29.0 * MINUTES, 0.3),
                (31.0 * MINUTES, 1.0),
            ],
            wobble: 0.12,
        },
        listed_by: 14.0 * MINUTES,
        ..ENHANCED
    },
    Scenario {
        name: "slow",
        about: "drops to a sixth of its rate after 90 minutes, for half an hour",
        task: "satellite-tiles",
        course: &[("LAUNCHING", 45.0), ("TRANSFERRING", 170.0 * MINUTES)],
        load: Load { files: 6_120_400, folders: 80_118, bytes: 31 * TIB, skipped: 11_204, ..NO_LOAD },
        rate_curve: RateCurve {
            rates: &[
                (0.0, 0.5),
                (2.0 * MINUTES, 1.0),
                (90.0 * MINUTES, 1.0),
                (91.0 * MINUTES, 0.16),
                (121.0 * MINUTES, 0.16),
                (122.0 * MINUTES, 1.0),
            ],
            wobble: 0.12,
        },
        listed_by: 20.0 * MINUTES,
        ..ENHANCED
    },
    Scenario {
        name: "limited",
        about: "hits its own bandwidth limit of 100 MiB/s (Basic)",
        task: "branch-office-backup",
        source: "smb://branch.example.com/backup/",
        destination: "s3://example-branch-backup/",
        setup: Setup {
            options: &[
                ("VerifyMode", "ONLY_FILES_TRANSFERRED"),
                ("BytesPerSecond", "104857600"),
                ("PreserveDevices", "NONE"),
                ("OverwriteMode", "NEVER"),
            ],
            ..SETUP
        },
        course: &[
            ("LAUNCHING", 70.0),
            ("PREPARING", 90.0),
            ("TRANSFERRING", 50.0 * MINUTES),
            ("VERIFYING", 3.0 * MINUTES),
        ],
        load: Load { files: 204_880, folders: 7_700, bytes: 272 * GIB, skipped: 1_033, ..NO_LOAD },
        compression: 0.64,
        rate_curve: RateCurve { rates: &[(0.0, 0.8), (60.0, 1.0)], wobble: 0.03 },
        ..BASIC
    },
    Scenario {
        name: "verify-mismatch",
        about: "transfers everything, then verification finds mismatches; ends in ERROR",
        task: "ledger-documents",
        setup: Setup { options: &[("LogLevel", "TRANSFER")], manifest: "manifests/ledger-2026-11.csv", ..SETUP },
        course: &[
            ("LAUNCHING", 60.0),
            ("PREPARING", 2.0 * MINUTES),
            ("TRANSFERRING", 12.0 * MINUTES),
            ("VERIFYING", 6.0 * MINUTES),
        ],
        ending: Ending::Error {
            code: "MetadataDiffers",
            detail: "Transfer and verification completed. Verification detected mismatches. Files with mismatches are \
                     listed in Cloudwatch Logs",
            steps: ["SUCCESS", "SUCCESS", "ERROR"],
        },
        load: Load { files: 388_016, folders: 1_204, bytes: 402 * GIB, ..NO_LOAD },
        failures: &[Failure { step: Step::Verify, kind: Files, count: 212, from: 0.1, to: 0.9 }],
        ..BASIC
    },
    Scenario {
        name: "error",
        about: "fails 18 minutes into the transfer: the bucket's endpoint is unreachable",
        task: "warehouse-exports",
        course: &[("LAUNCHING", 75.0), ("PREPARING", 3.0 * MINUTES), ("TRANSFERRING", 18.0 * MINUTES)],
        ending: Ending::Error {
            code: "FsS3UnableToConnectToEndpoint",
            detail: "Unable to connect to S3 endpoint of bucket example-projects: connection timed out",
            steps: ["SUCCESS", "ERROR", "PENDING"],
        },
        load: Load { files: 512_300, folders: 20_481, bytes: TIB + 300 * GIB, ..NO_LOAD },
        reaches: 0.43,
        ..BASIC
    },
    Scenario {
        name: "partial",
        about: "transfers nearly everything; some files could not be read, so it ends in ERROR",
        task: "user-uploads",
        setup: Setup {
            options: &[("LogLevel", "TRANSFER")],
            report: Some(Report { output_type: "STANDARD", level: "SUCCESSES_AND_ERRORS", error: None }),
            ..SETUP
        },
        course: &[("LAUNCHING", 40.0), ("TRANSFERRING", 22.0 * MINUTES), ("VERIFYING", 90.0)],
        ending: Ending::Error { code: "", detail: SKIPPED_DUE_TO_ERRORS, steps: ["SUCCESS", "ERROR", "SUCCESS"] },
        load: Load { files: 3_114_902, folders: 70_116, bytes: 5 * TIB + 212 * GIB, skipped: 66_003, ..NO_LOAD },
        listed_by: 12.0 * MINUTES,
        failures: &[
            Failure { step: Step::Prepare, kind: Files, count: 11, from: 0.3, to: 0.7 },
            Failure { step: Step::Transfer, kind: Files, count: 1_874, from: 0.55, to: 0.7 },
        ],
        ..ENHANCED
    },
    Scenario {
        name: "cancelled",
        about: "is cancelled after 12 minutes and takes 4 more to stop",
        task: "photo-library",
        course: &[("LAUNCHING", 55.0), ("TRANSFERRING", 12.0 * MINUTES), ("CANCELLING", 4.0 * MINUTES)],
        ending: Ending::Error {
            code: "",
            detail: "The task execution was cancelled.",
            steps: ["PENDING", "PENDING", "PENDING"],
        },
        load: Load { files: 990_412, folders: 18_080, bytes: 7 * TIB, ..NO_LOAD },
        reaches: 0.31,
        listed_by: 25.0 * MINUTES,
        ..ENHANCED
    },
    Scenario {
        name: "nothing",
        about: "finds nothing to transfer: source and destination already match",
        task: "daily-delta",
        course: &[("LAUNCHING", 45.0), ("TRANSFERRING", 2.0 * MINUTES)],
        load: Load { skipped: 48_211, skipped_folders: 1_020, ..NO_LOAD },
        listed_by: 60.0,
        ..ENHANCED
    },
    Scenario {
        name: "deletes",
        about: "deletes files at the destination that are gone from the source (Enhanced)",
        task: "mirror-website",
        setup: Setup {
            options: &[("PreserveDeletedFiles", "REMOVE")],
            report: Some(Report { output_type: "SUMMARY_ONLY", level: "ERRORS_ONLY", error: None }),
            ..SETUP
        },
        course: &[("LAUNCHING", 40.0), ("TRANSFERRING", 25.0 * MINUTES)],
        load: Load {
            files: 640_552,
            folders: 15_230,
            bytes: TIB + 87 * GIB,
            skipped: 1_204_660,
            skipped_folders: 30_022,
            deletes: 288_105,
            deleted_folders: 9_411,
            ..NO_LOAD
        },
        listed_by: 10.0 * MINUTES,
        failures: &[Failure { step: Step::Delete, kind: Files, count: 7, from: 0.4, to: 0.8 }],
        ..ENHANCED
    },
    Scenario {
        name: "basic-deletes",
        about: "the same in Basic mode, where the estimate includes what is to be deleted",
        task: "mirror-shared-drive",
        setup: Setup {
            options: &[("VerifyMode", "ONLY_FILES_TRANSFERRED"), ("PreserveDeletedFiles", "REMOVE")],
            ..SETUP
        },
        course: &[
            ("LAUNCHING", 80.0),
            ("PREPARING", 4.0 * MINUTES),
            ("TRANSFERRING", 16.0 * MINUTES),
            ("VERIFYING", 3.0 * MINUTES),
        ],
        load: Load {
            files: 150_077,
            folders: 12_008,
            bytes: 190 * GIB,
            skipped: 700_414,
            deletes: 41_220,
            deleted_folders: 2_115,
            ..NO_LOAD
        },
        ..BASIC
    },
    Scenario {
        name: "all",
        about: "transfers everything without comparing (TransferMode ALL) and verifies nothing",
        task: "first-copy",
        setup: Setup { options: &[("TransferMode", "ALL"), ("VerifyMode", "NONE"), ("LogLevel", "OFF")], ..SETUP },
        course: &[("LAUNCHING", 40.0), ("PREPARING", 30.0), ("TRANSFERRING", 30.0 * MINUTES)],
        load: Load { files: 5_002_310, folders: 40_117, bytes: 14 * TIB, ..NO_LOAD },
        listed_by: 17.0 * MINUTES,
        ..ENHANCED
    },
    Scenario {
        name: "folders-failing",
        about: "folders can't be listed or prepared, so whole subtrees are left out",
        task: "research-groups",
        source: "nfs://cluster.example.com/groups/",
        destination: "s3://example-research/groups/",
        course: &[("LAUNCHING", 50.0), ("TRANSFERRING", 28.0 * MINUTES)],
        load: Load { files: 1_870_400, folders: 144_208, bytes: 6 * TIB, skipped: 310_000, ..NO_LOAD },
        listed_by: 16.0 * MINUTES,
        failures: &[
            Failure { step: Step::List, kind: Folders, count: 1_406, from: 0.15, to: 0.95 },
            Failure { step: Step::Prepare, kind: Folders, count: 88, from: 0.2, to: 0.9 },
            Failure { step: Step::Verify, kind: Folders, count: 5, from: 0.6, to: 0.8 },
        ],
        ..ENHANCED
    },
    Scenario {
        name: "huge",
        about: "7 EiB and 31 billion objects in three days",
        task: "everything-we-ever-recorded-by-every-telescope-since-first-light",
        source: "s3://example-observatory-raw/since-first-light/",
        destination: "s3://example-observatory-glacier/since-first-light/",
        course: &[("QUEUED", 30.0), ("LAUNCHING", 90.0), ("TRANSFERRING", 72.0 * HOURS)],
        load: Load {
            files: 31_415_926_535,
            folders: 2_718_281_828,
            bytes: 7 * EIB,
            skipped: 1_618_033_988,
            skipped_folders: 14_142_135,
            ..NO_LOAD
        },
        rate_curve: RateCurve {
            rates: &[
                (0.0, 0.3),
                (10.0 * MINUTES, 1.0),
                (20.0 * HOURS, 1.05),
                (22.0 * HOURS, 0.6),
                (30.0 * HOURS, 0.7),
                (31.0 * HOURS, 1.1),
            ],
            wobble: 0.15,
        },
        listed_by: 43.0 * HOURS,
        failures: &[Failure { step: Step::Transfer, kind: Files, count: 90_210, from: 0.01, to: 1.0 }],
        ..ENHANCED
    },
    Scenario {
        name: "unknown",
        about: "statuses, options and members that no documentation names",
        task: "from-the-future",
        mode: TaskMode::Omitted,
        setup: Setup {
            options: &[
                ("VerifyMode", "SAMPLED_ONE_PERCENT"),
                ("LogLevel", "EVERYTHING"),
                ("CompressionLevel", "ADAPTIVE"),
            ],
            ..SETUP
        },
        course: &[
            ("INITIALIZING", 60.0),
            ("PREPARING", 60.0),
            ("TRANSFERRING", 8.0 * MINUTES),
            ("RECONCILING", 3.0 * MINUTES),
        ],
        load: Load { files: 60_400, folders: 1_100, bytes: 88 * GIB, ..NO_LOAD },
        extra_members: r#"{
            "BytesDeduplicated": 1048576,
            "TransferPath": {"Kind": "DIRECT", "Hops": [{"Name": "a", "Latency": 1.5}, {"Name": "b", "Latency": null}]},
            "Experimental": true
        }"#,
        ..BASIC
    },
    Scenario {
        name: "trouble",
        about: "the transfer is fine, but polling fails: throttled, denied, garbled and cut-off responses in turn",
        task: "behind-a-bad-line",
        course: &[("LAUNCHING", 40.0), ("TRANSFERRING", 60.0 * MINUTES)],
        load: Load { files: 2_040_118, folders: 30_090, bytes: 17 * TIB, ..NO_LOAD },
        listed_by: 35.0 * MINUTES,
        injected: &[
            (4.0 * MINUTES, 6.5 * MINUTES, Throttled),
            (8.0 * MINUTES, 10.5 * MINUTES, Expired),
            (12.0 * MINUTES, 14.5 * MINUTES, Internal),
            (16.0 * MINUTES, 18.5 * MINUTES, Unavailable),
            (20.0 * MINUTES, 22.5 * MINUTES, WebPage),
            (24.0 * MINUTES, 26.5 * MINUTES, Garbage),
            (28.0 * MINUTES, 30.5 * MINUTES, Truncated),
            (32.0 * MINUTES, 34.5 * MINUTES, Short),
            (36.0 * MINUTES, 38.5 * MINUTES, Empty),
            (40.0 * MINUTES, 42.5 * MINUTES, Reset),
            (44.0 * MINUTES, 48.0 * MINUTES, Hang),
            (52.0 * MINUTES, 54.5 * MINUTES, Denied),
        ],
        ..ENHANCED
    },
];

/// The scenario of this name.
pub fn named(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}
