//! From a line to its terms.

use std::ops::Range;

use strum::VariantArray as _;

use super::compare::{Comparison, ValueTest};
use super::term::{AnswerPattern, FilterTerm, FilterTest};
use super::words::{FIELDS, STATES};
use super::{FilterSyntaxError, ReadMoment};
use crate::delivery::{DeliverySource, EventFilter, Status, did_you_mean};

/// A piece of a line: its text without quotes, where it stands, and whether it was quoted.
struct Piece {
    text: String,
    at: Range<usize>,
    /// Where in `text` what was within quotes begins, so that no sign is looked for there.
    quoted_from: Option<usize>,
}

pub(super) fn terms(
    line: &str,
    moment: ReadMoment<'_>,
) -> Result<Vec<FilterTerm>, FilterSyntaxError> {
    pieces(line)?
        .iter()
        .map(|piece| term(piece, moment))
        .collect()
}

/// The pieces between white space; within quotes, white space is text.
fn pieces(line: &str) -> Result<Vec<Piece>, FilterSyntaxError> {
    let mut pieces = Vec::new();
    let mut rest = line.char_indices().peekable();
    while let Some((begin, first)) = rest.next_if(|_| true) {
        if first.is_whitespace() {
            continue;
        }
        let mut piece = Piece {
            text: String::new(),
            at: begin..line.len(),
            quoted_from: None,
        };
        let mut quote = None;
        let mut next = Some((begin, first));
        while let Some((at, c)) = next {
            match c {
                '"' if quote.is_some() => quote = None,
                '"' => {
                    quote = Some(at);
                    piece.quoted_from = piece.quoted_from.or(Some(piece.text.len()));
                }
                '\\' if quote.is_some() => piece.text.extend(rest.next().map(|(_, c)| c)),
                c => piece.text.push(c),
            }
            next = rest.next_if(|(_, c)| quote.is_some() || !c.is_whitespace());
            piece.at.end = rest.peek().map_or(line.len(), |(at, _)| *at);
        }
        if let Some(begin) = quote {
            let problem = "a quote that does not end";
            return Err(wrong(
                begin..line.len(),
                problem,
                "write `\"` behind the text",
            ));
        }
        pieces.push(piece);
    }
    Ok(pieces)
}

fn term(piece: &Piece, moment: ReadMoment<'_>) -> Result<FilterTerm, FilterSyntaxError> {
    let is_quoted = piece.quoted_from == Some(0);
    let negated = !is_quoted && piece.text.starts_with('-') && piece.text.len() > 1;
    let word = piece.text.get(usize::from(negated)..).unwrap_or_default();
    let quoted_from = piece.quoted_from.map(|from| from - usize::from(negated));
    let test = match split(word, quoted_from) {
        Some((name, by, value)) => {
            let at = piece.at.clone();
            let name_at = at.start + usize::from(negated)..;
            let name_at = name_at.start..name_at.start + name.len();
            field(name, by, value, (name_at, at), moment)?
        }
        None if quoted_from.is_none() && is_place(word) => {
            place(word, ValueTest::Present, &piece.at)?
        }
        None => FilterTest::Text(word.to_owned()),
    };
    Ok(FilterTerm { negated, test })
}

/// The name, the sign and the value of a term; `None` where it is a text.
fn split(text: &str, quoted_from: Option<usize>) -> Option<(&str, Comparison, &str)> {
    let open = text.get(..quoted_from.unwrap_or(text.len()))?;
    let name_end = open.find(|c: char| !c.is_alphanumeric() && !"._-[]".contains(c))?;
    let (name, behind) = text.split_at(name_end);
    let mut signs = Comparison::SIGNS.iter();
    let (sign, by) = signs.find(|(sign, _)| behind.starts_with(sign))?;
    (!name.is_empty()).then_some((name, *by, behind.get(sign.len()..)?))
}

/// Whether a text begins with a field that is followed by a name or a path.
fn is_place(text: &str) -> bool {
    let mut places = FIELDS.iter().filter(|field| field.name.ends_with('.'));
    places.any(|field| {
        text.strip_prefix(field.name)
            .is_some_and(|it| !it.is_empty())
    })
}

fn field(
    name: &str,
    by: Comparison,
    value: &str,
    (name_at, at): (Range<usize>, Range<usize>),
    moment: ReadMoment<'_>,
) -> Result<FilterTest, FilterSyntaxError> {
    let such_as = || format!("such as `{}`", example(name));
    if value.is_empty() {
        return Err(wrong(at, "nothing stands behind the sign", &such_as()));
    }
    let values: Vec<_> = value.split(',').map(str::to_owned).collect();
    match name {
        _ if is_place(name) => place(name, compare(by, values, &at)?, &at),
        "event_id" => Ok(FilterTest::EventId(compare(by, values, &at)?)),
        "method" => Ok(FilterTest::Method(compare(by, values, &at)?)),
        "path" => Ok(FilterTest::Path(compare(by, values, &at)?)),
        _ if FIELDS.iter().all(|field| field.name != name) => Err(unknown_field(name, name_at)),
        _ if by != Comparison::Is => Err(wrong(at, "this field takes `:` alone", &such_as())),
        _ => choice(name, value, values, &at, moment),
    }
}

/// The test of a field behind which a colon stands and nothing else.
fn choice(
    name: &str,
    value: &str,
    values: Vec<String>,
    at: &Range<usize>,
    moment: ReadMoment<'_>,
) -> Result<FilterTest, FilterSyntaxError> {
    let moment = || moment(value).map_err(|problem| wrong(at.clone(), &problem, "such as `-1h`"));
    Ok(match name {
        "event" => FilterTest::Event(events(value, at)?),
        "provider" => FilterTest::Provider(values),
        "verdict" => FilterTest::Verdict(each(&values, at, verdict)?),
        "status" => FilterTest::Answer(each(&values, at, answer)?),
        "source" => sources(&values, at)?,
        "since" => FilterTest::Since(moment()?),
        "until" => FilterTest::Until(moment()?),
        "id" => FilterTest::Id(value.to_owned()),
        _ => match value {
            "failed" => FilterTest::Failed,
            "duplicate" => FilterTest::Duplicate,
            _ => return Err(one_of(at, value, STATES)),
        },
    })
}

fn place(name: &str, test: ValueTest, at: &Range<usize>) -> Result<FilterTest, FilterSyntaxError> {
    let (kind, inner) = name.split_once('.').unwrap_or_default();
    Ok(match kind {
        "query" => FilterTest::Query(inner.to_owned(), test),
        "header" => FilterTest::Header(inner.to_owned(), test),
        _ => {
            let path = inner.parse().map_err(|error: crate::json::PathError| {
                wrong(
                    at.clone(),
                    &error.to_string(),
                    "such as `body.data.items[0].sku:abc`",
                )
            })?;
            FilterTest::Body(path, inner.to_owned(), test)
        }
    })
}

fn compare(
    by: Comparison,
    values: Vec<String>,
    at: &Range<usize>,
) -> Result<ValueTest, FilterSyntaxError> {
    let no_number = |value: &&String| value.parse::<f64>().is_err();
    match values.iter().find(no_number).filter(|_| by.is_of_numbers()) {
        Some(value) => {
            let problem = format!("`{value}` is no number");
            Err(wrong(
                at.clone(),
                &problem,
                "`>` and `<` compare numbers; `:` takes any text",
            ))
        }
        None => Ok(ValueTest::Compare(by, values)),
    }
}

fn events(value: &str, at: &Range<usize>) -> Result<EventFilter, FilterSyntaxError> {
    let read: Result<EventFilter, _> = value.parse();
    read.map_err(|error| wrong(at.clone(), &error.to_string(), "such as `event:order.*`"))
}

fn each<T>(
    values: &[String],
    at: &Range<usize>,
    read: fn(&str, &Range<usize>) -> Result<T, FilterSyntaxError>,
) -> Result<Vec<T>, FilterSyntaxError> {
    values.iter().map(|value| read(value, at)).collect()
}

fn verdict(name: &str, at: &Range<usize>) -> Result<Status, FilterSyntaxError> {
    let names = Status::VARIANTS.iter().map(|status| status.as_str());
    name.parse().map_err(|_| one_of(at, name, names))
}

fn sources(names: &[String], at: &Range<usize>) -> Result<FilterTest, FilterSyntaxError> {
    let known = DeliverySource::ALL;
    let mut sources = Vec::new();
    for name in names {
        match DeliverySource::named(name) {
            DeliverySource::Other(_) if name == "all" => return Ok(FilterTest::Source(Vec::new())),
            DeliverySource::Other(_) => {
                let names = known.iter().map(DeliverySource::as_ref).chain(["all"]);
                return Err(one_of(at, name, names));
            }
            source => sources.push(source),
        }
    }
    Ok(FilterTest::Source(sources))
}

/// `404`, `5xx`, `400-499` or `none`.
fn answer(text: &str, at: &Range<usize>) -> Result<AnswerPattern, FilterSyntaxError> {
    if text == "none" {
        return Ok(AnswerPattern::NoAnswer);
    }
    let status = |text: &str| text.parse().ok().filter(|it| (100..=999).contains(it));
    let class = text.strip_suffix("xx").and_then(|digit| digit.parse().ok());
    let class = class.filter(|digit: &u16| (1..=9).contains(digit));
    let span = text.split_once('-');
    let found = match (class, span) {
        (Some(class), _) => Some((class * 100, class * 100 + 99)),
        (None, Some((first, last))) => status(first).zip(status(last)),
        (None, None) => status(text).map(|one| (one, one)),
    };
    let found = found.map(|(first, last)| AnswerPattern::Between(first, last));
    found.ok_or_else(|| {
        let problem = format!("`{text}` is no status");
        wrong(
            at.clone(),
            &problem,
            "such as `404`, `5xx`, `400-499`, or `none` for no answer",
        )
    })
}

fn example(name: &str) -> &'static str {
    let of_it = |field: &&super::FilterField| {
        field.name == name || field.name.ends_with('.') && name.starts_with(field.name)
    };
    FIELDS
        .iter()
        .find(of_it)
        .map_or("event:order.*", |field| field.example)
}

fn unknown_field(name: &str, at: Range<usize>) -> FilterSyntaxError {
    let names = || FIELDS.iter().map(|field| field.name);
    let hint = did_you_mean(name, names()).unwrap_or_else(|| {
        let names: Vec<_> = names().collect();
        format!(
            "the fields are {}; a text with a colon stands in quotes",
            names.join(", ")
        )
    });
    wrong(at, &format!("there is no field `{name}`"), &hint)
}

fn one_of<'a>(
    at: &Range<usize>,
    value: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> FilterSyntaxError {
    let known: Vec<_> = known.into_iter().collect();
    let hint = format!("one of `{}`", known.join("`, `"));
    wrong(at.clone(), &format!("`{value}` is not known"), &hint)
}

fn wrong(at: Range<usize>, problem: &str, hint: &str) -> FilterSyntaxError {
    FilterSyntaxError {
        at,
        problem: problem.to_owned(),
        hint: hint.to_owned(),
    }
}
