//! The words of the language, to read it and to complete it.

/// A field: its name, what stands behind it, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterField {
    /// The name before the sign; one that ends in a dot is followed by a name or a path.
    pub name: &'static str,
    /// An example of the whole term.
    pub example: &'static str,
    /// What matches.
    pub about: &'static str,
}

/// All fields.
pub const FIELDS: &[FilterField] = &[
    field("event", "event:order.*", "events by pattern"),
    field("provider", "provider:stripe", "deliveries of a provider"),
    field(
        "verdict",
        "verdict:mismatch,stale",
        "what the check of the signature said",
    ),
    field(
        "status",
        "status:5xx",
        "what was answered: `404`, `5xx`, `400-499`, or `none`",
    ),
    field("is", "is:failed", "`failed` or `duplicate`"),
    field("since", "since:-1h", "received at or after a time"),
    field("until", "until:-10m", "received before a time"),
    field(
        "source",
        "source:test",
        "where it came from; `all` for whatever there is",
    ),
    field("id", "id:dlv_01M", "the delivery's id, or how it begins"),
    field(
        "event_id",
        "event_id:evt_*",
        "the provider's id of the event",
    ),
    field("method", "method:PUT", "the method"),
    field("path", "path:/hooks/*", "the path it was sent to"),
    field("query.", "query.shop:acme", "a parameter of the query"),
    field("header.", "header.user-agent~stripe", "a header field"),
    field("body.", "body.data.total>100", "a value in the body"),
];

const fn field(name: &'static str, example: &'static str, about: &'static str) -> FilterField {
    FilterField {
        name,
        example,
        about,
    }
}

/// What `is:` may be followed by.
pub(super) const STATES: [&str; 2] = ["failed", "duplicate"];

/// The whole terms that the last, unfinished word of a line may become; `values` gives those of a field.
pub fn complete(line: &str, values: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let word = line.rsplit(char::is_whitespace).next().unwrap_or_default();
    let (sign, word) = match word.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", word),
    };
    let Some((name, begun)) = word.split_once(':') else {
        let names = FIELDS.iter().filter(|field| field.name.starts_with(word));
        let colon = |name: &str| if name.ends_with('.') { "" } else { ":" };
        return names
            .map(|field| format!("{sign}{}{}", field.name, colon(field.name)))
            .collect();
    };
    let (before, begun) = match begun.rsplit_once(',') {
        Some((before, begun)) => (format!("{before},"), begun),
        None => (String::new(), begun),
    };
    let own = match name {
        "is" => STATES.map(str::to_owned).to_vec(),
        _ => values(name),
    };
    let fitting = own.into_iter().filter(|value| value.starts_with(begun));
    fitting
        .map(|value| format!("{sign}{name}:{before}{value}"))
        .collect()
}
