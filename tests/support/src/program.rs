use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A built program, beside the folder of this test's own.
pub fn built(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join(name);
    assert!(
        path.is_file(),
        "{} is missing: run `make build` first",
        path.display()
    );
    path
}

/// A process of the service with settings of its own, in a folder of its own. Killed when dropped.
pub struct Program {
    path: PathBuf,
    words: Vec<String>,
    pub settings: BTreeMap<String, String>,
    pub log: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// Everything in `dir`, no ports open yet: SQLite, local files, local outbox.
    pub fn new(path: &Path, words: &[&str], dir: &Path) -> Self {
        let inside = |name: &str| dir.join(name).display().to_string();
        let settings = [
            ("DATABASE_URL", format!("sqlite:{}", inside("idproof.db"))),
            ("VAULT_STORE_KIND", "local".into()),
            ("VAULT_STORE_DIR", inside("media")),
            ("VAULT_KEYS_PLACE_KIND", "directory".into()),
            ("VAULT_KEYS_PLACE_DIR", inside("keys")),
            ("VAULT_KEYS_ROOT_FILE", inside("root.key")),
            ("VAULT_UPLOAD_SPOOL", inside("spool")),
            ("OUTBOX_DIR", inside("outbox")),
            ("MODELS_DIR", inside("models")),
            ("HTTP_METRICS_LISTEN", String::new()),
            ("WORKER_METRICS_LISTEN", String::new()),
        ];
        Self {
            path: path.to_owned(),
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            settings: settings
                .into_iter()
                .map(|(k, v)| (format!("IDPROOF_{k}"), v))
                .collect(),
            log: dir.join(format!("{}.log", words.join("-"))),
            child: None,
        }
    }

    /// Sets `IDPROOF_<name>`.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        let name = format!("IDPROOF_{name}");
        self.settings.insert(name, value.to_string());
        self
    }

    /// Listens on a port of its own; returns the address of its API.
    pub fn listen(&mut self) -> String {
        let address = format!("127.0.0.1:{}", free_port());
        let url = format!("http://{address}");
        self.settings.insert("IDPROOF_HTTP_LISTEN".into(), address);
        let public = "IDPROOF_HTTP_PUBLIC_URL".to_owned();
        self.settings.entry(public).or_insert(url.clone());
        url
    }

    /// Another command with the same settings; its standard output.
    pub fn command(&self, words: &[&str]) -> String {
        let done = self.bare().args(words).output().unwrap();
        assert!(
            done.status.success(),
            "{words:?}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    /// As [`Program::command`], with something on its standard input.
    pub fn piped(&self, words: &[&str], input: &[u8]) -> String {
        use std::io::Write;
        let mut child = self
            .bare()
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{words:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn bare(&self) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("IDPROOF_")) {
            command.env_remove(name);
        }
        command.envs(&self.settings);
        command
    }

    pub fn start(&mut self) {
        let log = || {
            let mut options = File::options();
            options.create(true).append(true).open(&self.log).unwrap()
        };
        let mut command = self.bare();
        command.args(&self.words).stdout(log()).stderr(log());
        self.child = Some(command.spawn().unwrap());
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// At once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// As an operator does; whether it ended well.
    pub fn stop(&mut self) -> bool {
        let Some(mut child) = self.child.take() else {
            return false;
        };
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        child.wait().unwrap().success()
    }

    pub fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|c| c.try_wait().unwrap().is_none())
    }

    /// Until the service at `url` can serve.
    pub async fn ready(&mut self, url: &str) {
        for _ in 0..600 {
            let answer = reqwest::get(format!("{url}/health/ready")).await;
            if answer.is_ok_and(|a| a.status().is_success()) {
                return;
            }
            assert!(
                self.is_running(),
                "it did not start: {}",
                std::fs::read_to_string(&self.log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it was not ready within a minute");
    }

    /// Resident memory in bytes, now.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
