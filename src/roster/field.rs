//! The fields that a column can fill, and the headers that mean them.

use std::fmt;
use std::str::FromStr;

/// What a column may mean to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// `custom_participant_id`.
    Id,
    /// The shown name.
    Name,
    /// Joined with the last name where there is no full name.
    FirstName,
    /// See [`Field::FirstName`].
    LastName,
    /// `preset_name`.
    Preset,
    /// The picture's URL.
    Picture,
    /// The meeting.
    Meeting,
    /// The e-mail address: never sent, carried along.
    Email,
    /// The kind of ticket, from which a preset may follow: never sent, carried along.
    TicketType,
    /// Whether somebody comes: never sent, carried along.
    Status,
}

/// The fields, their names on the command line, and the folded headers that mean them, the surest first.
const FIELDS: [(Field, &str, &[&str]); 10] = [
    (
        Field::Id,
        "id",
        &[
            "customparticipantid",
            "id",
            "participantid",
            "externalid",
            "userid",
            "guestid",
            "attendeeid",
            "ticketid",
            "memberid",
            "studentid",
            "registrationid",
            "participantno",
            "attendeeno",
            "ticketno",
        ],
    ),
    (
        Field::Name,
        "name",
        &["name", "fullname", "displayname", "attendeename", "participantname", "guestname"],
    ),
    (Field::FirstName, "first-name", &["firstname", "givenname", "forename"]),
    (Field::LastName, "last-name", &["lastname", "surname", "familyname"]),
    (Field::Preset, "preset", &["presetname", "preset", "role"]),
    (
        Field::Picture,
        "picture",
        &["picture", "pictureurl", "avatar", "avatarurl", "photo", "photourl", "image", "imageurl"],
    ),
    (Field::Meeting, "meeting", &["meetingid", "meeting"]),
    (Field::Email, "email", &["email", "emailaddress", "mail", "mailaddress", "useremail", "attendeeemail"]),
    (Field::TicketType, "ticket-type", &["tickettype", "ticketname", "ticketclass", "ticketcategory"]),
    (
        Field::Status,
        "status",
        &["status", "attendeestatus", "approvalstatus", "registrationstatus", "rsvp", "rsvpstatus"],
    ),
];

impl Field {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Name,
        Self::FirstName,
        Self::LastName,
        Self::Preset,
        Self::Picture,
        Self::Meeting,
        Self::Email,
        Self::TicketType,
        Self::Status,
    ];

    /// The name that `--map` knows it by.
    pub fn name(self) -> &'static str {
        FIELDS[self as usize].1
    }

    /// The headers that mean it, folded, the surest first.
    pub(super) fn aliases(self) -> &'static [&'static str] {
        FIELDS[self as usize].2
    }

    /// Whether the API gets it, or an id or a name is made of it.
    pub(super) fn is_sent(self) -> bool {
        !matches!(self, Self::Email | Self::TicketType | Self::Status)
    }

    /// Whether its column is carried along as well: the export has no place for it otherwise.
    pub(super) fn is_carried_along(self) -> bool {
        matches!(self, Self::FirstName | Self::LastName | Self::Email | Self::TicketType | Self::Status)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{:?} is no field; the fields are id, name, first-name, last-name, preset, picture, meeting, email, ticket-type and status", .0)]
pub struct UnknownField(pub String);

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(name: &str) -> Result<Self, UnknownField> {
        let named = |field: &Self| fold(field.name()) == fold(name);
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownField(name.to_owned()))
    }
}

/// A header as it is compared: lower case, letters and digits only, `#` after something as `no`.
pub(super) fn fold(header: &str) -> String {
    let mut folded = String::with_capacity(header.len());
    fold_onto(header, &mut folded);
    folded
}

/// The same, into an empty buffer.
pub(super) fn fold_onto(header: &str, folded: &mut String) {
    for c in header.chars() {
        match c {
            '#' if !folded.is_empty() => folded.push_str("no"),
            c if c.is_alphanumeric() => folded.extend(c.to_lowercase()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_fields() {
        for (at, (field, ..)) in FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, at);
            assert_eq!(Field::ALL[at], *field);
            assert_eq!(field.name().parse(), Ok(*field));
        }
        for (.., aliases) in FIELDS {
            assert!(aliases.iter().all(|alias| fold(alias) == *alias));
        }
    }
}
