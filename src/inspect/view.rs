//! What a URL of the inspector asks to be shown.

use axum::http::Uri;

/// What the query of a URL asks to be shown.
#[derive(Debug, Clone, Default)]
pub struct InspectView {
    /// The line of the filter.
    pub filter: String,
    /// The place before which a page of the list ends.
    pub before: Option<i64>,
    /// The places behind which everything is new.
    pub after: i64,
    /// The same among the attempts.
    pub attempts: i64,
    /// The part of a page that is wanted alone.
    pub part: String,
    /// How a body is shown.
    pub view: String,
    /// The deliveries that are compared.
    pub pair: [String; 2],
}

impl InspectView {
    /// What this URL says; what cannot be read is as if it were not there.
    pub fn of(uri: &Uri) -> Self {
        let mut shown = Self::default();
        let query = uri.query().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let number = || value.parse().unwrap_or_default();
            match &*name {
                "filter" => shown.filter = value.into_owned(),
                "before" => shown.before = value.parse().ok(),
                "after" => shown.after = number(),
                "attempts" => shown.attempts = number(),
                "part" => shown.part = value.into_owned(),
                "view" => shown.view = value.into_owned(),
                "left" => shown.pair[0] = value.into_owned(),
                "right" => shown.pair[1] = value.into_owned(),
                _ => {}
            }
        }
        shown
    }
}
