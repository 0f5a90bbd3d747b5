//! Which column is which field: what the user says by hand, then the list's dialect, then the aliases.

use std::sync::Arc;

use super::dialect::Dialect;
use super::error::{NoId, RosterError};
use super::field::{Field, fold};
use super::options::{Coming, IdSource, ReadOptions};
use super::rejected::ERROR;

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It fills this field.
    Field(Field),
    /// It would fill this field, but a surer column does; it is carried along.
    PassedOver(Field),
    /// It would fill this field, but that follows from something else; it is carried along.
    Overruled(Field),
    /// Carried along.
    Extra,
    /// `guestlist error`, added by us to an earlier rejected file: left out.
    Dropped,
}

/// The columns of a roster and what they are used for. For JSON Lines it grows as keys appear; a column never
/// changes its role.
#[derive(Debug, Default)]
pub(super) struct Columns {
    dialect: Option<Arc<Dialect>>,
    names: Vec<Arc<str>>,
    roles: Vec<Role>,
    fields: [Option<usize>; Field::ALL.len()],
    id_from: Vec<Option<usize>>,
    extras: Vec<usize>,
    extra_names: Vec<Arc<str>>,
}

/// What a name is made of: whoever finds one of them finds them all.
const NAMES: [Field; 3] = [Field::Name, Field::FirstName, Field::LastName];

impl Columns {
    /// None yet, of a list of this dialect.
    pub(super) fn of(dialect: Option<Arc<Dialect>>) -> Self {
        Self { dialect, ..Self::default() }
    }

    /// Adds the columns of a header, or the keys that an object is the first to have.
    pub(super) fn add(
        &mut self,
        names: Vec<Arc<str>>,
        options: &ReadOptions,
        file: &Arc<str>,
    ) -> Result<(), RosterError> {
        let from = self.names.len();
        self.roles
            .extend(names.iter().map(|name| if &**name == ERROR { Role::Dropped } else { Role::Extra }));
        self.names.extend(names);
        for (field, wanted) in &options.mapping {
            self.map_by_hand(*field, wanted, from, file)?;
        }
        self.find_id_source(options, from, file)?;
        let by_hand = |field| options.mapping.iter().any(|(mapped, _)| *mapped == field);
        // A first name by hand is not to be covered by some full name.
        let in_parts = by_hand(Field::FirstName) || by_hand(Field::LastName);
        let is_settled = |field| {
            by_hand(field)
                || (field == Field::Id && options.id_source != IdSource::Column)
                || (field == Field::Name && in_parts)
        };
        self.map_by_dialect(is_settled, from);
        for field in Field::ALL {
            if is_settled(field) || self.is_of_dialect(field) {
                continue;
            }
            let aliases = field.aliases().iter().map(|alias| (*alias).to_owned());
            let overruled = field == Field::Preset && options.preset_map.is_some();
            self.map_by_names(field, aliases, from, overruled);
        }
        for at in from..self.names.len() {
            self.carry(at);
        }
        Ok(())
    }

    fn map_by_hand(
        &mut self,
        field: Field,
        wanted: &str,
        from: usize,
        file: &Arc<str>,
    ) -> Result<(), RosterError> {
        if self.field(field).is_none()
            && let Some(at) = self.find(wanted, from, file)?
        {
            self.fields[field as usize] = Some(at);
            self.roles[at] = Role::Field(field);
        }
        Ok(())
    }

    fn find_id_source(
        &mut self,
        options: &ReadOptions,
        from: usize,
        file: &Arc<str>,
    ) -> Result<(), RosterError> {
        let IdSource::Derived(wanted) = &options.id_source else { return Ok(()) };
        self.id_from.resize(wanted.len(), None);
        for (at, name) in wanted.iter().enumerate() {
            if self.id_from[at].is_none() {
                self.id_from[at] = self.find(name, from, file)?;
            }
        }
        Ok(())
    }

    /// A column named by hand: as it is written, else folded.
    fn find(&self, wanted: &str, from: usize, file: &Arc<str>) -> Result<Option<usize>, RosterError> {
        let new = || self.names.iter().enumerate().skip(from);
        let exact = new().filter(|(_, name)| ***name == *wanted);
        let mut hits: Vec<usize> = exact.map(|(at, _)| at).collect();
        if hits.is_empty() {
            let folded = fold(wanted);
            hits = new()
                .filter(|(_, name)| !folded.is_empty() && fold(name) == folded)
                .map(|(at, _)| at)
                .collect();
        }
        match hits[..] {
            [] => Ok(None),
            [at] => Ok(Some(at)),
            _ => Err(RosterError::AmbiguousColumn { file: Arc::clone(file), wanted: wanted.to_owned() }),
        }
    }

    /// The columns of the dialect; those of the buyer only where there is none of the attendee's own.
    fn map_by_dialect(&mut self, is_settled: impl Fn(Field) -> bool, from: usize) {
        let Some(dialect) = self.dialect.clone() else { return };
        for (field, names) in dialect.fields().into_iter().filter(|(field, _)| !is_settled(*field)) {
            self.map_by_names(field, names.iter().map(|name| fold(name)), from, false);
        }
        let named = NAMES.into_iter().any(|field| self.field(field).is_some());
        for (field, names) in dialect.buyer.fields().into_iter().filter(|(field, _)| !is_settled(*field)) {
            let of_attendee = if field == Field::Email { self.field(field).is_some() } else { named };
            if !of_attendee {
                self.map_by_names(field, names.iter().map(|name| fold(name)), from, false);
            }
        }
    }

    /// Whether the dialect says all that there is to say of a field.
    fn is_of_dialect(&self, field: Field) -> bool {
        let Some(dialect) = &self.dialect else { return false };
        match field {
            Field::Status => !dialect.status.is_empty(),
            field if NAMES.contains(&field) => NAMES.into_iter().any(|name| self.field(name).is_some()),
            field => self.field(field).is_some(),
        }
    }

    /// Maps the columns of these folded names, the surest first.
    fn map_by_names(
        &mut self,
        field: Field,
        wanted: impl Iterator<Item = String>,
        from: usize,
        overruled: bool,
    ) {
        let folded: Vec<String> = self.names[from..].iter().map(|name| fold(name)).collect();
        let kept: Vec<String> =
            self.dialect.iter().flat_map(|dialect| &dialect.kept).map(|name| fold(name)).collect();
        for wanted in wanted.filter(|wanted| !kept.contains(wanted)) {
            for at in (from..self.names.len()).filter(|at| folded[at - from] == wanted) {
                if self.roles[at] != Role::Extra {
                    continue;
                }
                if overruled {
                    self.roles[at] = Role::Overruled(field);
                    continue;
                }
                let taken = self.fields[field as usize].is_some();
                self.roles[at] = if taken { Role::PassedOver(field) } else { Role::Field(field) };
                self.fields[field as usize].get_or_insert(at);
            }
        }
    }

    fn carry(&mut self, at: usize) {
        let carried = match self.roles[at] {
            Role::Field(field) => field.is_carried_along(),
            Role::PassedOver(_) | Role::Overruled(_) | Role::Extra => true,
            Role::Dropped => false,
        };
        if carried {
            self.extras.push(at);
            self.extra_names.push(Arc::clone(&self.names[at]));
        }
    }

    /// What a header must have, since it can't grow. `found` says whether it was known as one.
    pub(super) fn require(
        &self,
        options: &ReadOptions,
        file: &Arc<str>,
        found: bool,
    ) -> Result<(), RosterError> {
        let by_hand =
            options.mapping.iter().filter(|(field, _)| self.field(*field).is_none()).map(|(_, name)| name);
        let id_from = match &options.id_source {
            IdSource::Column => &[][..],
            IdSource::Derived(names) => names,
        };
        let underived =
            id_from.iter().zip(&self.id_from).filter(|(_, at)| at.is_none()).map(|(name, _)| name);
        let (file, columns) = (Arc::clone(file), self.names.clone());
        if let Some(wanted) = by_hand.chain(underived).next() {
            return Err(RosterError::NoSuchColumn { file, wanted: wanted.clone(), columns });
        }
        if options.id_source == IdSource::Column && self.field(Field::Id).is_none() {
            let no_id = self.no_id(found);
            return Err(RosterError::NoIdColumn { file, columns, no_id });
        }
        if matches!(options.coming, Coming::With(_)) && self.field(Field::Status).is_none() {
            return Err(RosterError::NoStatusColumn { file, columns });
        }
        if options.preset_map.is_some() {
            if self.field(Field::TicketType).is_none() {
                return Err(RosterError::NoTicketColumn { file, columns });
            }
        } else if options.default_preset.is_none() && self.field(Field::Preset).is_none() {
            return Err(RosterError::NoPresetColumn { file, columns });
        }
        if options.default_meeting.is_missing() && self.field(Field::Meeting).is_none() {
            return Err(RosterError::NoMeetingColumn { file, columns });
        }
        Ok(())
    }

    /// Why there is no id, as far as is known.
    fn no_id(&self, found: bool) -> NoId {
        let Some(dialect) = self.dialect.as_ref().filter(|dialect| dialect.id.is_empty()) else {
            let derive = self.derivation(false);
            return if found { NoId::Unnamed { derive } } else { NoId::NoHeader };
        };
        let as_written = |wanted: &String| self.names.iter().find(|name| fold(name) == fold(wanted));
        let choices = dialect.ids_from.iter();
        let mut found =
            choices.filter_map(|choice| choice.iter().map(as_written).collect::<Option<Vec<_>>>());
        let known = found.next().map(|names| id_from_flag(names.into_iter()));
        NoId::OfDialect { title: dialect.title.clone(), derive: known.or_else(|| self.derivation(false)) }
    }

    /// Whose list it is.
    pub(super) fn dialect(&self) -> Option<&Arc<Dialect>> {
        self.dialect.as_ref()
    }

    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    pub(super) fn roles(&self) -> &[Role] {
        &self.roles
    }

    pub(super) fn field(&self, field: Field) -> Option<usize> {
        self.fields[field as usize]
    }

    /// The columns that ids come from, as other rosters may write them; `None` as long as no object has the key.
    pub(super) fn id_columns(&self, options: &ReadOptions) -> Option<Vec<String>> {
        match &options.id_source {
            IdSource::Column => self.field(Field::Id).map(|at| vec![key_of(&self.names[at])]),
            IdSource::Derived(names) => Some(names.iter().map(|name| key_of(name)).collect()),
        }
    }

    /// The flag that derives ids of this roster: of its e-mail column, or of the id column that holds addresses, and of
    /// its names, since one address may stand for several people.
    pub(super) fn derivation(&self, ids_are_addresses: bool) -> Option<String> {
        let id = self.field(Field::Id).filter(|_| ids_are_addresses);
        let email = self.field(Field::Email).or(id)?;
        let name = self.field(Field::Name).map(|at| vec![at]);
        let parts = || [Field::FirstName, Field::LastName].into_iter().filter_map(|field| self.field(field));
        let columns = [email].into_iter().chain(name.unwrap_or_else(|| parts().collect()));
        Some(id_from_flag(columns.map(|at| &self.names[at])))
    }

    /// The columns that ids are derived from; for JSON Lines some may not have appeared yet.
    pub(super) fn id_from(&self) -> &[Option<usize>] {
        &self.id_from
    }

    /// Whether ids are derived from a name, among others.
    pub(super) fn derives_from_name(&self) -> bool {
        let is_name = |at| NAMES.into_iter().any(|field| self.field(field) == Some(at));
        self.id_from.iter().flatten().any(|at| is_name(*at))
    }

    /// The columns that are carried along.
    pub(super) fn extras(&self) -> &[usize] {
        &self.extras
    }

    pub(super) fn extra_names(&self) -> &[Arc<str>] {
        &self.extra_names
    }
}

/// A header as journals compare it: the next export may write it a little differently.
fn key_of(name: &str) -> String {
    let folded = fold(name);
    if folded.is_empty() { name.trim().to_owned() } else { folded }
}

/// The flag that derives ids from these columns.
fn id_from_flag<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> String {
    let typed: Vec<_> = names.map(|name| typable(name)).collect();
    format!("--id-from \"{}\"", typed.join(","))
}

/// A header as it can be typed in a list within quotes; any spelling that folds to the same is found.
fn typable(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '#' | '/' | '(' | ')');
    if name.chars().all(plain) { name.to_owned() } else { key_of(name) }
}

#[cfg(test)]
mod tests;
