//! The file of the invalid rows.

use std::fs::File;
use std::path::PathBuf;

use guestlist::roster::{RejectedStyle, RejectedWriter};

use super::private_file::{Content, PrivateFile};
use crate::error::CommandError;
use crate::settings::RejectedRows;

pub(super) struct RejectedFile {
    file: PrivateFile,
    style: RejectedStyle,
}

impl RejectedFile {
    /// `keep` are files that must not be replaced.
    pub(super) fn create(
        wanted: Option<&RejectedRows>,
        keep: &[PathBuf],
    ) -> Result<Option<Self>, CommandError> {
        let create = |RejectedRows { path, style }: &RejectedRows| {
            let file = PrivateFile::create(Content::RejectedRows, path, keep)?;
            Ok(Self { file, style: *style })
        };
        wanted.map(create).transpose()
    }

    /// Where the rows are written; it must be finished before [`put_in_place`](Self::put_in_place).
    pub(super) fn writer(&self) -> Result<RejectedWriter<File>, CommandError> {
        Ok(RejectedWriter::new(self.file.handle()?, self.style))
    }

    /// Where it is now.
    pub(super) fn put_in_place(self) -> Result<PathBuf, CommandError> {
        self.file.put_in_place()
    }
}
