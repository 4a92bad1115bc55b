//! An HTTP/1.1 client that does as it is told, right or wrong.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{Request, Response};

/// One connection, over which any bytes can be sent.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    /// Whether the next response is one to HEAD, which has no body whatever its head says.
    to_head: bool,
}

impl Connection {
    /// Connects; reads give up after 20 seconds.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Self {
            stream,
            reader,
            to_head: false,
        })
    }

    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The socket, for writing from another thread.
    pub fn try_clone(&self) -> io::Result<TcpStream> {
        self.stream.try_clone()
    }

    /// Sends a request and reads its response.
    pub fn send(&mut self, request: &Request) -> io::Result<Response> {
        // A server that answers early may have closed its side already; the answer still counts.
        self.to_head = request.method == "HEAD";
        let written = self.write(&request.to_wire());
        self.read_response().or_else(|err| written.and(Err(err)))
    }

    /// Reads one response, skipping interim ones.
    pub fn read_response(&mut self) -> io::Result<Response> {
        loop {
            let response = self.read_any_response()?;
            if response.status >= 200 {
                return Ok(response);
            }
        }
    }

    /// Whether the server closes the connection now, having said all it had to.
    pub fn is_closed_by_server(&mut self) -> bool {
        let mut byte = [0];
        match self.reader.read(&mut byte) {
            Ok(read) => read == 0,
            Err(err) => err.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    fn read_any_response(&mut self) -> io::Result<Response> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let line = self.read_line()?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| invalid(&line))?;
        let mut headers = Vec::new();
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| invalid(&line))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        headers.sort();
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        if self.to_head {
            return Ok(response);
        }
        if let Some(length) = response.header("content-length") {
            let length = length.parse().map_err(|_| invalid("content-length"))?;
            response.body = vec![0; length];
            self.reader.read_exact(&mut response.body)?;
        } else if response.header("transfer-encoding").is_some() {
            return Err(invalid("no answer here is chunked"));
        }
        Ok(response)
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}
