//! What people call a delivery.

use super::Reader;
use crate::delivery::Delivery;
use crate::store::{LookupError, SourceFilter};

impl Reader {
    /// The one delivery that `text` names: a full id, a unique beginning of one with or without `dlv_`,
    /// the id of its event, a row number of the last list, `@last`, or `@last~2` for two before the
    /// last of such sources. With it how often its event came, where it was named by that.
    pub fn find(&self, sources: &SourceFilter, text: &str) -> Result<(Delivery, u64), LookupError> {
        if let Some(name) = text.strip_prefix('@') {
            let back = steps_back(name).ok_or_else(|| LookupError::NotLast(text.into()))?;
            if let Some(found) = self.last(sources, back)? {
                return Ok((found, 0));
            }
            return Err(match self.last(sources, 0)? {
                None => LookupError::Empty,
                Some(_) => LookupError::Before(text.into()),
            });
        }
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = Some(text).filter(|_| is_number);
        if let Some(row) = number.and_then(|number| self.row(number.parse().ok()?)) {
            return Ok((self.get(&row)?, 0));
        }
        let found = self.get(text).map_err(|error| match error {
            LookupError::NotFound { id } if is_number => LookupError::NoRow(id),
            error => error,
        })?;
        let event_id = found.event_id.as_deref().filter(|id| id.starts_with(text));
        let several = event_id.map_or(Ok(0), |id| self.count_of_event(id))?;
        Ok((found, several))
    }
}

/// How many deliveries before the last `last` and `last~2` mean.
fn steps_back(name: &str) -> Option<usize> {
    match name.strip_prefix("last")? {
        "" => Some(0),
        back => back.strip_prefix('~')?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::steps_back;

    #[test]
    fn steps_are_counted_back_from_the_last() {
        let cases = [
            ("last", Some(0)),
            ("last~0", Some(0)),
            ("last~12", Some(12)),
            ("last~", None),
            ("last~-1", None),
            ("last2", None),
            ("first", None),
            ("", None),
        ];
        for (name, back) in cases {
            assert_eq!(steps_back(name), back, "{name}");
        }
    }
}
