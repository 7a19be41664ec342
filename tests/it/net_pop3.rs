//! The POP3 machine on a session: over real sockets to Dovecot and to a scripted server, what a
//! hostile one gets before TLS is up, and what the logs show of a sign-in.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lacebark::config::{self, Endpoint, Scheme};
use lacebark::env::SystemClock;
use lacebark::net::{Dial, NetError, Refusal, Session, Target, TcpDial, Timer, Transcript};
use lacebark::pop3::{
    Capabilities, Code, Command, Event, Machine, Options, Reply, Security, SignIn, Status, Way,
};
use lacebark::protocol::{Output, Tag};

use crate::harness::ca::{Ca, Certificate};
use crate::harness::dovecot::{self, Dovecot, Pop3};
use crate::harness::fake_pop3::{FakePop3, Script, Tls, Uidls};
use crate::harness::generate::{Generator, Sizes};
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

/// A session and what was heard beside the replies.
struct Talk {
    session: Session<Machine>,
    sizes: Vec<(u32, u64)>,
    uidls: Vec<(u32, String)>,
    chunks: Vec<(u64, Vec<u8>)>,
}

/// How a link ended before it could be used.
#[derive(Debug)]
enum Failed {
    Net(NetError),
    Refused(&'static str, Reply),
}

impl From<NetError> for Failed {
    fn from(error: NetError) -> Failed {
        Failed::Net(error)
    }
}

impl Talk {
    async fn open(url: &str, transcript: Option<&Arc<Transcript>>) -> Result<Talk, Failed> {
        Talk::open_with(url, transcript, |_| {}).await
    }

    async fn open_with(
        url: &str,
        transcript: Option<&Arc<Transcript>>,
        change: impl FnOnce(&mut Options),
    ) -> Result<Talk, Failed> {
        let endpoint = Endpoint::parse(Scheme::Pop3, url).unwrap();
        let timer: Arc<dyn Timer> = Arc::new(SystemClock::start());
        let target = Target::of(&endpoint, Some(Ca::shared().root()));
        let link = TcpDial::default().dial(target).await?;
        let security = match endpoint.security {
            config::Security::Tls => Security::Tls,
            config::Security::StartTls => Security::StartTls,
            config::Security::PlainLoopback => Security::Plain,
        };
        let mut options = Options::new(security, timer.monotonic());
        change(&mut options);
        let mut talk = Talk {
            session: Session::new(Machine::new(options), link, timer, transcript),
            sizes: Vec::new(),
            uidls: Vec::new(),
            chunks: Vec::new(),
        };
        loop {
            match talk.session.next().await? {
                Output::Event(Event::Ready(_)) => return Ok(talk),
                Output::Event(Event::Refused(what, reply)) => {
                    return Err(Failed::Refused(what, reply));
                }
                _ => {}
            }
        }
    }

    async fn sign_in(&mut self, login: &str, secret: &str) -> Result<Reply, NetError> {
        self.ask(Command::SignIn(SignIn {
            login: login.to_owned(),
            secret: secret.into(),
            way: Way::Password,
        }))
        .await
    }

    async fn ask(&mut self, command: Command) -> Result<Reply, NetError> {
        let tag = self.session.submit(command);
        self.until(tag).await
    }

    /// Hears up to the reply to `tag`.
    async fn until(&mut self, tag: Tag) -> Result<Reply, NetError> {
        loop {
            match self.session.next().await? {
                Output::Done(done, reply) if done == tag => return Ok(reply),
                Output::Event(Event::Sizes(_, all)) => {
                    self.sizes
                        .extend(all.iter().map(|one| (one.number, one.octets)));
                }
                Output::Event(Event::Uniques(_, all)) => {
                    let text = |uidl: &[u8]| String::from_utf8(uidl.to_vec()).unwrap();
                    self.uidls
                        .extend(all.iter().map(|one| (one.number, text(&one.uidl))));
                }
                Output::Chunk { literal, bytes, .. } => match self.chunks.last_mut() {
                    Some((last, all)) if *last == literal => all.extend_from_slice(&bytes),
                    _ => self.chunks.push((literal, bytes)),
                },
                _ => {}
            }
        }
    }

    /// Retrieves messages 1 to `count`, all asked for at once.
    async fn retrieve(&mut self, count: u32) -> Result<Vec<Vec<u8>>, NetError> {
        let mut last = None;
        for number in 1..=count {
            last = Some(self.session.submit(Command::Retr { number }));
        }
        if let Some(last) = last {
            let reply = self.until(last).await?;
            assert!(reply.is_ok(), "{reply:?}");
        }
        let chunks = std::mem::take(&mut self.chunks);
        Ok(chunks.into_iter().map(|(_, bytes)| bytes).collect())
    }

    fn offers(&self) -> &Capabilities {
        self.session.machine().capabilities()
    }
}

/// Three odd messages and one that needs several chunks.
fn mails() -> Vec<Vec<u8>> {
    let mut long = b"Subject: long\r\n\r\n".to_vec();
    for line in 0..6000 {
        long.extend_from_slice(format!(".{line} is what this line says\r\n").as_bytes());
    }
    vec![
        b"Subject: dots\r\n\r\n.\r\n..\r\n. \r\n.a\r\n\r\n.\r\n".to_vec(),
        b"Subject: odd\r\n\r\na\rb\nc\0\n.\n\r.\n+OK forged\n.\r\n\xff\xfe\r\n".to_vec(),
        b"Subject: none\r\n".to_vec(),
        long,
    ]
}

fn fake(script: Script) -> FakePop3 {
    let mails = mails();
    FakePop3::holding(script, mails.iter().map(Vec::as_slice))
}

#[test]
fn r21_every_octet_of_a_real_servers_messages_comes_over_tls_and_stls() {
    let Some(server) = Dovecot::with_pop3(Pop3::default()) else {
        return;
    };
    let mails: Vec<Vec<u8>> = Generator::new(5, Sizes::Whole)
        .take(40)
        .map(|message| message.bytes)
        .chain([mails()[0].clone(), mails()[3].clone()])
        .collect();
    for (number, mail) in (0..).zip(&mails) {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number);
        server.drop_into("alice", "INBOX", mail, "", date);
    }
    let count = u32::try_from(mails.len()).unwrap();
    for url in [server.pop3_url(), server.stls_url()] {
        let got = play(async {
            let mut talk = Talk::open(&url, None).await.unwrap();
            assert!(talk.offers().pipelining && talk.offers().resp_codes);
            assert!(talk.session.machine().is_secured());
            let reply = talk
                .sign_in("alice", server.password("alice"))
                .await
                .unwrap();
            assert!(reply.is_ok(), "{reply:?}");
            let stat = talk.session.submit(Command::Stat);
            talk.session.submit(Command::List);
            let uidl = talk.session.submit(Command::Uidl);
            let stat = talk.until(stat).await.unwrap().maildrop.unwrap();
            talk.until(uidl).await.unwrap();
            assert_eq!(stat.messages, u64::from(count));
            let listed: u64 = talk.sizes.iter().map(|(_, octets)| octets).sum();
            assert_eq!(stat.octets, listed);
            assert_eq!(
                (talk.sizes.len(), talk.uidls.len()),
                (mails.len(), mails.len())
            );
            let got = talk.retrieve(count).await.unwrap();
            for ((_, octets), bytes) in talk.sizes.iter().zip(&got) {
                assert_eq!(*octets, bytes.len() as u64);
            }
            assert!(talk.ask(Command::Quit).await.unwrap().is_ok());
            got
        });
        let mut expected = mails.clone();
        let mut got = got;
        // Dovecot orders what it finds by file names.
        expected.sort();
        got.sort();
        assert!(expected == got, "{url}: octets differ");
    }
}

#[test]
fn a_real_server_deletes_at_quit_alone_and_says_what_is_wrong() {
    let Some(server) = Dovecot::with_pop3(Pop3 {
        lock: true,
        ..Pop3::default()
    }) else {
        return;
    };
    for mail in &mails() {
        server.drop_into("bob", "INBOX", mail, "", SystemTime::now());
    }
    let url = server.pop3_url();
    let left = || async {
        let mut talk = Talk::open(&url, None).await.unwrap();
        talk.sign_in("bob", server.password("bob")).await.unwrap();
        let stat = talk.ask(Command::Stat).await.unwrap();
        assert!(talk.ask(Command::Quit).await.unwrap().is_ok());
        stat.maildrop.unwrap().messages
    };
    play(async {
        let mut talk = Talk::open(&url, None).await.unwrap();
        let reply = talk.sign_in("bob", "wrong").await.unwrap();
        assert_eq!((reply.status, reply.code), (Status::Err, Some(Code::Auth)));
        let mut talk = Talk::open(&url, None).await.unwrap();
        talk.sign_in("bob", server.password("bob")).await.unwrap();
        assert!(talk.ask(Command::Dele { number: 2 }).await.unwrap().is_ok());
        let again = talk.ask(Command::Retr { number: 2 }).await.unwrap();
        assert_eq!(again.status, Status::Err);
        // The maildrop is locked while this session lives.
        let mut other = Talk::open(&url, None).await.unwrap();
        let reply = other.sign_in("bob", server.password("bob")).await.unwrap();
        assert_eq!(reply.code, Some(Code::InUse), "{reply:?}");
        drop(talk);
    });
    // Without QUIT nothing is gone. The server needs a moment to see that the link is.
    play(async {
        let mut talk = loop {
            let mut talk = Talk::open(&url, None).await.unwrap();
            let reply = talk.sign_in("bob", server.password("bob")).await.unwrap();
            if reply.is_ok() {
                break talk;
            }
            assert_eq!(reply.code, Some(Code::InUse));
        };
        let stat = talk.ask(Command::Stat).await.unwrap().maildrop.unwrap();
        assert_eq!(stat.messages, 4);
        talk.session.submit(Command::Dele { number: 1 });
        talk.session.submit(Command::Dele { number: 2 });
        let reset = talk.session.submit(Command::Rset);
        assert!(talk.until(reset).await.unwrap().is_ok());
        talk.session.submit(Command::Dele { number: 4 });
        assert!(talk.ask(Command::Quit).await.unwrap().is_ok());
        assert_eq!(left().await, 3);
    });
}

#[test]
fn ids_of_a_real_server_may_be_new_or_all_the_same() {
    let Some(mut server) = Dovecot::with_pop3(Pop3::default()) else {
        return;
    };
    for mail in &mails() {
        server.drop_into("carol", "INBOX", mail, "", SystemTime::now());
    }
    let ids = |server: &Dovecot| {
        play(async {
            let mut talk = Talk::open(&server.pop3_url(), None).await.unwrap();
            talk.sign_in("carol", server.password("carol"))
                .await
                .unwrap();
            talk.ask(Command::Uidl).await.unwrap();
            assert!(talk.ask(Command::Quit).await.unwrap().is_ok());
            talk.uidls
                .into_iter()
                .map(|(_, uidl)| uidl)
                .collect::<Vec<_>>()
        })
    };
    let before = ids(&server);
    assert_eq!(ids(&server), before);
    server.renumber("carol", "INBOX");
    let after = ids(&server);
    assert!(
        after.len() == 4 && after.iter().all(|uidl| !before.contains(uidl)),
        "{after:?}"
    );
    server.restart_with(|options: &mut dovecot::Options| {
        options.pop3.as_mut().unwrap().uidl = "%v";
    });
    let same = ids(&server);
    assert!(
        same.len() == 4 && same.iter().all(|uidl| *uidl == same[0]),
        "{same:?}"
    );
}

#[test]
fn t7_each_bad_certificate_is_refused_before_a_sign_in() {
    if !need(&["openssl"]) {
        return;
    }
    for certificate in Certificate::REFUSED {
        for tls in [Tls::First(certificate), Tls::Start(certificate, Vec::new())] {
            let fake = fake(Script {
                tls,
                ..Script::default()
            });
            let failed = play(Talk::open(&fake.url(), None)).err();
            let Some(Failed::Net(NetError::Certificate { refusal, .. })) = failed else {
                panic!("{certificate:?}: {failed:?}");
            };
            assert_eq!(
                refusal == Refusal::Expired,
                certificate == Certificate::Expired
            );
            let said = fake.commands();
            assert!(
                said.iter().all(|line| line == "CAPA" || line == "STLS"),
                "{said:?}"
            );
        }
    }
}

#[test]
fn t1_t3_t6_nothing_is_said_to_a_server_that_keeps_tls_away() {
    if !need(&["openssl"]) {
        return;
    }
    let start = |injected: &[u8]| Script {
        tls: Tls::Start(Certificate::Good, injected.to_vec()),
        ..Script::default()
    };
    for script in [
        start(b"").reply("greeting", "-ERR busy"),
        start(b"").reply("greeting", "HTTP/1.1 400 Bad Request"),
        start(b"").reply("CAPA", "garbage"),
        start(b"").reply("STLS", "-ERR later"),
        start(b"").reply("STLS", "garbage"),
        start(b"").reply("STLS", "+ go on"),
        start(b"+OK\r\nUSER\r\n.\r\n+OK\r\n+OK in\r\n"),
        Script {
            cut_before: Some("STLS".to_owned()),
            ..start(b"")
        },
        Script {
            cut_said: Some(20),
            ..start(b"")
        },
        start(b"").behind("greeting", b"+OK\r\n+OK\r\n+OK\r\n"),
    ] {
        let fake = fake(script.clone());
        let failed = play(Talk::open(&fake.url(), None))
            .err()
            .unwrap_or_else(|| panic!("{script:?}"));
        let said = fake.commands();
        assert!(
            said.iter().all(|line| line == "CAPA" || line == "STLS"),
            "{said:?}"
        );
        match failed {
            Failed::Net(error) => assert!(!error.to_string().is_empty()),
            Failed::Refused(what, reply) => {
                assert!(
                    ["the connection", "STLS"].contains(&what),
                    "{what} {reply:?}"
                );
            }
        }
    }
    // The same server is used if it keeps nothing away, and its certificate is good.
    let fake = fake(start(b""));
    play(async {
        let mut talk = Talk::open(&fake.url(), None).await.unwrap();
        assert!(talk.sign_in("zoe", "canary").await.unwrap().is_ok());
        assert!(talk.ask(Command::Quit).await.unwrap().is_ok());
    });
    assert_eq!(fake.commands()[..3], ["CAPA", "STLS", "CAPA"]);
}

#[test]
fn p13_every_octet_of_odd_messages_comes_from_a_server_that_stuffs_or_does_not() {
    for script in [
        Script::default(),
        Script::default().without("PIPELINING"),
        Script {
            offers: Vec::new(),
            ..Script::default()
        },
        Script {
            size_error: -9,
            ..Script::default()
        },
    ] {
        let fake = fake(script);
        let got = play(async {
            let mut talk = Talk::open(&fake.url(), None).await.unwrap();
            talk.sign_in("zoe", "canary").await.unwrap();
            let got = talk.retrieve(4).await.unwrap();
            let head = talk
                .ask(Command::Top {
                    number: 1,
                    lines: 1,
                })
                .await
                .unwrap();
            assert!(head.is_ok());
            assert_eq!(talk.chunks.pop().unwrap().1, b"Subject: dots\r\n\r\n.\r\n");
            assert!(talk.ask(Command::Quit).await.unwrap().is_ok());
            got
        });
        assert!(got == mails());
        assert_eq!(fake.hasty(), Vec::<String>::new());
    }
}

#[test]
fn p13_a_missing_dot_ends_in_an_error_and_never_in_a_message() {
    for number in 1..=4 {
        let script = Script {
            without_dot: [number].into(),
            ..Script::default()
        };
        let fake = fake(script);
        play(async {
            let patience = |options: &mut Options| options.progress = Duration::from_millis(300);
            let mut talk = Talk::open_with(&fake.url(), None, patience).await.unwrap();
            talk.sign_in("zoe", "canary").await.unwrap();
            let error = talk.retrieve(4).await.unwrap_err();
            assert!(matches!(error, NetError::Broken(_)), "{error}");
        });
        assert_eq!(fake.maildrop().len(), 4);
    }
}

#[test]
fn a_link_cut_at_any_octet_gives_no_message_that_is_not_whole() {
    let fake = FakePop3::holding(Script::default(), [&b"A: 1\r\n\r\n..\r\n"[..], b"B: 2\r\n"]);
    let story = || async {
        let mut talk = Talk::open(&fake.url(), None).await.ok()?;
        talk.sign_in("zoe", "canary").await.ok()?;
        let mut whole = Vec::new();
        for number in 1..=2 {
            if !talk.ask(Command::Retr { number }).await.ok()?.is_ok() {
                return None;
            }
            whole.push(talk.chunks.pop()?.1);
            assert!(talk.ask(Command::Dele { number }).await.ok()?.is_ok());
        }
        assert_eq!(whole, [&b"A: 1\r\n\r\n..\r\n"[..], b"B: 2\r\n"]);
        Some(
            talk.ask(Command::Quit)
                .await
                .is_ok_and(|reply| reply.is_ok()),
        )
    };
    assert_eq!(play(story()), Some(true));
    let (_, octets) = fake.octets();
    fake.deliver(b"A: 1\r\n\r\n..\r\n");
    fake.deliver(b"B: 2\r\n");
    let mut unsure = 0;
    for cut in 0..octets {
        fake.change(|script| script.cut_said = Some(cut));
        let done = play(story());
        fake.until_quiet();
        // Without its `+OK` a QUIT may have deleted or not: here it has, for the server heard it.
        let gone = fake.maildrop().is_empty();
        assert_ne!(done, Some(true), "cut at {cut} of {octets}");
        assert!(
            done.is_some() || !gone,
            "cut at {cut}: deleted without QUIT"
        );
        if gone {
            unsure += 1;
            fake.deliver(b"A: 1\r\n\r\n..\r\n");
            fake.deliver(b"B: 2\r\n");
        }
    }
    assert_eq!(unsure, "+OK bye\r\n".len());
}

#[test]
fn what_a_server_says_by_code_arrives_as_a_code() {
    for (script, code) in [
        (
            Script::default().reply("PASS", "-ERR [LOGIN-DELAY] once in 9 s"),
            Code::LoginDelay,
        ),
        (
            Script::default().reply("PASS", "-ERR [IN-USE] locked"),
            Code::InUse,
        ),
        (
            Script::default().reply("PASS", "-ERR [SYS/TEMP] no disk"),
            Code::SysTemp,
        ),
        (
            Script {
                password: Some("other".to_owned()),
                ..Script::default()
            },
            Code::Auth,
        ),
    ] {
        let fake = fake(script.without("SASL"));
        let reply = play(async {
            let mut talk = Talk::open(&fake.url(), None).await.unwrap();
            talk.sign_in("zoe", "canary").await.unwrap()
        });
        assert_eq!((reply.status, reply.code), (Status::Err, Some(code)));
    }
}

#[test]
fn ids_that_are_missing_doubled_or_empty_are_told_as_they_are() {
    let ids = |uidls: Uidls| {
        let fake = fake(Script {
            uidls,
            ..Script::default()
        });
        play(async {
            let mut talk = Talk::open(&fake.url(), None).await.unwrap();
            talk.sign_in("zoe", "canary").await.unwrap();
            let reply = talk.ask(Command::Uidl).await.unwrap();
            let ids: Vec<String> = talk.uidls.into_iter().map(|(_, uidl)| uidl).collect();
            (reply.status, reply.odd, ids.join(" "))
        })
    };
    let own = "uid000001 uid000002 uid000003 uid000004";
    assert_eq!(ids(Uidls::Own), (Status::Ok, 0, own.to_owned()));
    assert_eq!(ids(Uidls::None), (Status::Err, 0, String::new()));
    assert_eq!(
        ids(Uidls::Same("x".into())),
        (Status::Ok, 0, "x x x x".to_owned())
    );
    assert_eq!(ids(Uidls::Empty), (Status::Ok, 4, String::new()));
    let new = own.replace("uid", "n-uid");
    assert_eq!(ids(Uidls::New("n-".into())), (Status::Ok, 0, new));
}

#[test]
fn a_quit_that_is_refused_or_cut_is_no_yes() {
    for (script, left) in [
        (
            Script::default().reply("QUIT", "-ERR some are still there"),
            4,
        ),
        (
            Script {
                cut_before: Some("QUIT".to_owned()),
                ..Script::default()
            },
            4,
        ),
        (
            Script {
                cut_after: Some("QUIT".to_owned()),
                ..Script::default()
            },
            3,
        ),
    ] {
        let fake = fake(script);
        let said = play(async {
            let mut talk = Talk::open(&fake.url(), None).await.unwrap();
            talk.sign_in("zoe", "canary").await.unwrap();
            assert!(talk.ask(Command::Dele { number: 1 }).await.unwrap().is_ok());
            talk.ask(Command::Quit).await
        });
        assert!(!said.is_ok_and(|reply| reply.is_ok()));
        fake.until_quiet();
        assert_eq!(fake.maildrop().len(), left);
    }
}

#[test]
fn a_poll_takes_six_round_trips_at_most() {
    if !need(&["openssl"]) {
        return;
    }
    let script = Script {
        tls: Tls::First(Certificate::Good),
        ..Script::default()
    };
    let fake = fake(script);
    let trips = play(async {
        let mut talk = Talk::open(&fake.url(), None).await.unwrap();
        talk.sign_in("zoe", "canary").await.unwrap();
        talk.session.submit(Command::Stat);
        talk.session.submit(Command::Uidl);
        talk.ask(Command::List).await.unwrap();
        talk.ask(Command::Quit).await.unwrap();
        talk.session.counters().round_trips
    });
    // CAPA, AUTH, the three at once, QUIT; TCP and TLS are two more.
    assert_eq!(trips, 4);
    assert_eq!(fake.connections(), 1);
    assert_eq!(fake.hasty(), Vec::<String>::new());
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
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

#[test]
fn s2_no_log_shows_a_secret_or_mail_in_any_way_of_signing_in() {
    let long = format!("canary{}", "x".repeat(300));
    for (offers, way, secret) in [
        ("USER", Way::Password, "canary"),
        ("USER", Way::Password, "canary and blanks"),
        ("SASL PLAIN", Way::Password, "canary ünïcode"),
        ("SASL PLAIN", Way::Password, long.as_str()),
        ("SASL XOAUTH2", Way::XOAuth2, "canary.token"),
        ("SASL XOAUTH2", Way::XOAuth2, long.as_str()),
    ] {
        let coded = BASE64_STANDARD.encode(secret);
        let echo = format!("you said {secret}, that is {coded}");
        let script = Script {
            offers: vec![offers.to_owned()],
            ..Script::default()
        };
        let script = ["PASS", "AUTH"].iter().fold(script, |script, name| {
            script.reply(name, &format!("+OK {echo}"))
        });
        let fake = fake(script);
        let (wire, trace) = (Shared::default(), Shared::default());
        let sink = trace.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || sink.clone())
            .finish();
        let transcript = Arc::new(Transcript::to(Box::new(wire.clone())));
        tracing::subscriber::with_default(subscriber, || {
            play(async {
                let mut talk = Talk::open(&fake.url(), Some(&transcript)).await.unwrap();
                let who = SignIn {
                    login: "zoe".to_owned(),
                    secret: secret.into(),
                    way,
                };
                let reply = talk.ask(Command::SignIn(who)).await.unwrap();
                assert!(
                    reply.is_ok() && !format!("{reply:?}").contains("canary"),
                    "{reply:?}"
                );
                talk.retrieve(4).await.unwrap();
            });
        });
        let heard = fake.commands().join("\n");
        let sent = heard.contains("canary") || heard.contains("AUTH");
        assert!(
            sent,
            "the secret was there, so that the logs could have shown it: {heard}"
        );
        let logs = format!("{}\n{}", wire.text(), trace.text());
        assert!(
            logs.contains("***") && logs.contains("lines of mail"),
            "{logs}"
        );
        for hidden in ["canary", coded.as_str(), "Subject:", "forged"] {
            assert!(!logs.contains(hidden), "{offers}: {hidden} in {logs}");
        }
        let responses = heard.split([' ', '\n']).filter(|word| word.len() > 15);
        for response in responses.filter(|word| BASE64_STANDARD.decode(word).is_ok()) {
            assert!(!logs.contains(response), "{offers}: {response} in {logs}");
        }
    }
}
