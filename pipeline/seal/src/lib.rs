//! Seals on documents: finds the DataMatrix, takes its 2D-Doc apart, checks the signature
//! against the certificates that the operator keeps.

mod certificates;
mod der;
mod reader;

pub use certificates::{Certificates, CertificatesError};
pub use reader::MatrixReader;
