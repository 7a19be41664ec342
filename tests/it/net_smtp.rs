//! Submission over real sockets to a scripted server: what a hostile one gets, what the log shows,
//! what arrives.

use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lacebark::config::{Auth, Endpoint, Scheme};
use lacebark::env::SystemClock;
use lacebark::model::Secret;
use lacebark::net::smtp::{Envelope, Identity, Said, SmtpError, Submission, Way};
use lacebark::net::{NetError, TcpDial, Timer, Transcript};
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate as Root, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use crate::harness::ca::{Ca, Certificate};
use crate::harness::fake_smtp::{FakeSmtp, Script, Tls};
use crate::harness::need;

const PASSWORD: &str = "the canary's key";

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

async fn open(
    fake: &FakeSmtp,
    transcript: Option<&Arc<Transcript>>,
) -> Result<Submission, SmtpError> {
    let timer: Arc<dyn Timer> = Arc::new(SystemClock::start());
    let way = Way {
        dial: &TcpDial::default(),
        timer: &timer,
        transcript,
    };
    let endpoint = Endpoint::parse(Scheme::Smtp, &fake.url()).unwrap();
    Submission::open(way, &endpoint, Some(Ca::shared().root())).await
}

fn identity() -> Identity {
    Identity {
        login: "zoe@example.org".to_owned(),
        secret: Secret::new(PASSWORD),
    }
}

fn envelope(to: &[&str], size: usize) -> Envelope {
    Envelope {
        from: Some("zoe@example.org".parse().unwrap()),
        to: to.iter().map(|to| to.parse().unwrap()).collect(),
        size: size as u64,
        eight_bit: false,
        utf8: false,
    }
}

/// The whole way, the message in pieces.
async fn send(fake: &FakeSmtp, message: &[u8], piece: usize) -> Result<Said, SmtpError> {
    let mut talk = open(fake, None).await?;
    talk.sign_in(Auth::Password, identity()).await?;
    let addressed = talk
        .envelope(envelope(&["bob@example.org"], message.len()))
        .await?;
    assert!(addressed.is_taken(), "{addressed:?}");
    assert!(talk.data().await?.is_more());
    for piece in message.chunks(piece) {
        talk.piece(piece.to_vec()).await?;
    }
    let said = talk.end().await?;
    talk.quit().await;
    Ok(said)
}

fn starting_tls(injected: &[u8]) -> Script {
    let mut script = Script {
        tls: Tls::Start(Certificate::Good, injected.to_vec()),
        ..Script::default()
    };
    script.offers = vec!["STARTTLS".to_owned(), "AUTH PLAIN".to_owned()];
    script
}

const INJECTED: &[u8] = b"250-injected\r\n250 AUTH LOGIN\r\n235 ok\r\n250 ok\r\n";

#[test]
fn t3_octets_in_clear_behind_the_consent_to_tls_close_the_link() {
    if !need(&["openssl"]) {
        return;
    }
    let fake = FakeSmtp::start(starting_tls(INJECTED));
    let error = play(send(&fake, b"Subject: x\r\n\r\nx\r\n", 100)).unwrap_err();
    let SmtpError::Net(NetError::Injected { octets, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(*octets, INJECTED.len());
    assert!(!error.retry());
    assert_eq!(fake.heard(), "EHLO [127.0.0.1]\r\nSTARTTLS\r\n");
    assert!(fake.delivered().is_empty());
    // The same server without them is taken.
    fake.now(starting_tls(b""));
    assert!(
        play(send(&fake, b"Subject: x\r\n\r\nx\r\n", 100))
            .unwrap()
            .is_yes()
    );
    assert_eq!(fake.delivered().len(), 1);
}

/// Why we do STARTTLS ourselves: the library's own connection believes what was injected. If this
/// fails after an update, it was mended there.
#[test]
fn t3_the_same_server_takes_the_library_in() {
    if !need(&["openssl"]) {
        return;
    }
    let fake = FakeSmtp::start(starting_tls(INJECTED));
    let root = Root::from_pem(&fs::read(Ca::shared().root()).unwrap()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned())
        .add_root_certificate(root)
        .build_native()
        .unwrap();
    let name = ClientId::Domain("client.example".to_owned());
    let believed = play(async {
        let place = ("127.0.0.1", fake.port());
        let limit = Some(Duration::from_secs(10));
        let mut talk = AsyncSmtpConnection::connect_tokio1(place, limit, &name, None, None)
            .await
            .unwrap();
        talk.starttls(parameters, &name).await.unwrap();
        let info = talk.server_info().clone();
        (
            info.supports_auth_mechanism(Mechanism::Login),
            info.supports_auth_mechanism(Mechanism::Plain),
        )
    });
    assert_eq!(
        believed,
        (true, false),
        "the server offers PLAIN alone under TLS"
    );
}

#[test]
fn t1_a_server_that_keeps_tls_away_hears_no_secret_and_no_mail() {
    if !need(&["openssl"]) {
        return;
    }
    let mut silent = starting_tls(b"");
    silent.offers = vec!["AUTH PLAIN LOGIN".to_owned()];
    let refusing = Script {
        tls: Tls::None,
        offers: starting_tls(b"").offers,
        ..Script::default()
    };
    let scripts = [
        silent,
        refusing.clone(),
        refusing.clone().reply("STARTTLS", "250 fine"),
        refusing.clone().reply("STARTTLS", "454 later"),
        refusing.clone().reply("STARTTLS", "garbage"),
        refusing.clone().reply("EHLO", "garbage"),
        refusing.clone().reply("greeting", "554 no"),
        Script {
            cut_before: Some("STARTTLS".to_owned()),
            ..refusing
        },
    ];
    for script in scripts {
        let fake = FakeSmtp::start(script.clone());
        let url = format!("smtp://localhost:{}", fake.port());
        let endpoint = Endpoint::parse(Scheme::Smtp, &url).unwrap();
        let error = play(async {
            let timer: Arc<dyn Timer> = Arc::new(SystemClock::start());
            let way = Way {
                dial: &TcpDial::default(),
                timer: &timer,
                transcript: None,
            };
            let mut talk = Submission::open(way, &endpoint, Some(Ca::shared().root())).await?;
            talk.sign_in(Auth::Password, identity()).await
        })
        .unwrap_err();
        let heard = fake.heard().to_uppercase();
        for word in ["AUTH", "MAIL", "DATA", "ZOE"] {
            assert!(!heard.contains(word), "{script:?}: {heard}");
        }
        assert!(!error.to_string().contains(PASSWORD));
    }
}

#[test]
fn t7_a_bad_certificate_gets_no_credential_by_submission() {
    if !need(&["openssl"]) {
        return;
    }
    for certificate in Certificate::REFUSED {
        for tls in [Tls::First(certificate), Tls::Start(certificate, Vec::new())] {
            let fake = FakeSmtp::start(Script {
                tls,
                ..starting_tls(b"")
            });
            let error = play(send(&fake, b"x\r\n", 10)).unwrap_err();
            let SmtpError::Net(NetError::Certificate { .. }) = error else {
                panic!("{certificate:?}: {error}");
            };
            assert!(!fake.heard().contains("AUTH"), "{certificate:?}");
        }
    }
}

#[test]
fn t6_a_silent_or_endless_server_is_left() {
    let endless = "2".repeat(1 << 20);
    let fake = FakeSmtp::start(Script::default().reply("greeting", &endless));
    let error = play(send(&fake, b"x\r\n", 10)).unwrap_err();
    assert!(
        matches!(error, SmtpError::Net(NetError::Broken(_))),
        "{error}"
    );
    assert_eq!(fake.heard(), "");
}

#[test]
fn c3_c11_what_arrives_is_what_was_sent_and_nothing_names_this_machine() {
    let message = b"Subject: dots\r\n\r\n.\r\n..\r\n.one\r\nMAIL FROM:<x@y>\r\n.\r\n";
    for script in [
        Script::default(),
        Script::default().without("PIPELINING"),
        Script {
            offers: vec!["auth login".to_owned()],
            ..Script::default()
        },
    ] {
        let fake = FakeSmtp::start(script);
        let said = play(send(&fake, message, 7)).unwrap();
        assert_eq!(said.to_string(), "250 2.0.0 Ok: queued as 4711");
        let delivered = fake.delivered();
        assert_eq!(delivered.len(), 1);
        assert_eq!(delivered[0].bytes, message);
        assert_eq!(delivered[0].from, "zoe@example.org");
        assert_eq!(delivered[0].to, ["bob@example.org"]);
        let heard = fake.heard();
        assert!(heard.starts_with("EHLO [127.0.0.1]\r\n"), "{heard}");
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = name.trim();
        assert!(name.len() < 4 || !heard.contains(name), "{heard}");
    }
}

#[test]
fn a_server_on_this_machine_that_asks_for_no_sign_in_gets_none() {
    let fake = FakeSmtp::start(Script::default().without("AUTH"));
    assert!(
        play(send(&fake, b"Subject: x\r\n\r\nx\r\n", 100))
            .unwrap()
            .is_yes()
    );
    assert!(!fake.heard().contains("AUTH"));
    let fake = FakeSmtp::start(Script {
        offers: vec!["AUTH CRAM-MD5".to_owned()],
        ..Script::default()
    });
    let error = play(send(&fake, b"x\r\n", 10)).unwrap_err();
    assert!(matches!(error, SmtpError::NoWay { .. }), "{error}");
}

#[test]
fn a_refused_password_is_told_in_the_servers_words_and_not_tried_again() {
    let words = format!("535 5.7.8 Error: {PASSWORD} is wrong");
    let fake = FakeSmtp::start(Script::default().reply("AUTH", &words));
    let error = play(send(&fake, b"x\r\n", 10)).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, SmtpError::SignIn { .. }) && !error.retry(),
        "{text}"
    );
    assert!(text.contains("535 5.7.8 Error: *** is wrong"), "{text}");
    let later = Script::default().reply("AUTH", "454 4.7.0 try later");
    let fake = FakeSmtp::start(later);
    let error = play(send(&fake, b"x\r\n", 10)).unwrap_err();
    assert!(
        matches!(error, SmtpError::Refused { .. }) && error.retry(),
        "{error}"
    );
}

#[test]
fn r17_a_message_that_is_given_up_in_the_middle_is_not_sent() {
    let fake = FakeSmtp::start(Script::default());
    play(async {
        let mut talk = open(&fake, None).await.unwrap();
        talk.sign_in(Auth::Password, identity()).await.unwrap();
        talk.envelope(envelope(&["bob@example.org"], 1 << 20))
            .await
            .unwrap();
        talk.data().await.unwrap();
        talk.piece(b"Subject: x\r\n\r\nhalf".to_vec())
            .await
            .unwrap();
        talk.piece(vec![b'x'; 1 << 20]).await.unwrap();
        // Dropped here, with the dot still to come.
    });
    // The link is gone; whoever comes next is served.
    assert!(
        play(send(&fake, b"Subject: y\r\n\r\ny\r\n", 100))
            .unwrap()
            .is_yes()
    );
    let delivered = fake.delivered();
    assert_eq!(delivered.len(), 1, "{delivered:?}");
    assert!(delivered[0].text().contains("Subject: y"));
}

#[test]
fn a_server_that_stops_in_the_middle_of_a_message_says_why() {
    // It answers the first line of the message, as one that checks sizes while it reads.
    let fake = FakeSmtp::start(Script::default().reply("DATA", "354 go\r\n552 5.3.4 too big"));
    let error = play(send(&fake, b"Subject: x\r\n\r\nx\r\n", 4)).unwrap_err();
    assert!(error.to_string().contains("552 5.3.4 too big"), "{error}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn s2_no_log_of_the_wire_shows_a_password_token_or_mail() {
    for (offer, auth) in [
        ("AUTH PLAIN", Auth::Password),
        ("AUTH LOGIN", Auth::Password),
        ("AUTH XOAUTH2", Auth::XOAuth2),
    ] {
        let mut script = Script::default().without("AUTH");
        script.offers.push(offer.to_owned());
        // A server that repeats what it was told.
        let told = format!("235 hello {PASSWORD} {}", BASE64_STANDARD.encode(PASSWORD));
        let fake = FakeSmtp::start(script.reply("AUTH", &told));
        let log = Log::default();
        let transcript = Arc::new(Transcript::to(Box::new(log.clone())));
        play(async {
            let mut talk = open(&fake, Some(&transcript)).await.unwrap();
            talk.sign_in(auth, identity()).await.unwrap();
            talk.envelope(envelope(&["bob@example.org"], 20))
                .await
                .unwrap();
            talk.data().await.unwrap();
            talk.piece(b"Subject: private\r\n\r\nwords".to_vec())
                .await
                .unwrap();
            talk.end().await.unwrap();
            talk.quit().await;
        });
        let shown = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let token = format!("user=zoe@example.org\u{1}auth=Bearer {PASSWORD}\u{1}\u{1}");
        let plain = format!("\0zoe@example.org\0{PASSWORD}");
        for secret in [
            PASSWORD.to_owned(),
            BASE64_STANDARD.encode(PASSWORD),
            BASE64_STANDARD.encode(plain),
            BASE64_STANDARD.encode(token),
            "private".to_owned(),
            "words".to_owned(),
        ] {
            assert!(!shown.contains(&secret), "{offer}: {shown}");
        }
        assert!(shown.contains("AUTH ") && shown.contains("***"), "{shown}");
        assert!(shown.contains("RCPT TO:<bob@example.org>"), "{shown}");
    }
}
