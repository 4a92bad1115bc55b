//! `curl` delivers over HTTPS.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use smile_conformance::sign;

/// A certificate of this machine's own, by `openssl`.
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, folder: &Path) -> Self {
        let mut child = Command::new(program)
            .env("LISTEN", "127.0.0.1:0")
            .env("SMILE_API_SECRET", sign::SECRET)
            .env("TLS_CERT", folder.join("cert.pem"))
            .env("TLS_KEY", folder.join("key.pem"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.strip_prefix("listening on ").unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs curl and openssl"]
fn a_signed_event_is_taken_over_https() {
    let folder = tempfile::tempdir().unwrap();
    make_certificate(folder.path());
    for program in [
        env!("CARGO_BIN_EXE_https"),
        env!("CARGO_BIN_EXE_https-actix"),
    ] {
        let server = Server::start(program, folder.path());
        let body = sign::event();
        let signature = sign::hex_sha512(sign::SECRET, body.as_bytes());
        for expected in ["204", "200"] {
            let output = Command::new("curl")
                .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert"])
                .arg(folder.path().join("cert.pem"))
                .args(["-H", &format!("Smile-Signature: {signature}")])
                .args(["--data-binary", &body])
                .arg(format!("{}/webhooks/smile", server.address))
                .output()
                .unwrap();
            let status = String::from_utf8(output.stdout).unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert_eq!(status, expected, "{program}: {errors}");
        }
    }
}
