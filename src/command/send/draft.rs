//! One delivery before it is signed: the fixture, shaped.

use bytes::Bytes;
use rand::rngs::StdRng;
use serde_json::Value;

use super::{Order, Run};
use crate::cli::ShapeArgs;
use crate::command::shape;
use crate::delivery::Headers;
use crate::exit::CliError;
use crate::json::javascript;
use crate::provider::{Composer, Document, Payload};

/// What the user gives in place of fixtures. It is read once, as stdin can be.
pub struct Given {
    data: Option<Value>,
    /// Bytes that are sent as they are, in place of anything composed.
    body: Option<Bytes>,
}

impl Given {
    /// Reads `--data` and `--body`.
    pub fn read(shape: &ShapeArgs) -> Result<Self, CliError> {
        let data = shape.data.as_deref();
        let body = shape.body.as_deref();
        Ok(Self {
            data: data
                .map(|text| shape::json_source(text, "--data"))
                .transpose()?,
            body: body
                .map(|text| shape::byte_source(text, "--body"))
                .transpose()?
                .map(Bytes::from),
        })
    }
}

/// What stands in an order, read once for all of a run.
pub enum Draft {
    /// A fixture's data, with placeholders.
    Fixture(Value),
    /// The user's data, in which everything means itself.
    Data(Value),
    /// The user's bytes.
    Body(Bytes),
}

impl Draft {
    /// Reads the fixture, or takes what the user gave in its place.
    pub fn read(run: &Run<'_>, order: Order<'_>) -> Result<Self, CliError> {
        if let Some(body) = &run.given.body {
            warn(run, order, body);
            return Ok(Self::Body(body.clone()));
        }
        if let Some(data) = &run.given.data {
            return Ok(Self::Data(data.clone()));
        }
        match order.provider.event(order.event) {
            Some(event) => Ok(Self::Fixture(event?.data)),
            None => Err(run.setup.unknown_event_of(order.provider, order.event)),
        }
    }

    /// The payload, with fresh ids and times.
    pub fn payload(
        &self,
        run: &Run<'_>,
        order: Order<'_>,
        random: &mut StdRng,
    ) -> Result<Payload, CliError> {
        let signed_at = run.moment();
        let definition = &order.provider.definition;
        let mut composer = Composer::new(definition, order.event, signed_at, random);
        let target = run.target.request_target();
        let mut document = match self {
            Self::Fixture(data) => composer.fixture(data),
            Self::Data(data) => composer.data(data),
            Self::Body(body) => {
                let mut document = composer.data(&Value::Null);
                add_headers(run, &mut document.headers);
                return Ok(document.spelled(edited(run, body)?, definition, target, signed_at));
            }
        };
        let body = shaped(run, order, &mut document)?;
        add_headers(run, &mut document.headers);
        Ok(document.spelled(body, definition, target, signed_at))
    }
}

/// A user's body goes out as it is; the documented handler may read another one.
fn warn(run: &Run<'_>, order: Order<'_>, body: &[u8]) {
    let definition = &order.provider.definition;
    if definition.handler.reserializes && !javascript::is_fixed_point(body) {
        run.world.console.warn(
            &format!(
                "the documented handler of {} computes the signature over JSON.stringify of the \
                 parsed body, which is not this body",
                definition.title
            ),
            Some("it will refuse the delivery; a handler over the raw bytes will not"),
        );
    }
}

fn shaped(run: &Run<'_>, order: Order<'_>, document: &mut Document) -> Result<String, CliError> {
    let shape = &run.args.shape;
    if let Some(id) = &shape.id {
        let place = &order.provider.definition.envelope.id;
        place.put(document, id).map_err(|error| {
            CliError::usage(format!("`--id` has no place: {error}"))
                .hint("`--data` took the place of the whole payload: write the id into it")
        })?;
    }
    let value = &mut document.value;
    shape::set_all(value, &shape.set, shape.add)?;
    shape::unset_all(value, &shape.unset)?;
    if !shape.edit {
        return Ok(javascript::stringify(value));
    }
    let pretty = format!("{value:#}\n");
    let edited = shape::edit(pretty.as_bytes(), &run.setup.config)?;
    javascript::restringify(&edited).ok_or_else(|| {
        CliError::usage("what came out of the editor is not JSON").hint("nothing was sent")
    })
}

fn edited(run: &Run<'_>, body: &Bytes) -> Result<Bytes, CliError> {
    if run.args.shape.edit {
        Ok(shape::edit(body, &run.setup.config)?.into())
    } else {
        Ok(body.clone())
    }
}

/// The user's fields take the place of the provider's of the same name; repeats stay repeats.
fn add_headers(run: &Run<'_>, fields: &mut Headers) {
    let typed = &run.args.header;
    for (place, header) in typed.iter().enumerate() {
        let is_repeat = typed
            .iter()
            .take(place)
            .any(|earlier| earlier.name.eq_ignore_ascii_case(&header.name));
        if is_repeat {
            fields.push(header.name.clone(), header.value.clone());
        } else {
            fields.set(&header.name, header.value.clone());
        }
    }
}
