//! A right answer, spoilt as a fault wants it, and what comes in place of an answer. Pure.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::answer::Answer;
use super::faults::{Noise, Silence, Spoil};

/// How many informational answers `flood-103` sends.
const HINTS: usize = 10_000;

/// What goes to the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// The whole answer.
    Whole(Answer),
    /// Half its body, then FIN.
    Cut(Answer),
    /// A byte at a time.
    Slow(Answer),
    /// With 50 MiB in it that nobody needs.
    Huge(Answer),
    /// Whole, but the connection is no good for another request.
    Stale(Answer),
    /// Nothing.
    Silence(Silence),
    /// These bytes, then FIN.
    Noise(Vec<u8>),
}

impl Reply {
    /// The answer in it, if there is one.
    pub(super) fn answer_mut(&mut self) -> Option<&mut Answer> {
        match self {
            Self::Whole(answer)
            | Self::Cut(answer)
            | Self::Slow(answer)
            | Self::Huge(answer)
            | Self::Stale(answer) => Some(answer),
            Self::Silence(_) | Self::Noise(_) => None,
        }
    }
}

/// Spoils an answer. One that is no success stays as it is: there is nothing in it to lose.
pub(super) fn spoil(mut answer: Answer, spoil: Spoil) -> Reply {
    if !(200..300).contains(&answer.status) {
        return Reply::Whole(answer);
    }
    match spoil {
        Spoil::Truncated => return Reply::Cut(answer),
        Spoil::Slow => return Reply::Slow(answer),
        Spoil::Huge => return Reply::Huge(answer),
        Spoil::Stale => return Reply::Stale(answer),
        Spoil::Empty => answer.body.clear(),
        Spoil::NotJson => answer.body = b"Created, thank you.".to_vec(),
        Spoil::Gzip => compress(&mut answer),
        Spoil::NotSuccess => edit(&mut answer, |body| body["success"] = Value::Bool(false)),
        Spoil::NoId => edit(&mut answer, |body| forget(body, "data", "id")),
        Spoil::EmptyId => edit(&mut answer, |body| set(body, "id", "")),
        Spoil::NoToken => edit(&mut answer, |body| forget(body, "data", "token")),
        Spoil::WrongEcho => edit(&mut answer, |body| set(body, "custom_participant_id", "somebody-else")),
    }
    Reply::Whole(answer)
}

/// Takes `paging.total_count` out of a page.
pub(super) fn forget_total(answer: &mut Answer) {
    edit(answer, |body| forget(body, "paging", "total_count"));
}

fn forget(body: &mut Value, part: &str, field: &str) {
    if let Some(part) = body.get_mut(part).and_then(Value::as_object_mut) {
        part.remove(field);
    }
}

fn set(body: &mut Value, field: &str, text: &str) {
    if let Some(data) = body.get_mut("data").and_then(Value::as_object_mut) {
        data.insert(field.to_owned(), Value::from(text));
    }
}

fn edit(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    if let Ok(mut body @ Value::Object(_)) = serde_json::from_slice(&answer.body) {
        change(&mut body);
        answer.body = body.to_string().into_bytes();
    }
}

fn compress(answer: &mut Answer) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    if let Ok(body) = encoder.write_all(&answer.body).and_then(|()| encoder.finish()) {
        answer.body = body;
        answer.headers.push(("content-encoding", "gzip".to_owned()));
    }
}

/// The bytes of a noise.
pub(super) fn noise(noise: Noise) -> Vec<u8> {
    match noise {
        Noise::Garbage => b"\x00\xff\x13 this is no HTTP \r\n\r\n\x80".to_vec(),
        Noise::CutHead => b"HTTP/1.1 20".to_vec(),
        Noise::BadLength => b"HTTP/1.1 201 Created\r\ncontent-length: -7\r\n\r\n{}".to_vec(),
        Noise::OnlyContinue => b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
        Noise::EarlyHints => b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(HINTS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn added() -> Answer {
        let body = br#"{"data":{"custom_participant_id":"a","id":"1"},"success":true}"#;
        Answer { status: 201, headers: Vec::new(), body: body.to_vec() }
    }

    #[rstest]
    #[case(Spoil::Empty, "")]
    #[case(Spoil::NotJson, "Created, thank you.")]
    #[case(Spoil::NotSuccess, r#"{"data":{"custom_participant_id":"a","id":"1"},"success":false}"#)]
    #[case(Spoil::NoId, r#"{"data":{"custom_participant_id":"a"},"success":true}"#)]
    #[case(Spoil::EmptyId, r#"{"data":{"custom_participant_id":"a","id":""},"success":true}"#)]
    #[case(Spoil::NoToken, r#"{"data":{"custom_participant_id":"a","id":"1"},"success":true}"#)]
    #[case(Spoil::WrongEcho, r#"{"data":{"custom_participant_id":"somebody-else","id":"1"},"success":true}"#)]
    fn a_success_is_spoilt(#[case] how: Spoil, #[case] body: &str) {
        let Reply::Whole(answer) = spoil(added(), how) else { panic!("it is whole") };
        assert_eq!((answer.status, String::from_utf8_lossy(&answer.body)), (201, body.into()));
    }

    #[rstest]
    fn nothing_panics_whatever_the_body(
        #[values(Spoil::NotSuccess, Spoil::NoId, Spoil::WrongEcho, Spoil::Gzip)] how: Spoil,
        #[values("", "[]", "7", r#"{"data":[]}"#, "{}", "nonsense")] body: &str,
    ) {
        spoil(Answer { body: body.into(), ..added() }, how);
    }

    #[test]
    fn a_refusal_is_not_spoilt() {
        let refusal = Answer { status: 422, ..added() };
        assert_eq!(spoil(refusal.clone(), Spoil::Truncated), Reply::Whole(refusal));
    }
}
