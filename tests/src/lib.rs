//! Tests of the whole: the crate graph and the program as people run it. See `tests/`.
