//! JSON objects to rows: keys to columns, values to text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::str;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::decisions::Format;
use super::directory::Directory;
use super::error::RosterError;
use super::field::Field;
use super::json_array::{ArrayError, JsonArray, on_one_line};
use super::json_lines::{JsonLines, NextValue, Object, parse_from, text_of};
use super::options::{Caps, Records};
use super::reader::{Context, Found};
use super::row::{Record, RosterRow};
use super::row_error::{Problems, RowError, RowErrorCode as Code, cut};
use super::validate::{Case, Cells};

/// The rows of a roster of JSON objects.
pub(super) struct JsonRows {
    values: Values,
    /// The column of each key that has appeared.
    keys: HashMap<Arc<str>, usize>,
    key_bytes: usize,
    /// The columns of the object's members, in their order.
    places: Vec<usize>,
    texts: Texts,
}

/// The two ways in which objects follow each other.
enum Values {
    Lines(JsonLines),
    Array(JsonArray),
}

impl Values {
    fn advance(&mut self, context: &Context) -> Result<NextValue, RosterError> {
        match self {
            Self::Lines(lines) => lines.advance().map_err(|error| context.failed(lines.number(), error)),
            Self::Array(array) => array.advance().map_err(|error| match error {
                ArrayError::Io(error) => context.failed(array.line(), error),
                ArrayError::Fault(fault, line) => RosterError::BadArray { location: context.at(line), fault },
            }),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Lines(lines) => lines.line(),
            Self::Array(array) => array.element(),
        }
    }
}

/// The decoded values of the columns that we read; the others are empty.
#[derive(Default)]
struct Texts(Vec<String>);

impl Cells for Texts {
    fn get(&self, column: usize) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }
}

impl JsonRows {
    pub(super) fn of_lines(input: Box<dyn Read + Send>, caps: Caps) -> Self {
        Self::new(Values::Lines(JsonLines::new(input, caps.record)))
    }

    pub(super) fn of_array(input: Box<dyn Read + Send>, caps: Caps) -> Self {
        Self::new(Values::Array(JsonArray::new(input, caps.record)))
    }

    fn new(values: Values) -> Self {
        Self { values, keys: HashMap::new(), key_bytes: 0, places: Vec::new(), texts: Texts::default() }
    }

    pub(super) fn format(&self) -> Format {
        match self.values {
            Values::Lines(_) => Format::JsonLines,
            Values::Array(_) => Format::JsonArray,
        }
    }

    /// Reads the next row.
    pub(super) fn read(
        &mut self,
        context: &mut Context,
        row: &mut RosterRow,
        errors: &mut Vec<RowError>,
        directory: &mut impl Directory,
    ) -> Result<Found, RosterError> {
        let line = match self.values.advance(context)? {
            NextValue::End => return Ok(Found::End),
            NextValue::TooLarge(line) => {
                (row.line, row.record) = (line, Record::None);
                context.problems(line, errors).row(Code::RecordTooLarge, None);
                return Ok(Found::Row);
            }
            NextValue::Value(line) => line,
        };
        row.line = line;
        let Self { values, keys, key_bytes, places, texts } = self;
        let bytes = values.bytes();
        if bytes.contains(&0) {
            return Err(RosterError::Nul(context.at(line)));
        }
        let text = as_line(line, bytes);
        row.record = match context.options.records {
            Records::Keep => Record::Json(text.as_ref().map_or(bytes, |text| text.as_bytes()).to_owned()),
            Records::Forget => Record::None,
        };
        let object = match text.as_deref().map_err(Clone::clone).and_then(|text| parse_from(line, text)) {
            Ok(object) => object,
            Err((code, hint)) => {
                context.problems(line, errors).row(code, hint);
                return Ok(Found::Row);
            }
        };
        place(&object, keys, key_bytes, places, line, context)?;
        let Context { file, options, columns, validator, statuses } = context;
        let mut problems = Problems { errors, file, line, names: columns.names() };
        let values = by_column(&object, places, options.caps.field, &mut problems);
        let (sent, kept): (Vec<Field>, Vec<Field>) =
            Field::ALL.iter().partition(|field| options.uses(**field));
        let fields = sent.iter().map(|field| (columns.field(*field), *field == Field::Id));
        let wanted = fields.chain(columns.id_from().iter().map(|column| (*column, true)));
        texts.0.resize(values.len(), String::new());
        // What is never sent can't make a row invalid.
        for column in kept.iter().filter_map(|field| columns.field(*field)) {
            let text = &mut texts.0[column];
            text.clear();
            if values[column].is_some_and(|value| text_of(value, true, text).is_err()) {
                text.clear();
            }
        }
        let status = columns.field(Field::Status).map(|column| texts.0[column].as_str());
        if problems.errors.is_empty() && statuses.leaves_out(status) {
            return Ok(Found::LeftOut);
        }
        for (column, numbers) in wanted.filter_map(|(column, numbers)| Some((column?, numbers))) {
            decode(column, values[column], numbers, &mut texts.0[column], &mut problems);
        }
        validator.validate(&mut Case { cells: texts, columns, problems: &mut problems }, row, directory)?;
        carry(&values, columns.extras(), &mut row.extra);
        Ok(Found::Row)
    }
}

/// The text of a value. An object over several lines becomes one line, so that it and its values can be kept as such;
/// what isn't valid first, doesn't become so by that.
fn as_line(line: u64, bytes: &[u8]) -> Result<Cow<'_, str>, (Code, Option<String>)> {
    let text = str::from_utf8(bytes).map_err(|_| (Code::NotUtf8, None))?;
    if !text.contains(['\r', '\n']) {
        return Ok(Cow::Borrowed(text));
    }
    parse_from(line, text)?;
    Ok(Cow::Owned(on_one_line(text)))
}

/// Finds the column of each member, and makes columns of the keys that appear for the first time.
fn place(
    object: &Object<'_>,
    keys: &mut HashMap<Arc<str>, usize>,
    key_bytes: &mut usize,
    places: &mut Vec<usize>,
    line: u64,
    context: &mut Context,
) -> Result<(), RosterError> {
    let mut new: Vec<Arc<str>> = Vec::new();
    let caps = context.options.caps;
    places.truncate(object.0.len());
    for (nth, (key, _)) in object.0.iter().enumerate() {
        // Most objects have the keys of the one before, in the same order.
        let known = |at: &usize| context.columns.names().get(*at).is_some_and(|name| **name == **key);
        let at = match places.get(nth).copied().filter(known).or_else(|| keys.get(&**key).copied()) {
            Some(at) => at,
            None => {
                *key_bytes += key.len();
                if keys.len() == caps.columns || *key_bytes > caps.record {
                    return Err(RosterError::TooManyColumns {
                        location: context.at(line),
                        cap: caps.columns,
                    });
                }
                new.push(Arc::from(&**key));
                keys.insert(Arc::from(&**key), keys.len());
                keys.len() - 1
            }
        };
        match places.get_mut(nth) {
            Some(place) => *place = at,
            None => places.push(at),
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    context.columns.add(new, &context.options, &context.file)
}

/// Each column's value in this object.
fn by_column<'a>(
    object: &Object<'a>,
    places: &[usize],
    cap: usize,
    problems: &mut Problems<'_>,
) -> Vec<Option<&'a RawValue>> {
    let mut values = vec![None; problems.names.len()];
    for ((_, value), at) in object.0.iter().zip(places) {
        if value.get().len() > cap && !problems.has(*at) {
            problems.cell(Some(*at), Some(&cut(value.get())), Code::FieldTooLarge, None);
        }
        if values[*at].replace(*value).is_some() && !problems.has(*at) {
            let hint = "this key occurs twice in the object; keep one of them".to_owned();
            problems.cell(Some(*at), None, Code::BadJson, Some(hint));
        }
    }
    values
}

fn decode(
    column: usize,
    value: Option<&RawValue>,
    numbers: bool,
    text: &mut String,
    problems: &mut Problems<'_>,
) {
    text.clear();
    let Some(value) = value else { return };
    if let Err(code) = text_of(value, numbers, text)
        && !problems.has(column)
    {
        problems.cell(Some(column), Some(&cut(value.get())), code, None);
    }
}

/// The extra values as a JSON array, without those missing at the end.
fn carry(values: &[Option<&RawValue>], extras: &[usize], into: &mut String) {
    into.clear();
    into.push('[');
    let last = extras.iter().rposition(|column| values[*column].is_some());
    for (nth, column) in extras.iter().take(last.map_or(0, |at| at + 1)).enumerate() {
        if nth > 0 {
            into.push(',');
        }
        into.push_str(values[*column].map_or("null", RawValue::get));
    }
    into.push(']');
}
