//! The language: what is read, what is refused and where, and what is left out while it is typed.

use super::{Bound, Field, Query, State, Text, When, least};

fn word(field: Field, text: &str, quoted: bool) -> Query {
    Query::Text(Text {
        field,
        text: text.to_owned(),
        quoted,
    })
}

/// A query as nested lists, so that a table shows what binds to what.
fn shape(query: &Query) -> String {
    let list = |some: &[Query]| {
        let some: Vec<String> = some.iter().map(shape).collect();
        some.join(" ")
    };
    match query {
        Query::All(some) => format!("[{}]", list(some)),
        Query::Any(some) => format!("{{{}}}", list(some)),
        Query::Not(one) => format!("-{}", shape(one)),
        other => other.to_string(),
    }
}

#[test]
fn words_conditions_and_groups_are_read_as_they_bind() {
    let check = |text: &str, want: &str| {
        let query = Query::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(shape(&query), want, "{text}");
        let again = Query::parse(&query.to_string()).unwrap();
        assert_eq!(again, query, "{text} is written as {query}");
    };
    check("", "[]");
    check("   ", "[]");
    check("invoice", "invoice");
    check("invoice bill", "[invoice bill]");
    check("invoice AND bill", "[invoice bill]");
    check("a and b", "[a and b]");
    check("invoice OR bill", "{invoice bill}");
    check("a b OR c d", "{[a b] [c d]}");
    check("a (b OR c) d", "[a {b c} d]");
    check("a OR (b OR c)", "{a b c}");
    check("((a))", "a");
    check("()", "[]");
    check("-a", "-a");
    check("NOT a b", "[-a b]");
    check("--a", "a");
    check("-(a b)", "-[a b]");
    check("-(a OR b) c", "[-{a b} c]");
    check("-from:acme", "-from:acme");
    check("foo-bar - x", "[foo-bar x]");
    check("\"page three\"", "\"page three\"");
    check("“page three”", "\"page three\"");
    check("from:\"Zoë Müller\" x", "[from:\"Zoë Müller\" x]");
    check("from:(a OR b)", "{from:a from:b}");
    check("subject:(a to:b)", "[subject:a to:b]");
    check("FROM:a From:b", "[from:a from:b]");
    check("from：王", "from:王");
    check("a\"b c\"d", "[a \"b c\" d]");
    check(
        "has:attachment has:ATTACHMENTS",
        "[has:attachment has:attachment]",
    );
    check(
        "is:unread is:seen is:starred",
        "[is:unread is:read is:flagged]",
    );
    check(
        "flag:$Junk flag:\\Seen flag:answered",
        "[flag:$Junk is:read is:answered]",
    );
    check("in:work:Archive/2019", "in:work:Archive/2019");
    check("in:\"Sent Mail\"", "in:\"Sent Mail\"");
    check(
        "account:work list:rust-users",
        "[account:work list:rust-users]",
    );
    check(
        "after:2026-11-21 before:2026",
        "[after:2026-11-21 before:2026]",
    );
    check("after:yesterday before:2w", "[after:1d before:14d]");
    check("date:2026-11", "[after:2026-11 date:..2026-11]");
    check("date:2026-01-01..7d", "[after:2026-01-01 date:..7d]");
    check("date:..2026 date:3m..", "[date:..2026 after:3m]");
    check(
        "larger:10k smaller:2MB larger:1.5M",
        "[larger:10000 smaller:2000000 larger:1500000]",
    );
    check("http://example.org/x?y=1", "http://example.org/x?y=1");
    check("Re: 12:30 C:\\x std::fmt", "[Re: 12:30 C:\\x std::fmt]");
    check("& - -- ... \"!\" a", "a");
    check("c++ ORACLE NOTE ANDY", "[c++ ORACLE NOTE ANDY]");
    check("会議 שלום अनुवाद", "[会議 שלום अनुवाद]");
    check("a\u{0}b", "[a b]");
}

#[test]
fn what_is_not_understood_is_named_with_its_character() {
    let check = |text: &str, at: usize, what: &str| {
        let error = Query::parse(text).unwrap_err();
        assert_eq!(
            (error.at, error.what.contains(what)),
            (at, true),
            "{text}: {error}"
        );
    };
    check("say \"page three", 5, "quote is not closed");
    check("日本 \"x", 4, "quote is not closed");
    check("(a OR b", 1, "is not closed");
    check("a (b (c)", 3, "is not closed");
    check("a) b", 2, "no ( for this");
    check("a OR", 3, "one of them is missing");
    check("OR a", 1, "one of them is missing");
    check("a OR OR b", 3, "one of them is missing");
    check("(a OR) b", 4, "one of them is missing");
    check("a NOT", 3, "NOT stands before");
    check("from: anna", 1, "after the colon a word");
    check("x is:", 3, "after the colon unread, read");
    check("is:red", 4, "\"red\" is not unread");
    check("has:wings", 5, "\"wings\" is not attachment");
    check("after:soon", 7, "\"soon\" is not a time");
    check("after:2026-13", 7, "is not a time");
    check("after:2026-02-29", 7, "is not a time");
    check("before:21.11.2026", 8, "is not a time");
    check("date:1d..soon", 6, "is not a day");
    check("larger:big", 8, "\"big\" is not a size");
    check("larger:99999999999999999999", 8, "is not a size");
    check("form:anna", 1, "no field \"form\"");
    check("a subjcet:\"b\"", 3, "no field \"subjcet\"");
    check("larger:x is:y", 8, "is not a size");
    check(&"word ".repeat(300), 1285, "more than 256 words");
    check(&"word OR ".repeat(300), 2053, "more than 256 words");
    check(&"(".repeat(40), 33, "more than 32 (");
    check(&"a".repeat(70_000), 65_537, "longer than that");
}

#[test]
fn a_query_that_is_being_typed_is_never_blinded() {
    let check = |text: &str, want: &str, is_short: bool| {
        let typed = Query::typed(text);
        assert_eq!(shape(&typed.query), want, "{text}");
        assert_eq!(typed.is_short, is_short, "{text}");
    };
    check("con", "con", false);
    check("co", "[]", true);
    check("co ", "co", false);
    check("contract i", "contract", true);
    check("contract -i", "contract", true);
    check("会", "[]", true);
    check("会議", "会議", false);
    check("\"page th", "\"page th\"", false);
    check("\"p", "\"p\"", false);
    check("\"", "[]", false);
    check("(a OR bill", "{a bill}", false);
    check("invoice OR", "invoice", false);
    check("invoice OR ", "invoice", false);
    check("invoice (", "invoice", false);
    check("invoice )", "invoice", false);
    check("invoice) bill", "[invoice bill]", false);
    check("invoice -", "invoice", false);
    check("invoice NOT", "invoice", false);
    check("invoice from:", "invoice", false);
    check("invoice from:a", "invoice", true);
    check("invoice from:ann", "[invoice from:ann]", false);
    check("invoice from:\"", "invoice", false);
    check("invoice is:unr", "invoice", false);
    check("invoice after:2026-1", "[invoice after:2026-01]", false);
    check("invoice after:202", "invoice", false);
    check("invoice form:anna", "[invoice form:anna]", false);
}

#[test]
fn whatever_is_typed_is_read_and_means_the_same_when_it_is_written() {
    let pieces = [
        "a",
        "foo",
        "\"",
        "(",
        ")",
        "-",
        " ",
        "OR",
        " OR ",
        "NOT ",
        "from:",
        "is:unread",
        "after:",
        "7d",
        ":",
        "*",
        "^",
        "{",
        "}",
        "+",
        "\\",
        "'",
        "NEAR(",
        "\u{0}",
        "會議",
        "é",
        "\u{202e}",
        "larger:",
        "10k",
        "..",
        "in:",
        "x:y",
    ];
    let mut seed = 7u64;
    for _ in 0..5_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 33).unwrap() % pieces.len();
            text.push_str(pieces[at]);
        }
        let typed = Query::typed(&text);
        let written = typed.query.to_string();
        // A blank behind it, so that no word is unfinished.
        let again = Query::typed(&format!("{written} "));
        assert_eq!(
            shape(&again.query),
            shape(&typed.query),
            "{text:?}: {written:?}"
        );
        if let Ok(strict) = Query::parse(&text)
            && !typed.is_short
        {
            assert_eq!(strict, typed.query, "{text:?}");
        }
    }
}

#[test]
fn days_begin_at_local_midnight_also_where_the_clock_is_put_back() {
    // 2026-11-21 18:00 UTC; an hour ahead, two in summer until 2026-10-25 01:00 UTC.
    let now = 1_795_284_000;
    let zone = |at: i64| if at < 1_792_890_000 { 7_200 } else { 3_600 };
    let check = |bound: Bound, want: i64| {
        assert_eq!(bound.at(now, &zone), want, "{bound:?}");
    };
    let midnight = 1_795_215_600;
    check(Bound::StartOf(When::DaysAgo(0)), midnight);
    check(Bound::EndOf(When::DaysAgo(0)), midnight + 86_400);
    check(Bound::StartOf(When::DaysAgo(7)), midnight - 7 * 86_400);
    check(Bound::StartOf(When::Day(2026, 11, 21)), midnight);
    check(
        Bound::StartOf(When::Month(2026, 11)),
        midnight - 20 * 86_400,
    );
    check(Bound::EndOf(When::Month(2026, 11)), midnight + 10 * 86_400);
    // The day of 25 hours.
    check(Bound::StartOf(When::Day(2026, 10, 25)), 1_792_879_200);
    check(
        Bound::EndOf(When::Day(2026, 10, 25)),
        1_792_879_200 + 25 * 3_600,
    );
    check(Bound::StartOf(When::Year(2026)), 1_767_222_000 - 3_600);
    check(Bound::EndOf(When::Year(2026)), 1_798_758_000);
    check(Bound::StartOf(When::HoursAgo(12)), now - 43_200);
    check(Bound::EndOf(When::HoursAgo(12)), now - 39_600);
    check(
        Bound::StartOf(When::MonthsAgo(9)),
        Bound::StartOf(When::Day(2026, 2, 21)).at(now, &zone),
    );
    check(
        Bound::StartOf(When::YearsAgo(1)),
        Bound::StartOf(When::Day(2025, 11, 21)).at(now, &zone),
    );
    let leap = |day| Bound::StartOf(When::Day(2024, 2, day)).at(now, &zone);
    assert_eq!(leap(29) - leap(28), 86_400);
    assert_eq!(When::parse("2024-02-29"), Some(When::Day(2024, 2, 29)));
    assert_eq!(When::parse("2023-02-29"), None);
    assert_eq!(When::parse("99999999d"), None);
    // At the last day of a month, the month before may be shorter.
    let march = Bound::StartOf(When::Day(2026, 3, 31)).at(now, &zone) + 40_000;
    let ago = Bound::StartOf(When::MonthsAgo(1)).at(march, &zone);
    assert_eq!(ago, Bound::StartOf(When::Day(2026, 2, 28)).at(now, &zone));
}

#[test]
fn words_of_scripts_without_blanks_say_something_with_two_letters() {
    assert_eq!(
        (least("con"), least("会議"), least("김철"), least("ประ")),
        (3, 2, 2, 2)
    );
    let query = Query::parse("a -b \"c d\" from:e (is:unread OR f)").unwrap();
    let words: Vec<&str> = query.words().iter().map(|one| one.text.as_str()).collect();
    assert_eq!(words, ["a", "c d", "e", "f"]);
    assert!(query.any(&|one| *one == Query::Is(State::Unread)));
    assert_eq!(
        Query::everything().and(word(Field::Any, "a", false)),
        word(Field::Any, "a", false)
    );
}
