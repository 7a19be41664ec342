//! The IMAP machine on a session: what a hostile server can get out of it before TLS is up, and
//! what the logs show of a sign-in.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lacebark::env::fake::{FakeClock, link};
use lacebark::imap::{Command, Machine, Mechanism, Options, Security};
use lacebark::model::Secret;
use lacebark::net::{NetError, Session, Transcript};
use lacebark::protocol::{Clock, Output};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

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

fn session(
    security: Security,
    transcript: Option<&Arc<Transcript>>,
) -> (Session<Machine>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let clock = Arc::new(FakeClock::new(0));
    let machine = Machine::new(Options::new(security, clock.monotonic()));
    let link = link(Box::new(ours), security == Security::Tls);
    (Session::new(machine, link, clock, transcript), theirs)
}

fn login(password: &str) -> Command {
    Command::Login {
        user: "zoe".to_owned(),
        password: Secret::new(password),
    }
}

/// Plays a server that says each line when it has heard one, and gives back all that it heard.
fn before_tls(lines: &'static [&'static str]) -> (Result<(), NetError>, String) {
    play(async {
        let (mut session, server) = session(Security::StartTls, None);
        session.submit(login("canary"));
        let talk = async {
            let mut server = BufReader::new(server);
            let mut heard = String::new();
            for (number, line) in lines.iter().enumerate() {
                if number > 0 && server.read_line(&mut heard).await.unwrap_or(0) == 0 {
                    return heard;
                }
                let tag = heard.lines().last().and_then(|l| l.split(' ').next());
                let line = line.replace("TAG", tag.unwrap_or("*"));
                if server.write_all(line.as_bytes()).await.is_err() {
                    break;
                }
            }
            // Nothing more comes from us.
            let _ = server.shutdown().await;
            let _ = server.read_to_string(&mut heard).await;
            heard
        };
        let ours = async move {
            loop {
                match session.next().await {
                    Ok(Output::Done(..)) => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(error),
                }
            }
        };
        tokio::join!(ours, talk)
    })
}

#[test]
fn t1_t2_t3_nothing_is_said_to_a_server_that_keeps_tls_away() {
    const HELLO: &str = "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n";
    for lines in [
        // T1: not offered, in the greeting and when asked.
        &["* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n"][..],
        &["* OK hi\r\n", "* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"],
        // Refused, in each way.
        &[HELLO, "TAG NO later\r\n"],
        &[HELLO, "TAG BAD what\r\n"],
        &[HELLO, "garbage\r\n"],
        &[HELLO, ""],
        &[HELLO, "* BYE\r\n"],
        // T2.
        &["* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n"],
        // T3: more behind the consent, in the same piece.
        &[HELLO, "TAG OK go\r\n* OK injected\r\nTAG OK signed in\r\n"],
        // T5: consent to what was not asked yet.
        &["* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\na1 OK\r\na2 OK\r\na3 OK\r\n"],
        // T6.
        &["HTTP/1.1 400 Bad Request\r\n"],
        &["* BYE busy\r\n"],
    ] {
        let (outcome, heard) = before_tls(lines);
        let error = outcome.expect_err(&format!("{lines:?}"));
        for word in ["LOGIN", "AUTH", "canary", "zoe"] {
            assert!(!heard.contains(word), "{lines:?}: {heard}");
        }
        assert!(!error.to_string().contains("canary"), "{lines:?}: {error}");
    }
}

#[test]
fn a_server_that_consents_to_tls_gets_the_sign_in_afterwards() {
    let (outcome, heard) = before_tls(&[
        "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n",
        "TAG OK go\r\n",
        // The handshake of the test is none; what follows is what TLS would carry.
        "* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
        "TAG OK [CAPABILITY IMAP4rev1] in\r\n",
    ]);
    outcome.unwrap();
    assert!(
        heard.contains("STARTTLS\r\n") && heard.contains("LOGIN"),
        "{heard}"
    );
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Signs in at a server that refuses and repeats all that it heard; what was heard, and the logs.
fn refused_sign_in(capabilities: &str, command: Command) -> (String, String) {
    let (wire, trace) = (Shared::default(), Shared::default());
    let sink = trace.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    let transcript = Arc::new(Transcript::to(Box::new(wire.clone())));
    let heard = tracing::subscriber::with_default(subscriber, || {
        play(async {
            let (mut session, server) = session(Security::Tls, Some(&transcript));
            session.submit(command);
            let talk = refuse(server, capabilities);
            let ours = async {
                loop {
                    if let Output::Done(_, reply) = session.next().await.unwrap() {
                        return format!("{:?}", reply.status);
                    }
                }
            };
            let (status, heard) = tokio::join!(ours, talk);
            assert_eq!(status, "No", "{heard}");
            heard
        })
    });
    (heard, format!("{}\n{}", wire.text(), trace.text()))
}

async fn refuse(server: DuplexStream, capabilities: &str) -> String {
    let mut server = BufReader::new(server);
    let hello = format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hi\r\n");
    server.write_all(hello.as_bytes()).await.unwrap();
    let (mut heard, mut decoded) = (String::new(), String::new());
    loop {
        let from = heard.len();
        server.read_line(&mut heard).await.unwrap();
        let line = heard[from..].trim_end().to_owned();
        let last = line.rsplit(' ').next().unwrap_or("");
        if let Ok(bytes) = BASE64_STANDARD.decode(last) {
            decoded.push_str(&String::from_utf8_lossy(&bytes).replace(['\0', '\u{1}'], " "));
        }
        let words = line.split(' ').count();
        if line.ends_with('}') || line.contains(" AUTHENTICATE ") && words == 3 {
            server.write_all(b"+ \r\n").await.unwrap();
        } else if !line.ends_with("+}") {
            let tag = heard.split(' ').next().unwrap();
            let echo = heard.replace("\r\n", " ");
            let answer = format!("{tag} NO you said {echo} that is {decoded}\r\n");
            server.write_all(answer.as_bytes()).await.unwrap();
            return format!("{heard} {decoded}");
        }
    }
}

#[test]
fn s2_no_log_shows_a_secret_in_any_way_of_signing_in() {
    let plain = |password: &str| {
        Command::Authenticate(Mechanism::Plain {
            user: "zoe".to_owned(),
            password: Secret::new(password),
        })
    };
    let token = || {
        Command::Authenticate(Mechanism::XOAuth2 {
            user: "zoe".to_owned(),
            token: Secret::new("canary.token"),
        })
    };
    for (capabilities, command) in [
        ("", login("canary")),
        ("", login("canary\\ \"7\"")),
        ("", login("canary ünïcode")),
        ("LITERAL+", login("canary ünïcode")),
        ("AUTH=PLAIN", plain("canary")),
        ("AUTH=PLAIN SASL-IR", plain("canary 7")),
        ("AUTH=XOAUTH2", token()),
        ("AUTH=XOAUTH2 SASL-IR", token()),
    ] {
        let (heard, logs) = refused_sign_in(capabilities, command.clone());
        // The secret was there, so the logs could have shown it.
        assert!(heard.contains("canary"), "{capabilities} {heard}");
        assert!(
            logs.contains("***") && logs.contains("S: "),
            "{capabilities}: {logs}"
        );
        let encoded: Vec<&str> = heard
            .split([' ', '\r', '\n'])
            .filter(|word| word.len() > 15 && BASE64_STANDARD.decode(word).is_ok())
            .collect();
        for secret in encoded.into_iter().chain(["canary"]) {
            assert!(!logs.contains(secret), "{capabilities}: {secret} in {logs}");
        }
        assert!(!format!("{command:?}").contains("canary"));
    }
}
