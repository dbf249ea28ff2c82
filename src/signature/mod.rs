//! Signature schemes: pure, over bytes.
