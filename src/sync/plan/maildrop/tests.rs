//! Lists held against what is known, from tables.

use super::*;

fn digest(word: &str) -> Digest {
    let mut digest = [0; 32];
    digest[..word.len()].copy_from_slice(word.as_bytes());
    digest
}

fn seen(key: i64, uidl: &str, head: &str, state: State) -> Seen {
    Seen {
        key: SeenKey(key),
        uidl: (!uidl.is_empty()).then(|| uidl.as_bytes().to_vec()),
        head: digest(head),
        state,
        since: 1000,
    }
}

/// A list in the order given; `""` has no name.
fn list(names: &[&str]) -> Vec<Entry> {
    let named = (1..).zip(names).filter(|(_, name)| !name.is_empty());
    let named = named.map(|(number, name)| (number, name.as_bytes().to_vec()));
    entries(names.len() as u32, named.collect())
}

fn met(sorted: &Sorted) -> Vec<(u32, i64)> {
    let mut met: Vec<_> = sorted.met.iter().map(|m| (m.number, m.key.0)).collect();
    met.sort_unstable();
    met
}

fn strange(sorted: &Sorted) -> Vec<u32> {
    sorted.strangers.iter().map(|entry| entry.number).collect()
}

#[test]
fn r20_a_name_is_of_use_only_where_it_names_one_message() {
    let check = |names: &[&str], of_use: &[&str]| {
        let found: Vec<String> = list(names)
            .into_iter()
            .map(|entry| String::from_utf8(entry.uidl.unwrap_or_default()).unwrap())
            .collect();
        assert_eq!(found, of_use, "{names:?}");
    };
    check(&["a", "b"], &["a", "b"]);
    check(&["a", "b", "a"], &["", "b", ""]);
    check(&["1", "2", "3"], &["", "", ""]);
    check(&["2", "1"], &["2", "1"]);
    check(&["1"], &["1"]);
    check(&["a", "", "c"], &["a", "", "c"]);
    // Numbers that do not exist and a second name for one number are passed over.
    let odd = vec![
        (1, b"a".to_vec()),
        (1, b"b".to_vec()),
        (9, b"c".to_vec()),
        (0, b"d".to_vec()),
    ];
    let found = entries(2, odd);
    assert_eq!(found[0].uidl.as_deref(), Some(b"a".as_slice()));
    assert_eq!(found[1].uidl, None);
    assert_eq!(entries(1, vec![(1, vec![b'x'; 600])])[0].uidl, None);
}

#[test]
fn a_list_is_sorted_by_name() {
    let known = [
        seen(1, "a", "A", State::Here),
        seen(2, "b", "B", State::Listed),
        seen(3, "c", "C", State::Here),
        seen(4, "d", "D", State::Left),
    ];
    let sorted = sort(list(&["b", "d", "x", "a"]), &known);
    assert_eq!(met(&sorted), [(1, 2), (4, 1)]);
    // What left comes back as a stranger: its name may have been given again.
    assert_eq!(strange(&sorted), [2, 3]);
    assert_eq!(sorted.missing, BTreeSet::from([3, 4].map(SeenKey)));
    assert!(!sorted.asks_for_heads());
}

#[test]
fn r20_new_names_for_everything_make_nothing_new() {
    let known: Vec<Seen> = (0..40)
        .map(|n| seen(n, &format!("old{n}"), &format!("H{n}"), State::Here))
        .collect();
    let names: Vec<String> = (0..41).map(|n| format!("new{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut sorted = sort(list(&names), &known);
    assert!(sorted.asks_for_heads());
    let heads = (1..=41)
        .map(|n| (n, digest(&format!("H{}", n - 1))))
        .collect();
    let renamed = recognise(&mut sorted, &heads, &known);
    assert_eq!(renamed.len(), 40);
    assert_eq!(renamed[7], (SeenKey(7), Some(b"new7".to_vec())));
    assert_eq!(strange(&sorted), [41]);
    assert!(sorted.missing.is_empty());
    // A few new ones beside many known ones are just new mail.
    let mut few = list(&["old0", "old1", "old2", "x", "y"]);
    few.truncate(5);
    assert!(!sort(few, &known).asks_for_heads());
}

#[test]
fn r20_without_names_the_header_tells_and_doubles_stay_two() {
    let known = [
        seen(1, "", "A", State::Here),
        seen(2, "", "A", State::Here),
        seen(3, "", "B", State::Left),
    ];
    let mut sorted = sort(list(&["", "", "", "", ""]), &known);
    assert!(sorted.asks_for_heads());
    let heads = [(1, "A"), (2, "B"), (3, "A"), (4, "A")];
    let heads = heads.map(|(number, head)| (number, digest(head))).into();
    let renamed = recognise(&mut sorted, &heads, &known);
    assert_eq!(
        renamed.iter().map(|(key, _)| key.0).collect::<Vec<_>>(),
        [1, 3, 2]
    );
    assert_eq!(met(&sorted), [(1, 1), (2, 3), (3, 2)]);
    // The third with that header is one more message; of the last one nothing is known.
    assert_eq!(strange(&sorted), [4, 5]);
}

#[test]
fn r20_only_what_the_policy_says_goes_and_only_after_a_look() {
    const NOW: i64 = 1000 + 5 * 86_400;
    let known = [
        seen(1, "a", "A", State::Here),
        seen(2, "b", "B", State::Listed),
        seen(3, "", "C", State::Here),
        seen(4, "d", "D", State::Leaving),
        seen(5, "e", "E", State::Listed),
    ];
    let met: Vec<Met> = (1..=5)
        .map(|n| Met {
            number: n as u32,
            key: SeenKey(n),
        })
        .collect();
    let came = BTreeSet::from([SeenKey(4)]);
    let deleted = BTreeSet::from([SeenKey(1), SeenKey(5)]);
    let check = |policy: &str, expected: &[(i64, Look)]| {
        let policy = OnServer::parse(policy).unwrap();
        let found: Vec<(i64, Look)> = doomed(&met, &known, &came, &deleted, policy, NOW)
            .iter()
            .map(|doomed| (doomed.key.0, doomed.look))
            .collect();
        assert_eq!(found, expected, "{policy}");
    };
    let (head, whole, came_now) = (Look::Head, Look::Whole, Look::Came);
    check("keep", &[]);
    check("delete", &[(1, head), (3, whole), (4, came_now), (5, head)]);
    check("5d", &[(1, head), (3, whole), (4, came_now)]);
    check("6d", &[]);
    check("mirror", &[(1, head), (5, head)]);
}

#[test]
fn r20_what_was_leaving_has_left_when_it_is_not_listed_any_more() {
    let known = [
        seen(1, "a", "A", State::Leaving),
        seen(2, "b", "B", State::Leaving),
        seen(3, "c", "C", State::Leaving),
    ];
    let sorted = sort(list(&["b", "c"]), &known);
    let again = [Doomed {
        number: 2,
        key: SeenKey(3),
        look: Look::Head,
    }];
    let (left, stays) = settled(&sorted, &known, &again);
    assert_eq!(left, [SeenKey(1)]);
    assert_eq!(stays, [SeenKey(2)]);
}
