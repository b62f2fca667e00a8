//! The HTTP service under `/v1`.
