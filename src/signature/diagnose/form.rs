//! The value of a signature header, taken apart by its documented layout.

use crate::delivery::Request;
use crate::signature::{PartVariable, Scheme, ValuePart};

/// The longest word before `=`, `:` or `,` that is taken for a prefix.
const MAX_LABEL: usize = 16;

/// A header that may be repaired.
pub(super) struct Form<'a> {
    /// The documented scheme.
    pub(super) scheme: &'a Scheme,
    /// The request as received.
    pub(super) request: &'a Request,
    /// What stands where the signature does.
    pub(super) value: &'a str,
}

impl Form<'_> {
    /// The request with another signature.
    pub(super) fn with_value(&self, value: &str) -> Request {
        let mut request = self.request.clone();
        self.scheme.proof.put(&mut request, value);
        request
    }

    /// A signature of the documented length: with it in place, the rest of a header can be read.
    pub(super) fn blank(&self) -> String {
        let scheme = self.scheme;
        let size = scheme.signature_size().unwrap_or_default();
        scheme.encoding.encode(&vec![0; size])
    }

    /// The value with the parts that hold a variable made anew, and the others as they are.
    pub(super) fn rewrite(
        &self,
        variable: PartVariable,
        mut remake: impl FnMut(&ValuePart, &str) -> Option<String>,
    ) -> Option<String> {
        self.rewrite_parts(|part, text| {
            if part.variable == variable {
                remake(part, text)
            } else {
                Some(text.to_owned())
            }
        })
    }

    /// The value with each documented part made anew; `None` where there are fewer parts, or where
    /// `remake` has nothing to say.
    pub(super) fn rewrite_parts(
        &self,
        mut remake: impl FnMut(&ValuePart, &str) -> Option<String>,
    ) -> Option<String> {
        let layout = &self.scheme.value;
        let mut found = layout.split(self.value);
        let parts: Option<Vec<_>> = layout
            .parts
            .iter()
            .map(|part| remake(part, found.next()?))
            .collect();
        Some(parts?.join(layout.separator.as_deref().unwrap_or_default()))
    }
}

/// The words that end in `=`, `:` or `,` before a value, and the value.
pub(super) fn split_labels(part: &str) -> (&str, &str) {
    let mut start = 0;
    while let Some(text) = part.get(start..)
        && let Some(length) = text.find(['=', ':', ','])
        && (1..=MAX_LABEL).contains(&length)
    {
        start += length + 1;
    }
    // Base64 may end in `=`, which is no label.
    let text = part.get(start..).unwrap_or_default();
    if text.trim_start_matches('=').is_empty() {
        ("", part)
    } else {
        part.split_at(start)
    }
}
