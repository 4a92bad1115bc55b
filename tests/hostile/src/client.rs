//! A connection that sends any bytes, thousands of which fit into one thread.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// What came and is not read yet.
    came: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::connect_with(address, None).await
    }

    /// A small buffer makes the server wait for the reader.
    pub(crate) async fn connect_with(address: SocketAddr, buffer: Option<u32>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(size) = buffer {
            socket.set_recv_buffer_size(size)?;
        }
        socket.set_nodelay(true)?;
        // One address has too few ports for all connections that were closed lately.
        let host = 2 + NEXT.fetch_add(1, Ordering::Relaxed) % 64;
        let host = u8::try_from(host).expect("below 66");
        socket.bind((Ipv4Addr::new(127, 0, 0, host), 0).into())?;
        Ok(Self {
            stream: socket.connect(address).await?,
            came: Vec::new(),
        })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a request and returns the status of its answer.
    pub(crate) async fn send(&mut self, wire: &[u8]) -> io::Result<u16> {
        // A server that answers early may have closed its side already; the answer still counts.
        let written = self.write(wire).await;
        match self.status().await {
            Err(err) => written.and(Err(err)),
            status => status,
        }
    }

    /// Reads one answer, and returns its status.
    pub(crate) async fn status(&mut self) -> io::Result<u16> {
        let head = loop {
            if let Some(at) = find(&self.came, b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let text = String::from_utf8_lossy(&self.came[..head]).to_ascii_lowercase();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
        let length = text
            .split("content-length:")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok())
            .unwrap_or(0_usize);
        while self.came.len() < head + length {
            self.read().await?;
        }
        self.came.drain(..head + length);
        status.ok_or_else(invalid)
    }

    /// Waits until the server closes, and drops what it says before.
    pub(crate) async fn closed(&mut self) {
        self.came.clear();
        while self.read().await.is_ok() {
            self.came.clear();
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.came).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

static NEXT: AtomicU16 = AtomicU16::new(0);
