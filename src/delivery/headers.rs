//! Headers as they stand on the wire: ordered, with repeats, values as bytes.

use bytes::Bytes;

/// Whether a text can be a header's name or a method (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_part)
}

/// An ordered list of header fields. Names compare without case, as RFC 9110 says; their spelling
/// is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, Bytes)>);

impl Headers {
    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Bytes>) {
        self.0.push((name.into(), value.into()));
    }

    /// The value of the first field of this name.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        let found = self
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The value of the first field of this name, where it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// The values of all fields of this name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Replaces the first field of this name in its place and drops its repeats; adds it at the end
    /// where there is none.
    pub fn set(&mut self, name: &str, value: impl Into<Bytes>) {
        let value = value.into();
        match self
            .0
            .iter()
            .position(|(field, _)| field.eq_ignore_ascii_case(name))
        {
            Some(place) => {
                self.0[place].1 = value;
                let mut index = 0;
                self.0.retain(|(field, _)| {
                    index += 1;
                    index - 1 <= place || !field.eq_ignore_ascii_case(name)
                });
            }
            None => self.push(name, value),
        }
    }

    /// Drops every field of this name.
    pub fn remove(&mut self, name: &str) {
        self.0
            .retain(|(field, _)| !field.eq_ignore_ascii_case(name));
    }

    /// The name of the first field that HTTP cannot carry (RFC 9110, section 5): a name that is no
    /// token, a value with control characters.
    pub fn unsendable(&self) -> Option<&str> {
        let is_sent = |(name, value): &(&str, &Bytes)| {
            let mut bytes = value.iter();
            is_token(name) && bytes.all(|b| *b == b'\t' || !b.is_ascii_control())
        };
        let mut fields = self.iter();
        fields.find(|field| !is_sent(field)).map(|(name, _)| name)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<Bytes>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
        )
    }
}
