//! Whose list it is, as data: which columns tell a platform's export, and what its columns mean.

use std::collections::HashSet;

use serde::Deserialize;

use super::field::{Field, fold};

/// How a platform writes its list of people. Columns are named as the platform names them and compared folded: case,
/// spaces and punctuation don't count. Where several are named, the first that is there counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dialect {
    /// What `--dialect` knows it by.
    #[serde(skip)]
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// Where its shape can be looked up.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Sets of columns: it is one of these lists if all columns of a set are there.
    pub recognised_by: Vec<Vec<String>>,
    /// Titles one of which must stand right before the header, where the columns alone don't tell.
    #[serde(default)]
    pub begins: Vec<String>,
    /// Titles of what may follow the table in the same file: it ends before them.
    #[serde(default)]
    pub ends: Vec<String>,
    /// The platform's own guest, ticket or attendee number; never an e-mail address, nor the number of an order that
    /// several people share.
    #[serde(default)]
    pub id: Vec<String>,
    /// The attendee's full name.
    #[serde(default, rename = "name")]
    pub full_name: Vec<String>,
    /// The attendee's first name.
    #[serde(default)]
    pub first_name: Vec<String>,
    /// The attendee's last name.
    #[serde(default)]
    pub last_name: Vec<String>,
    /// The attendee's e-mail address.
    #[serde(default)]
    pub email: Vec<String>,
    /// Who bought the ticket: used only if the list has no column of the attendee's own.
    #[serde(default)]
    pub buyer: Buyer,
    /// The kind of ticket.
    #[serde(default)]
    pub ticket_type: Vec<String>,
    /// The URL of a picture.
    #[serde(default)]
    pub picture: Vec<String>,
    /// Whether somebody comes.
    #[serde(default)]
    pub status: Vec<String>,
    /// The values of the status that mean that somebody comes, folded like columns.
    #[serde(default)]
    pub coming: Vec<String>,
    /// Columns that the general names would misunderstand; they are only carried along.
    #[serde(default)]
    pub kept: Vec<String>,
    /// Columns that ids can be derived from where there is no id; the first choice whose columns are all there is the
    /// one to recommend.
    #[serde(default)]
    pub ids_from: Vec<Vec<String>>,
}

/// The columns that say who bought a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Buyer {
    /// The full name.
    #[serde(rename = "name")]
    pub full_name: Vec<String>,
    /// The first name.
    pub first_name: Vec<String>,
    /// The last name.
    pub last_name: Vec<String>,
    /// The e-mail address.
    pub email: Vec<String>,
}

/// Why a dialect can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the dialect {name:?} {problem}")]
pub struct InvalidDialect {
    /// The dialect.
    pub name: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl Dialect {
    /// What the columns fill, without the buyer's.
    pub(super) fn fields(&self) -> [(Field, &[String]); 8] {
        [
            (Field::Id, &self.id),
            (Field::Name, &self.full_name),
            (Field::FirstName, &self.first_name),
            (Field::LastName, &self.last_name),
            (Field::Email, &self.email),
            (Field::TicketType, &self.ticket_type),
            (Field::Picture, &self.picture),
            (Field::Status, &self.status),
        ]
    }

    /// Every column that it knows, as it is written.
    pub(super) fn columns(&self) -> impl Iterator<Item = &String> {
        let fields = self.fields().into_iter().flat_map(|(_, names)| names);
        self.recognised_by.iter().flatten().chain(fields).chain(self.buyer.columns()).chain(&self.kept)
    }

    /// How surely these folded columns are one of its lists: how many of them it knows; `None` if they are none.
    pub(super) fn recognises(&self, folded: &[String]) -> Option<usize> {
        let has = |name: &String| folded.contains(&fold(name));
        let fits = |set: &&Vec<String>| set.len() <= folded.len();
        if !self.recognised_by.iter().filter(fits).any(|set| set.iter().all(has)) {
            return None;
        }
        let known: HashSet<String> = self.columns().map(|name| fold(name)).collect();
        Some(folded.iter().filter(|name| known.contains(*name)).count())
    }

    /// Whether a line of only this text ends the table.
    pub(super) fn ends_before(&self, title: &str) -> bool {
        is_among(title, &self.ends)
    }

    /// Whether a table may begin after this line, of which this is the only text.
    pub(super) fn begins_after(&self, title: Option<&str>) -> bool {
        self.begins.is_empty() || title.is_some_and(|title| is_among(title, &self.begins))
    }

    /// The same without what is known of buyers.
    pub(super) fn without_buyer(&self) -> Self {
        Self { buyer: Buyer::default(), ..self.clone() }
    }

    /// That it can be used.
    pub(super) fn check(&self) -> Result<(), InvalidDialect> {
        let refuse = |problem: String| Err(InvalidDialect { name: self.name.clone(), problem });
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name == "none" || !self.name.chars().all(named) {
            return refuse("can't have this name; use lower case letters, digits and hyphens".to_owned());
        }
        if self.title.trim().is_empty() {
            return refuse("has no title; say in a few words whose list it is".to_owned());
        }
        if self.recognised_by.is_empty() || self.recognised_by.iter().any(|set| set.len() < 2) {
            let problem =
                "is recognised by too little; name at least two columns in each set of recognised-by";
            return refuse(problem.to_owned());
        }
        if let Some(blank) =
            self.columns().chain(self.ids_from.iter().flatten()).find(|name| fold(name).is_empty())
        {
            return refuse(format!("names a column {blank:?}, which has neither letter nor digit"));
        }
        if self.status.is_empty() != self.coming.is_empty() {
            return refuse(
                "needs status and coming together: the column, and its values that count".to_owned(),
            );
        }
        match self.named_twice() {
            Some(name) => refuse(format!("names the column {name:?} for two things; keep one of them")),
            None => Ok(()),
        }
    }

    fn named_twice(&self) -> Option<&String> {
        let mut seen = HashSet::new();
        let fields = self.fields().into_iter().flat_map(|(_, names)| names);
        let mut all = fields.chain(self.buyer.columns()).chain(&self.kept);
        all.find(|name| !seen.insert(fold(name)))
    }
}

impl Buyer {
    /// What the columns fill if there are none of the attendee's own.
    pub(super) fn fields(&self) -> [(Field, &[String]); 4] {
        [
            (Field::Name, &self.full_name),
            (Field::FirstName, &self.first_name),
            (Field::LastName, &self.last_name),
            (Field::Email, &self.email),
        ]
    }

    fn columns(&self) -> impl Iterator<Item = &String> {
        self.fields().into_iter().flat_map(|(_, names)| names)
    }
}

fn is_among(title: &str, titles: &[String]) -> bool {
    let folded = fold(title);
    titles.iter().any(|known| fold(known) == folded)
}
