//! Who is known from stored mail, and in which order they are offered.

use super::*;
use crate::mime::fold;
use crate::model::Envelope;
use crate::store::mailboxes;
use crate::store::messages::{self, Arrived};
use crate::store::tests::{Bed, NOW, arrived, line, open};
use crate::store::{Change, accounts};

const DAY: i64 = 86_400;

fn who(text: &str) -> Vec<Address> {
    crate::mime::header::addresses(text.as_bytes())
}

/// A message that is so many days old.
fn mail(uid: u32, days: i64, from: &str, to: &str) -> Arrived {
    Arrived {
        arrival: NOW - days * DAY,
        envelope: Some(Envelope {
            message_id: format!("{uid}@x"),
            from: who(from),
            to: who(to),
            ..Envelope::default()
        }),
        ..arrived(uid, "x")
    }
}

fn into(bed: &Bed, mailbox: &str, messages: Vec<Arrived>) {
    let (account, name) = (bed.account, mailbox.to_owned());
    bed.put(move |tx| {
        let lines = ["INBOX", "Sent", "Junk", "Drafts"].map(line);
        mailboxes::record_list(tx, account, &lines)?;
        let mailbox = mailboxes::by_name(tx, account, &name)?.unwrap();
        messages::insert(tx, mailbox.key, mailbox.epoch, &messages)
    });
}

fn glean_all(bed: &Bed) {
    let reader = bed.store.reader().unwrap();
    while glean(&bed.store, &reader).unwrap() == Gleaned::More {}
}

fn offered(bed: &Bed, typed: &str) -> Vec<String> {
    let reader = bed.store.reader().unwrap();
    let found = matching(&reader, &fold::words_typed(typed), 9).unwrap();
    let shown = |one: Person| format!("{}|{}", one.address.name, one.address.address);
    found.into_iter().map(shown).collect()
}

fn count_of(bed: &Bed, table: &str) -> i64 {
    let reader = bed.store.reader().unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    let sql = reader.connection().query_row(&sql, [], |row| row.get(0));
    sql.unwrap()
}

#[test]
fn own_sent_mail_comes_first_then_people_then_robots() {
    let bed = Bed::new();
    into(
        &bed,
        "INBOX",
        vec![
            mail(1, 1, "Tom Robot <no-reply@x.example>", "me@x.example"),
            mail(
                2,
                1,
                "Tom Reader <tom@list.example>",
                "me@x.example, Tomas <tomas@x.example>",
            ),
            mail(3, 2, "Tom Reader <tom@list.example>", "me@x.example"),
        ],
    );
    into(
        &bed,
        "Sent",
        vec![
            mail(1, 400, "Me <me@x.example>", "Tomke <tomke@x.example>"),
            mail(2, 30, "Me <me@x.example>", "Tomko <tomko@x.example>"),
        ],
    );
    glean_all(&bed);
    assert_eq!(
        offered(&bed, "tom"),
        [
            "Tomko|tomko@x.example",
            "Tomke|tomke@x.example",
            "Tom Reader|tom@list.example",
            "Tomas|tomas@x.example",
            "Tom Robot|no-reply@x.example",
        ]
    );
    // Nothing typed: those whom own mail went to.
    assert_eq!(
        offered(&bed, ""),
        ["Tomko|tomko@x.example", "Tomke|tomke@x.example"]
    );
}

#[test]
fn use_and_recency_count_together_in_whatever_order_mail_is_read() {
    let sent = |uid, days, to: &str| mail(uid, days, "me@x.example", to);
    let messages = vec![
        sent(1, 1, "Ann Once <once@x.example>"),
        sent(2, 40, "Ann Often <often@x.example>"),
        sent(3, 60, "Ann Often <often@x.example>"),
        sent(4, 80, "Ann Often <often@x.example>"),
        sent(5, 2000, "Ann Long <long@x.example>"),
        sent(6, 2001, "Ann Long <long@x.example>"),
        sent(7, 2002, "Ann Long <long@x.example>"),
        sent(8, 2003, "Ann Long <long@x.example>"),
    ];
    let mut backwards = messages.clone();
    backwards.reverse();
    let mut ranks = Vec::new();
    for order in [messages, backwards] {
        let bed = Bed::new();
        for message in order {
            into(&bed, "Sent", vec![message]);
            glean_all(&bed);
        }
        let names = ["Ann Often", "Ann Once", "Ann Long"];
        let found = offered(&bed, "ann");
        let found: Vec<&str> = found
            .iter()
            .map(|one| one.split('|').next().unwrap())
            .collect();
        assert_eq!(found, names);
        let reader = bed.store.reader().unwrap();
        let found = matching(&reader, &["ann".to_owned()], 9).unwrap();
        ranks.push(found.iter().map(|one| one.rank / 10).collect::<Vec<_>>());
    }
    assert_eq!(ranks[0], ranks[1]);
}

#[test]
fn words_of_names_addresses_and_domains_are_found_in_any_script() {
    let bed = Bed::new();
    let from = |uid, from: &str| mail(uid, i64::from(uid), from, "me@x.example");
    into(
        &bed,
        "INBOX",
        vec![
            from(1, "Zoë Müller <zoe.mueller@mail.example.org>"),
            from(2, "Øystein Łukasz <oy@x.example>"),
            from(3, "Ёлкин Пётр <petr@x.example>"),
            from(4, "山田太郎 <taro@x.example>"),
            from(5, "Jean-Luc O'Brien <jl@x.example>"),
            from(6, "Νίκος <nikos@x.example>"),
        ],
    );
    glean_all(&bed);
    let check = |typed: &str, want: &[&str]| {
        let found = offered(&bed, typed);
        let found: Vec<&str> = found
            .iter()
            .map(|one| one.split('|').nth(1).unwrap())
            .collect();
        assert_eq!(found, want, "{typed}");
    };
    let zoe = "zoe.mueller@mail.example.org";
    for typed in [
        "zoe",
        "ZOË",
        "mul",
        "Müll",
        "mueller",
        "zoe.m",
        "mail.ex",
        "@example.org",
        "mu zo",
        "zoe example.org",
        "zoe.mueller@mail.example.org",
    ] {
        check(typed, &[zoe]);
    }
    for typed in ["oyst", "øy", "lukasz", "ŁUK"] {
        check(typed, &["oy@x.example"]);
    }
    for typed in ["елк", "Ёлк", "петр", "ПЁТ"] {
        check(typed, &["petr@x.example"]);
    }
    check("山", &["taro@x.example"]);
    check("太郎", &["taro@x.example"]);
    check("luc", &["jl@x.example"]);
    check("o'b", &["jl@x.example"]);
    check("brien jean", &["jl@x.example"]);
    check("νικ", &["nikos@x.example"]);
    check("ΝΊΚ", &["nikos@x.example"]);
    // The middle of a word begins nothing, and a word that nobody has finds nobody.
    for typed in ["oe", "ueller", "zoe nikos", "%", "_", "' OR 1"] {
        check(typed, &[]);
    }
}

#[test]
fn junk_drafts_and_what_is_no_address_name_nobody() {
    let bed = Bed::new();
    into(
        &bed,
        "Junk",
        vec![mail(1, 1, "Junker <junker@x.example>", "me@x.example")],
    );
    into(
        &bed,
        "Drafts",
        vec![mail(1, 1, "me@x.example", "Drafted <drafted@x.example>")],
    );
    into(
        &bed,
        "INBOX",
        vec![
            mail(
                1,
                1,
                "\"boss@bank.example\" <evil@x.example>",
                "root, <a b@x>, Crew:;",
            ),
            mail(
                2,
                1,
                "=?utf-8?q?O=0D=0Add=E2=80=AE?= <odd@x.example>",
                "me@x.example",
            ),
        ],
    );
    glean_all(&bed);
    for typed in ["jun", "draf", "boss", "root", "crew", "a"] {
        assert_eq!(offered(&bed, typed), [""; 0], "{typed}");
    }
    assert_eq!(offered(&bed, "evil"), ["|evil@x.example"]);
    assert_eq!(offered(&bed, "odd"), ["O dd|odd@x.example"]);
}

#[test]
fn the_name_is_the_latest_by_which_they_call_themselves() {
    let bed = Bed::new();
    let check = |want: &str| {
        glean_all(&bed);
        assert_eq!(offered(&bed, "z@x"), [want]);
    };
    into(
        &bed,
        "INBOX",
        vec![mail(1, 5, "a@x.example", "Boss <z@x.example>")],
    );
    check("Boss|z@x.example");
    into(
        &bed,
        "INBOX",
        vec![mail(2, 90, "Zoë Old <Z@x.example>", "a@x.example")],
    );
    check("Zoë Old|Z@x.example");
    into(
        &bed,
        "INBOX",
        vec![mail(3, 2, "Zoë New <z@x.example>", "a@x.example")],
    );
    check("Zoë New|z@x.example");
    into(
        &bed,
        "INBOX",
        vec![mail(4, 1, "z@x.example", "\"z@x.example\" <z@x.example>")],
    );
    check("Zoë New|z@x.example");
    // The words of a name that is no more do not find them.
    assert_eq!(offered(&bed, "boss"), [""; 0]);
    assert_eq!(offered(&bed, "old"), [""; 0]);
}

#[test]
fn each_content_counts_once_also_when_its_envelope_comes_later() {
    let bed = Bed::new();
    let listed = |uid| Arrived {
        envelope: None,
        ..mail(uid, 1, "a@x.example", "b@x.example")
    };
    into(
        &bed,
        "INBOX",
        vec![listed(1), mail(2, 1, "Ann <ann@x.example>", "b@x.example")],
    );
    glean_all(&bed);
    glean_all(&bed);
    let wrote = |name: &str| {
        let reader = bed.store.reader().unwrap();
        let found = matching(&reader, &[name.to_owned()], 9).unwrap();
        found.first().map(|one| one.wrote)
    };
    assert_eq!((wrote("ann"), wrote("bob")), (Some(1), None));
    into(
        &bed,
        "INBOX",
        vec![mail(1, 1, "Bob <bob@x.example>", "b@x.example")],
    );
    assert_eq!(count_of(&bed, "person_later"), 1);
    glean_all(&bed);
    glean_all(&bed);
    assert_eq!((wrote("ann"), wrote("bob")), (Some(1), Some(1)));
    assert_eq!(count_of(&bed, "person_later"), 0);
    // An envelope that comes between the look and its commit is not lost either.
    into(&bed, "INBOX", vec![listed(3)]);
    let reader = bed.store.reader().unwrap();
    let slice = gleaning::slice(&reader, NOW).unwrap();
    into(
        &bed,
        "INBOX",
        vec![mail(3, 1, "Cy <cy@x.example>", "b@x.example")],
    );
    bed.put(move |tx| slice.write(tx));
    glean_all(&bed);
    assert_eq!(wrote("cy"), Some(1));
    // Two processes that read the same count it once.
    into(
        &bed,
        "INBOX",
        vec![mail(4, 1, "Di <di@x.example>", "b@x.example")],
    );
    let both = [(); 2].map(|()| gleaning::slice(&reader, NOW).unwrap());
    for slice in both {
        bed.put(move |tx| slice.write(tx));
    }
    assert_eq!(wrote("di"), Some(1));
}

#[test]
fn s7_who_is_known_from_a_removed_account_alone_is_forgotten() {
    let bed = Bed::new();
    into(
        &bed,
        "INBOX",
        vec![mail(
            1,
            1,
            "Kanarienvogel <kanari@x.example>",
            "both@x.example",
        )],
    );
    let other = bed.put(|tx| {
        let account = accounts::ensure(tx, "home", accounts::AccountKind::Imap)?;
        let made = mailboxes::record_list(tx, account, &[line("INBOX")])?;
        let inbox = mailboxes::get(tx, made.new[0])?;
        let mail = mail(1, 1, "Both <both@x.example>", "b@x.example");
        messages::insert(tx, inbox.key, inbox.epoch, &[mail])?;
        Ok(account)
    });
    // A slice that was read before the removal brings nobody back.
    let reader = bed.store.reader().unwrap();
    let slice = gleaning::slice(&reader, NOW).unwrap();
    glean_all(&bed);
    assert_eq!(offered(&bed, "kanar").len(), 1);
    let account = bed.account;
    bed.put(move |tx| {
        accounts::remove(tx, account)?;
        tx.connection()
            .execute("UPDATE person_through SET through = 0", [])?;
        slice.write(tx)
    });
    assert_eq!(offered(&bed, "kanar"), [""; 0]);
    assert_eq!(offered(&bed, "both"), ["Both|both@x.example"]);
    assert_eq!(
        count_of(&bed, &format!("person WHERE account <> {other}")),
        0
    );
    assert_eq!(
        count_of(
            &bed,
            "person_word WHERE person NOT IN (SELECT key FROM person)"
        ),
        0
    );
    bed.store.compact().wait().unwrap();
    let folder = bed.folder;
    drop((reader, bed.store));
    let bytes = std::fs::read(folder.path().join("mail.db")).unwrap();
    let lower = bytes.to_ascii_lowercase();
    assert!(memchr::memmem::find(&lower, b"kanari").is_none());
}

#[test]
fn a_salvaged_store_meets_everybody_anew() {
    let bed = Bed::new();
    into(
        &bed,
        "INBOX",
        vec![mail(1, 1, "Ann <ann@x.example>", "b@x.example")],
    );
    glean_all(&bed);
    let folder = bed.folder;
    drop(bed.store);
    let path = folder.path().join("mail.db");
    let sql = rusqlite::Connection::open(&path).unwrap();
    let page: isize = sql
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'person_id'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(sql);
    let page = page as usize;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0x55);
    std::fs::write(&path, bytes).unwrap();
    let store = open(folder.path());
    let reader = store.reader().unwrap();
    while glean(&store, &reader).unwrap() == Gleaned::More {}
    let found = matching(&reader, &["ann".to_owned()], 9).unwrap();
    assert_eq!(found[0].wrote, 1);
}

/// A store that knows so many people, without their mail.
fn crowd(bed: &Bed, people: i64) {
    let account = bed.account;
    bed.put(move |tx| {
        let sql = tx.connection();
        let mut person = sql.prepare(
            "INSERT INTO person (account, id, tier, rank, called, address, name, named, written,
               wrote) VALUES (?1, ?2, ?3, ?4, ?5, ?2, ?6, 0, 0, 1)",
        )?;
        let mut word = sql.prepare(
            "INSERT OR IGNORE INTO person_word (tier, word, person, rank) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for n in 0..people {
            let noise = n.wrapping_mul(2_654_435_761) >> 7;
            let syllable = |by: i64| ["an", "be", "co", "du", "ma", "to", "zo"][(by % 7) as usize];
            let mut name = format!(
                "{}{}{n} {}{}son",
                syllable(noise),
                syllable(noise >> 3),
                syllable(noise >> 6),
                syllable(noise >> 9)
            );
            let mut rank = NOW - noise % 100_000_000;
            // Many who share a word and whom nobody has met for long.
            if n % 20 == 0 {
                name.push_str(" Quarry");
                rank -= 200_000_000;
            }
            let address = format!("{}.{n}@host{}.example.org", syllable(noise), noise % 900);
            let tier = Tier::Seen.code();
            let mut words = fold::words_of_name(&name);
            words.extend(fold::words_of_address(&address));
            let called: String = words.iter().map(|word| format!(" {word}")).collect();
            person.execute((account.0, &address, tier, rank, called, &name))?;
            let key = sql.last_insert_rowid();
            for one in &words {
                word.execute((tier, one, key, rank))?;
            }
        }
        Ok(())
    });
}

#[test]
fn completion_reads_its_indexes_alone() {
    let bed = Bed::new();
    let reader = bed.store.reader().unwrap();
    let check = |sql: &str, want: &str| {
        let mut query = reader
            .connection()
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        for n in 1..=query.parameter_count() {
            query.raw_bind_parameter(n, 1).unwrap();
        }
        let mut rows = query.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get::<_, String>(3).unwrap());
        }
        assert_eq!(plan.join("\n"), want);
    };
    check(
        BEGINNING,
        "SEARCH person_word USING PRIMARY KEY (tier=? AND word>? AND word<?)",
    );
    check(
        BY_RANK,
        "SEARCH person USING COVERING INDEX person_rank (tier=?)",
    );
}

struct Counted(rusqlite::Connection);

impl Rows for Counted {
    fn connection(&self) -> &rusqlite::Connection {
        &self.0
    }
}

#[test]
fn a_key_press_costs_as_much_with_fifty_thousand_people_as_with_a_few() {
    let bed = Bed::new();
    crowd(&bed, 50_000);
    let mut reader = Counted(rusqlite::Connection::open(bed.store.path()).unwrap());
    let (mut steps, mut longest) = (0, std::time::Duration::ZERO);
    for typed in [
        "",
        "a",
        "z",
        "an",
        "ann",
        "anto",
        "anto77",
        "zozo",
        "exa",
        "host7",
        "an zo",
        "ma co exa",
        "qu",
        "mason",
        "an.4999",
    ] {
        let words = fold::words_typed(typed);
        // Steps of the database's machine do not hang on how busy this one is.
        let counted = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let count = counted.clone();
        let count = move || {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            false
        };
        reader.0.progress_handler(100, Some(count)).unwrap();
        let start = std::time::Instant::now();
        let found = matching(&reader, &words, 8).unwrap();
        longest = longest.max(start.elapsed());
        steps = steps.max(counted.load(std::sync::atomic::Ordering::Relaxed) * 100);
        assert!(
            found.len() == 8 || ["", "ann", "anto77", "mason", "an.4999"].contains(&typed),
            "{typed}"
        );
        for one in &found {
            let called = format!("{} {}", one.address.name, one.address.address).to_lowercase();
            assert!(
                words.iter().all(|word| called.contains(word)),
                "{typed}: {called}"
            );
        }
    }
    println!("{steps} steps, {longest:?} at most for a key");
    assert!(steps < 40_000, "{steps} steps for a key");
}

#[test]
fn a_slice_is_short_and_tells_nobody() {
    let bed = Bed::new();
    let mails = (1..=400).map(|uid| {
        let from = format!("Person {uid} <p{uid}@x.example>");
        mail(uid, 1, &from, "me@x.example")
    });
    into(&bed, "INBOX", mails.collect());
    let reader = bed.store.reader().unwrap();
    let changes = bed.store.subscribe();
    assert_eq!(glean(&bed.store, &reader).unwrap(), Gleaned::More);
    let met = count_of(&bed, "person");
    assert!(
        (200..=251).contains(&met),
        "{met} people in one transaction"
    );
    while glean(&bed.store, &reader).unwrap() == Gleaned::More {}
    assert_eq!(count_of(&bed, "person"), 401);
    assert_eq!(changes.take(), Vec::<Change>::new());
}

#[test]
fn domains_are_known_from_mail_and_familiar_when_own_mail_went_there() {
    let bed = Bed::new();
    into(
        &bed,
        "Sent",
        vec![mail(1, 1, "me@x.example", "Tom@Example.net")],
    );
    into(
        &bed,
        "INBOX",
        vec![mail(2, 1, "bob@seen.example", "me@x.example")],
    );
    glean_all(&bed);
    let reader = bed.store.reader().unwrap();
    let written = domains_written(&reader).unwrap();
    assert!(written.contains("example.net"), "{written:?}");
    assert!(!written.contains("seen.example"), "{written:?}");
    let check = |domain: &str, want: bool| {
        assert_eq!(is_domain_known(&reader, domain).unwrap(), want, "{domain}");
    };
    check("example.net", true);
    check("seen.example", true);
    check("een.example", false);
    check("exmaple.net", false);
}
