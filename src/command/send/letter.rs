//! One delivery before it is signed: the fixture, shaped.

use bytes::Bytes;
use rand::rngs::StdRng;
use serde_json::Value;

use super::{Order, Run};
use crate::cli::ShapeArgs;
use crate::command::shape;
use crate::delivery::Headers;
use crate::exit::CliError;
use crate::json::{JsonFields, javascript};
use crate::provider::{Forge, Letter, document};

/// What the user gives in place of fixtures. It is read once, as stdin can be.
pub struct Given {
    data: Option<Value>,
    /// Bytes that are sent as they are, in place of anything forged.
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

    /// The letter, with fresh ids and times.
    pub fn letter(
        &self,
        run: &Run<'_>,
        order: Order<'_>,
        random: &mut StdRng,
    ) -> Result<Letter, CliError> {
        let signed_at = run.moment();
        let definition = &order.provider.definition;
        let mut forge = Forge::new(order.event, signed_at, random);
        let mut fields = forge.headers(definition);
        let data = match self {
            Self::Fixture(data) => Some(forge.fill(data)),
            Self::Data(data) => Some(data.clone()),
            Self::Body(_) => None,
        };
        let body = match (self, data) {
            (Self::Body(body), _) => edited(run, body)?,
            (_, data) => {
                let mut value = document(definition, &data.unwrap_or_default(), &mut forge);
                shaped(run, order, &mut value, &mut fields)?.into()
            }
        };
        add_headers(run, &mut fields);
        let event_id = definition
            .envelope
            .id
            .find(&fields, JsonFields::new(&body).as_ref());
        Ok(Letter {
            event_id: event_id.unwrap_or_default(),
            body,
            headers: fields,
            signed_at,
            target: run.target.request_target().to_owned(),
        })
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

fn shaped(
    run: &Run<'_>,
    order: Order<'_>,
    value: &mut Value,
    fields: &mut Headers,
) -> Result<String, CliError> {
    let shape = &run.args.shape;
    if let Some(id) = &shape.id {
        let place = &order.provider.definition.envelope.id;
        place.put(value, fields, id).map_err(|error| {
            CliError::usage(format!("`--id` has no place: {error}"))
                .hint("`--data` took the place of the whole payload: write the id into it")
        })?;
    }
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
