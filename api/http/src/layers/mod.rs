//! What happens around every request, outermost first: [`observe`], [`headers`], [`admission`],
//! then for the API [`crate::auth`] and [`idempotency`].

pub(crate) mod address;
pub(crate) mod admission;
pub(crate) mod headers;
pub(crate) mod idempotency;
pub(crate) mod observe;
