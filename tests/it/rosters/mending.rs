//! Mending: what was wrong is written down, put right as people do, and imported by the same command.

use std::io::Write;
use std::process::Command;

use rstest::rstest;

use super::installed;
use crate::support::Import;

/// The rejected rows as a person sees them, and writes them back.
struct Sheet {
    delimiter: u8,
    marked: bool,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn open(import: &Import, file: &str, delimiter: u8) -> Self {
        let text = import.text(file);
        let unmarked = text.strip_prefix('\u{feff}');
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).delimiter(delimiter).flexible(true);
        let rows = reader.from_reader(unmarked.unwrap_or(&text).as_bytes()).into_records();
        let rows = rows.map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { delimiter, marked: unmarked.is_some(), rows }
    }

    fn column(&self, name: &str) -> usize {
        self.rows[0].iter().position(|column| column == name).unwrap()
    }

    /// In every row whose `of` says `when`, `column` says `now`.
    fn mend(&mut self, (of, when): (&str, &str), column: &str, now: &str) {
        let (of, column) = (self.column(of), self.column(column));
        let row = self.rows.iter_mut().find(|row| row[of] == when).unwrap_or_else(|| panic!("no {when}"));
        now.clone_into(&mut row[column]);
    }

    fn save(&self, import: &Import, file: &str) {
        let mut writer =
            csv::WriterBuilder::new().delimiter(self.delimiter).flexible(true).from_writer(Vec::new());
        self.rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let mark = if self.marked { "\u{feff}" } else { "" };
        import.write(file, [mark.as_bytes(), &writer.into_inner().unwrap()].concat());
    }
}

/// `id name` of everybody in the meeting.
fn held(import: &Import) -> Vec<String> {
    let one = |one: &serde_json::Value| {
        format!("{} {}", one["custom_participant_id"].as_str().unwrap(), one["name"].as_str().unwrap())
    };
    let mut held: Vec<_> = import.server().participants().iter().map(one).collect();
    held.sort();
    held
}

const LIST: &str = "Order No;Name;Preset;Note;error\n\
    a;Ann;webinar_viewer;fine;mine\n\
    b@example.com;\"Béa; \"\"B\"\"\";webinar_viewer;=1+1;-2\n\
    ;'=Cy;webinar_viewer;\"two\nlines\";own\n\
    d;Dan;hots;+49 30;\n";

/// The same command, only the file's name has changed: everybody is in once, with every cell as it was.
#[rstest]
#[case::semicolons(b';', "", b';')]
#[case::commas(b',', "", b',')]
#[case::tabs(b'\t', "", b'\t')]
#[case::bars(b'|', "--delimiter |", b'|')]
#[case::for_excel(b',', "--excel", b';')]
fn a_mended_file_is_imported_by_the_same_command(
    #[case] delimiter: u8,
    #[case] flags: &str,
    #[case] rejected: u8,
) {
    let mut original = Sheet::open(&Import::new().roster(LIST), "list.csv", b';');
    original.delimiter = delimiter;
    let import = Import::new();
    original.save(&import, "list.csv");
    let import =
        import.flags("--on-invalid skip --rejected mend.csv").flags("--map").flag("id=Order No").flags(flags);
    import.run().exit(4).added(1).invalid(3);
    assert_eq!(import.mode("mend.csv"), 0o600);
    let mut sheet = Sheet::open(&import, "mend.csv", rejected);
    assert!(sheet.marked, "é");
    assert_eq!(sheet.rows[0], ["Order No", "Name", "Preset", "Note", "error", "guestlist error"]);
    sheet.mend(("Order No", "b@example.com"), "Order No", "b");
    sheet.mend(("Name", "'=Cy"), "Order No", "c");
    sheet.mend(("Name", "Dan"), "Preset", "webinar_viewer");
    sheet.save(&import, "list.csv");
    import.run().exit(0).added(3).invalid(0);
    assert_eq!(held(&import), ["a Ann", "b Béa; \"B\"", "c =Cy", "d Dan"]);
    assert_eq!(import.server().most_posts(), 1);
    let exported = import.tell("export --output - --journal j.db --format jsonl").exit(0).stdout;
    for kept in
        ["\"Note\":\"=1+1\",\"error\":\"-2\"", "two\\nlines", "\"Note\":\"+49 30\"", "\"error\":\"own\""]
    {
        assert!(exported.contains(kept), "{kept} isn't in {exported}");
    }
    assert!(!exported.contains("guestlist error"), "{exported}");
}

/// What a roster needed to be read, its rejected file needs as well, and no more.
#[rstest]
#[case::derived_ids(
    "E-Mail,Name,Role\nann@example.com,Ann,hots\n,Bo,webinar_viewer\ncy@example.com,Cy,webinar_viewer\n",
    "--id-from e-mail"
)]
#[case::derived_of_two(
    "Name,Firm,Role\nAnn,'=A,hots\nCy,\"x,y\",webinar_viewer\n",
    "--id-from Name,Firm --map preset=Role"
)]
#[case::preset_for_all("No,Name,Photo\n1,Ann,x.png\n2,Cy,\n", "--map id=No --preset webinar_viewer")]
#[case::name_for_all("id,Role\n1,hots\n2,webinar_viewer\n", "--default-name Ann")]
#[case::blank_lines_first("\n\n\nid,Name,Role\n1,Ann,hots\n2,Cy,webinar_viewer\n", "")]
#[case::blank_and_repeated_columns("id,Name,,,Role,Name\n1,Ann,x,y,hots,z\n2,Cy,,,webinar_viewer,\n", "")]
#[case::personal_ids("id,Name,Role\nann@example.com,Ann,hots\n2,Cy,webinar_viewer\n", "--allow-pii-ids")]
#[case::no_header("1,Ann,hots\n2,Cy,webinar_viewer\n", "--no-header --columns id,name,preset")]
#[case::header_by_line("id,is\nhere\nid,Name,Role\n1,Ann,hots\n2,Cy,webinar_viewer\n", "--header-line 3")]
#[case::lines_before_and_after(
    "Our list\n\nid,Name,Role\n1,Ann,hots\n2,Cy,webinar_viewer\nend\n",
    "--last-line 5"
)]
#[case::title_before(
    "2. Participants\nName,First Join,Last Leave,In-Meeting Duration,Email,Participant ID (UPN),Role\n\
     Ann,,,,,,hots\nCy,,,,,,webinar_viewer\n",
    "--id-from Name --map preset=Role"
)]
#[case::status(
    "id,Name,Status,Role\n1,Ann,yes,hots\n2,Cy,yes,webinar_viewer\n3,Di,no,hots\n",
    "--status yes"
)]
#[case::json_lines(
    "{\"id\":1,\"name\":\"Ann\",\"preset\":\"hots\",\"n\":1.50}\n{\"id\":2,\"preset\":\"webinar_viewer\",\"error\":[7]}\n",
    "--map name=name"
)]
fn the_flags_stay_the_same(#[case] roster: &str, #[case] flags: &str) {
    let import = Import::new().roster(roster).flags("--on-invalid skip --rejected mend.csv").flags(flags);
    import.run().exit(4).added(1);
    let mended =
        import.text("mend.csv").replace("hots,", "webinar_viewer,").replace("\"hots\"", "\"webinar_viewer\"");
    import.write("list.csv", mended.replace(",x.png,", ",,").replace("\n,Bo,", "\nbo@example.com,Bo,"));
    let ran = import.run().exit(0).invalid(0);
    let added = ran.summary()["added"].as_u64().unwrap();
    assert!(added > 0);
    let names = held(&import);
    assert_eq!(names.len() as u64, 1 + added, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with(" Ann")), "{names:?}");
    // The whole list, put right as well, names the same people.
    let whole = roster
        .replace("hots", "webinar_viewer")
        .replace("x.png", "")
        .replace("\n,Bo,", "\nbo@example.com,Bo,");
    import.write("list.csv", whole);
    import.run().exit(0).added(0).present(1 + added);
    assert_eq!(import.server().most_posts(), 1);
}

/// What was said of a workbook doesn't keep its rejected file, which is CSV, from being read.
#[rstest]
#[case("--sheet quirks")]
#[case("--format xlsx")]
#[case("--sheet 1 --format xlsx")]
fn the_flags_of_a_workbook_stay_the_same(#[case] flags: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rosters");
    let import = Import::new().roster(std::fs::read(folder.join("quirks.xlsx")).unwrap());
    let flags =
        format!("--preset webinar_viewer --on-invalid skip {}", flags.replace("quirks", &sheet_of(&import)));
    import.run_with(&format!("{flags} --rejected mend.csv")).exit(4).added(4).invalid(8);
    import.write("list.csv", import.text("mend.csv").replace("\n,Eve", "\neve,Eve"));
    import.run_with(&flags).exit(4);
    assert_eq!(import.server().posts("eve"), 1);
}

/// The name of the sheet that is taken.
fn sheet_of(import: &Import) -> String {
    let ran = import.tell("check list.csv --preset webinar_viewer --json");
    ran.lines_of("roster")[0]["sheet"].as_str().unwrap().to_owned()
}

/// Half mended: what is still wrong is in the next rejected file, with its newest reason alone.
#[test]
fn a_file_is_mended_in_rounds() {
    let import = Import::new().roster("id,name,preset\n,Ann,hots\n,Bo,webinar_viewer\n");
    let import = import.flags("--on-invalid skip --rejected mend.csv");
    import.run().exit(4).added(0).invalid(2);
    let mut sheet = Sheet::open(&import, "mend.csv", b',');
    sheet.mend(("name", "Ann"), "id", "a");
    sheet.mend(("name", "Bo"), "id", "b");
    sheet.save(&import, "list.csv");
    import.run().exit(4).added(1).invalid(1);
    let mut sheet = Sheet::open(&import, "mend.csv", b',');
    assert_eq!(sheet.rows.len(), 2);
    let reason = &sheet.rows[1][sheet.column("guestlist error")];
    assert!(reason.contains("no such preset") && !reason.contains("no id"), "{reason}");
    sheet.mend(("name", "Ann"), "preset", "webinar_viewer");
    sheet.save(&import, "list.csv");
    import.run().exit(0).added(1);
    assert_eq!(held(&import), ["a Ann", "b Bo"]);
}

/// A compressed roster's rows are mended as text.
#[test]
fn a_gzipped_rosters_rows_are_plain() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all("id,name,preset\na,Ann,webinar_viewer\nb,Bo,hots\n".as_bytes()).unwrap();
    let import = Import::new().roster(gzip.finish().unwrap()).flags("--on-invalid skip --rejected mend.csv");
    import.run().exit(4).added(1);
    import.write("list.csv", import.text("mend.csv").replace("hots", "webinar_viewer"));
    import.run().exit(0).added(1);
    assert_eq!(held(&import), ["a Ann", "b Bo"]);
}

/// A spreadsheet opens the file and saves it, with all that it does to cells on the way.
#[rstest]
#[case::as_read("", 44)]
#[case::for_excel("--excel", 59)]
fn a_spreadsheet_saves_what_it_was_given(#[case] flags: &str, #[case] delimiter: u8) {
    let Some(soffice) = installed("soffice", "a rejected file in a spreadsheet") else { return };
    let import = Import::new().roster(
        "id,name,preset,note\n\
         a,Ann,webinar_viewer,\n\
         guest-2,\"Zoé, \"\"Z\"\"\",hots,=1+1\n\
         '=3,'+Cy,hots,\"two\nlines\"\n\
         0042,Dee,hots,-7\n\
         12345678901234567,Eve,hots,@x\n",
    );
    let import = import.flags("--on-invalid skip --rejected mend.csv").flags(flags);
    import.run().exit(4).added(1).invalid(4);
    let text = import.text("mend.csv");
    let of_errors = text.matches("\"\"hots\"\"").count();
    assert_eq!(of_errors, 4, "{text}");
    import.write("mend.csv", text.replace("hots", "webinar_viewer"));
    let how = format!("Text - txt - csv (StarCalc):{delimiter},34,76,1");
    let mut command = Command::new(soffice);
    command.arg(format!("-env:UserInstallation=file://{}", import.path("office").display()));
    command.args(["--headless", &format!("--infilter={how}"), "--convert-to", &format!("csv:{how}")]);
    let output =
        command.arg("--outdir").arg(import.path("saved")).arg(import.path("mend.csv")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    import.write("list.csv", import.read("saved/mend.csv"));
    import.run().exit(0).added(4);
    assert_eq!(held(&import), ["0042 Dee", "12345678901234567 Eve", "=3 +Cy", "a Ann", "guest-2 Zoé, \"Z\""]);
}

/// An export for Excel is the export, and a roster again.
#[test]
fn an_export_for_excel_can_be_opened_and_read_again() {
    let import = Import::new().roster("id,name,preset\na,Zoé,webinar_viewer\nb,Bo,webinar_viewer\n");
    import.run_with("--export t.csv --excel").exit(0).added(2);
    import.tell("export --journal j.db --output u.csv --excel").exit(0);
    let (by_import, by_export) = (import.text("t.csv"), import.text("u.csv"));
    assert_eq!(by_import, by_export);
    assert!(by_import.starts_with("\u{feff}custom_participant_id;name;preset_name;"), "{by_import}");
    let sheet = Sheet::open(&import, "t.csv", b';');
    assert_eq!(sheet.rows[1][..2], ["a", "Zoé"]);
    import.write("list.csv", by_import);
    import.run().exit(0).added(0).present(2);
}
