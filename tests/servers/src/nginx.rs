//! nginx as a proxy.

use std::{fs, net::SocketAddr, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::{
    folder::{free_address, program, temporary},
    process::{Process, listens},
};

/// An `nginx` of the test's own that passes every request on, unbuffered and over HTTP/1.1.
///
/// A buffered request reaches the server when the proxy has all of it; unbuffered, the server can
/// answer while the proxy is still writing.
#[derive(Debug)]
pub struct Nginx {
    _process: Process,
    address: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    /// Starts `nginx` in front of the server and waits until it listens.
    ///
    /// # Panics
    ///
    /// If nginx is not installed or does not start.
    pub fn start(server: SocketAddr) -> Self {
        let (dir, address) = (temporary(None), free_address());
        let folder = dir.path().display();
        // All paths that nginx writes to, since its own are root's.
        let settings = format!(
            "daemon off;\n\
             error_log stderr;\n\
             pid {folder}/pid;\n\
             events {{}}\n\
             http {{\n\
                 access_log off;\n\
                 client_body_temp_path {folder}/body;\n\
                 proxy_temp_path {folder}/proxy;\n\
                 fastcgi_temp_path {folder}/fastcgi;\n\
                 uwsgi_temp_path {folder}/uwsgi;\n\
                 scgi_temp_path {folder}/scgi;\n\
                 server {{\n\
                     listen {address};\n\
                     client_max_body_size 0;\n\
                     location / {{\n\
                         proxy_pass http://{server};\n\
                         proxy_http_version 1.1;\n\
                         proxy_request_buffering off;\n\
                     }}\n\
                 }}\n\
             }}\n"
        );
        let file = dir.path().join("nginx.conf");
        fs::write(&file, settings).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
        let mut command = Command::new(program("nginx", &[PathBuf::from("/usr/sbin")], "nginx"));
        command.arg("-e").arg("stderr").arg("-p").arg(dir.path());
        command.arg("-c").arg(file);
        let ready = || listens(address).is_ok();
        Self {
            _process: Process::start(command, &dir.path().join("log"), ready),
            address,
            _dir: dir,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
