//! What is in a zip archive or a compound file, told by its content.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use zip::ZipArchive;

use super::WorkbookKind;
use super::error::WorkbookError;
use super::parts::of_zip;
use crate::roster::options::WorkbookCaps;

const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// An archive, and one with nothing in it.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
const ZIP_ENTRY: &[u8] = b"PK\x01\x02";

/// Streams of a compound file, and what the file is. The first one that is there counts.
const STREAMS: [(&str, Content); 7] = [
    ("EncryptedPackage", Content::Protected),
    ("Workbook", Content::Workbook(WorkbookKind::Xls)),
    ("Book", Content::Workbook(WorkbookKind::Xls)),
    ("WordDocument", Content::Other("a Word document")),
    ("PowerPoint Document", Content::Other("a PowerPoint presentation")),
    ("__properties_version1.0", Content::Other("an Outlook message")),
    ("", Content::Other("an old Office document")),
];

/// Ends of names in a zip archive, and what the file is.
const NAMES: [(&str, Content); 8] = [
    ("xl/workbook.bin", Content::Binary),
    ("workbook.xml", Content::Workbook(WorkbookKind::Xlsx)),
    ("index.zip", Content::Numbers),
    (".iwa", Content::Numbers),
    ("word/document.xml", Content::Other("a Word document")),
    ("ppt/presentation.xml", Content::Other("a PowerPoint presentation")),
    ("meta-inf/manifest.mf", Content::Other("a Java archive")),
    ("", Content::Other("a zip archive")),
];

#[derive(Debug, Clone, Copy)]
enum Content {
    Workbook(WorkbookKind),
    Protected,
    Binary,
    Numbers,
    Other(&'static str),
}

impl Content {
    fn kind(self) -> Result<WorkbookKind, WorkbookError> {
        let foreign = |what, way_out| Err(WorkbookError::Foreign { what, way_out });
        match self {
            Self::Workbook(kind) => Ok(kind),
            Self::Protected => Err(WorkbookError::Password),
            Self::Binary => foreign(
                "an Excel binary workbook (.xlsb)",
                "save it as \"Excel Workbook (.xlsx)\", or export the sheet as \"CSV UTF-8\"",
            ),
            Self::Numbers => foreign(
                "a document of Apple Numbers, Pages or Keynote",
                "export the list from Numbers as CSV or as an Excel workbook",
            ),
            Self::Other("a zip archive") => foreign("a zip archive", "take the roster out of it"),
            Self::Other(what) => foreign(what, "export the list as CSV or as an Excel workbook"),
        }
    }
}

/// What a file is by its first bytes and its content; `None` if it is neither an archive nor a compound file.
pub(super) fn recognise(
    file: &mut (impl Read + Seek),
    caps: &WorkbookCaps,
) -> Result<Option<WorkbookKind>, WorkbookError> {
    let mut start = Vec::with_capacity(COMPOUND_FILE.len());
    file.by_ref().take(COMPOUND_FILE.len() as u64).read_to_end(&mut start).map_err(WorkbookError::Io)?;
    if ZIP.iter().any(|signature| start.starts_with(signature)) {
        in_zip(&mut open_zip(file, caps)?).map(Some)
    } else if start == COMPOUND_FILE {
        in_compound_file(&open_compound_file(file, caps)?).map(Some)
    } else {
        Ok(None)
    }
}

fn in_zip(zip: &mut ZipArchive<impl Read + Seek>) -> Result<WorkbookKind, WorkbookError> {
    if let Ok(declared) = zip.by_name("mimetype") {
        let mut text = String::new();
        let _ = declared.take(100).read_to_string(&mut text);
        match text.trim().strip_prefix("application/vnd.oasis.opendocument.") {
            Some(kind) if kind.starts_with("spreadsheet") => return Ok(WorkbookKind::Ods),
            Some(_) => return Content::Other("an OpenDocument text or drawing").kind(),
            None => {}
        }
    }
    let names: Result<Vec<String>, _> = zip.file_names().map(|name| name.map(|n| n.to_lowercase())).collect();
    let names = names.map_err(of_zip)?;
    let content = NAMES.iter().find(|(end, _)| names.iter().any(|name| name.ends_with(end)));
    content.map_or(Content::Other("a zip archive"), |(_, content)| *content).kind()
}

fn in_compound_file<F: Read + Seek>(file: &cfb::CompoundFile<F>) -> Result<WorkbookKind, WorkbookError> {
    let is_there = |name: &str| name.is_empty() || file.is_stream(name);
    let content = STREAMS.iter().find(|(name, _)| is_there(name));
    content.map_or(Content::Other("an old Office document"), |(_, content)| *content).kind()
}

/// Opens an archive whose directory is within the caps.
pub(super) fn open_zip<F: Read + Seek>(
    mut file: F,
    caps: &WorkbookCaps,
) -> Result<ZipArchive<F>, WorkbookError> {
    measure(&mut file, caps.file, "bytes in its file")?;
    // Before the directory is read: each of its entries has this mark, whatever the directory claims.
    if count(&mut file, ZIP_ENTRY).map_err(WorkbookError::Io)? > caps.entries {
        return Err(WorkbookError::TooLarge { what: "entries in its zip directory", cap: caps.entries });
    }
    file.rewind().map_err(WorkbookError::Io)?;
    ZipArchive::new(file).map_err(of_zip)
}

/// The stream of an `.xls`.
pub(super) fn workbook_stream(
    file: &mut (impl Read + Seek),
    caps: &WorkbookCaps,
) -> Result<Vec<u8>, WorkbookError> {
    let mut container = open_compound_file(file, caps)?;
    let stream = container.open_stream("Workbook").or_else(|_| container.open_stream("Book"));
    let mut stream = stream.map_err(WorkbookError::of_io)?.take(caps.held_file);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(WorkbookError::of_io)?;
    Ok(bytes)
}

/// A compound file with nothing in it but this stream, so that calamine meets no chain that we didn't write.
pub(super) fn compound_file_of(stream: &[u8]) -> Result<Cursor<Vec<u8>>, WorkbookError> {
    let write = || -> io::Result<Cursor<Vec<u8>>> {
        let file = Cursor::new(Vec::with_capacity(stream.len()));
        // Calamine takes a version 4 without small streams for empty.
        let mut container = cfb::CompoundFile::create_with_version(cfb::Version::V3, file)?;
        container.create_stream("Workbook")?.write_all(stream)?;
        container.flush()?;
        Ok(container.into_inner())
    };
    write().map_err(WorkbookError::Io)
}

fn open_compound_file<'a, F: Read + Seek>(
    file: &'a mut F,
    caps: &WorkbookCaps,
) -> Result<cfb::CompoundFile<Counted<'a, F>>, WorkbookError> {
    let length = measure(file, caps.held_file, "bytes in its .xls file")?;
    // Whoever reads each sector once or twice is far below; chains that lead to the same ones again are not.
    let counted = Counted { file, left: 4 * length + (1 << 20) };
    cfb::CompoundFile::open(counted).map_err(WorkbookError::of_io)
}

/// The length of a file, which is at its beginning afterwards.
fn measure(file: &mut impl Seek, cap: u64, what: &'static str) -> Result<u64, WorkbookError> {
    let length = file.seek(SeekFrom::End(0)).map_err(WorkbookError::Io)?;
    file.rewind().map_err(WorkbookError::Io)?;
    if length > cap { Err(WorkbookError::TooLarge { what, cap }) } else { Ok(length) }
}

/// How often these bytes occur.
fn count(file: &mut impl Read, wanted: &[u8]) -> io::Result<u64> {
    let mut buffer = vec![0; 64 << 10];
    let (mut kept, mut count) = (0, 0);
    loop {
        let length = file.read(&mut buffer[kept..])?;
        if length == 0 {
            return Ok(count);
        }
        let filled = kept + length;
        count += buffer[..filled].windows(wanted.len()).filter(|window| *window == wanted).count() as u64;
        kept = filled.min(wanted.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
}

/// A file of which so many bytes may be read, forwards and backwards.
#[derive(Debug)]
struct Counted<'a, F> {
    file: &'a mut F,
    left: u64,
}

impl<F: Read> Read for Counted<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        let left = self.left.checked_sub(length as u64);
        self.left = left.ok_or_else(|| io::Error::other(WorkbookError::damaged("its sectors form loops")))?;
        Ok(length)
    }
}

impl<F: Seek> Seek for Counted<'_, F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
