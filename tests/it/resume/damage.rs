//! J09: a journal that the disk, or somebody, has damaged. It may be refused, it may go on; nobody is ever in twice.

use rstest::rstest;

use crate::support::Import;

/// So many are in before the damage, the others are planned.
const IN: usize = 15;
const PEOPLE: usize = 30;

/// A journal as the API's refusal of the token leaves it.
fn template() -> Vec<u8> {
    let import = Import::new().people(PEOPLE).fault(&format!("unauthorized=#{}", IN + 1));
    import.run_with("--concurrency 1").exit(5).added(IN as u64);
    import.read("j.db")
}

/// The same roster and a server that holds the same people, with the journal as it was damaged.
fn damaged(journal: &[u8], damage: impl FnOnce(&mut Vec<u8>)) -> Import {
    let import = Import::new().people(PEOPLE);
    for number in 0..IN {
        import.server().add(
            &format!("guest-{number:04}"),
            &format!("Guest {number}"),
            "group_call_participant",
        );
    }
    import.write("j.db", journal);
    let url = import.server().api_url();
    let bound = rusqlite::Connection::open(import.path("j.db")).unwrap();
    bound.execute("UPDATE journal SET api_origin = ?1", [url.trim_end_matches("/client/v4")]).unwrap();
    drop(bound);
    let mut bytes = import.read("j.db");
    damage(&mut bytes);
    write_as_ours(&import, &bytes);
    import
}

fn write_as_ours(import: &Import, journal: &[u8]) {
    import.write("j.db", journal);
    std::fs::set_permissions(import.path("j.db"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
}

/// Runs it; if it is refused, it is moved away, as the message says. Whether it was refused.
#[track_caller]
fn resume(import: &Import) -> bool {
    let ran = import.run();
    import.assert_nobody_is_in_twice();
    match ran.code() {
        0 => {
            import.assert_everyone_is_in_once();
            false
        }
        // Damage that spares the tables: who was in has lost a token, say.
        4 => false,
        // The damage is told, or that it is no journal any more, or a newer one; and what to do.
        2 | 5 => {
            assert!(ran.stderr.contains("journal"), "{}", ran.stderr);
            import.lose_journal();
            assert!([0, 4].contains(&import.run().code()));
            import.assert_everyone_is_in_once();
            true
        }
        other => panic!("exit {other}: {}", ran.stderr),
    }
}

/// Any bit of any page.
#[rstest]
fn j09_a_flipped_bit_adds_nobody_twice(#[values(1, 2)] seed: u64) {
    let journal = template();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..12 {
        // Some pages at once, so that used ones are among them.
        let flips: Vec<_> = (0..6).map(|_| (random.usize(100..journal.len()), random.u8(0..8))).collect();
        let import = damaged(&journal, |bytes| flips.iter().for_each(|(at, bit)| bytes[*at] ^= 1 << bit));
        resume(&import);
    }
}

/// The bits that hurt most: they turn a planned person's id into the next one's, in the table or in the index.
#[test]
fn j09_an_id_that_became_another_ones_adds_nobody_twice() {
    let journal = template();
    let id = b"guest-0020";
    let places: Vec<_> = (0..journal.len() - id.len()).filter(|at| journal[*at..].starts_with(id)).collect();
    assert!(places.len() >= 2, "in the table and in the index");
    for place in places {
        let import = damaged(&journal, |bytes| bytes[place + id.len() - 1] ^= 1);
        assert!(resume(&import), "the bit at {place} wasn't noticed");
    }
}

/// What the header says of whose it is, of its version, its pages.
#[rstest]
#[case::magic(0)]
#[case::page_size(16)]
#[case::file_format(18)]
#[case::schema_cookie(43)]
#[case::version(63)]
#[case::text_encoding(59)]
#[case::whose_it_is(71)]
fn j09_a_flipped_bit_in_the_header(#[case] at: usize) {
    let journal = template();
    for bit in [0, 1, 3] {
        resume(&damaged(&journal, |bytes| bytes[at] ^= 1 << bit));
    }
}

/// Pages at the end are gone, or are empty.
#[rstest]
#[case::cut(|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2))]
#[case::zeros(|bytes: &mut Vec<u8>| { let half = bytes.len() / 2; bytes[half..].fill(0) })]
fn j09_half_a_journal_is_refused(#[case] damage: fn(&mut Vec<u8>)) {
    assert!(resume(&damaged(&template(), damage)));
}

/// So is the -wal of a run that was killed: closing doesn't write it into a damaged journal.
#[test]
fn j09_a_damaged_journal_and_its_wal_are_left_as_they_are() {
    let import = Import::new().people(PEOPLE).fault(&format!("hang=#{}", IN + 5));
    import.run_with(&format!("--limit {IN}")).exit(0);
    let mut running = import.spawn_with("--concurrency 1");
    running.until("one hangs", |stats| stats.adds_received as usize == IN + 5);
    running.kill();
    let half = import.read("j.db").len() / 2;
    write_as_ours(&import, &import.read("j.db")[..half]);
    let before = (import.read("j.db"), import.read("j.db-wal"));
    import.run().exit(5).says("is damaged");
    assert!((import.read("j.db"), import.read("j.db-wal")) == before);
    import.assert_nobody_is_in_twice();
}

/// What is refused is left as it is, for whoever wants to save what can be saved.
#[test]
fn j09_a_damaged_journal_is_left_as_it_is() {
    let import = damaged(&template(), |bytes| bytes.truncate(bytes.len() / 2));
    let before = import.read("j.db");
    import.run().exit(5).says("restore it from a backup");
    import.tell("journal verify j.db").exit(4).says("can't be trusted");
    assert!(import.read("j.db") == before);
    assert_eq!(import.server().stats().adds_received as usize, IN);
}
