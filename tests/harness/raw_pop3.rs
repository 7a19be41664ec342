//! The bare POP3 client that checks the other one, and the yardstick of the benches: it knows lines
//! and dots, and nothing of the library.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use memchr::memmem::Finder;
use native_tls::TlsStream;

use super::raw;

/// What ends a multi-line reply.
const END: &[u8] = b"\r\n.\r\n";
/// Commands that wait for an answer while everything is read.
const WINDOW: u32 = 256;

/// One connection over TLS.
pub struct RawPop3 {
    stream: BufReader<TlsStream<TcpStream>>,
}

impl RawPop3 {
    /// Connects to loopback with the test CA and reads the greeting.
    pub fn connect(port: u16) -> RawPop3 {
        let stream = (0..5)
            .find_map(|_| raw::handshake(port))
            .expect("a TLS link to the server");
        let mut raw = RawPop3 {
            stream: BufReader::with_capacity(1 << 16, stream),
        };
        let greeting = raw.line();
        assert!(greeting.starts_with("+OK"), "{greeting}");
        raw
    }

    /// Signs in.
    pub fn login(&mut self, user: &str, password: &str) {
        self.ok(&format!("USER {user}"));
        self.ok(&format!("PASS {password}"));
    }

    /// Sends one command and hands its status line back.
    pub fn command(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n"));
        self.line()
    }

    /// Sends one command, which must be answered by `+OK`.
    pub fn ok(&mut self, command: &str) -> String {
        let line = self.command(command);
        assert!(line.starts_with("+OK"), "{command}: {line}");
        line
    }

    /// The lines of an answer to `LIST`, `UIDL` or `CAPA`.
    pub fn lines(&mut self, command: &str) -> Vec<String> {
        self.ok(command);
        let mut lines = Vec::new();
        loop {
            match self.line() {
                line if line == "." => return lines,
                line => lines.push(line),
            }
        }
    }

    /// The unique ids of all messages, in order.
    pub fn uidls(&mut self) -> Vec<String> {
        let lines = self.lines("UIDL");
        let id = |line: &String| line.split_once(' ').unwrap().1.to_owned();
        lines.iter().map(id).collect()
    }

    /// The octets of a message.
    pub fn message(&mut self, number: u32) -> Vec<u8> {
        self.ok(&format!("RETR {number}"));
        let mut message = Vec::new();
        loop {
            let line = self.raw_line();
            match line.as_slice() {
                b".\r\n" => return message,
                [b'.', rest @ ..] => message.extend_from_slice(rest),
                line => message.extend_from_slice(line),
            }
        }
    }

    /// Retrieves messages 1 to `count`, pipelined, to nowhere: octets with their dots.
    pub fn drain(&mut self, count: u32) -> u64 {
        let finder = Finder::new(END);
        let (mut asked, mut answered, mut total) = (0, 0, 0);
        // The last octets of what was read before, where an end may have begun.
        let mut tail: Vec<u8> = Vec::new();
        while answered < count {
            if asked < count && asked - answered <= WINDOW / 2 {
                let upto = count.min(answered + WINDOW);
                let lines = (asked + 1..=upto).map(|number| format!("RETR {number}\r\n"));
                self.send(&lines.collect::<String>());
                asked = upto;
            }
            let chunk = self.stream.fill_buf().unwrap();
            assert!(!chunk.is_empty(), "the server closed the link");
            let joint = [&tail[..], &chunk[..chunk.len().min(END.len() - 1)]].concat();
            let ends = finder.find_iter(&joint).count() + finder.find_iter(chunk).count();
            answered += u32::try_from(ends).unwrap();
            let taken = chunk.len();
            total += taken as u64;
            tail.extend_from_slice(chunk);
            let spare = tail.len().saturating_sub(END.len() - 1);
            tail.drain(..spare);
            self.stream.consume(taken);
        }
        total
    }

    /// Says goodbye: what was marked is deleted.
    pub fn quit(mut self) {
        self.ok("QUIT");
    }

    fn send(&mut self, text: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).unwrap();
        stream.flush().unwrap();
    }

    fn line(&mut self) -> String {
        let line = self.raw_line();
        String::from_utf8_lossy(raw::trim(&line)).into_owned()
    }

    fn raw_line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        assert!(line.ends_with(b"\n"), "the server closed the link");
        line
    }
}
