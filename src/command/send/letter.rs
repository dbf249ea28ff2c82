//! One delivery before it is signed: the fixture, shaped.

use rand::rngs::StdRng;
use serde_json::Value;

use super::{Order, Run};
use crate::command::setup::{headers, moment};
use crate::command::shape;
use crate::delivery::{Headers, Timestamp};
use crate::exit::Trouble;
use crate::json::{Peek, javascript};
use crate::provider::{Forge, Letter, document};

/// What stands in an order, read once for all of a run.
pub struct Draft {
    data: Value,
    /// Bytes that are sent as they are, in place of anything forged.
    body: Option<Vec<u8>>,
}

impl Draft {
    /// Reads the fixture, or what the user gives in its place.
    pub fn read(run: &Run<'_>, order: Order<'_>) -> Result<Self, Trouble> {
        let shape = &run.args.shape;
        let body = shape.body.as_deref().map(shape::source).transpose()?;
        let data = match (&shape.data, &body) {
            (Some(text), _) => shape::json_source(text, "--data")?,
            (None, Some(_)) => Value::Null,
            (None, None) => match order.provider.event(order.event) {
                Some(event) => event?.data,
                None => return Err(run.setup.unknown_event_of(order.provider, order.event)),
            },
        };
        let draft = Self { data, body };
        draft.warn(run, order);
        Ok(draft)
    }

    /// A user's body goes out as it is; the documented handler may read another one.
    fn warn(&self, run: &Run<'_>, order: Order<'_>) {
        let Some(body) = &self.body else { return };
        let definition = &order.provider.definition;
        if definition.handler.reserializes && !javascript::is_fixed_point(body) {
            run.world.console.warn(
                &format!(
                    "the documented handler of {} computes the signature over JSON.stringify of the \
                     parsed body, which is not this body",
                    definition.title
                ),
                Some("it will answer 401; a handler over the raw bytes will not"),
            );
        }
    }

    /// The letter, with fresh ids and times.
    pub fn letter(
        &self,
        run: &Run<'_>,
        order: Order<'_>,
        random: &mut StdRng,
    ) -> Result<Letter, Trouble> {
        let now = run.world.now();
        let at = run
            .args
            .shape
            .timestamp
            .map_or(now, |typed| moment(typed, now));
        let definition = &order.provider.definition;
        let mut forge = Forge::new(order.event, at, random);
        let mut fields = forge.headers(definition);
        let body = match &self.body {
            Some(body) => self.edited(run, body.clone())?,
            None => {
                let mut value = document(definition, &self.data, &mut forge);
                self.shaped(run, order, &mut value, &mut fields)?
                    .into_bytes()
            }
        };
        for (name, value) in headers(&run.args.header).iter() {
            fields.set(name, value.clone());
        }
        let event_id = definition
            .envelope
            .id
            .find(&fields, Peek::new(&body).as_ref());
        Ok(Letter {
            event_id: event_id.unwrap_or_default(),
            body: body.into(),
            headers: fields,
            signed_at: signing_time(run, at),
            target: run.target.request_target().to_owned(),
        })
    }

    fn shaped(
        &self,
        run: &Run<'_>,
        order: Order<'_>,
        value: &mut Value,
        fields: &mut Headers,
    ) -> Result<String, Trouble> {
        let shape = &run.args.shape;
        if let Some(id) = &shape.id {
            order.provider.definition.envelope.id.put(value, fields, id);
        }
        shape::set_all(value, &shape.set, shape.add)?;
        shape::unset_all(value, &shape.unset)?;
        if !shape.edit {
            return Ok(javascript::stringify(value));
        }
        let pretty = format!("{value:#}\n");
        let edited = shape::edit(pretty.as_bytes(), &run.setup.config)?;
        javascript::restringify(&edited).ok_or_else(|| {
            Trouble::usage("what came out of the editor is not JSON").hint("nothing was sent")
        })
    }

    fn edited(&self, run: &Run<'_>, body: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        if run.args.shape.edit {
            shape::edit(&body, &run.setup.config)
        } else {
            Ok(body)
        }
    }
}

/// The time of signing: now, or the one that was given.
fn signing_time(run: &Run<'_>, at: Timestamp) -> Timestamp {
    if run.args.shape.timestamp.is_some() {
        at
    } else {
        run.world.now()
    }
}
