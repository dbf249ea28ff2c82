//! Genuine deliveries of changed documents, and of documents in another spelling.

use bytes::Bytes;
use serde_json::Value;

use super::super::body;
use super::super::case::TestCase;
use super::super::error::CheckError;
use super::{CheckContext, Made};
use crate::json::Path;
use crate::provider::{Document, Payload};

impl CheckContext<'_> {
    /// Of a document that was changed before it was written; the change gets the path of the data.
    pub fn edited(&mut self, change: impl FnOnce(&mut Value, &Path)) -> Made {
        let mut document = self.document()?;
        let genuine = self.written(document.clone());
        change(&mut document.value, &self.definition().envelope.data);
        self.unlike(&genuine, &self.written(document))
    }

    /// Of a document that is written in another way.
    pub fn written_as<B: Into<Bytes>>(&mut self, write: impl FnOnce(&Value) -> B) -> Made {
        let document = self.document()?;
        self.rewritten(document, write)
    }

    /// The same of a document that has a number with a fraction.
    pub fn written_with_fraction<B: Into<Bytes>>(
        &mut self,
        write: impl FnOnce(&Value) -> B,
    ) -> Made {
        let mut document = self.document_with_fraction()?;
        body::ensure_fraction(&mut document.value, &self.definition().envelope.data);
        self.rewritten(document, write)
    }

    /// A delivery of an event of this name with the data of the one that is played.
    pub fn under_another_name(&mut self, name: &str) -> Made {
        let event = self.event.clone();
        let mut document = self.document_of(&event, name)?;
        // Of some providers the name stands in the data.
        let named = self.definition().envelope.event.put(&mut document, name);
        named.map_err(|_| CheckError::Inapplicable("its payload names no event"))?;
        let payload = self.written(document);
        Ok(TestCase::of(vec![self.genuine_of(&payload)]))
    }

    /// A genuine delivery whose media type has a charset.
    pub fn with_charset(&mut self) -> Made {
        let genuine = self.payload()?;
        let mut payload = genuine.clone();
        let media_type = genuine.headers.text("Content-Type").unwrap_or_default();
        if !media_type.is_empty() && !media_type.contains("charset") {
            let media_type = format!("{media_type}; charset=utf-8");
            payload.headers.set("Content-Type", media_type);
        }
        self.unlike(&genuine, &payload)
    }

    fn rewritten<B: Into<Bytes>>(
        &self,
        document: Document,
        write: impl FnOnce(&Value) -> B,
    ) -> Made {
        let genuine = self.written(document.clone());
        let body = write(&document.value);
        let payload = document.with_body(body, self.definition(), &self.url.1, self.now());
        let payload = self.addressed(payload);
        self.unlike(&genuine, &payload)
    }

    /// A delivery that is another than the genuine one it was made from: what goes out unchanged
    /// checks nothing.
    fn unlike(&self, genuine: &Payload, payload: &Payload) -> Made {
        if (&genuine.body, &genuine.headers) == (&payload.body, &payload.headers) {
            let reason = "nothing in its deliveries can be changed in this way";
            return Err(CheckError::Inapplicable(reason));
        }
        Ok(TestCase::of(vec![self.genuine_of(payload)]))
    }

    /// The event that is played, or the first of the provider's that has a number with a fraction.
    fn document_with_fraction(&mut self) -> Result<Document, CheckError> {
        let played = self.event.clone();
        let names = std::iter::once(played.as_str()).chain(self.provider.event_names());
        for name in names {
            let document = self.document_of(name, name)?;
            if body::has_fraction(&document.value) {
                return Ok(document);
            }
        }
        self.document()
    }
}
