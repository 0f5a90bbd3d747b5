//! Which of a workbook's sheets is the roster.

use std::sync::Arc;

use calamine::{Sheet as Metadata, SheetType, SheetVisible};

use super::error::WorkbookError;
use crate::roster::near_miss;

/// A sheet as its tab shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tab {
    pub(super) name: Arc<str>,
    pub(super) is_visible: bool,
    /// Whether it has cells, and isn't a chart, a dialog or a macro sheet.
    pub(super) has_cells: bool,
}

impl From<&Metadata> for Tab {
    fn from(sheet: &Metadata) -> Self {
        Self {
            name: Arc::from(&*sheet.name),
            is_visible: sheet.visible == SheetVisible::Visible,
            has_cells: sheet.typ == SheetType::WorkSheet,
        }
    }
}

/// What a look at a sheet's first rows has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Promise {
    /// Nothing in it.
    Empty,
    /// Cells.
    Cells,
    /// A row with the names of fields: a roster's header.
    Header,
}

/// The tab that was asked for: by its name, or else by its number among the visible ones, from 1.
pub(super) fn asked(tabs: &[Tab], wanted: &str) -> Result<usize, WorkbookError> {
    let same = |tab: &Tab| tab.name.trim().to_lowercase() == wanted.trim().to_lowercase();
    let by_number = || {
        let number = wanted.trim().parse::<usize>().ok()?.checked_sub(1)?;
        tabs.iter().enumerate().filter(|(_, tab)| tab.is_visible).nth(number).map(|(at, _)| at)
    };
    let exact = tabs.iter().position(|tab| *tab.name == *wanted);
    let Some(at) = exact.or_else(|| tabs.iter().position(same)).or_else(by_number) else {
        let sheets = with_cells(tabs);
        let near = near_miss(wanted, sheets.iter().map(|name| &**name)).map(Arc::from);
        return Err(WorkbookError::NoSuchSheet { wanted: wanted.to_owned(), sheets, did_you_mean: near });
    };
    if !tabs[at].has_cells {
        let (sheet, sheets) = (Arc::clone(&tabs[at].name), with_cells(tabs));
        return Err(WorkbookError::NotAWorksheet { sheet, sheets });
    }
    Ok(at)
}

/// The tab that is taken, and what is to be said of the others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) at: usize,
    /// The other visible tabs with cells.
    pub(super) others: Vec<Arc<str>>,
    /// Hidden tabs with a roster's header, where no visible one has any.
    pub(super) hidden_rosters: Vec<Arc<str>>,
}

/// The first visible tab with a roster's header, or else the first with cells.
pub(super) fn found(
    tabs: &[Tab],
    mut look: impl FnMut(usize) -> Result<Promise, WorkbookError>,
) -> Result<Taken, WorkbookError> {
    let mut promising = Vec::new();
    for (at, _) in tabs.iter().enumerate().filter(|(_, tab)| tab.is_visible && tab.has_cells) {
        let promise = look(at)?;
        if promise > Promise::Empty {
            promising.push((at, promise));
        }
    }
    let header = promising.iter().find(|(_, promise)| *promise == Promise::Header);
    let name = |at: usize| Arc::clone(&tabs[at].name);
    let Some((taken, promise)) = header.or_else(|| promising.first()).copied() else {
        let hidden: Vec<_> = hidden(tabs, None).map(name).collect();
        return Err(if hidden.is_empty() {
            WorkbookError::NoTable
        } else {
            WorkbookError::OnlyHidden(hidden)
        });
    };
    // What can't be read of a hidden sheet is no matter.
    let mut is_roster = |at: &usize| look(*at).is_ok_and(|promise| promise == Promise::Header);
    let hidden_rosters = match promise {
        Promise::Header => Vec::new(),
        Promise::Empty | Promise::Cells => {
            hidden(tabs, Some(taken)).filter(|at| is_roster(at)).map(name).collect()
        }
    };
    let others = promising.iter().filter(|(at, _)| *at != taken).map(|(at, _)| name(*at)).collect();
    Ok(Taken { at: taken, others, hidden_rosters })
}

/// The tabs with cells that aren't visible, but for the one that is taken.
pub(super) fn hidden(tabs: &[Tab], taken: Option<usize>) -> impl Iterator<Item = usize> {
    let hidden = tabs.iter().enumerate().filter(move |(at, tab)| !tab.is_visible && Some(*at) != taken);
    hidden.filter(|(_, tab)| tab.has_cells).map(|(at, _)| at)
}

pub(super) fn with_cells(tabs: &[Tab]) -> Vec<Arc<str>> {
    tabs.iter().filter(|tab| tab.has_cells).map(|tab| Arc::clone(&tab.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn tabs() -> Vec<Tab> {
        let tab = |name: &str, is_visible, has_cells| Tab { name: Arc::from(name), is_visible, has_cells };
        vec![
            tab("Lists", false, true),
            tab("Read me", true, true),
            tab("Chart", true, false),
            tab("Guests", true, true),
            tab("7", true, true),
        ]
    }

    #[rstest]
    #[case::name("Guests", Some(3))]
    #[case::case_and_blanks(" guests ", Some(3))]
    #[case::hidden_by_name("Lists", Some(0))]
    #[case::number("1", Some(1))]
    #[case::number_counts_visible_tabs("3", Some(3))]
    #[case::name_before_number("7", Some(4))]
    #[case::zero("0", None)]
    #[case::beyond("5", None)]
    #[case::nothing("Gusts", None)]
    fn a_sheet_is_asked_for_by_name_or_number(#[case] wanted: &str, #[case] at: Option<usize>) {
        assert_eq!(asked(&tabs(), wanted).ok(), at);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = asked(&tabs(), "Gests").expect_err("no such sheet").to_string();
        insta::assert_snapshot!(error, @r#"there is no sheet "Gests"; did you mean "Guests"? sheets: "Lists", "Read me", "Guests", "7""#);
        assert!(matches!(asked(&tabs(), "chart"), Err(WorkbookError::NotAWorksheet { .. })));
    }

    #[rstest]
    #[case::header([Promise::Header, Promise::Cells, Promise::Header, Promise::Header, Promise::Header], Some((3, "Read me")), &[])]
    #[case::first_with_cells([Promise::Header, Promise::Cells, Promise::Cells, Promise::Cells, Promise::Empty], Some((1, "Guests")), &["Lists"])]
    #[case::header_after_a_cover([Promise::Header, Promise::Cells, Promise::Cells, Promise::Header, Promise::Empty], Some((3, "Read me")), &[])]
    #[case::nowhere([Promise::Cells, Promise::Cells, Promise::Cells, Promise::Cells, Promise::Empty], Some((1, "Guests")), &[])]
    #[case::only_hidden([Promise::Header, Promise::Empty, Promise::Header, Promise::Empty, Promise::Empty], None, &[])]
    fn the_first_visible_roster_is_taken(
        #[case] looks: [Promise; 5],
        #[case] taken: Option<(usize, &str)>,
        #[case] hidden_rosters: &[&str],
    ) {
        let found = found(&tabs(), |at| Ok(looks[at])).ok();
        assert_eq!(found.as_ref().map(|found| (found.at, &*found.others[0])), taken);
        let hidden = found.map(|found| found.hidden_rosters).unwrap_or_default();
        assert_eq!(hidden.iter().map(|name| &**name).collect::<Vec<_>>(), hidden_rosters);
    }
}
