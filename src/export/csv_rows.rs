//! The export as CSV: our columns, the link, then every further column of the rosters as it was.

use std::collections::HashMap;
use std::io::Write;

use serde_json::value::RawValue;

use super::columns::{COLUMNS, JOIN_URL, carried, is_own};
use super::{ExportError, ExportSettings, Exported, unwritable};
use crate::journal::{ExportRow, JournalReader};
use crate::roster::formula::guard;

/// Where the extra values of each roster go.
struct Layout {
    names: Vec<String>,
    /// For each roster: the place in `names` of each of its columns; `None` for one that is left out.
    places: HashMap<i64, Vec<Option<usize>>>,
}

impl Layout {
    /// Columns of several rosters that have one name are one column; those of one roster stay apart.
    fn of(rosters: Vec<(i64, Vec<String>)>, settings: &ExportSettings) -> Self {
        let mut layout = Self { names: Vec::new(), places: HashMap::new() };
        for (roster, names) in rosters {
            let mut places = Vec::with_capacity(names.len());
            for name in names {
                let place = if is_own(&name, settings) { None } else { Some(layout.place(name, &places)) };
                places.push(place);
            }
            layout.places.insert(roster, places);
        }
        layout
    }

    /// The first column of that name that this roster hasn't taken, or a new one.
    fn place(&mut self, name: String, taken: &[Option<usize>]) -> usize {
        let known = (0..self.names.len()).find(|at| self.names[*at] == name && !taken.contains(&Some(*at)));
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }

    /// The row's extra values, each in its place.
    fn values(&self, row: &ExportRow) -> Vec<String> {
        let mut values = vec![String::new(); self.names.len()];
        for (value, place) in carried(row).into_iter().zip(self.places.get(&row.roster).into_iter().flatten())
        {
            if let Some(place) = place {
                values[*place] = text(value);
            }
        }
        values
    }
}

/// A string without its quotes, nothing for null, anything else as JSON writes it.
fn text(value: &RawValue) -> String {
    match value.get() {
        "null" => String::new(),
        json => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    }
}

/// Without a byte order mark Excel takes UTF-8 for something else and spoils every accent.
pub(super) fn write_for_excel(
    journal: &JournalReader,
    settings: &ExportSettings,
    mut into: impl Write,
) -> Result<Exported, ExportError> {
    into.write_all("\u{feff}".as_bytes()).map_err(unwritable)?;
    write(journal, settings, b';', into)
}

pub(super) fn write(
    journal: &JournalReader,
    settings: &ExportSettings,
    delimiter: u8,
    into: impl Write,
) -> Result<Exported, ExportError> {
    let layout = Layout::of(journal.extra_columns(settings.filter)?, settings);
    let mut csv = csv::WriterBuilder::new().delimiter(delimiter).from_writer(into);
    let header = COLUMNS.into_iter().chain(settings.join_url.as_ref().map(|_| JOIN_URL));
    let header = header.map(str::to_owned).chain(layout.names.iter().cloned());
    write_record(&mut csv, header)?;
    let mut exported = Exported::default();
    journal.export(settings.filter, |row| {
        exported.rows += 1;
        exported.tokens += u64::from(row.token.is_some());
        let link = settings.join_url.as_ref().map(|url| url.fill(&row).unwrap_or_default());
        let extra = layout.values(&row);
        write_record(&mut csv, own_fields(row).into_iter().chain(link).chain(extra))
    })?;
    csv.flush().map_err(unwritable)?;
    Ok(exported)
}

fn own_fields(row: ExportRow) -> [String; 11] {
    [
        row.custom_participant_id,
        row.name,
        row.preset_name,
        row.picture.unwrap_or_default(),
        row.meeting_id,
        row.participant_id.unwrap_or_default(),
        row.token.map(|token| token.expose().to_owned()).unwrap_or_default(),
        row.token_expires_at.map(|at| at.to_string()).unwrap_or_default(),
        row.created_at.unwrap_or_default(),
        row.updated_at.unwrap_or_default(),
        row.state.to_string(),
    ]
}

fn write_record<W: Write>(
    csv: &mut csv::Writer<W>,
    fields: impl Iterator<Item = String>,
) -> Result<(), ExportError> {
    for field in fields {
        csv.write_field(guard(&field).as_ref()).map_err(unwritable)?;
    }
    csv.write_record(None::<&[u8]>).map_err(unwritable)
}
