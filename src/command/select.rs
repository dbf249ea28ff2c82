//! From what a person types to deliveries of the log: filters, and names such as `@last`.

use strum::VariantArray as _;

use super::World;
use crate::cli::value::Moment;
use crate::cli::{ALL_SOURCES, SelectArgs};
use crate::config::Setup;
use crate::delivery::{Delivery, DeliverySource, EventFilter, Status, Timestamp, did_you_mean};
use crate::exit::CliError;
use crate::filter::{DeliveryFilter, FilterSyntaxError};
use crate::store::{Query, Reader, SourceFilter};

/// The filters as a query; times such as `-10m` are as seen from `now`.
pub fn query(args: &SelectArgs, setup: &Setup, now: Timestamp) -> Result<Query, CliError> {
    let provider = args.provider.as_deref().map(|name| setup.provider(name));
    let (since, until) = span(args, now)?;
    let filter = args.filter.as_deref().unwrap_or_default();
    let filter = filter_line(filter, now).map_err(|error| placed(filter, &error))?;
    let query = Query {
        ids: Vec::new(),
        events: events(&args.event)?,
        provider: provider.transpose()?.map(|known| known.name().to_owned()),
        verdicts: args
            .verdict
            .iter()
            .map(|name| verdict(name))
            .collect::<Result<_, _>>()?,
        sources: sources(&args.source)?,
        since,
        until,
        failed: args.failed,
        search: args.search.clone(),
        limit: args
            .limit
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        ..Query::default()
    };
    Ok(query.filtered(filter))
}

/// A line of the filter language; its times are as seen from `now`.
pub fn filter_line(line: &str, now: Timestamp) -> Result<DeliveryFilter, FilterSyntaxError> {
    let moment = |text: &str| text.parse().map(|typed: Moment| typed.seen_from(now));
    DeliveryFilter::read(line, &moment)
}

/// What is wrong with a line, and where.
fn placed(line: &str, error: &FilterSyntaxError) -> CliError {
    let before = line.get(..error.at.start).unwrap_or_default();
    let (column, problem) = (before.chars().count() + 1, &error.problem);
    CliError::usage(format!("`--filter`, column {column}: {problem}")).hint(error.hint.clone())
}

fn events(patterns: &[String]) -> Result<EventFilter, CliError> {
    let mut filter = EventFilter::default();
    for pattern in patterns {
        filter.add(pattern)?;
    }
    Ok(filter)
}

fn verdict(name: &str) -> Result<Status, CliError> {
    name.parse().map_err(|_| {
        let known: Vec<_> = Status::VARIANTS
            .iter()
            .map(|known| known.as_str())
            .collect();
        unknown("verdict", name, &known)
    })
}

/// The sources with these names; none is the usual ones, `all` is all.
pub fn sources(names: &[String]) -> Result<SourceFilter, CliError> {
    let known = DeliverySource::ALL;
    let mut sources = Vec::new();
    for name in names {
        match DeliverySource::named(name) {
            DeliverySource::Other(_) if name == ALL_SOURCES => return Ok(SourceFilter::All),
            DeliverySource::Other(_) => {
                let names: Vec<_> = known.iter().map(DeliverySource::as_ref).collect();
                return Err(unknown(
                    "source",
                    name,
                    &[&names[..], &[ALL_SOURCES]].concat(),
                ));
            }
            source => sources.push(source),
        }
    }
    Ok(if sources.is_empty() {
        SourceFilter::Usual
    } else {
        SourceFilter::Only(sources)
    })
}

fn unknown(what: &str, name: &str, known: &[&str]) -> CliError {
    let hint = did_you_mean(name, known.iter().copied())
        .unwrap_or_else(|| format!("one of `{}`", known.join("`, `")));
    CliError::usage(format!("unknown {what} `{name}`")).hint(hint)
}

/// A moment or none: the ends of a span.
type Ends = (Option<Timestamp>, Option<Timestamp>);

fn span(args: &SelectArgs, now: Timestamp) -> Result<Ends, CliError> {
    let since = args.since.map(|typed| typed.seen_from(now));
    let until = args.until.map(|typed| typed.seen_from(now));
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        let message = format!("`--since` is {since}, `--until` is {until}: nothing lies between");
        return Err(CliError::usage(message).hint("`--since -1h --until -10m` is a span"));
    }
    Ok((since, until))
}

/// The one delivery that `id` names, as [`Reader::find`] has it, where `@last` counts what is usual.
pub fn find(world: &World, reader: &Reader, id: &str) -> Result<Delivery, CliError> {
    find_among(world, reader, &SourceFilter::Usual, id)
}

/// The same, where `@last` counts deliveries of such sources; says where an event came more than once.
pub fn find_among(
    world: &World,
    reader: &Reader,
    sources: &SourceFilter,
    id: &str,
) -> Result<Delivery, CliError> {
    let (found, several) = reader.find(sources, id)?;
    if let (Some(event_id), 2..) = (&found.event_id, several) {
        let newest = &found.id;
        world.console.note(&format!(
            "`{event_id}` came {several} times: the newest is meant, `{newest}`"
        ));
    }
    Ok(found)
}

/// Fails where an event is named in full that no provider has, nor the log where there is one: it is a
/// slip.
pub fn refuse_unknown(
    args: &SelectArgs,
    setup: &Setup,
    reader: Option<&Reader>,
) -> Result<(), CliError> {
    let names = args.event.iter().flat_map(|patterns| patterns.split(','));
    let names = names.map(|name| name.trim().trim_start_matches('!'));
    for name in names.filter(|name| !name.contains('*')) {
        if let Err(unknown) = setup.known_event(name) {
            let query = Query {
                events: events(&[name.to_owned()])?,
                sources: SourceFilter::All,
                limit: Some(1),
                ..Query::default()
            };
            let kept = reader.map(|reader| reader.count(&query)).transpose()?;
            if kept.unwrap_or_default() == 0 {
                return Err(unknown.into());
            }
        }
    }
    Ok(())
}

/// What to say where no delivery matches.
pub fn nothing(args: &SelectArgs, setup: &Setup, reader: &Reader) -> Result<String, CliError> {
    if args.limit == Some(0) {
        return Ok("`--limit 0` asks for none".into());
    }
    if reader.last(&SourceFilter::All, 0)?.is_none() {
        return Ok("the log holds no delivery".into());
    }
    if args.source.is_empty() && reader.last(&SourceFilter::Usual, 0)?.is_none() {
        return Ok("the log holds only probes and what `webhook test` sent: `--source all`".into());
    }
    if args.source == [DeliverySource::Send.as_ref()] {
        return Ok("`send` keeps nothing: whoever receives what it sends does".into());
    }
    Ok(nothing_like(args, setup))
}

/// That no delivery matches; and that no provider has such events, where that is so.
fn nothing_like(args: &SelectArgs, setup: &Setup) -> String {
    let patterns = args
        .event
        .iter()
        .filter(|pattern| !pattern.starts_with('!'));
    let slip = patterns.filter_map(|pattern| setup.matches_an_event(pattern).err());
    let slip = slip.map(|unknown| format!(": {unknown}")).next();
    format!("no delivery matches{}", slip.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_known_by_its_name_and_a_near_one_is_suggested() {
        for status in Status::VARIANTS {
            assert_eq!(verdict(status.as_str()), Ok(*status));
        }
        let hint = |name| verdict(name).unwrap_err().hint.unwrap_or_default();
        assert_eq!(hint("mismatched"), "did you mean `mismatch`?");
        assert!(hint("7").starts_with("one of `valid`, `mismatch`"));
    }

    #[test]
    fn sources_are_named_or_all_and_a_near_one_is_suggested() {
        let sources = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            sources(&names)
        };
        assert_eq!(sources(&[]), Ok(SourceFilter::Usual));
        assert_eq!(sources(&["test", "all"]), Ok(SourceFilter::All));
        let some = vec![DeliverySource::Test, DeliverySource::Listen];
        assert_eq!(sources(&["test", "listen"]), Ok(SourceFilter::Only(some)));
        let hint = |name| sources(&[name]).unwrap_err().hint.unwrap_or_default();
        assert_eq!(hint("tests"), "did you mean `test`?");
        assert!(hint("7").starts_with("one of `listen`, `probe`"));
    }

    #[test]
    fn a_span_that_holds_nothing_is_an_error() {
        let span_of = |since: &str, until: &str| {
            let args = SelectArgs {
                since: Some(since.parse().unwrap()),
                until: Some(until.parse().unwrap()),
                ..SelectArgs::default()
            };
            span(&args, Timestamp::from_seconds(1_000_000))
        };
        assert!(span_of("-1h", "-10m").is_ok());
        assert!(span_of("-10m", "-1h").is_err());
        assert!(span_of("77", "77").is_err());
    }
}
