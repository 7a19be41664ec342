//! Dialling real sockets on loopback: which certificates, protocols and addresses are refused
//! before a byte of ours is sent.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use lacebark::config::Security;
use lacebark::net::{Dial, Link, NetError, Refusal, Target, TcpDial};
use native_tls::{Identity, TlsAcceptor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::ca::{Ca, Certificate};
use crate::harness::need;

fn play<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            tokio::time::timeout(Duration::from_secs(60), story)
                .await
                .expect("the story hangs")
        })
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A TLS server for one connection; it gives back what it was told after the handshake.
fn server(certificate: Certificate) -> (u16, JoinHandle<Vec<u8>>) {
    let (listener, port) = listen();
    let (chain, key) = Ca::shared().pair(certificate);
    let (chain, key) = (fs::read(chain).unwrap(), fs::read(key).unwrap());
    let thread = std::thread::spawn(move || {
        let identity = Identity::from_pkcs8(&chain, &key).unwrap();
        let acceptor = TlsAcceptor::new(identity).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let Ok(mut stream) = acceptor.accept(socket) else {
            return Vec::new();
        };
        // A client that refuses may be seen only at the first read.
        if stream.write_all(b"* OK hello\r\n").is_err() {
            return Vec::new();
        }
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    (port, thread)
}

fn target(host: &str, port: u16, security: Security, ca: Option<PathBuf>) -> Target {
    Target {
        host: host.to_owned(),
        port,
        security,
        tls_ca_file: ca,
    }
}

fn dial(target: Target) -> Result<Link, NetError> {
    play(TcpDial::default().dial(target))
}

#[test]
fn a_good_certificate_of_a_private_authority_is_taken() {
    if !need(&["openssl"]) {
        return;
    }
    for host in ["localhost", "127.0.0.1"] {
        let (port, thread) = server(Certificate::Good);
        let target = target(host, port, Security::Tls, Some(Ca::shared().root()));
        play(async {
            let mut link = TcpDial::default().dial(target).await.unwrap();
            assert!(link.secure && link.layer.is_none());
            let mut greeting = [0; 12];
            link.stream.read_exact(&mut greeting).await.unwrap();
            assert_eq!(&greeting, b"* OK hello\r\n");
            link.stream.write_all(b"a LOGOUT\r\n").await.unwrap();
            link.stream.shutdown().await.unwrap();
        });
        assert_eq!(thread.join().unwrap(), b"a LOGOUT\r\n");
    }
}

#[test]
fn t7_each_bad_certificate_is_refused_before_a_byte_is_sent() {
    if !need(&["openssl"]) {
        return;
    }
    let root = Ca::shared().root();
    let check = |certificate, host: &str, ca: Option<PathBuf>, wanted: Refusal| {
        for security in [Security::Tls, Security::StartTls] {
            let (port, thread) = server(certificate);
            let target = target(host, port, security, ca.clone());
            let outcome = play(async {
                let link = TcpDial::default().dial(target).await?;
                let layer = link.layer.expect("clear text has a layer to put under it");
                layer.secure(link.stream).await.map(|_| ())
            });
            let error = outcome.expect_err(&format!("{certificate:?} for {host} is taken"));
            let NetError::Certificate { refusal, why, .. } = &error else {
                panic!("{certificate:?} for {host}: {error}");
            };
            assert_eq!(*refusal, wanted, "{certificate:?} for {host}: {why}");
            assert!(!error.retry() && error.is_certificate());
            assert_eq!(thread.join().unwrap(), b"");
        }
    };
    for certificate in Certificate::REFUSED {
        let wanted = match certificate {
            Certificate::Expired => Refusal::Expired,
            Certificate::SelfSigned => Refusal::SelfSigned,
            Certificate::UntrustedRoot => Refusal::UnknownAuthority,
            _ => Refusal::Name,
        };
        check(certificate, "localhost", Some(root.clone()), wanted);
    }
    check(
        Certificate::Good,
        "localhost",
        None,
        Refusal::UnknownAuthority,
    );
    check(
        Certificate::WrongName,
        "127.0.0.1",
        Some(root),
        Refusal::Name,
    );
}

#[test]
fn t8_a_server_with_nothing_newer_than_tls_1_1_is_refused() {
    if !need(&["openssl"]) {
        return;
    }
    let connect = |version: &str| {
        let (listener, port) = listen();
        drop(listener);
        let (chain, key) = Ca::shared().pair(Certificate::Good);
        let mut child = Command::new("openssl")
            .args(["s_server", "-quiet", "-cipher", "ALL:@SECLEVEL=0", version])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .arg("-cert")
            .arg(chain)
            .arg("-key")
            .arg(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(std::time::Instant::now() < until, "openssl does not listen");
            std::thread::yield_now();
        }
        let root = Some(Ca::shared().root());
        let outcome = dial(target("localhost", port, Security::Tls, root));
        child.kill().unwrap();
        child.wait().unwrap();
        outcome
    };
    // The same server with a newer protocol is taken, so it is the protocol that is refused.
    connect("-tls1_2").unwrap();
    for version in ["-tls1_1", "-tls1"] {
        let error = connect(version).expect_err(version);
        let text = error.to_string();
        assert!(matches!(error, NetError::Tls { .. }), "{version}: {text}");
        let words = ["protocol version", "unsupported protocol", "alert"];
        assert!(
            words.iter().any(|word| text.contains(word)),
            "{version}: {text}"
        );
    }
}

#[test]
fn a_faulty_file_of_authorities_is_named_and_nothing_is_dialled() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, port) = listen();
    listener.set_nonblocking(true).unwrap();
    for (name, text) in [
        ("empty.pem", Some("")),
        ("odd.pem", Some("no certificate")),
        ("none.pem", None),
    ] {
        let path = folder.path().join(name);
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        for security in [Security::Tls, Security::StartTls] {
            let error = dial(target("localhost", port, security, Some(path.clone()))).unwrap_err();
            assert!(matches!(error, NetError::CaFile { .. }), "{name}: {error}");
            assert!(error.to_string().contains(name) && !error.retry());
        }
    }
    assert!(listener.accept().is_err());
}

#[test]
fn a_whole_bundle_of_authorities_is_trusted() {
    if !need(&["openssl"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle.pem");
    let other = fs::read(Ca::shared().pair(Certificate::SelfSigned).0).unwrap();
    let root = fs::read(Ca::shared().root()).unwrap();
    fs::write(&bundle, [other, root].concat()).unwrap();
    let (port, _thread) = server(Certificate::Good);
    dial(target("localhost", port, Security::Tls, Some(bundle))).unwrap();
}

#[test]
fn an_address_that_refuses_is_named_with_the_systems_words() {
    let (listener, port) = listen();
    drop(listener);
    let error = dial(target("127.0.0.1", port, Security::PlainLoopback, None)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, NetError::Refused { .. }), "{text}");
    assert!(
        text.contains(&format!("127.0.0.1:{port}")) && text.contains("refused"),
        "{text}"
    );
    assert!(error.retry());
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    // `localhost` may have two addresses, of which one has no listener.
    let (_listener, port) = listen();
    let link = dial(target("localhost", port, Security::PlainLoopback, None)).unwrap();
    assert!(!link.secure && link.layer.is_none());
}

#[test]
fn t1_clear_text_to_another_machine_is_refused_by_the_dialler_too() {
    // A name of the test network: nothing is sent to it.
    let error = dial(target("192.0.2.1", 143, Security::PlainLoopback, None)).unwrap_err();
    assert!(
        matches!(error, NetError::Clear { .. }) && !error.retry(),
        "{error}"
    );
}

#[test]
fn a_name_without_an_address_is_an_error_of_the_resolver() {
    let error = dial(target("nonexistent.invalid", 993, Security::Tls, None)).unwrap_err();
    assert!(
        matches!(error, NetError::Resolve { .. }) && error.retry(),
        "{error}"
    );
    assert!(error.to_string().contains("nonexistent.invalid"));
}

#[test]
fn a_server_that_never_shakes_hands_is_given_up() {
    let (_listener, port) = listen();
    let (long, short) = (Duration::from_secs(60), Duration::from_secs(1));
    for (handshake, silence) in [(short, long), (long, short)] {
        let dialler = TcpDial {
            handshake,
            silence,
            ..TcpDial::default()
        };
        let error = play(dialler.dial(target("localhost", port, Security::Tls, None))).unwrap_err();
        assert!(
            matches!(
                error,
                NetError::TimedOut {
                    what: "TLS handshake",
                    seconds: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
}
