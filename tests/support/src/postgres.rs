use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A PostgreSQL server for one program, without fsync unless told so. Ends when dropped, or when the test
/// program has ended: a server in a `static` is never dropped.
pub struct Postgres {
    dir: tempfile::TempDir,
    port: u16,
    binaries: PathBuf,
    options: &'static str,
    made: AtomicU32,
}

fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|dir| dir.flatten().map(|e| e.path().join("bin")).collect())
        .unwrap_or_default();
    found.retain(|p| p.join("initdb").exists());
    found.sort();
    found
        .pop()
        .expect("PostgreSQL is not installed: run `make system`")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|o| o.stdout.starts_with(b"0"));
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--init-groups",
        ])
        .arg(program);
    command
}

impl Postgres {
    pub fn start() -> Self {
        Self::start_with("-c fsync=off -c max_connections=300")
    }

    /// With these options of the server's command line.
    pub fn start_with(options: &'static str) -> Self {
        let binaries = binaries();
        let dir = tempfile::Builder::new()
            .prefix("idproof-pg")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let data = dir.path().join("data");
        let status = as_postgres(&binaries.join("initdb"))
            .args([
                "-U",
                "postgres",
                "--auth=trust",
                "--no-sync",
                "-E",
                "UTF8",
                "-D",
            ])
            .arg(&data)
            .current_dir("/tmp")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .status()
            .unwrap();
        assert!(status.success(), "initdb failed");
        let server = Self {
            dir,
            port: free_port(),
            binaries,
            options,
            made: AtomicU32::new(0),
        };
        server.up();
        server.end_with_this_program();
        server
    }

    #[expect(clippy::zombie_processes, reason = "it outlives this program")]
    fn end_with_this_program(&self) {
        let script = format!(
            "while kill -0 {parent} 2>/dev/null; do sleep 1; done; \
             kill -QUIT $(head -1 {dir}/data/postmaster.pid); sleep 1; rm -rf {dir}",
            parent = std::process::id(),
            dir = self.dir.path().display(),
        );
        Command::new("setsid")
            .args(["sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
    }

    fn control(&self, args: &[&str]) {
        let status = as_postgres(&self.binaries.join("pg_ctl"))
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .args(args)
            .current_dir("/tmp")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "pg_ctl {args:?} failed");
    }

    /// Starts the server again after [`Self::down`].
    pub fn up(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 {}",
            self.port,
            self.dir.path().display(),
            self.options
        );
        let log = self.dir.path().join("log");
        self.control(&["-w", "-l", log.to_str().unwrap(), "-o", &options, "start"]);
    }

    /// Stops it at once, as a crash would.
    pub fn down(&self) {
        self.control(&["-m", "immediate", "-w", "stop"]);
    }

    /// The address of a fresh database.
    pub async fn database(&self) -> String {
        let name = self.new_name();
        self.create(&name, "").await
    }

    /// The address of a full copy, as a backup taken now would give. Whoever is connected to the
    /// original is thrown out.
    pub async fn copy(&self, url: &str) -> String {
        let original = url.rsplit('/').next().unwrap();
        self.execute(format!(
            "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{original}'"
        ))
        .await;
        let name = self.new_name();
        self.create(&name, &format!(" TEMPLATE {original}")).await
    }

    fn new_name(&self) -> String {
        format!("test_{}", self.made.fetch_add(1, Ordering::SeqCst))
    }

    fn base(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    async fn create(&self, name: &str, how: &str) -> String {
        self.execute(format!("CREATE DATABASE {name}{how}")).await;
        format!("{}/{name}", self.base())
    }

    async fn execute(&self, sql: String) {
        use sqlx::Connection;
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&format!("{}/postgres", self.base()))
            .await
            .unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = as_postgres(&self.binaries.join("pg_ctl"))
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .args(["-m", "immediate", "stop"])
            .current_dir("/tmp")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
