//! What a request asks for: its method, path and query, read as the contract writes them. Pure.

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::answer::Refusal;
use crate::model::MeetingId;

/// The path under which the API lives.
pub(super) const BASE_PATH: &str = "/client/v4";

/// `per_page` where none is asked for.
const DEFAULT_PER_PAGE: u64 = 20;

/// The kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Add a participant.
    Add,
    /// List a meeting's participants.
    List,
    /// Get a participant.
    Get,
    /// Refresh a participant's token.
    Token,
    /// Change a participant.
    Patch,
    /// Remove a participant.
    Delete,
    /// Get a meeting.
    Meeting,
    /// List the presets.
    Presets,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Add,
        Self::List,
        Self::Get,
        Self::Token,
        Self::Patch,
        Self::Delete,
        Self::Meeting,
        Self::Presets,
    ];

    /// The name in fault rules and statistics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::List => "list",
            Self::Get => "get",
            Self::Token => "token",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Meeting => "meeting",
            Self::Presets => "presets",
        }
    }
}

/// What a request asks for, and of which app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The account, as the path names it.
    pub(super) account_id: String,
    /// The app, as the path names it.
    pub(super) app_id: String,
    /// What is asked for.
    pub(super) operation: Operation,
}

/// An operation of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add(MeetingId),
    List(MeetingId, PageQuery),
    /// On one participant: get, patch, delete, token.
    One(OneCall, MeetingId, Uuid),
    Meeting(MeetingId),
    Presets(PageQuery),
}

/// What is done to one participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OneCall {
    Get,
    Patch,
    Delete,
    Token,
}

/// Which page is asked for; 0 counts as not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageQuery {
    pub(super) page_no: Option<u64>,
    pub(super) per_page: u64,
}

impl Operation {
    /// The meeting that it is about.
    pub(super) fn meeting(&self) -> Option<MeetingId> {
        match self {
            Self::Add(id) | Self::List(id, _) | Self::One(_, id, _) | Self::Meeting(id) => Some(*id),
            Self::Presets(_) => None,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Add(_) => Kind::Add,
            Self::List(..) => Kind::List,
            Self::One(OneCall::Get, ..) => Kind::Get,
            Self::One(OneCall::Patch, ..) => Kind::Patch,
            Self::One(OneCall::Delete, ..) => Kind::Delete,
            Self::One(OneCall::Token, ..) => Kind::Token,
            Self::Meeting(_) => Kind::Meeting,
            Self::Presets(_) => Kind::Presets,
        }
    }
}

impl Call {
    /// Reads a request line.
    pub(super) fn read(method: &Method, uri: &Uri) -> Result<Self, Refusal> {
        let path = uri.path().strip_prefix(BASE_PATH).ok_or(Refusal::NoRoute)?;
        let segments: Vec<_> = path.split('/').map(decode).collect::<Result<_, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let ["", "accounts", account_id, "realtime", "kit", app_id, resource @ ..] = segments.as_slice()
        else {
            return Err(Refusal::NoRoute);
        };
        let operation = operation(method, resource, uri.query().unwrap_or_default())?;
        Ok(Self { account_id: (*account_id).to_owned(), app_id: (*app_id).to_owned(), operation })
    }
}

fn operation(method: &Method, resource: &[&str], query: &str) -> Result<Operation, Refusal> {
    match (method.as_str(), resource) {
        ("GET", ["presets"]) => Ok(Operation::Presets(page_query(query)?)),
        ("GET", ["meetings", meeting]) => Ok(Operation::Meeting(meeting_id(meeting)?)),
        ("POST", ["meetings", meeting, "participants"]) => Ok(Operation::Add(meeting_id(meeting)?)),
        ("GET", ["meetings", meeting, "participants"]) => {
            Ok(Operation::List(meeting_id(meeting)?, page_query(query)?))
        }
        ("GET", ["meetings", meeting, "participants", id]) => one(OneCall::Get, meeting, id),
        ("PATCH", ["meetings", meeting, "participants", id]) => one(OneCall::Patch, meeting, id),
        ("DELETE", ["meetings", meeting, "participants", id]) => one(OneCall::Delete, meeting, id),
        ("POST", ["meetings", meeting, "participants", id, "token"]) => one(OneCall::Token, meeting, id),
        (
            _,
            ["presets"]
            | ["meetings", _]
            | ["meetings", _, "participants"]
            | ["meetings", _, "participants", _]
            | ["meetings", _, "participants", _, "token"],
        ) => Err(Refusal::WrongMethod),
        _ => Err(Refusal::NoRoute),
    }
}

fn one(call: OneCall, meeting: &str, id: &str) -> Result<Operation, Refusal> {
    let id = id.parse().map_err(|_| Refusal::UnknownParticipant)?;
    Ok(Operation::One(call, meeting_id(meeting)?, id))
}

fn meeting_id(text: &str) -> Result<MeetingId, Refusal> {
    text.parse().map_err(|_| Refusal::NotAMeetingId)
}

fn page_query(query: &str) -> Result<PageQuery, Refusal> {
    let mut page = PageQuery { page_no: None, per_page: DEFAULT_PER_PAGE };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let number = || value.parse::<u64>().map_err(|_| Refusal::NotAPage);
        match name.as_ref() {
            "page_no" => page.page_no = Some(number()?),
            "per_page" => page.per_page = Some(number()?).filter(|n| *n > 0).unwrap_or(DEFAULT_PER_PAGE),
            _ => {}
        }
    }
    Ok(page)
}

fn decode(segment: &str) -> Result<std::borrow::Cow<'_, str>, Refusal> {
    percent_decode_str(segment).decode_utf8().map_err(|_| Refusal::NoRoute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const MEETING: &str = "5a4db0c5-7e57-4000-8000-000000000001";

    fn read(method: &str, resource: &str) -> Result<Operation, Refusal> {
        let uri: Uri = format!("/client/v4/accounts/acc/realtime/kit/app{resource}").parse().unwrap();
        Call::read(&method.parse().unwrap(), &uri).map(|call| call.operation)
    }

    #[rstest]
    #[case("POST", "/participants", Kind::Add)]
    #[case("GET", "/participants", Kind::List)]
    #[case("GET", "/participants/5a4db0c5-7e57-4000-8000-000000000009", Kind::Get)]
    #[case("PATCH", "/participants/5a4db0c5-7e57-4000-8000-000000000009", Kind::Patch)]
    #[case("DELETE", "/participants/5a4db0c5-7e57-4000-8000-000000000009", Kind::Delete)]
    #[case("POST", "/participants/5a4db0c5-7e57-4000-8000-000000000009/token", Kind::Token)]
    #[case("GET", "", Kind::Meeting)]
    fn every_path_of_a_meeting_is_known(#[case] method: &str, #[case] path: &str, #[case] kind: Kind) {
        assert_eq!(read(method, &format!("/meetings/{MEETING}{path}")).map(|op| op.kind()), Ok(kind));
    }

    #[rstest]
    #[case("PUT", "/meetings/5a4db0c5-7e57-4000-8000-000000000001/participants", Refusal::WrongMethod)]
    #[case("POST", "/presets", Refusal::WrongMethod)]
    #[case("GET", "/meetings/nonsense", Refusal::NotAMeetingId)]
    #[case("GET", "/meetings/%ff", Refusal::NoRoute)]
    #[case("GET", "/meetings", Refusal::NoRoute)]
    #[case(
        "GET",
        "/meetings/5a4db0c5-7e57-4000-8000-000000000001/participants/x",
        Refusal::UnknownParticipant
    )]
    #[case("GET", "/presets?page_no=-1", Refusal::NotAPage)]
    #[case("GET", "/presets?per_page=many", Refusal::NotAPage)]
    fn what_the_contract_does_not_have_is_refused(
        #[case] method: &str,
        #[case] resource: &str,
        #[case] refusal: Refusal,
    ) {
        assert_eq!(read(method, resource), Err(refusal));
    }

    #[rstest]
    #[case("", None, 20)]
    #[case("?page_no=3&per_page=50&x=y", Some(3), 50)]
    #[case("?page_no=0&per_page=0", Some(0), 20)]
    fn a_page_is_asked_for_by_number(
        #[case] query: &str,
        #[case] page_no: Option<u64>,
        #[case] per_page: u64,
    ) {
        let page = PageQuery { page_no, per_page };
        assert_eq!(read("GET", &format!("/presets{query}")), Ok(Operation::Presets(page)));
    }

    #[test]
    fn ids_in_the_path_are_decoded() {
        let uri: Uri = "/client/v4/accounts/a%63c/realtime/kit/app/presets".parse().unwrap();
        assert_eq!(Call::read(&Method::GET, &uri).map(|call| call.account_id), Ok("acc".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_path_is_too_odd_to_be_read(path in "(/client/v4/accounts/a/realtime/kit/b)?[/%?&=a-z0-9._~-]{0,40}") {
            if let Ok(uri) = path.parse::<Uri>() {
                let _ = Call::read(&Method::GET, &uri);
            }
        }
    }
}
