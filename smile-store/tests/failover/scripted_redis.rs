//! A server that speaks as much of Redis's protocol as the store needs, and fails as it is told to.

use std::{
    io::{BufRead, BufReader, Result, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Grants every claim, but answers those of its first connection with an error.
#[derive(Debug)]
pub(crate) struct ScriptedRedis {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl ScriptedRedis {
    pub(crate) fn start(error: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        // Ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let first = count.fetch_add(1, Ordering::Relaxed) == 0;
                thread::spawn(move || serve(&client, if first { error } else { "" }));
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn serve(client: &TcpStream, error: &str) -> Result<()> {
    let (mut input, mut output) = (BufReader::new(client), client);
    loop {
        let command = read(&mut input)?;
        let answer = match command.first().map(String::as_str) {
            None => return Ok(()),
            Some("INFO") => "$19\r\ncluster_enabled:0\r\n\r\n".to_owned(),
            Some("EVALSHA") if !error.is_empty() => format!("-{error}\r\n"),
            Some("EVALSHA") => "*3\r\n$8\r\nacquired\r\n:1\r\n$0\r\n\r\n".to_owned(),
            Some(_) => "+OK\r\n".to_owned(),
        };
        output.write_all(answer.as_bytes())?;
    }
}

/// The words of a command: `*<count>`, and `$<length>` before each.
fn read(input: &mut impl BufRead) -> Result<Vec<String>> {
    let mut line = || {
        let mut line = String::new();
        input.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let count = line()?.trim_start_matches('*').parse().unwrap_or(0);
    (0..count)
        .map(|_| {
            line()?;
            line()
        })
        .collect()
}
