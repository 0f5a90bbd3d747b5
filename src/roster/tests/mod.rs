//! The roster module as its callers see it: bytes in, participants and problems out.

mod checking;
mod hostile;
mod presets;
mod reading;
mod rejecting;
mod workbooks;

use std::io::Write;

use super::*;
use crate::model::MeetingId;

pub(super) const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
pub(super) const CLOSED: &str = "00000000-0000-4000-8000-00000000c105";
pub(super) const GONE: &str = "00000000-0000-4000-8000-000000000904";

/// An app with two presets and one inactive meeting.
pub(super) struct App;

impl Directory for App {
    fn preset(&mut self, name: &str) -> PresetStanding {
        let known = ["host", "guest"];
        match known.contains(&name) {
            true => PresetStanding::Known,
            false => PresetStanding::Unknown { did_you_mean: near_miss(name, known).map(str::to_owned) },
        }
    }

    fn meeting(&mut self, id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
        match id.to_string().as_str() {
            CLOSED => Ok(MeetingStanding::Inactive),
            GONE => Ok(MeetingStanding::Unknown),
            _ => Ok(MeetingStanding::Active),
        }
    }
}

pub(super) fn options() -> ReadOptions {
    let default_meeting = DefaultMeeting::Given(MEETING.parse().expect("a UUID"));
    ReadOptions {
        default_meeting,
        default_preset: Some("guest".into()),
        records: Records::Keep,
        ..Default::default()
    }
}

pub(super) fn source(name: &str, text: impl AsRef<[u8]>) -> RosterSource {
    RosterSource::spool(name, text.as_ref(), Caps::default()).expect("a source")
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// All that a roster gives.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<RosterRow>,
    pub(super) rejected: Vec<RejectedRow>,
    pub(super) left_out: u64,
    pub(super) decisions: Option<Decisions>,
    pub(super) extra_columns: Vec<String>,
}

impl Outcome {
    pub(super) fn ids(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.participant.key.custom_participant_id.as_str()).collect()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.participant.name.as_str()).collect()
    }

    pub(super) fn messages(&self) -> Vec<String> {
        self.rejected.iter().flat_map(|row| &row.errors).map(ToString::to_string).collect()
    }

    /// Line and code of each problem.
    pub(super) fn problems(&self) -> Vec<(u64, &'static str)> {
        let errors = self.rejected.iter().flat_map(|row| &row.errors);
        errors.map(|error| (error.location.line, error.code.name())).collect()
    }
}

pub(super) fn read_with(text: impl AsRef<[u8]>, options: ReadOptions) -> Result<Outcome, RosterError> {
    let mut reader = Reader::open(&source("r.csv", text), options)?;
    let mut outcome = Outcome::default();
    let mut batch = Batch::default();
    loop {
        let read = reader.read_batch(&mut batch, 3, &mut App)?;
        outcome.rows.extend_from_slice(batch.rows());
        outcome.rejected.append(&mut batch.rejected);
        if read == Read::End {
            outcome.decisions = Some(reader.decisions());
            outcome.left_out = reader.left_out().total();
            outcome.extra_columns = reader.extra_columns().iter().map(ToString::to_string).collect();
            return Ok(outcome);
        }
    }
}

pub(super) fn read(text: impl AsRef<[u8]>) -> Outcome {
    read_with(text, options()).expect("a roster")
}

pub(super) fn refusal(text: impl AsRef<[u8]>, options: ReadOptions) -> String {
    read_with(text, options).expect_err("a refusal").to_string()
}
