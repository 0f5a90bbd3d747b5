//! Every command line in the examples for scheduled jobs does what it is there for.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use rstest::rstest;

use crate::support::{Import, Running};

const CRONTAB: &str = include_str!("../../examples/crontab");
const SERVICE: &str = include_str!("../../examples/guestlist.service");
const ACTIONS: &str = include_str!("../../examples/github-actions.yml");
const CRON_JOB: &str = include_str!("../../examples/kubernetes-cronjob.yaml");

/// Lines that say something.
fn lines(example: &str) -> impl Iterator<Item = &str> {
    example.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What is typed after `guestlist`.
fn commands(example: &str) -> Vec<String> {
    let typed = |line: &str| {
        let at = ["guestlist sync ", "guestlist refresh "].iter().find_map(|begin| line.find(begin))?;
        Some(line[at..].trim_start_matches("guestlist ").to_owned())
    };
    let typed: Vec<_> = lines(example).filter_map(typed).collect();
    if !typed.is_empty() {
        return typed;
    }
    // A list in YAML.
    let arguments = lines(example).skip_while(|line| *line != "args:").skip(1);
    let arguments = arguments.map_while(|line| line.strip_prefix("- "));
    vec![arguments.collect::<Vec<_>>().join(" ")]
}

/// Everything in one folder.
fn here(command: &str) -> String {
    let folders = [
        "/srv/event/",
        "/etc/guestlist/",
        "/var/log/guestlist/",
        "/var/lib/guestlist/",
        "/roster/",
        "${CREDENTIALS_DIRECTORY}/",
        "${LOGS_DIRECTORY}/",
        "${STATE_DIRECTORY}/",
    ];
    folders.iter().fold(command.to_owned(), |command, folder| command.replace(folder, ""))
}

#[rstest]
#[case::crontab(CRONTAB, 2)]
#[case::systemd(SERVICE, 1)]
#[case::github_actions(ACTIONS, 1)]
#[case::kubernetes(CRON_JOB, 1)]
fn every_command_in_an_example_works(#[case] example: &str, #[case] count: usize) {
    let import = Import::new().people(3);
    import.write("token", &import.server().settings().api_token);
    // So systemd shows a credential to a service with User=; nobody else hands one over like that.
    let mode = if example.contains("LoadCredential=") { 0o440 } else { 0o600 };
    std::fs::set_permissions(import.path("token"), Permissions::from_mode(mode)).unwrap();
    let commands = commands(example);
    assert_eq!(commands.len(), count, "{commands:?}");
    for typed in commands {
        let mut command = import.command(&here(&typed));
        command.env("GUESTLIST_JOURNAL", "j.db");
        if typed.contains("${CREDENTIALS_DIRECTORY}") {
            command.env("CREDENTIALS_DIRECTORY", import.path(""));
        }
        if typed.contains("--api-token-file") {
            command.env_remove("CLOUDFLARE_API_TOKEN");
        }
        Running::start(&import, command).end().exit(0);
    }
    import.assert_everyone_is_in_once();
}

/// What a job must not lack: where people go, the journal, patience, and a token that stands nowhere in it.
#[rstest]
#[case::crontab(CRONTAB)]
#[case::systemd(SERVICE)]
#[case::github_actions(ACTIONS)]
#[case::kubernetes(CRON_JOB)]
fn every_example_says_where_people_and_the_journal_are(#[case] example: &str) {
    let said: String = lines(example).map(|line| format!("{line}\n")).collect();
    for needed in [
        "CLOUDFLARE_ACCOUNT_ID",
        "REALTIMEKIT_APP_ID",
        "REALTIMEKIT_MEETING_ID",
        "GUESTLIST_JOURNAL",
        "--wait-lock",
        "--log-file",
    ] {
        assert!(said.contains(needed), "{needed} is missing");
    }
    assert!(!said.contains("CLOUDFLARE_API_TOKEN="), "a token is no setting of a job");
    assert!(said.contains("--api-token-file") || said.contains("CLOUDFLARE_API_TOKEN"), "there is no token");
}

#[test]
fn the_crontab_has_settings_and_five_fields_before_each_command() {
    for line in lines(CRONTAB) {
        let name = line.split('=').next().unwrap();
        if name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            continue;
        }
        let fields: Vec<_> = line.split(' ').collect();
        let ranges = [0..=59, 0..=23, 1..=31, 1..=12, 0..=7];
        for (field, range) in fields.iter().zip(ranges) {
            let holds = *field == "*" || field.parse().is_ok_and(|number: u8| range.contains(&number));
            assert!(holds, "{field} in {line}");
        }
        assert_eq!(fields[5], "guestlist", "{line}");
        assert!(!line.contains('%'), "cron takes a % for the end of the line: {line}");
    }
}
