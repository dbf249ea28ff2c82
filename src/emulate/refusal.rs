//! Why a call of the API is refused where the state cannot be read or written.

use crate::http::ApiRefusal;

impl From<crate::store::StoreError> for ApiRefusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(503, "state_unavailable", error.to_string())
    }
}
