//! The built `guestlist sandbox` as a process of its own, as anybody would start it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// It runs until this is dropped.
pub(super) struct SandboxProcess {
    child: Child,
    connection: Value,
    // Kept open: its last words may not meet a closed pipe.
    _stdout: BufReader<ChildStdout>,
}

impl SandboxProcess {
    pub(super) fn start(flags: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guestlist"));
        command.args("sandbox --listen 127.0.0.1:0 --json".split(' ')).args(flags.split_whitespace());
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let connection = serde_json::from_str(&line).unwrap();
        Self { child, connection, _stdout: stdout }
    }

    /// A text of the line that it announces itself with.
    pub(super) fn setting(&self, name: &str) -> &str {
        self.connection[name].as_str().unwrap()
    }

    /// Gives a command the settings for it, in the environment.
    pub(super) fn introduce<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("CLOUDFLARE_BASE_URL", self.setting("api_url"))
            .env("CLOUDFLARE_API_TOKEN", self.setting("api_token"))
            .env("CLOUDFLARE_ACCOUNT_ID", self.setting("account_id"))
            .env("REALTIMEKIT_APP_ID", self.setting("app_id"))
            .env("REALTIMEKIT_MEETING_ID", self.setting("meeting_id"))
    }

    /// What it has counted, for each id too.
    pub(super) fn stats(&self) -> Value {
        let url = self.setting("api_url").trim_start_matches("http://");
        let (address, _) = url.split_once('/').unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "GET /__sandbox/stats?ids=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
