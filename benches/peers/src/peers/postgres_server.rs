//! A PostgreSQL server for this process alone, in a temporary directory, reached by a socket.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Result;

/// A running server. It stops, and its files go, when this does.
pub(super) struct Server {
    programs: PathBuf,
    directory: TempDir,
}

/// As generous as can be: nothing waits for a disk. Tables are unlogged beside.
const SETTINGS: &str = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c shared_buffers=1GB -c max_wal_size=4GB -c jit=off -c autovacuum_naptime=5s";

impl Server {
    pub(super) fn start() -> Result<Self> {
        let programs = find_programs().ok_or("no initdb and pg_ctl in the path or in /usr/lib/postgresql")?;
        let directory = tempfile::Builder::new().prefix("headcount-peers-").tempdir()?;
        // The server may run as another user than this process.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777))?;
        let server = Self { programs, directory };
        let data = server.data();
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync"])?;
        let settings = format!("-k {} {SETTINGS}", server.socket_directory().display());
        let log = format!("{data}/server.log");
        server.run("pg_ctl", &["-D", &data, "-o", &settings, "-l", &log, "-w", "start"])?;
        Ok(server)
    }

    pub(super) fn connect(&self) -> Result<postgres::Client> {
        let mut config = postgres::Config::new();
        config.host_path(self.socket_directory()).user(USER).dbname("postgres");
        Ok(config.connect(postgres::NoTls)?)
    }

    fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let path = self.programs.join(program);
        let mut command = match unprivileged_user()? {
            None => Command::new(path),
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
        };
        // A server that is left running would keep a pipe open: so no output is read.
        command.current_dir(self.directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.args(arguments).status()?;
        if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it never started, there is nothing to stop.
        let _ = self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }
}

const USER: &str = "headcount";

fn find_programs() -> Option<PathBuf> {
    let in_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut packaged: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    packaged.sort();
    let mut places = in_path.into_iter().flatten().chain(packaged.into_iter().rev());
    places.find(|place| ["initdb", "pg_ctl"].iter().all(|program| place.join(program).is_file()))
}

/// Whom to run the server as: PostgreSQL refuses to run as root.
fn unprivileged_user() -> Result<Option<&'static str>> {
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() != 0) {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let is_there = |user: &&str| users.lines().any(|line| line.split(':').next() == Some(user));
    Ok(Some(["postgres", "nobody"].into_iter().find(is_there).ok_or("no user to run a server as")?))
}
