//! An account that is kept current by POP3: when it looks, when it does not, and that no connection
//! stands between two looks. Time is moved by hand; the server is a scripted one on loopback.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lacebark::config::{Overrides, Paths};
use lacebark::env::Env;
use lacebark::env::fake::FakeClock;
use lacebark::model::{AccountKey, Link, LinkState, PartPath};
use lacebark::ops::requests::{self, Progress};
use lacebark::protocol::{Clock, Time};
use lacebark::store::{Changes, Store, accounts, links, notices};
use lacebark::sync::Supervisor;

use crate::harness::fake_pop3::{FakePop3, Script};
use crate::harness::program::Home;
use crate::pop3_bed::{Kept, kept, mail};

const LIMIT: Duration = Duration::from_secs(20);
/// `check_every` of the account, in seconds.
const EVERY: u64 = 7 * 60;

/// A supervised account, its server and its clock.
struct Watch {
    _home: Home,
    clock: Arc<FakeClock>,
    store: Store,
    changes: Changes,
    fake: FakePop3,
    supervisor: Supervisor,
    /// When anything was said to the server or by it.
    busy: Arc<Mutex<BTreeSet<Time>>>,
}

impl Watch {
    fn new(script: Script, more: &str, mails: &[&str]) -> Watch {
        let home = Home::new();
        let paths = Paths::find(Overrides {
            config: Some(home.path("config.toml")),
            data: Some(home.data()),
            cache: Some(home.path("cache")),
        })
        .unwrap();
        paths.prepare().unwrap();
        let clock = Arc::new(FakeClock::new(1_795_300_000));
        let mut env = Env::real(&paths, None).unwrap();
        env.clock = clock.clone();
        let store = Store::open(&paths.data.join("mail.db"), clock.clone()).unwrap();
        let fake = FakePop3::start(script);
        for name in mails {
            fake.deliver(&mail(name));
        }
        let busy: Arc<Mutex<BTreeSet<Time>>> = Arc::default();
        let (times, now) = (busy.clone(), clock.clone());
        fake.at_each_step(move || {
            times.lock().unwrap().insert(now.monotonic());
        });
        let settings = format!(
            "[[account]]\nid = \"pop\"\naddress = \"alice@example.test\"\npop3 = \"{}\"\n\
             check_every = {}\npassword_command = [\"printf\", \"%s\", \"key\"]\n{more}",
            fake.url(),
            EVERY / 60
        );
        std::fs::write(&paths.config, settings).unwrap();
        let (settings, told) = lacebark::config::load(&paths.config).unwrap();
        assert!(told.is_empty(), "{told:?}");
        let changes = store.subscribe();
        let supervisor = Supervisor::start(env, store.clone(), &settings, &paths).unwrap();
        Watch {
            _home: home,
            clock,
            store,
            changes,
            fake,
            supervisor,
            busy,
        }
    }

    fn key(&self) -> Option<AccountKey> {
        let reader = self.store.reader().unwrap();
        Some(accounts::find(&reader, "pop").unwrap()?.key)
    }

    fn link(&self) -> Option<Link> {
        let reader = self.store.reader().unwrap();
        links::get(&reader, self.key()?).unwrap()
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let end = std::time::Instant::now() + LIMIT;
        while !done() {
            assert!(
                std::time::Instant::now() < end,
                "not within {LIMIT:?}: {what}; {:?}",
                self.link()
            );
            self.changes.wait(Duration::from_millis(20));
        }
    }

    /// Waits until that many looks were made and the account rests; then no connection stands.
    fn rests_after(&self, looks: usize) -> Link {
        let rests = |link: &Link| link.state == LinkState::Online && link.next_try.is_some();
        self.until(&format!("rest after {looks} looks"), || {
            self.fake.connections() >= looks && self.link().as_ref().is_some_and(rests)
        });
        self.fake.until_quiet();
        assert_eq!(self.fake.connections(), looks);
        self.link().unwrap()
    }

    fn is(&self, state: LinkState) {
        self.until(&format!("{state:?}"), || {
            self.link().is_some_and(|link| link.state == state)
        });
    }

    fn passes(&self, seconds: u64) {
        self.clock.advance_awake(Duration::from_secs(seconds));
    }

    /// The seconds, from the first look on, in which it talked with the server.
    fn talked(&self) -> Vec<u64> {
        let busy = self.busy.lock().unwrap();
        let first = *busy.first().unwrap();
        busy.iter()
            .map(|time| time.since(first).as_secs())
            .collect()
    }

    fn told(&self) -> Vec<String> {
        let reader = self.store.reader().unwrap();
        let log = notices::latest(&reader, 100).unwrap();
        log.into_iter().map(|line| line.notice.text).collect()
    }

    fn kept(&self) -> Vec<Kept> {
        kept(&self.store)
    }

    fn stops(self) {
        self.supervisor.stop(LIMIT);
        assert_eq!(self.fake.together(), 1, "two sessions at once");
    }
}

#[test]
fn it_looks_by_the_clock_and_holds_no_connection_between() {
    let watch = Watch::new(Script::default(), "", &["a"]);
    let link = watch.rests_after(1);
    let next = i64::try_from(EVERY).unwrap();
    assert_eq!(link.next_try, Some(watch.store.now() + next));
    assert_eq!(watch.kept().len(), 1);
    watch.fake.deliver(&mail("b"));
    watch.passes(EVERY - 1);
    watch.passes(1);
    watch.rests_after(2);
    assert_eq!(watch.kept().len(), 2);
    watch.passes(EVERY);
    watch.rests_after(3);
    assert_eq!(watch.talked(), [0, EVERY, 2 * EVERY]);
    watch.stops();
}

#[test]
fn who_asks_for_a_look_or_for_bytes_has_it_at_once() {
    let watch = Watch::new(Script::default(), "offline = \"headers\"\n", &["a"]);
    watch.rests_after(1);
    watch.fake.deliver(&mail("b"));
    watch.supervisor.sync_now(Some("pop"));
    watch.rests_after(2);
    let all = watch.kept();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|one| one.bytes.is_none()));
    // A key opens the second one.
    let whole = PartPath::parse("").unwrap();
    let (key, content) = (watch.key().unwrap(), all[1].content);
    let asked = requests::fetch_body(&watch.store, key, content, &whole, LIMIT);
    let asked = asked.wait().unwrap();
    watch.until("the bytes", || {
        let reader = watch.store.reader().unwrap();
        requests::progress(&reader, asked).unwrap() == Some(Progress::Done)
    });
    watch.rests_after(3);
    assert!(watch.kept()[1].bytes.as_deref() == Some(&mail("b")));
    assert_eq!(watch.talked(), [0], "no time had to pass");
    watch.stops();
}

#[test]
fn between_two_sign_ins_as_much_time_passes_as_the_server_wants() {
    let mut script = Script::default();
    script.offers.push("LOGIN-DELAY 120".to_owned());
    let watch = Watch::new(script, "", &["a"]);
    watch.rests_after(1);
    watch.fake.deliver(&mail("b"));
    watch.supervisor.sync_now(Some("pop"));
    watch.until("it says that it waits", || {
        watch.link().is_some_and(|link| link.why.contains("120 s"))
    });
    let link = watch.link().unwrap();
    assert_eq!(link.next_try, Some(watch.store.now() + 120));
    watch.passes(119);
    watch.passes(1);
    watch.rests_after(2);
    assert_eq!(watch.kept().len(), 2);
    assert_eq!(watch.talked(), [0, 120]);
    watch.stops();
}

#[test]
fn r20_a_locked_maildrop_is_waited_for_and_that_is_said_once() {
    let locked = "-ERR [IN-USE] another session has it";
    let script = Script::default()
        .reply("PASS", locked)
        .reply("AUTH", locked);
    let watch = Watch::new(script, "", &["a"]);
    let mut tries = 0;
    for _ in 0..3 {
        tries += 1;
        watch.until("another try", || {
            let link = watch.link().filter(|link| link.state == LinkState::Offline);
            watch.fake.connections() == tries && link.is_some_and(|link| link.next_try.is_some())
        });
        let link = watch.link().unwrap();
        assert!(link.why.contains("another session has it"), "{link:?}");
        if tries == 3 {
            watch.fake.now(Script::default());
        }
        let wait = link.next_try.unwrap() - watch.store.now();
        assert!((1..=900).contains(&wait), "{wait} s");
        // The row tells whole seconds.
        watch.passes(u64::try_from(wait).unwrap() + 1);
    }
    watch.rests_after(4);
    assert_eq!(watch.kept().len(), 1);
    let told = watch.told();
    let locks = told.iter().filter(|text| text.contains("another session"));
    assert_eq!(locks.count(), 1, "{told:?}");
    watch.stops();
}

#[test]
fn going_off_line_ends_the_looks_and_coming_back_makes_one_at_once() {
    let watch = Watch::new(Script::default(), "", &["a"]);
    watch.rests_after(1);
    watch.supervisor.go_offline(true);
    watch.is(LinkState::OfflineAsked);
    watch.fake.deliver(&mail("b"));
    watch.passes(10 * EVERY);
    watch.supervisor.sync_now(Some("pop"));
    watch.supervisor.go_offline(false);
    watch.rests_after(2);
    assert_eq!(watch.kept().len(), 2);
    watch.stops();
}

#[test]
fn r16_a_machine_that_was_suspended_looks_as_soon_as_it_wakes() {
    let watch = Watch::new(Script::default(), "", &["a"]);
    watch.rests_after(1);
    watch.fake.deliver(&mail("b"));
    watch.clock.suspend(Duration::from_secs(3600));
    watch.rests_after(2);
    assert_eq!(watch.kept().len(), 2);
    assert_eq!(
        watch.talked(),
        [0],
        "the clock that it waits by stood still"
    );
    watch.stops();
}
