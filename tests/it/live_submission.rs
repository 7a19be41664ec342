//! Submission through a real Postfix into a real Dovecot: alice sends, bob reads.

use std::sync::Arc;
use std::time::Duration;

use lacebark::config::{Auth, Endpoint, Scheme};
use lacebark::env::SystemClock;
use lacebark::model::Secret;
use lacebark::net::smtp::{Envelope, Identity, Said, SmtpError, Submission, Way};
use lacebark::net::{TcpDial, Timer};

use crate::harness::postfix::Exchange;
use crate::harness::program::Home;

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

async fn open(exchange: &Exchange, url: &str) -> Result<Submission, SmtpError> {
    let timer: Arc<dyn Timer> = Arc::new(SystemClock::start());
    let way = Way {
        dial: &TcpDial::default(),
        timer: &timer,
        transcript: None,
    };
    let endpoint = Endpoint::parse(Scheme::Smtp, url).unwrap();
    let mut talk = Submission::open(way, &endpoint, Some(exchange.dovecot.ca_file())).await?;
    let identity = Identity {
        login: "alice".to_owned(),
        secret: Secret::new(exchange.dovecot.password("alice")),
    };
    talk.sign_in(Auth::Password, identity).await?;
    Ok(talk)
}

fn envelope(to: &[&str], message: &[u8]) -> Envelope {
    Envelope {
        from: Some("alice@example.test".parse().unwrap()),
        to: to.iter().map(|to| to.parse().unwrap()).collect(),
        size: message.len() as u64,
        eight_bit: true,
        utf8: false,
    }
}

async fn submit(talk: &mut Submission, to: &[&str], message: &[u8]) -> Said {
    let addressed = talk.envelope(envelope(to, message)).await.unwrap();
    assert!(addressed.is_taken(), "{addressed:?}");
    assert!(talk.data().await.unwrap().is_more());
    for piece in message.chunks(100_000) {
        talk.piece(piece.to_vec()).await.unwrap();
    }
    talk.end().await.unwrap()
}

#[test]
fn alice_sends_by_tls_and_by_starttls_and_bob_reads_the_same_octets() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let (smtps, submission) = (
        exchange.postfix.smtps_port(),
        exchange.postfix.submission_port(),
    );
    let text = |number: usize| {
        format!(
            "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: {number}\r\n\
             Date: Sat, 21 Nov 2026 08:02:00 +0000\r\n\
             Message-ID: <{number}@example.test>\r\n\r\n.\r\n..two dots\r\nGr\u{fc}\u{df}e\r\n\
             \r\n.\r\nMAIL FROM:<evil@example.test>\r\nlast\r\n"
        )
    };
    let urls = [
        format!("smtps://localhost:{smtps}"),
        format!("smtp://localhost:{submission}"),
    ];
    for (number, url) in urls.iter().enumerate() {
        play(async {
            let mut talk = open(&exchange, url).await.unwrap();
            assert!(talk.offers().pipelining && talk.offers().eight_bit);
            assert_eq!(talk.offers().most(), Some(52_428_800));
            let message = text(number);
            let said = submit(&mut talk, &["bob@example.test"], message.as_bytes()).await;
            assert!(said.is_yes(), "{said}\n{}", exchange.postfix.log());
            // A second one over the same link.
            let message = format!("X-Second: 1\r\n{message}");
            let said = submit(&mut talk, &["bob@example.test"], message.as_bytes()).await;
            assert!(said.is_yes(), "{said}");
            talk.quit().await;
        });
    }
    let received = exchange.received("bob", "INBOX", 4);
    assert_eq!(received.len(), 4, "{}", exchange.postfix.log());
    for (number, sent) in (0..2).map(|number| (number, text(number))) {
        let arrived = received
            .iter()
            .filter(|message| {
                // What the servers put above it is theirs.
                String::from_utf8_lossy(message).ends_with(&sent)
            })
            .count();
        assert_eq!(arrived, 2, "message {number} is not there octet for octet");
    }
}

#[test]
fn a_large_message_is_streamed() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let url = format!("smtps://localhost:{}", exchange.postfix.smtps_port());
    let line = "a line of an attachment, as long as base64 makes them, more or less, on\r\n";
    let message = format!(
        "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: large\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <large@example.test>\r\n\r\n{}",
        line.repeat(400_000)
    );
    play(async {
        let mut talk = open(&exchange, &url).await.unwrap();
        let said = submit(&mut talk, &["bob@example.test"], message.as_bytes()).await;
        assert!(said.is_yes(), "{said}");
        talk.quit().await;
    });
    let received = exchange.received("bob", "INBOX", 1);
    assert!(
        received[0].ends_with(message.as_bytes()),
        "other octets arrived"
    );
}

#[test]
fn each_recipient_has_a_result_of_its_own() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let url = format!("smtps://localhost:{}", exchange.postfix.smtps_port());
    let to = [
        "bob@example.test",
        "nobody@example.test",
        "carol@example.test",
    ];
    let addressed = play(async {
        let mut talk = open(&exchange, &url).await.unwrap();
        let addressed = talk.envelope(envelope(&to, b"x")).await.unwrap();
        talk.quit().await;
        addressed
    });
    assert!(!addressed.is_taken() && addressed.sender.is_yes());
    let yes: Vec<bool> = addressed
        .recipients
        .iter()
        .map(|said| said.as_ref().unwrap().is_yes())
        .collect();
    assert_eq!(yes, [true, false, true]);
    let refused = addressed.recipients[1].as_ref().unwrap();
    assert_eq!(
        (refused.code, refused.enhanced.as_deref()),
        (550, Some("5.1.1"))
    );
    assert!(refused.text.contains("nobody@example.test"), "{refused}");
}

#[test]
fn setup_tries_reading_and_sending_before_it_stores() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let home = Home::new();
    let port = exchange.postfix.smtps_port();
    let closed = crate::harness::free_port();
    let submission = exchange.postfix.submission_port();
    for (smtp, more, code, words) in [
        (
            format!("smtps://localhost:{closed}"),
            &[][..],
            1,
            "Outgoing port: cannot connect",
        ),
        // STARTTLS is expected where TLS comes first, and the other way round.
        (
            format!("smtps://localhost:{submission}"),
            &[],
            1,
            "Outgoing port: no TLS",
        ),
        (
            format!("smtps://nobody@localhost:{port}"),
            &[],
            4,
            "Password for sending: sign-in to localhost refused: the server says \"535 5.7.8",
        ),
        (
            format!("smtps://elsewhere.invalid:{port}"),
            &[],
            1,
            "Outgoing server: cannot find",
        ),
    ] {
        let run = exchange.try_account(&home, "alice", &smtp, more);
        assert_eq!(run.code, code, "{smtp}: {run:?}");
        assert!(run.err.contains(words), "{smtp}: {}", run.err);
        assert!(
            run.err.contains("Nothing was stored."),
            "{smtp}: {}",
            run.err
        );
        assert!(!home.path("config.toml").exists(), "{smtp}: it is stored");
    }
    // Untested on request.
    let smtp = format!("smtps://localhost:{closed}");
    exchange
        .try_account(&home, "alice", &smtp, &["--no-test"])
        .exits(0);
    let run = home.run(&["account", "test", "alice"]).exits(1);
    assert!(
        run.err.contains("Outgoing port: cannot connect"),
        "{}",
        run.err
    );

    let smtp = format!("smtp://localhost:{submission}");
    exchange.try_account(&home, "bob", &smtp, &[]).exits(0);
    let run = home.run(&["account", "test", "bob"]).exits(0);
    assert!(
        run.out
            .contains("for sending; messages up to 52428800 octets"),
        "{}",
        run.out
    );
    let json = home
        .run(&["account", "test", "bob", "--json"])
        .exits(0)
        .json();
    let sending = &json["accounts"][0]["sending"];
    assert_eq!(sending["max_size"], 52_428_800);
    assert!(
        sending["peer"]
            .as_str()
            .unwrap()
            .contains(&submission.to_string())
    );
    assert!(
        exchange.received("bob", "INBOX", 0).is_empty(),
        "a test sent mail"
    );
}
