//! Which execution or task is meant: an ARN, or the address of its page in the AWS console.

use std::fmt;

/// An example for messages: what an execution's ARN looks like.
pub const EXAMPLE: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

/// What an execution without an ARN is called.
const UNNAMED: &str = "unnamed";

/// A DataSync task, or one execution of it, in one region of one account.
///
/// Follows the `TaskArn` and `TaskExecutionArn` of
/// <https://docs.aws.amazon.com/datasync/latest/userguide/API_DescribeTaskExecution.html>.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// `us-east-1`, …
    pub region: String,
    /// Twelve digits; empty where a console address did not say it.
    pub account: String,
    /// `task-` and 17 hexadecimal digits.
    pub task: String,
    /// `exec-` and 17 hexadecimal digits; `None` for a task.
    pub execution: Option<String>,
}

/// Why a text names no transfer. Its `Display` is one sentence for the user, with an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArnError {
    given: String,
    wrong: String,
}

impl fmt::Display for ArnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' {}; give an execution's ARN such as {EXAMPLE}, a task's ARN, or the address of its page in the AWS console",
            self.given, self.wrong
        )
    }
}

impl std::error::Error for ArnError {}

impl Arn {
    /// Reads an execution ARN, a task ARN, or a console URL of either.
    ///
    /// # Errors
    /// One sentence that says what was wrong with the text.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        Self::parse_in(text, None)
    }

    /// The same, where a console URL that does not say its region means this one.
    ///
    /// # Errors
    /// As [`Arn::parse`].
    pub fn parse_in(text: &str, region: Option<&str>) -> Result<Self, ArnError> {
        let text = text.trim();
        let parsed = if text.starts_with("https://") || text.starts_with("http://") {
            Self::from_console(text, region)
        } else {
            Self::from_arn(text)
        };
        parsed.map_err(|wrong| ArnError { given: shortened(text), wrong })
    }

    fn from_arn(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty".into());
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = parts[..] else {
            return Err(match text {
                _ if text.starts_with("exec-") || text.starts_with("task-") => {
                    "is an id alone, without its region and account".into()
                }
                _ if text.starts_with("arn:") => "is an ARN that was cut short".into(),
                _ => "is neither an ARN nor a console address".into(),
            });
        };
        if arn != "arn" {
            return Err("is neither an ARN nor a console address".into());
        }
        if service != "datasync" {
            return Err(format!("belongs to the service '{}', not to datasync", shortened(service)));
        }
        if !partition.starts_with("aws") || !is_name(partition) {
            return Err(format!(
                "has '{}' for a partition, not aws, aws-cn, aws-us-gov or one like them",
                shortened(partition)
            ));
        }
        if !is_name(region) {
            return Err(format!("has '{}' for a region", shortened(region)));
        }
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("has '{}' for an account, which is not twelve digits", shortened(account)));
        }
        let (task, execution) = match resource.split('/').collect::<Vec<_>>()[..] {
            ["task", task] => (task, None),
            ["task", task, "execution", execution] => (task, Some(execution)),
            [kind, ..] if kind != "task" => {
                return Err(format!("names a {}, not a task or an execution", shortened(kind)));
            }
            _ => return Err("is not of the form task/task-…/execution/exec-…".into()),
        };
        let task = id(task, "task-")?;
        let execution = execution.map(|execution| id(execution, "exec-")).transpose()?;
        Ok(Self { partition: partition.into(), region: region.into(), account: account.into(), task, execution })
    }

    /// The console says the region in its host or its query, and task and execution in its fragment, as
    /// `#/tasks/task-…` and `#/history/task-…/exec-…`.
    fn from_console(text: &str, region: Option<&str>) -> Result<Self, String> {
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(host_end);
        let host = host.split(':').next().unwrap_or_default();
        let partition = match host {
            _ if is_below(host, "aws.amazon.com") => "aws",
            _ if is_below(host, "amazonaws.cn") => "aws-cn",
            _ if is_below(host, "amazonaws-us-gov.com") => "aws-us-gov",
            _ if is_below(host, "amazonaws.eu") || is_below(host, "amazonaws-eusc.eu") => "aws-eusc",
            _ => return Err("is not an address of the AWS console".into()),
        };
        if !path.starts_with("/datasync") {
            return Err("is not a page of DataSync in the AWS console".into());
        }
        let words = || path.split(['/', '?', '#', '&', '=']).filter(|word| !word.is_empty());
        let in_query = path.split(['?', '&', '#']).find_map(|pair| pair.strip_prefix("region="));
        let in_host = host.split('.').find(|label| is_region(label));
        let region = in_query.or(in_host).or(region).ok_or("does not say its region, and --region does not either")?;
        if !is_region(region) {
            return Err(format!("has '{}' for a region", shortened(region)));
        }
        let task = words().find(|word| word.starts_with("task-")).ok_or("names no task")?;
        let execution = words().find(|word| word.starts_with("exec-")).map(|word| id(word, "exec-")).transpose()?;
        Ok(Self {
            partition: partition.into(),
            region: region.into(),
            account: String::new(),
            task: id(task, "task-")?,
            execution,
        })
    }

    /// Stands for the execution of responses that do not say their `TaskExecutionArn`.
    pub fn unnamed() -> Self {
        let none = String::new;
        Self { partition: none(), region: none(), account: none(), task: none(), execution: None }
    }

    /// Whether it stands for an execution that no response names.
    pub fn is_unnamed(&self) -> bool {
        self.task.is_empty()
    }

    /// The ARN of the task, whichever of the two this is.
    pub fn task_arn(&self) -> String {
        format!("arn:{}:datasync:{}:{}:task/{}", self.partition, self.region, self.account, self.task)
    }

    /// The same task and region with this execution's id.
    pub fn with_execution(&self, execution: &str) -> Self {
        Self { execution: Some(execution.into()), ..self.clone() }
    }

    /// Whether `other` is this one, or is an execution of this task, as far as this one says.
    pub fn covers(&self, other: &Self) -> bool {
        self.partition == other.partition
            && self.region == other.region
            && self.task == other.task
            && (self.account.is_empty() || self.account == other.account)
            && (self.execution.is_none() || self.execution == other.execution)
    }

    /// The shortest name that is still its own: the execution's id, the task's, or `unnamed`.
    pub fn id(&self) -> &str {
        if self.is_unnamed() { UNNAMED } else { self.execution.as_deref().unwrap_or(&self.task) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unnamed() {
            return f.write_str(UNNAMED);
        }
        f.write_str(&self.task_arn())?;
        match &self.execution {
            Some(execution) => write!(f, "/execution/{execution}"),
            None => Ok(()),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `us-east-1`, `us-gov-west-1`, `us-isob-east-1`: words, and a number at the end.
fn is_region(text: &str) -> bool {
    let last = text.rsplit('-').next().unwrap_or_default();
    is_name(text) && text.matches('-').count() >= 2 && !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn id(text: &str, prefix: &str) -> Result<String, String> {
    let hex = text.strip_prefix(prefix).unwrap_or_default();
    if hex.len() == 17 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        Ok(text.into())
    } else {
        Err(format!("has '{}' where {prefix} and 17 hexadecimal digits belong", shortened(text)))
    }
}

/// Long or unprintable input in a message helps nobody.
fn shortened(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    match clean.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0";

    #[test]
    fn arns_of_every_partition_read_and_print_the_same() {
        for (partition, region) in [
            ("aws", "us-east-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
            ("aws-eusc", "eusc-de-east-1"),
            ("aws-iso", "us-iso-east-1"),
            ("aws-iso-b", "us-isob-east-1"),
        ] {
            let task = format!("arn:{partition}:datasync:{region}:111122223333:task/task-0123456789abcdef0");
            let execution = format!("{task}/execution/exec-0123456789abcdef0");
            for text in [&task, &execution] {
                let arn = Arn::parse(text).unwrap();
                assert_eq!(arn.to_string(), *text);
                assert_eq!(arn.region, region);
                assert_eq!(arn.task_arn(), task);
            }
        }
    }

    #[test]
    fn console_addresses_say_region_task_and_execution() {
        let table = [
            (
                "https://us-east-1.console.aws.amazon.com/datasync/home?region=us-east-1#/history/task-0123456789abcdef0/exec-0fedcba9876543210",
                ("aws", "us-east-1", Some("exec-0fedcba9876543210")),
            ),
            (
                "https://console.aws.amazon.com/datasync/home?region=eu-west-2#/tasks/task-0123456789abcdef0",
                ("aws", "eu-west-2", None),
            ),
            (
                "https://eu-west-2.console.aws.amazon.com/datasync/home#/tasks/task-0123456789abcdef0",
                ("aws", "eu-west-2", None),
            ),
            (
                "https://console.amazonaws.cn/datasync/home?region=cn-north-1#/tasks/task-0123456789abcdef0?tab=history",
                ("aws-cn", "cn-north-1", None),
            ),
            (
                "https://us-gov-west-1.console.amazonaws-us-gov.com/datasync/home?region=us-gov-west-1#/tasks/task-0123456789abcdef0",
                ("aws-us-gov", "us-gov-west-1", None),
            ),
            (
                "https://111122223333-abcdefgh.us-east-1.console.aws.amazon.com/datasync/home?region=us-east-1#/history/task-0123456789abcdef0/exec-0fedcba9876543210",
                ("aws", "us-east-1", Some("exec-0fedcba9876543210")),
            ),
        ];
        for (url, (partition, region, execution)) in table {
            let arn = Arn::parse(url).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                (&*arn.partition, &*arn.region, arn.execution.as_deref()),
                (partition, region, execution),
                "{url}"
            );
            assert_eq!(arn.task, "task-0123456789abcdef0");
        }
    }

    #[test]
    fn a_region_beside_helps_only_where_none_is_said() {
        let silent = "https://console.aws.amazon.com/datasync/home#/tasks/task-0123456789abcdef0";
        assert_eq!(Arn::parse_in(silent, Some("eu-west-2")).unwrap().region, "eu-west-2");
        assert_eq!(Arn::parse_in(TASK, Some("eu-west-2")).unwrap().region, "us-east-1");
    }

    #[test]
    fn what_is_wrong_is_said_with_an_example() {
        for (text, says) in [
            ("", "is empty"),
            ("hello", "neither an ARN nor a console address"),
            ("exec-0123456789abcdef0", "an id alone"),
            ("arn:aws:datasync", "cut short"),
            ("arn:aws:s3:us-east-1:111122223333:bucket/b", "service 's3'"),
            ("arn:aws:datasync:us-east-1:11112222333:task/task-0123456789abcdef0", "not twelve digits"),
            ("arn:aws:datasync:us-east-1:111122223333:location/loc-0123456789abcdef0", "names a location"),
            ("arn:aws:datasync:us-east-1:111122223333:task/task-0123", "17 hexadecimal digits"),
            ("arn:aws:datasync::111122223333:task/task-0123456789abcdef0", "for a region"),
            ("arn:azure:datasync:us-east-1:111122223333:task/task-0123456789abcdef0", "partition"),
            (
                "https://example.com/datasync/home?region=us-east-1#/tasks/task-0123456789abcdef0",
                "not an address of the AWS console",
            ),
            ("https://evilaws.amazon.com.example/datasync", "not an address of the AWS console"),
            ("https://console.aws.amazon.com/s3/home?region=us-east-1", "not a page of DataSync"),
            ("https://console.aws.amazon.com/datasync/home#/tasks/task-0123456789abcdef0", "does not say its region"),
            ("https://console.aws.amazon.com/datasync/home?region=us-east-1#/tasks", "names no task"),
        ] {
            let message = Arn::parse(text).expect_err(text).to_string();
            assert!(message.contains(says), "{text}: {message}");
            assert!(message.contains(EXAMPLE) && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn a_message_carries_no_control_characters() {
        let message = Arn::parse("\u{1b}[31mred\u{7}").unwrap_err().to_string();
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }

    #[test]
    fn what_has_no_arn_is_called_unnamed_and_covers_nothing_else() {
        let unnamed = Arn::unnamed();
        assert_eq!((unnamed.to_string().as_str(), unnamed.id()), ("unnamed", "unnamed"));
        let task = Arn::parse(TASK).unwrap();
        assert!(unnamed.covers(&unnamed) && !unnamed.covers(&task) && !task.covers(&unnamed));
        assert!(unnamed.is_unnamed() && !task.is_unnamed());
    }

    #[test]
    fn a_task_covers_its_executions() {
        let task = Arn::parse(TASK).unwrap();
        let execution = task.with_execution("exec-0123456789abcdef0");
        let anonymous = Arn { account: String::new(), ..task.clone() };
        assert!(task.covers(&execution) && anonymous.covers(&execution) && execution.covers(&execution));
        assert!(!execution.covers(&task));
        assert!(!execution.covers(&task.with_execution("exec-00000000000000000")));
        assert!(!task.covers(&Arn { region: "us-east-2".into(), ..execution }));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = Arn::parse(&text);
        }

        #[test]
        fn what_is_read_prints_the_same(region in "[a-z]{2}-[a-z]{4,9}-[1-9]", account in "[0-9]{12}", task in "[0-9a-f]{17}", execution in "[0-9a-f]{17}") {
            let text = format!("arn:aws:datasync:{region}:{account}:task/task-{task}/execution/exec-{execution}");
            proptest::prop_assert_eq!(Arn::parse(&text).unwrap().to_string(), text);
        }
    }
}
