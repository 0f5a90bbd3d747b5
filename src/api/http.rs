//! [`HttpApi`]: the calls over HTTP. What an answer's body means is in `body`, what an error means in `failure`.
#![expect(clippy::disallowed_types, reason = "the one owner of reqwest")]

use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, Method, Request, Response, Url};
use serde::Serialize;

use super::answer::{self, Limit};
use super::body::{self, Parsed};
use super::client::{self, HttpError, HttpSettings};
use super::wire::{AddBody, EditBody};
use super::{ApiToken, MeetingStatus, Page, PageRequest, ParticipantApi, Removed};
use crate::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantEdit, PictureEdit, RemoteId,
    RemoteParticipant,
};
use crate::outcome::{Answer, LimitHeaders, NotSent, Reply};

/// What needs no escape in a path's segment: RFC 3986's unreserved characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The API over HTTP/1.1. Clones share their connections.
#[derive(Debug, Clone)]
pub struct HttpApi {
    client: Client,
    /// What no message may show, although an answer may quote it.
    token: ApiToken,
    /// Up to the app, without a slash at the end.
    app: String,
    /// Where the last participant was added: parsing a URL costs a twentieth of a request.
    last: Arc<Mutex<Option<(MeetingId, Url)>>>,
}

impl HttpApi {
    /// Builds the client; nothing is sent.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        let (account, app) = (settings.target.account_id(), settings.target.app_id());
        let app = format!("{}/accounts/{account}/realtime/kit/{app}", settings.api_url);
        Ok(Self {
            client: client::build(settings)?,
            token: settings.token.clone(),
            app,
            last: Arc::default(),
        })
    }

    /// One request, one answer.
    async fn call<T>(
        &self,
        request: Result<Request, NotSent>,
        limit: Limit,
        parse: impl FnOnce(&[u8]) -> Parsed<T>,
    ) -> Reply<T> {
        match self.send(request).await {
            Ok(response) => answer::read(response, limit, &self.token, parse).await,
            Err(answer) => Reply { answer, limits: LimitHeaders::default() },
        }
    }

    async fn send<T>(&self, request: Result<Request, NotSent>) -> Result<Response, Answer<T>> {
        let request = request.map_err(Answer::NotSent)?;
        self.client.execute(request).await.map_err(|error| answer::of_error(&error))
    }

    fn participants(&self, meeting: MeetingId) -> String {
        format!("{}/meetings/{meeting}/participants", self.app)
    }

    fn participant_url(&self, meeting: MeetingId, id: &RemoteId) -> Result<String, NotSent> {
        segment(id).map(|id| format!("{}/{id}", self.participants(meeting)))
    }

    fn participants_url(&self, meeting: MeetingId) -> Result<Url, NotSent> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, url)) = &*last
            && *known == meeting
        {
            return Ok(url.clone());
        }
        let url = parse(&self.participants(meeting))?;
        *last = Some((meeting, url.clone()));
        Ok(url)
    }
}

fn parse(url: &str) -> Result<Url, NotSent> {
    Url::parse(url).map_err(|error| NotSent::NotBuilt(error.to_string()))
}

fn request(method: Method, url: &str) -> Result<Request, NotSent> {
    Ok(Request::new(method, parse(url)?))
}

/// Without a length, some servers answer 411 to a POST.
fn empty_post(url: &str) -> Result<Request, NotSent> {
    let mut request = request(Method::POST, url)?;
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    Ok(request)
}

fn paged(url: &str, page: PageRequest) -> Result<Request, NotSent> {
    request(Method::GET, &format!("{url}?page_no={}&per_page={}", page.page_no, page.per_page))
}

fn with_json(mut request: Request, body: &impl Serialize) -> Result<Request, NotSent> {
    let json = serde_json::to_vec(body).map_err(|error| NotSent::NotBuilt(error.to_string()))?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(Body::from(json));
    Ok(request)
}

fn add_request(url: Url, participant: &Participant) -> Result<Request, NotSent> {
    let body = AddBody {
        custom_participant_id: participant.key.custom_participant_id.as_str().into(),
        preset_name: participant.preset_name.as_str().into(),
        name: Some(participant.name.as_str().into()),
        picture: participant.picture.as_deref().map(Into::into),
    };
    with_json(Request::new(Method::POST, url), &body)
}

fn edit_request(url: &str, edit: &ParticipantEdit) -> Result<Request, NotSent> {
    let body = EditBody {
        preset_name: edit.preset_name.as_deref().map(Into::into),
        name: edit.name.as_deref().map(Into::into),
        picture: edit.picture.as_ref().map(|picture| match picture {
            PictureEdit::Set(url) => Some(url.as_str().into()),
            PictureEdit::Clear => None,
        }),
    };
    with_json(request(Method::PATCH, url)?, &body)
}

/// An id as one segment of a path. `.` and `..` can't be one, escaped or not: they would lead to another resource.
fn segment(id: &RemoteId) -> Result<impl std::fmt::Display, NotSent> {
    match id.as_str() {
        "." | ".." => Err(NotSent::NotBuilt("the participant's id can't be part of a URL".to_owned())),
        id => Ok(utf8_percent_encode(id, UNRESERVED)),
    }
}

impl ParticipantApi for HttpApi {
    async fn add(&self, participant: &Participant) -> Reply<AddedParticipant> {
        let url = self.participants_url(participant.key.meeting);
        let request = url.and_then(|url| add_request(url, participant));
        self.call(request, Limit::ONE, |json| body::added(json, participant)).await
    }

    async fn list(&self, meeting: MeetingId, page: PageRequest) -> Reply<Page<RemoteParticipant>> {
        self.call(paged(&self.participants(meeting), page), Limit::PAGE, body::participants).await
    }

    async fn participant(&self, meeting: MeetingId, id: &RemoteId) -> Reply<RemoteParticipant> {
        let request = self.participant_url(meeting, id).and_then(|url| request(Method::GET, &url));
        self.call(request, Limit::ONE, |json| body::participant(json, id)).await
    }

    async fn update(
        &self,
        meeting: MeetingId,
        id: &RemoteId,
        edit: &ParticipantEdit,
    ) -> Reply<AddedParticipant> {
        let request = self.participant_url(meeting, id).and_then(|url| edit_request(&url, edit));
        self.call(request, Limit::ONE, |json| body::updated(json, id)).await
    }

    async fn remove(&self, meeting: MeetingId, id: &RemoteId) -> Reply<Removed> {
        let request = self.participant_url(meeting, id).and_then(|url| request(Method::DELETE, &url));
        let Reply { answer, limits } = self.call(request, Limit::ONE, body::removed).await;
        Reply { answer: answer::of_removal(answer), limits }
    }

    async fn refresh_token(&self, meeting: MeetingId, id: &RemoteId) -> Reply<JoinToken> {
        let url = self.participant_url(meeting, id).map(|url| format!("{url}/token"));
        self.call(url.and_then(|url| empty_post(&url)), Limit::ONE, body::token).await
    }

    async fn meeting(&self, meeting: MeetingId) -> Reply<MeetingStatus> {
        let url = format!("{}/meetings/{meeting}", self.app);
        self.call(request(Method::GET, &url), Limit::ONE, body::meeting).await
    }

    async fn presets(&self, page: PageRequest) -> Reply<Page<String>> {
        self.call(paged(&format!("{}/presets", self.app), page), Limit::PAGE, body::presets).await
    }
}
