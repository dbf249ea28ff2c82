//! Reading several deliveries at once.

use super::Reader;
use crate::delivery::Delivery;
use crate::store::StoreError;
use crate::store::error::AtPath as _;
use crate::store::query::Position;

/// Deliveries that are read at once, and the bytes of their bodies after which no more are.
const AHEAD: usize = 64;
const AHEAD_BYTES: usize = 1 << 20;

impl Reader {
    /// Some deliveries are read in one transaction, which takes as long as to read one, and worked on
    /// when it is over.
    pub(super) fn visit<T, E: From<StoreError>>(
        &self,
        mut places: &[Position],
        read: impl Fn(Delivery) -> Result<T, StoreError>,
        mut visit: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        while !places.is_empty() {
            for found in self.ahead(&mut places, &read)? {
                visit(found?)?;
            }
        }
        Ok(())
    }

    /// What is at the first of these places, up to an error; takes away those that were read.
    fn ahead<T>(
        &self,
        places: &mut &[Position],
        read: impl Fn(Delivery) -> Result<T, StoreError>,
    ) -> Result<Vec<Result<T, StoreError>>, StoreError> {
        let _snapshot = self.conn.unchecked_transaction().at(&self.path)?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while found.len() < AHEAD
            && bytes < AHEAD_BYTES
            && let Some((place, later)) = places.split_first()
        {
            *places = later;
            let Some(delivery) = self.at(*place).transpose() else {
                continue;
            };
            bytes += delivery
                .as_ref()
                .map_or(AHEAD_BYTES, |it| it.request.body.len());
            found.push(delivery.and_then(&read));
        }
        Ok(found)
    }
}
