//! What DescribeTaskExecution says of a simulated execution at any moment.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    counters::Counters,
    scenario::{Ending, Load, Moment, Report, Scenario, seconds_between},
};
use crate::aws::{
    arn::Arn,
    observation::{Observation, Outcome},
    response::Response,
    snapshot::{
        Count, Filter, ManifestBucket, ManifestConfig, ManifestSource, ReportBucket, ReportDestination, ReportLevel,
        ReportOverrides, ReportResult, ResultDetail, Snapshot, TaskReportConfig, Text, Time,
    },
    task::Task,
};

impl Scenario {
    /// What DescribeTaskExecution says at `now` of an execution that was asked for at `started`.
    pub fn answer(&self, arn: &Arn, started: Timestamp, now: Timestamp) -> Snapshot {
        let moment = self.moment(seconds_between(started, now));
        let mut answer = self.configuration(arn, started);
        answer.status = Some(moment.status.into());
        answer.launch_time = moment.launched.then(|| after(started, self.queued()));
        answer.end_time = moment.over.then(|| after(started, self.length()));
        answer.result = self.result(&moment);
        answer.report_result = self.report_result(moment.over);
        Counters::at(self, &moment).write(self, &mut answer);
        answer
    }

    /// What DescribeTaskExecution says of an execution of the same task that was over long ago, after `lasted`
    /// seconds, with `share` of the load.
    pub fn earlier(&self, arn: &Arn, started: Timestamp, lasted: f64, share: f64, ending: Ending) -> Snapshot {
        let mut answer = self.configuration(arn, started);
        answer.status = Some(ending.word().into());
        answer.launch_time = Some(after(started, 0.0));
        answer.end_time = Some(after(started, lasted));
        let work = lasted * 0.98;
        let mut result = ResultDetail { total_duration: Some(millis(work)), ..ending.result() };
        let phases = if self.is_enhanced() { [0.0; 3] } else { [0.06, 0.71, 0.24].map(|share| share * work) };
        (result.prepare_duration, result.transfer_duration, result.verify_duration) =
            (Some(millis(phases[0])), Some(millis(phases[1])), Some(millis(phases[2])));
        answer.result = Some(result);
        answer.report_result = self.report_result(true);
        Counters::whole(self, &self.load.scaled(share)).write(self, &mut answer);
        answer
    }

    /// What a watch sees that asks every `interval` from `started` on, as long as it is answered; without end
    /// where the execution has none.
    pub fn observations(
        &'static self,
        arn: Arn,
        started: Timestamp,
        interval: Duration,
    ) -> impl Iterator<Item = Observation> {
        let task = Task {
            name: Some(self.task.into()),
            source: Some(self.source.into()),
            destination: Some(self.destination.into()),
            log_group: None,
        };
        let (name, task): (Arc<str>, _) = (arn.to_string().into(), Arc::new(task));
        let moments = (0u32..).map_while(move |count| started.checked_add(interval.saturating_mul(count)).ok());
        let mut over = false;
        moments.map_while(move |at| {
            let body = serde_json::to_string(&self.answer(&arn, started, at)).ok().filter(|_| !over)?;
            let answer = Response::parse(&body).ok()?;
            over = answer.snapshot().is_over();
            let next = (!over).then_some(interval);
            Some(Observation {
                execution: name.clone(),
                at,
                outcome: Outcome::Response(answer),
                task: Some(task.clone()),
                next,
            })
        })
    }

    fn configuration(&self, arn: &Arn, started: Timestamp) -> Snapshot {
        let setup = &self.setup;
        Snapshot {
            task_execution_arn: Some(Text(arn.to_string())),
            task_mode: self.mode.word().map(Text::from),
            options: Some(self.options()),
            excludes: Some(filters(setup.excludes)),
            includes: Some(filters(setup.includes)),
            manifest_config: (!setup.manifest.is_empty()).then(|| manifest(setup.manifest)),
            task_report_config: setup.report.as_ref().map(Report::config),
            start_time: Some(Time(started)),
            others: serde_json::from_str(self.extra_members).unwrap_or_default(),
            ..Snapshot::default()
        }
    }

    /// Basic says nothing until it is launched; in Enhanced mode only the total is ever above 0. Phases overlap
    /// a little, as in recorded answers, so that their sum is more than the total.
    fn result(&self, moment: &Moment) -> Option<ResultDetail> {
        if !moment.launched || (moment.work.is_none() && !self.is_enhanced()) {
            return None;
        }
        let work = moment.work.unwrap_or(0.0);
        let mut result = if moment.over { self.ending.result() } else { self.running(work) };
        let phase = |status, overlap: f64| match self.window(status) {
            Some((from, to)) if !self.is_enhanced() && work > from => millis(work.min(to) - from + overlap),
            _ => millis(0.0),
        };
        result.prepare_duration = Some(phase("PREPARING", 0.447));
        result.transfer_duration = Some(phase("TRANSFERRING", 1.06));
        result.verify_duration = Some(phase("VERIFYING", 0.459));
        result.total_duration = Some(millis(work));
        Some(result)
    }

    /// The steps' statuses lag behind the execution's, by minutes in recorded answers.
    fn running(&self, work: f64) -> ResultDetail {
        let word = |next: &str| match self.window(next) {
            Some((from, _)) if !self.is_enhanced() && work >= from + 4.0 * self.step => "SUCCESS",
            _ => "PENDING",
        };
        statuses([word("TRANSFERRING"), word("VERIFYING"), "PENDING"])
    }

    fn report_result(&self, over: bool) -> Option<ReportResult> {
        let report = self.setup.report.as_ref()?;
        let error = report.error.filter(|_| over);
        let status = match (over, error) {
            (false, _) => "PENDING",
            (true, None) => "SUCCESS",
            (true, Some(_)) => "ERROR",
        };
        Some(ReportResult {
            status: Some(status.into()),
            error_code: error.map(|(code, _)| code.into()),
            error_detail: error.map(|(_, detail)| detail.into()),
            ..ReportResult::default()
        })
    }
}

impl Ending {
    fn result(&self) -> ResultDetail {
        match *self {
            Self::Success => statuses(["SUCCESS"; 3]),
            Self::Error { code, detail, steps } => ResultDetail {
                error_code: (!code.is_empty()).then(|| code.into()),
                error_detail: Some(detail.into()),
                ..statuses(steps)
            },
        }
    }
}

impl Load {
    fn scaled(&self, share: f64) -> Self {
        let of = |count: i64| (count as f64 * share) as i64;
        Self {
            files: of(self.files),
            folders: of(self.folders),
            bytes: of(self.bytes),
            skipped: of(self.skipped),
            skipped_folders: of(self.skipped_folders),
            filtered: of(self.filtered),
            deletes: of(self.deletes),
            deleted_folders: of(self.deleted_folders),
        }
    }
}

impl Report {
    fn config(&self) -> TaskReportConfig {
        let level = |level: &str| Some(ReportLevel { report_level: Some(level.into()), ..ReportLevel::default() });
        let bucket = ReportBucket {
            subdirectory: Some("reports/".into()),
            s3_bucket_arn: Some("arn:aws:s3:::example-datasync-reports".into()),
            bucket_access_role_arn: Some("arn:aws:iam::111122223333:role/ExampleDataSyncReports".into()),
            ..ReportBucket::default()
        };
        TaskReportConfig {
            destination: Some(ReportDestination { s3: Some(bucket), ..ReportDestination::default() }),
            output_type: Some(self.output_type.into()),
            report_level: Some(self.level.into()),
            object_version_ids: Some("NONE".into()),
            overrides: (self.output_type == "STANDARD").then(|| ReportOverrides {
                transferred: level("ERRORS_ONLY"),
                verified: level("ERRORS_ONLY"),
                deleted: level("SUCCESSES_AND_ERRORS"),
                skipped: level("SUCCESSES_AND_ERRORS"),
                ..ReportOverrides::default()
            }),
            ..TaskReportConfig::default()
        }
    }
}

fn statuses([prepare, transfer, verify]: [&str; 3]) -> ResultDetail {
    ResultDetail {
        prepare_status: Some(prepare.into()),
        transfer_status: Some(transfer.into()),
        verify_status: Some(verify.into()),
        ..ResultDetail::default()
    }
}

fn filters(pattern: &str) -> Vec<Filter> {
    let filter = |pattern: &str| Filter {
        filter_type: Some("SIMPLE_PATTERN".into()),
        value: Some(pattern.into()),
        ..Filter::default()
    };
    if pattern.is_empty() { Vec::new() } else { vec![filter(pattern)] }
}

fn manifest(key: &str) -> ManifestConfig {
    let bucket = ManifestBucket {
        manifest_object_path: Some(key.into()),
        bucket_access_role_arn: Some("arn:aws:iam::111122223333:role/ExampleDataSyncManifest".into()),
        s3_bucket_arn: Some("arn:aws:s3:::example-datasync-manifests".into()),
        manifest_object_version_id: Some("ExampleManifestVersion0000000001".into()),
        ..ManifestBucket::default()
    };
    ManifestConfig {
        action: Some("TRANSFER".into()),
        format: Some("CSV".into()),
        source: Some(ManifestSource { s3: Some(bucket), ..ManifestSource::default() }),
        ..ManifestConfig::default()
    }
}

fn after(started: Timestamp, seconds: f64) -> Time {
    let later = SignedDuration::try_from_secs_f64(seconds).ok().and_then(|passed| started.checked_add(passed).ok());
    Time(later.unwrap_or(Timestamp::MAX))
}

fn millis(seconds: f64) -> Count {
    Count((seconds * 1e3).round() as i64)
}

#[cfg(test)]
mod tests;
