//! The page of what was found.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::check::Checked;
use super::dry_run::Plan;
use super::private_file::{Content, PrivateFile};
use crate::error::CommandError;
use crate::ui::page;

pub(super) struct PageFile(PrivateFile);

impl PageFile {
    /// Before anything is read, so that a place that can't be written is known at once. `keep` are files that must not
    /// be replaced.
    pub(super) fn create(wanted: Option<&Path>, keep: &[PathBuf]) -> Result<Option<Self>, CommandError> {
        let create = |path| PrivateFile::create(Content::Report, path, keep).map(Self);
        wanted.map(create).transpose()
    }

    /// Writes it, and notes down where.
    pub(super) fn write(self, checked: &mut Checked, plan: Option<Plan>) -> Result<(), CommandError> {
        let page = page(checked, plan, Timestamp::now())?;
        let written = self.0.handle()?.write_all(page.as_bytes());
        written.map_err(|source| self.0.failed(source))?;
        checked.page = Some(self.0.put_in_place()?);
        Ok(())
    }
}
