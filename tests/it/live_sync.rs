//! The sync against a real Dovecot, by the library: first sync, changes both ways, IDLE, another
//! UIDVALIDITY, lesser servers, wrong settings.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lacebark::config::{AccountSettings, Endpoint, Keep, Overrides, Paths, Scheme, Settings};
use lacebark::env::{Env, SystemClock};
use lacebark::model::{FlagChange, Flags, LinkState, MailboxKey, Offline, Secret, Uid};
use lacebark::ops::flags::{self, Undoable};
use lacebark::store::{Store, accounts, bodies, journal, links, mailboxes, messages};
use lacebark::sync::{Once, Supervisor, SyncError, Tally, Work, once, setup};
use tempfile::TempDir;

use crate::harness::dovecot::{Dovecot, Options};
use crate::harness::eventually;
use crate::harness::generate::{Sizes, write_maildir};

struct Bed {
    _folder: TempDir,
    paths: Paths,
    env: Env,
    store: Store,
    account: AccountSettings,
}

fn bed(server: &Dovecot, port: u16) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::find(Overrides {
        config: Some(folder.path().join("config.toml")),
        data: Some(folder.path().join("data")),
        cache: Some(folder.path().join("cache")),
    })
    .unwrap();
    paths.prepare().unwrap();
    let env = Env::real(&paths, None).unwrap();
    let clock = Arc::new(SystemClock::start());
    let store = Store::open(&paths.data.join("mail.db"), clock).unwrap();
    let url = format!("imaps://alice@{}:{port}", server.host());
    let endpoint = Endpoint::parse(Scheme::Imap, &url).unwrap();
    let mut account = AccountSettings::imap("work", "alice@example.test", endpoint);
    account.keep = Keep::Command(vec![
        "printf".into(),
        "%s".into(),
        server.password("alice").into(),
    ]);
    account.offline = Offline::All;
    account.tls_ca_file = Some(server.ca_file());
    Bed {
        _folder: folder,
        paths,
        env,
        store,
        account,
    }
}

impl Bed {
    fn sync(&self) -> Result<Tally, SyncError> {
        let all = Once {
            work: Work::All,
            deadline: Duration::from_secs(120),
        };
        once(
            &self.env,
            &self.store,
            &self.account,
            &self.paths,
            &all,
            |_| {},
        )
    }

    fn inbox(&self) -> MailboxKey {
        let reader = self.store.reader().unwrap();
        let account = accounts::find(&reader, "work").unwrap().unwrap().key;
        mailboxes::by_name(&reader, account, "INBOX")
            .unwrap()
            .unwrap()
            .key
    }

    fn all(&self) -> Vec<messages::Message> {
        let reader = self.store.reader().unwrap();
        let inbox = self.inbox();
        let row = mailboxes::get(&reader, inbox).unwrap();
        let known = messages::known_uids(&reader, inbox, row.epoch).unwrap();
        let find = |uid| {
            messages::by_uid(&reader, inbox, row.epoch, uid)
                .unwrap()
                .unwrap()
        };
        known.iter().map(find).collect()
    }

    fn flag(&self, uid: u32, change: FlagChange) {
        let key = self
            .all()
            .iter()
            .find(|m| m.base.as_ref().unwrap().uid == Uid(uid))
            .unwrap()
            .key;
        let pending = flags::change(&self.store, vec![key], change, Undoable::Yes);
        pending.wait().unwrap();
    }

    fn is(&self, state: LinkState) -> bool {
        let reader = self.store.reader().unwrap();
        let account = accounts::find(&reader, "work").unwrap();
        account.is_some_and(|account| {
            links::get(&reader, account.key)
                .unwrap()
                .is_some_and(|link| link.state == state)
        })
    }

    /// UIDs, flags and bytes of INBOX here are those that another client sees there.
    fn assert_equal(&self, server: &Dovecot) {
        let mut client = server.client("alice");
        let ours = self.all();
        let uids: Vec<u32> = ours
            .iter()
            .map(|m| m.base.as_ref().unwrap().uid.0)
            .collect();
        assert_eq!(uids, client.uids("INBOX"));
        let reader = self.store.reader().unwrap();
        assert!(journal::all(&reader).unwrap().is_empty());
        for (uid, message) in uids.iter().zip(&ours) {
            let theirs = client.flags("INBOX", *uid).unwrap();
            let theirs = Flags::parse(theirs.iter().map(String::as_str));
            assert_eq!(message.flags, theirs, "{uid}");
            let bytes = bodies::read_whole(&reader, message.content, "").unwrap();
            assert!(bytes.unwrap() == client.message("INBOX", *uid), "{uid}");
        }
    }
}

fn filled(options: Options, count: usize) -> Option<Dovecot> {
    let server = Dovecot::with(options)?;
    let inbox = server.maildir("alice", "INBOX");
    write_maildir(&inbox, server.owner(), count, 5, Sizes::Small);
    Some(server)
}

fn own() -> FlagChange {
    FlagChange::add(Flags::parse(["$Own"]))
}

#[test]
fn store_and_server_become_equal_on_full_and_lesser_servers() {
    for hide in [
        vec![],
        vec!["CONDSTORE", "QRESYNC", "ESEARCH", "LITERAL+", "ENABLE"],
        vec![
            "LIST-EXTENDED",
            "LIST-STATUS",
            "SPECIAL-USE",
            "NAMESPACE",
            "ID",
            "IDLE",
        ],
    ] {
        let options = Options {
            hide,
            ..Options::default()
        };
        let Some(server) = filled(options, 130) else {
            return;
        };
        let bed = bed(&server, server.imaps_port());
        let tally = bed.sync().unwrap();
        assert_eq!((tally.new, tally.bodies), (130, 130));
        bed.assert_equal(&server);
        assert_eq!(bed.sync().unwrap(), Tally::default());
        let mut client = server.client("alice");
        client.store("INBOX", 3, "+FLAGS", &["\\Answered", "$Mine"]);
        client.expunge("INBOX", 7);
        drop(client);
        bed.flag(2, own());
        bed.flag(3, own());
        let tally = bed.sync().unwrap();
        assert_eq!((tally.pushed, tally.expunged), (2, 1));
        bed.sync().unwrap();
        bed.assert_equal(&server);
    }
}

#[test]
fn r5_new_numbers_on_a_real_server_fetch_no_body_again() {
    let Some(server) = filled(Options::default(), 60) else {
        return;
    };
    let bed = bed(&server, server.imaps_port());
    bed.sync().unwrap();
    let mut keys: Vec<_> = bed.all().iter().map(|m| m.key).collect();
    keys.sort_unstable();
    server.renumber("alice", "INBOX");
    let tally = bed.sync().unwrap();
    assert_eq!(tally.bodies, 0);
    let mut again: Vec<_> = bed.all().iter().map(|m| m.key).collect();
    again.sort_unstable();
    assert_eq!(again, keys);
    bed.assert_equal(&server);
}

#[test]
fn idle_brings_new_mail_and_flags_go_up_at_once() {
    let Some(server) = filled(Options::default(), 20) else {
        return;
    };
    let bed = bed(&server, server.imaps_port());
    let settings = Settings {
        accounts: vec![bed.account.clone()],
        ..Settings::default()
    };
    let supervisor =
        Supervisor::start(bed.env.clone(), bed.store.clone(), &settings, &bed.paths).unwrap();
    let limit = Duration::from_secs(30);
    eventually("on line", limit, || bed.is(LinkState::Online));
    server.drop_into(
        "alice",
        "INBOX",
        b"Subject: new\r\n\r\nhere\r\n",
        "",
        SystemTime::now(),
    );
    eventually("new mail", limit, || bed.all().len() == 21);
    bed.flag(4, own());
    eventually("the flag", limit, || {
        server
            .client("alice")
            .flags("INBOX", 4)
            .unwrap()
            .contains(&"$Own".to_owned())
    });
    supervisor.stop(Duration::from_secs(10));
    bed.assert_equal(&server);
}

#[test]
fn a_sign_in_names_the_field_that_is_wrong() {
    let Some(server) = filled(Options::default(), 1) else {
        return;
    };
    let bed = bed(&server, server.imaps_port());
    let try_with = |account: AccountSettings, secret: &str| {
        let request = setup::SetupRequest {
            account,
            secret: Some(Secret::new(secret)),
        };
        setup::try_sign_in(&bed.env, &request)
    };
    let right = server.password("alice").to_owned();
    let proof = try_with(bed.account.clone(), &right).unwrap();
    assert_eq!(proof.inbox, Some(1), "{}", server.log());
    let check = |account: AccountSettings, secret: &str, field: setup::Field, words: &str| {
        let error = try_with(account, secret).unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(error.text.contains(words), "{error}");
    };
    let at = |url: String| {
        let endpoint = Endpoint::parse(Scheme::Imap, &url).unwrap();
        AccountSettings {
            tls_ca_file: bed.account.tls_ca_file.clone(),
            ..AccountSettings::imap("work", "alice@example.test", endpoint)
        }
    };
    check(
        bed.account.clone(),
        "wrong",
        setup::Field::Password,
        "AUTHENTICATIONFAILED",
    );
    let closed = crate::harness::free_port();
    let url = format!("imaps://alice@{}:{closed}", server.host());
    check(at(url), &right, setup::Field::Port, "refused");
    let mut untrusted = bed.account.clone();
    untrusted.tls_ca_file = None;
    check(untrusted, &right, setup::Field::CaFile, "certificate");
}
