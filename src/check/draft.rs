//! A delivery on its way from a fixture to a request.

use serde_json::Value;

use super::error::CheckError;
use super::probe::Parcel;
use crate::delivery::{Headers, Request};
use crate::provider::{Forge, Letter, Provider, document};

/// A document before it is written.
pub struct Draft {
    /// The event's name.
    pub event: String,
    /// Envelope and data.
    pub document: Value,
    /// The headers besides the signature.
    pub headers: Headers,
}

impl Draft {
    /// The data of `event` under the name `name`, with fresh ids and times.
    pub fn drawn(
        provider: &Provider,
        event: &str,
        name: &str,
        forge: &mut Forge<'_>,
    ) -> Result<Self, CheckError> {
        let no_event = || CheckError::NoEvent(event.to_owned());
        let fixture = provider.event(event).ok_or_else(no_event)??;
        let headers = forge.headers(&provider.definition);
        let data = forge.fill(&fixture.data);
        Ok(Self {
            event: name.to_owned(),
            document: document(&provider.definition, &data, forge),
            headers,
        })
    }
}

/// A letter of an event.
pub struct Post {
    /// The event's name.
    pub event: String,
    /// What is signed and sent.
    pub letter: Letter,
}

impl Post {
    /// The parcel with what was made of the letter.
    pub fn parcel(&self, request: Request) -> Parcel {
        Parcel {
            event: self.event.clone(),
            event_id: self.letter.event_id.clone(),
            request,
        }
    }
}
