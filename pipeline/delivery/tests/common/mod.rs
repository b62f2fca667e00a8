//! What the tests of this crate share: a real mail server, certificates of an own authority,
//! messages to send.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use idproof_delivery::Link;
use idproof_domain::ids::MessageId;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// 2026-03-10T09:30:00Z.
pub const NOW: i64 = 1_773_135_000_000;

pub fn id(n: u8) -> MessageId {
    MessageId::new(NOW + i64::from(n), [n; 10])
}

pub fn link() -> Link {
    Link::new("https://id.example.org/case/7?step=2&from=mail").unwrap()
}

/// The interpreter that `make setup` prepares for the tests of the service.
pub fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("var/venv-service/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run tests/setup/service.sh",
        python.display()
    );
    python
}

/// A mail server. Ends when dropped.
pub struct MailServer {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub port: u16,
}

impl MailServer {
    pub fn start(options: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/smtp.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Self { child, lines, port }
    }

    /// The next mail it took.
    pub fn taken(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority of our own and a certificate it gave to `name`, as files.
pub struct Certificates {
    pub dir: tempfile::TempDir,
    pub leaf_der: Vec<u8>,
    pub key_der: Vec<u8>,
}

impl Certificates {
    pub fn for_name(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        std::fs::write(dir.path().join("leaf.pem"), leaf.pem()).unwrap();
        std::fs::write(dir.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self {
            dir,
            leaf_der: leaf.der().to_vec(),
            key_der: key.serialize_der(),
        }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub fn arg(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }
}
