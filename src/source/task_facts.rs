//! What is known of a task beside its executions: its name, its log group, and where its data goes.

use super::{
    pages::Pages,
    service::{Service, is_about, subject},
};
use crate::aws::{arn::Arn, fault::Fault, task::Task};

const DESCRIBE_TASK: &str = "datasync:DescribeTask";
const LIST_LOCATIONS: &str = "datasync:ListLocations";

/// What is known of a task beside its executions.
#[derive(Debug)]
pub struct Facts {
    /// As much as the service said.
    pub task: Task,
    /// Whether a second attempt could bring more.
    pub is_worth_retrying: bool,
}

/// Name, log group and both locations of the task, as far as these credentials may see them.
pub async fn facts(service: &Service, arn: &Arn) -> Facts {
    let asked = arn.task_arn();
    let (_, answer) = service
        .send(DESCRIBE_TASK, &subject(arn), async move |client, capture| {
            client.describe_task().task_arn(asked).customize().interceptor(capture).send().await
        })
        .await;
    let answer = answer.and_then(|answer| is_about(answer.task_arn(), &arn.task_arn()).map(|()| answer));
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return Facts { task: Task::default(), is_worth_retrying: !fault.is_final() },
    };
    let ends = [answer.source_location_arn, answer.destination_location_arn];
    let wanted = ends.each_ref().map(Option::as_deref);
    let mut uris = [None, None];
    let complete = locations(service, arn, wanted, &mut uris).await;
    let [source, destination] = uris;
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    Facts {
        task: Task {
            name: said(answer.name),
            source,
            destination,
            log_group: said(answer.cloud_watch_log_group_arn).map(|arn| log_group(&arn)),
        },
        is_worth_retrying: complete.is_err_and(|fault| !fault.is_final()),
    }
}

/// Reads the URIs of the wanted locations, and only as many pages as that takes.
async fn locations(
    service: &Service,
    arn: &Arn,
    wanted: [Option<&str>; 2],
    uris: &mut [Option<String>; 2],
) -> Result<(), Fault> {
    let mut pages = Pages::of("ListLocations");
    while wanted.iter().zip(&*uris).any(|(wanted, uri)| wanted.is_some() && uri.is_none()) {
        let token = pages.token();
        let (_, page) = service
            .send(LIST_LOCATIONS, &subject(arn), async move |client, capture| {
                let request = client.list_locations().max_results(100).set_next_token(token);
                request.customize().interceptor(capture).send().await
            })
            .await;
        let page = page?;
        for location in page.locations() {
            for (wanted, uri) in wanted.iter().zip(&mut *uris) {
                if wanted.is_some() && *wanted == location.location_arn() {
                    *uri = location.location_uri().map(str::to_owned);
                }
            }
        }
        if !pages.turn(page.next_token)? {
            break;
        }
    }
    Ok(())
}

/// The name in `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`.
fn log_group(arn: &str) -> String {
    let name = arn.split_once(":log-group:").map_or(arn, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::{
        scripted::{Reply, denied, page, plays},
        testing::{execution, service_at},
    };

    const SOURCE: &str = "arn:aws:datasync:us-east-1:111122223333:location/loc-1";
    const DESTINATION: &str = "arn:aws:datasync:us-east-1:111122223333:location/loc-2";

    fn described() -> Reply {
        Reply::ok(json!({
            "Name": "nightly",
            "SourceLocationArn": SOURCE,
            "DestinationLocationArn": DESTINATION,
            "CloudWatchLogGroupArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/datasync:*",
        }))
    }

    #[tokio::test]
    async fn facts_are_gathered_from_as_many_pages_as_it_takes() {
        let server = plays(|operation, seen| match operation {
            "DescribeTask" => described(),
            _ => {
                let one = |arn, uri| json!([{ "LocationArn": arn, "LocationUri": uri }]);
                let pages = [one(DESTINATION, "s3://to/"), one(SOURCE, "nfs://from/"), one("more", "s3://more/")];
                page(seen, "Locations", &pages)
            }
        })
        .await;
        let facts = super::facts(&service_at(&server.url()), &execution('1')).await;
        let expected = Task {
            name: Some("nightly".into()),
            source: Some("nfs://from/".into()),
            destination: Some("s3://to/".into()),
            log_group: Some("/aws/datasync".into()),
        };
        assert_eq!((facts.task, facts.is_worth_retrying), (expected, false));
        assert_eq!(server.counts()["ListLocations"], 2);
    }

    #[tokio::test]
    async fn facts_that_are_denied_are_done_without() {
        for (task, locations, name, again) in [
            ("no", "no", None, false),
            ("ok", "no", Some("nightly"), false),
            ("ok", "500", Some("nightly"), true),
            ("500", "no", None, true),
        ] {
            let server = plays(move |operation, _| match if operation == "DescribeTask" { task } else { locations } {
                "ok" => described(),
                "no" => denied(),
                _ => Reply::Error("InternalException", ""),
            })
            .await;
            let facts = super::facts(&service_at(&server.url()), &execution('1')).await;
            assert_eq!((facts.task.name.as_deref(), facts.task.source, facts.is_worth_retrying), (name, None, again));
        }
    }

    #[test]
    fn a_log_group_is_known_by_its_name() {
        assert_eq!(log_group("arn:aws:logs:us-east-1:111122223333:log-group:/aws/datasync:*"), "/aws/datasync");
        assert_eq!(log_group("arn:aws:logs:us-east-1:111122223333:log-group:a:b"), "a:b");
        assert_eq!(log_group("odd"), "odd");
    }
}
