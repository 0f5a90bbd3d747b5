//! What can be typed: defaults, refusals, and the help that people read.

use std::time::Duration;

use clap::CommandFactory;
use rstest::rstest;

use super::*;

fn parsed(typed: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(std::iter::once("guestlist").chain(typed.split_whitespace()))
}

fn import(typed: &str) -> ImportArgs {
    match parsed(&format!("import {typed}")).unwrap().command {
        Command::Import(args) => args.import,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_definition_holds_together() {
    Args::command().debug_assert();
}

/// A default of the parser's would win over the environment and the files.
#[test]
fn nothing_has_a_default_that_a_settings_file_may_set() {
    let import = import("roster.csv");
    let pace = &import.pace;
    let requests = &pace.requests;
    assert!(requests.rate.is_none() && requests.concurrency.is_none() && pace.settling.settle.is_none());
    assert!(requests.max_outage.is_none() && pace.uncertain.is_none());
    assert!(!pace.refresh_found && !pace.accept_differing);
    assert!(import.api.timeout.is_none() && import.api.connect_timeout.is_none());
    assert!(import.rows.on_invalid.is_none() && import.limit.is_none() && !import.dry_run);
    assert!(import.roster.default_name.is_none());
}

#[test]
fn everything_of_an_import_can_be_typed() {
    let args = import(
        "a.csv - --meeting m --preset p --default-name N --account-id a --app-id b --api-url u --journal j \
         --rate 1200/5m --concurrency 4 --timeout 30s --connect-timeout 5s --max-outage 1h --settle 0s \
         --uncertain hold --refresh-found --accept-differing --ca-file c --on-invalid skip --rejected r --dry-run --allow-network-journal \
         --limit 3 --export e --api-token-file - --new-id-source --allow-pii-ids --id-from first,last --map id=Ticket \
         --map name=Who --delimiter tab --preset-map VIP=a,*=b --profile x --config y --excel --preview 9 --report p.html \
         --json -v",
    );
    assert_eq!(args.rosters.rosters, [PathBuf::from("a.csv"), PathBuf::from("-")]);
    assert_eq!(args.roster.id_from.as_deref(), Some(&["first".to_owned(), "last".to_owned()][..]));
    assert_eq!(args.roster.mapping.len(), 2);
    assert_eq!(args.roster.delimiter, Some(Delimiter(b'\t')));
    assert_eq!(args.pace.settling.settle, Some(Duration::ZERO));
    assert_eq!(args.limit.map(Into::into), Some(3_u64));
    assert_eq!(
        (args.roster.excel, args.view.preview, args.view.report),
        (true, Some(9), Some("p.html".into()))
    );
}

#[rstest]
#[case::no_roster("import")]
#[case::no_command("")]
#[case::the_token_has_no_flag("import r.csv --api-token s3cret")]
#[case::no_one_at_once("import r.csv --concurrency 0")]
#[case::too_many_at_once("import r.csv --concurrency 5000")]
#[case::a_limit_of_nobody("import r.csv --limit 0")]
#[case::rate("import r.csv --rate fast")]
#[case::time_without_unit("import r.csv --timeout 60")]
#[case::unknown_field("import r.csv --map colour=Blue")]
#[case::quiet_and_verbose("import r.csv -q -v")]
#[case::check_has_no_journal("check r.csv --journal j")]
#[case::status_takes_nothing("status r.csv")]
#[case::export_without_output("export")]
#[case::journal_and_nothing("journal")]
#[case::two_journals("journal verify a b")]
#[case::a_look_needs_no_network("journal verify --allow-network-journal a")]
#[case::undo_nothing("undo")]
#[case::undo_run_zero("undo --run 0")]
#[case::dedupe_whom("dedupe")]
#[case::all_and_some("refresh --all --expiring-within 1h")]
#[case::a_day_is_no_time("status --event-start 2026-11-28")]
#[case::config_alone("config")]
#[case::no_files_and_a_file("check r.csv --no-config --config c")]
#[case::no_files_and_a_profile("check r.csv --no-config --profile p")]
#[case::no_preset_map("check r.csv --preset-map VIP")]
#[case::more_of_a_preview_than_is_read("check r.csv --preview 101")]
#[case::a_report_is_a_file("check r.csv --report -")]
#[case::metrics_that_nobody_reads("refresh --metrics-file list.csv")]
#[case::a_saved_plan_has_been_looked_at("sync r.csv --plan p --dry-run")]
#[case::a_plan_holds_no_lock("plan r.csv --wait-lock 5m")]
#[case::unknown_shell("completions tcsh")]
#[case::a_probe_needs_a_meeting_of_its_own("probe")]
#[case::too_few_for_a_list("probe --scratch-meeting m --participants 2")]
#[cfg_attr(feature = "sandbox", case::fault_without_sandbox("import r.csv --sandbox-fault 500=1"))]
#[cfg_attr(feature = "sandbox", case::unknown_fault("sandbox --fault nonsense=1"))]
fn what_makes_no_sense_is_refused(#[case] typed: &str) {
    let error = parsed(typed).unwrap_err();
    assert!(error.use_stderr() && error.exit_code() == 2, "{error}");
    assert!(!error.to_string().contains("s3cret"));
}

#[cfg(feature = "sandbox")]
#[rstest]
#[case("guestlist")]
#[case("import")]
#[case("check")]
#[case("plan")]
#[case("sync")]
#[case("refresh")]
#[case("verify")]
#[case("dedupe")]
#[case("undo")]
#[case("status")]
#[case("export")]
#[case("journal")]
#[case("journal verify")]
#[case("journal purge-tokens")]
#[case("probe")]
#[case("config")]
#[case("config show")]
#[case("sandbox")]
fn help_reads_like_this(#[case] name: &str) {
    let mut command = Args::command().term_width(100);
    command.build();
    let words = name.split(' ').filter(|word| *word != "guestlist");
    let command = words.fold(&mut command, |command, word| command.find_subcommand_mut(word).unwrap());
    insta::assert_snapshot!(
        format!("help_{}", name.replace(' ', "_")),
        command.render_long_help().to_string()
    );
}
