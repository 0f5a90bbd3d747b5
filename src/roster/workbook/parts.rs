//! The parts of a zipped workbook, looked through before calamine reads them: it expands what a file says it has, and
//! holds most of it.
//!
//! Every part is inflated and counted, whatever the zip directory says of it. Those in XML are parsed with calamine's
//! own parser, so that both see the same elements, and refused where calamine would need memory without bound: a part,
//! an element or a value that is too large, or too many elements of a kind of which each is kept.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::rc::Rc;

use calamine::XlsxError;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::error::WorkbookError;
use crate::roster::options::WorkbookCaps;

/// Elements of which calamine keeps each, and how many of them a part may have.
const KEPT: [(&str, usize); 8] = [
    ("xf", 140_000),
    ("font", 140_000),
    ("fill", 140_000),
    ("border", 140_000),
    ("numFmt", 140_000),
    ("Relationship", 140_000),
    ("definedName", 140_000),
    ("sheet", 1_000),
];

/// Elements whose content calamine joins to one value.
const JOINED: [&str; 9] =
    ["si", "is", "f", "v", "c", "definedName", "annotation", "table-cell", "covered-table-cell"];

/// Elements whose attributes calamine copies to others.
const COPIED: [&str; 5] = ["Relationship", "sheet", "numFmt", "name", "rFont"];
/// Bytes that such an attribute may have.
const COPIED_BYTES: usize = 4 << 10;

/// Sees the elements of a part as they go by.
pub(super) trait Visitor {
    /// Looks at one event of the part of this name.
    fn see(&mut self, part: &str, event: &Event<'_>) -> Result<(), WorkbookError>;

    /// Whether this part, which may be as large as any, must be XML to its end.
    fn is_content(&self, part: &str) -> bool;
}

/// The bytes of a part, counted as they are inflated.
struct Metered<R> {
    inner: R,
    meter: Rc<Meter>,
}

/// How much of a part, and of all parts, has been read.
struct Meter {
    part: Cell<u64>,
    since_event: Cell<u64>,
    all: Cell<u64>,
    caps: WorkbookCaps,
    /// Bytes of one event.
    event_cap: u64,
}

impl Meter {
    fn add(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        let count = |cell: &Cell<u64>, cap, what| {
            cell.set(cell.get() + bytes);
            let too_large = WorkbookError::TooLarge { what, cap };
            if cell.get() > cap { Err(io::Error::other(too_large)) } else { Ok(()) }
        };
        count(&self.part, self.caps.part, "bytes in one part")?;
        count(&self.all, self.caps.expanded, "bytes once expanded")?;
        count(&self.since_event, self.event_cap, "bytes in one value")
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        self.meter.add(length)?;
        Ok(length)
    }
}

/// Looks through all parts. `value_cap` bounds what one element or value may weigh.
pub(super) fn look_through(
    zip: &mut ZipArchive<impl Read + Seek>,
    caps: WorkbookCaps,
    value_cap: usize,
    visitor: &mut impl Visitor,
) -> Result<(), WorkbookError> {
    let meter = Rc::new(Meter {
        part: Cell::new(0),
        since_event: Cell::new(0),
        all: Cell::new(0),
        caps,
        event_cap: value_cap as u64,
    });
    for at in 0..zip.len() {
        let part = zip.by_index(at).map_err(of_zip)?;
        let name = part.name().map_err(of_zip)?.to_ascii_lowercase().replace('\\', "/");
        meter.part.set(0);
        look_into(part, &name, &meter, visitor)?;
    }
    Ok(())
}

fn look_into<R: Read>(
    part: ZipFile<'_, R>,
    name: &str,
    meter: &Rc<Meter>,
    visitor: &mut impl Visitor,
) -> Result<(), WorkbookError> {
    // A buffer this small leaves what it has read ahead far below every cap.
    let mut bytes = BufReader::with_capacity(4 << 10, Metered { inner: part, meter: Rc::clone(meter) });
    let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
    if is_xml && !name.starts_with("customxml/") {
        Scan::new(name, meter, visitor).run(&mut bytes)?;
    }
    drain(&mut bytes, meter)
}

/// Counts what is left, and has its checksum compared.
fn drain(bytes: &mut impl BufRead, meter: &Meter) -> Result<(), WorkbookError> {
    loop {
        meter.since_event.set(0);
        match bytes.fill_buf().map_err(WorkbookError::of_io)?.len() {
            0 => return Ok(()),
            length => bytes.consume(length),
        }
    }
}

/// One part in XML.
struct Scan<'a, V> {
    name: &'a str,
    meter: &'a Meter,
    visitor: &'a mut V,
    counts: [usize; KEPT.len()],
    strings: u64,
    depth: usize,
    /// Where the outermost joined element begins: its depth and the bytes before it.
    joined: Option<(usize, u64)>,
    /// Whether calamine streams the part, so that it may be as large as any.
    is_streamed: bool,
}

impl<'a, V: Visitor> Scan<'a, V> {
    fn new(name: &'a str, meter: &'a Meter, visitor: &'a mut V) -> Self {
        let is_streamed = visitor.is_content(name);
        Self {
            name,
            meter,
            visitor,
            counts: [0; KEPT.len()],
            strings: 0,
            depth: 0,
            joined: None,
            is_streamed,
        }
    }

    fn run(&mut self, bytes: &mut impl BufRead) -> Result<(), WorkbookError> {
        let mut reader = Reader::from_reader(bytes);
        let must_be_xml = self.visitor.is_content(self.name);
        let config = reader.config_mut();
        config.check_end_names = must_be_xml;
        config.check_comments = false;
        config.expand_empty_elements = true;
        let mut buffer = Vec::with_capacity(1024);
        loop {
            buffer.clear();
            self.meter.since_event.set(0);
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Eof) if must_be_xml && self.depth > 0 => {
                    return Err(WorkbookError::damaged(format!("{} is cut short", self.name)));
                }
                Ok(Event::Eof) => return Ok(()),
                Ok(event) => self.see(&event)?,
                Err(quick_xml::Error::Io(error)) => return Err(of_shared(&error)),
                Err(error) if must_be_xml => return Err(WorkbookError::damaged(error)),
                // Calamine stops here too, or never looks at this part.
                Err(_) => return Ok(()),
            }
        }
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), WorkbookError> {
        match event {
            Event::Start(start) => {
                self.depth += 1;
                self.start(start)?;
            }
            Event::End(_) => {
                if self.joined.is_some_and(|(depth, _)| depth == self.depth) {
                    self.joined = None;
                }
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        if let Some((_, begin)) = self.joined
            && self.meter.part.get() - begin > self.meter.event_cap
        {
            return Err(too_large("bytes in one value", self.meter.event_cap));
        }
        if !self.is_streamed && self.meter.part.get() > self.meter.caps.text {
            return Err(too_large("bytes of text", self.meter.caps.text));
        }
        self.visitor.see(self.name, event)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), WorkbookError> {
        let local = start.local_name();
        let name = local.as_ref();
        if self.joined.is_none() && JOINED.contains(&name) {
            self.joined = Some((self.depth, self.meter.part.get()));
        }
        if let Some(at) = KEPT.iter().position(|(kept, _)| *kept == name) {
            self.counts[at] += 1;
            let most = KEPT[at].1;
            if self.counts[at] > most {
                return Err(too_large("styles, names, links or sheets", most as u64));
            }
        }
        if COPIED.contains(&name) && start.len() > COPIED_BYTES {
            return Err(too_large("bytes in one name", COPIED_BYTES as u64));
        }
        match name {
            "worksheet" if self.depth == 1 => self.is_streamed = true,
            "sst" => self.claim_strings(start)?,
            "si" => {
                self.strings += 1;
                self.count_strings(self.strings)?;
            }
            "Relationship" => refuse_odd_target(start)?,
            _ => {}
        }
        Ok(())
    }

    /// Calamine makes room for as many strings as this says.
    fn claim_strings(&self, start: &BytesStart<'_>) -> Result<(), WorkbookError> {
        match attribute(start, "uniqueCount")?.and_then(|count| count.parse::<u64>().ok()) {
            Some(count) => self.count_strings(count),
            None => Ok(()),
        }
    }

    fn count_strings(&self, strings: u64) -> Result<(), WorkbookError> {
        let cap = self.meter.caps.strings;
        if strings > cap { Err(too_large("different texts", cap)) } else { Ok(()) }
    }
}

/// Calamine reads a sheet from wherever this points to: only from what was looked through.
fn refuse_odd_target(start: &BytesStart<'_>) -> Result<(), WorkbookError> {
    let kind = attribute(start, "Type")?.unwrap_or_default();
    let is_read = ["worksheet", "chartsheet", "dialogsheet", "officeDocument"];
    if !is_read.contains(&kind.rsplit('/').next().unwrap_or_default()) {
        return Ok(());
    }
    let target = attribute(start, "Target")?.unwrap_or_default().to_ascii_lowercase();
    if target.ends_with(".xml") && !target.contains("customxml") {
        return Ok(());
    }
    Err(WorkbookError::damaged("a sheet is not where sheets are"))
}

/// An attribute as it is written.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, WorkbookError> {
    let found = start.try_get_attribute(name).map_err(WorkbookError::damaged)?;
    Ok(found.map(|attribute| attribute.value.into_owned()))
}

fn too_large(what: &'static str, cap: u64) -> WorkbookError {
    WorkbookError::TooLarge { what, cap }
}

/// What an error of the zip directory or of a part's data means.
pub(super) fn of_zip(error: zip::result::ZipError) -> WorkbookError {
    match error {
        zip::result::ZipError::Io(error) => WorkbookError::of_io(error),
        error => WorkbookError::damaged(error),
    }
}

/// An error that quick-xml shares: ours are made again.
fn of_shared(error: &io::Error) -> WorkbookError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<WorkbookError>()) {
        Some(WorkbookError::TooLarge { what, cap }) => too_large(what, *cap),
        _ => WorkbookError::of_io(io::Error::new(error.kind(), error.to_string())),
    }
}

/// What an error of calamine means.
pub(super) fn of_xlsx(error: XlsxError) -> WorkbookError {
    match error {
        XlsxError::Io(error) => WorkbookError::of_io(error),
        error => WorkbookError::damaged(error),
    }
}
