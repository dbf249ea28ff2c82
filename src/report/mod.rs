//! What people and machines read: gets values, returns text, knows nobody.
