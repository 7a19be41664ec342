//! Trees of tables, of published cases, and of random messages beside a slow implementation.

use proptest::prelude::*;

use super::*;

/// One message of a table: `b@2 < a x` was written at 2, is called b and answers x, which answers a.
fn member(number: usize, line: &str) -> Member {
    let (head, above) = line.split_once('<').unwrap_or((line, ""));
    let (own, date) = head.trim().split_once('@').unwrap_or((head.trim(), "0"));
    let hash = |id: &str| {
        IdHash(u64::from_be_bytes(
            *blake3::hash(id.as_bytes())
                .as_bytes()
                .first_chunk()
                .unwrap(),
        ))
    };
    Member {
        content: ContentKey(number as i64 + 1),
        blob: None,
        date: date.parse().unwrap(),
        lineage: Lineage {
            own: Some(own).filter(|own| *own != "-").map(hash),
            above: above.split_whitespace().map(hash).collect(),
        },
    }
}

/// `a(b c(d))`: b and c hang on a, d on c.
fn drawn(nodes: &[Node], names: &[String]) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for (at, node) in nodes.iter().enumerate() {
        match (at, node.depth) {
            (0, _) => {}
            (_, here) if here > depth => text.push('('),
            (_, here) => {
                text.push_str(&")".repeat(depth - here));
                text.push(' ');
            }
        }
        depth = node.depth;
        let copies: Vec<&str> = node.members.iter().map(|m| names[*m].as_str()).collect();
        text.push_str(&copies.join("="));
    }
    text + &")".repeat(depth)
}

fn name(line: &str) -> String {
    let head = line.split('<').next().unwrap();
    head.split('@').next().unwrap().trim().to_owned()
}

fn check(table: &str, expected: &str) {
    let lines: Vec<&str> = table.split(',').map(str::trim).collect();
    // In the order given, and in the other one.
    for reverse in [false, true] {
        let mut lines = lines.clone();
        if reverse {
            lines.reverse();
        }
        let members: Vec<Member> = (0..).zip(&lines).map(|(n, l)| member(n, l)).collect();
        let names: Vec<String> = lines.iter().map(|line| name(line)).collect();
        let nodes = tree(&members);
        assert_eq!(
            drawn(&nodes, &names),
            expected,
            "{table} reversed {reverse}"
        );
        assert_is_sound(&nodes, members.len());
    }
}

fn assert_is_sound(nodes: &[Node], members: usize) {
    let mut seen: Vec<usize> = nodes.iter().flat_map(|n| n.members.clone()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..members).collect::<Vec<_>>(), "each stands once");
    for (at, node) in nodes.iter().enumerate() {
        let parent = node.parent.map(|parent| &nodes[parent]);
        assert!(node.parent.is_none_or(|parent| parent < at));
        assert_eq!(node.depth, parent.map_or(0, |parent| parent.depth + 1));
        let siblings = nodes.iter().rposition(|other| other.parent == node.parent);
        assert_eq!(node.is_last, siblings == Some(at));
    }
}

#[test]
fn a_reply_hangs_on_what_it_answers_and_siblings_stand_by_date() {
    check("a@1", "a");
    check("a@1, b@2 < a", "a(b)");
    check("a@1, c@3 < a, b@2 < a", "a(b c)");
    check("a@1, b@2 < a, c@3 < a b, d@4 < a", "a(b(c) d)");
    // A clock that is wrong: the tree says what came first.
    check("a@9, b@2 < a", "a(b)");
}

#[test]
fn what_is_missing_is_bridged_by_what_others_say_of_it() {
    // x is not there; b knows that it answers a.
    check("a@1, b@2 < a x", "a(b)");
    check("a@1, b@2 < a x, c@3 < x", "a(b c)");
    // Nobody knows what x answers: its oldest reply is the head.
    check("b@2 < x, c@3 < x", "b(c)");
    check("b@2 < x, c@3 < x, d@4 < x b", "b(c d)");
    check("b@2 < x y, c@3 < x z, d@4 < z", "b(c d)");
}

#[test]
fn a_message_speaks_for_itself_and_not_others_for_it() {
    check("a@1, b@2, c@3 < a b", "a(b(c))");
    check("a@1, b@2 < a, z@0, c@3 < z b", "z(a(b(c)))");
}

#[test]
fn rings_and_self_references_end() {
    check("a@1 < a", "a");
    check("a@1 < b, b@2 < a", "a(b)");
    check("b@2 < a, a@3 < c, c@1 < b, d@4 < a", "c(a(b d))");
    check("a@1 < x, b@2 < y x y", "a(b)");
    check("a@1 < x y, b@2 < y x", "a(b)");
}

#[test]
fn messages_of_one_id_are_two_and_the_older_one_is_answered() {
    check("a@1, b@2 < a, b@3 < a, c@4 < b", "a(b(c) b)");
    check("-@1, -@2", "-(-)");
}

/// The shapes that the algorithm's page, RFC 5256 section 3 (its example, by sequence) and
/// jwzthreading's own tests give, without what subjects join.
#[test]
fn published_cases() {
    check(
        "3@1, 6@2 < 3, 4@3 < 3 6, 23@4 < 3 6 4, 44@5 < 3 6, 7@6 < 3 6 44, 96@7 < 3 6 44 7",
        "3(6(4(23) 44(7(96))))",
    );
    // A chain that came last first, and one of which only the end is there.
    check("1@1, 2@2 < 1, 3@3 < 1 2, 4@4 < 1 2 3", "1(2(3(4)))");
    check("4@4 < 1 2 3, 5@5 < 1 2 3 4", "4(5)");
    // An empty container with two children is not promoted to the top; here its oldest child is.
    check("4@4 < 1 2 3, 5@5 < 1 2 3", "4(5)");
    // One below the top gives its children to the one above.
    check("1@1, 4@4 < 1 2 3, 5@5 < 1 2 3, 6@6 < 1 2", "1(4 5 6)");
    // References that were cut in the middle.
    check("1@1, 2@2 < 1, 4@4 < 1 2 3, 5@5 < 1 3 4", "1(2(4(5)))");
}

#[test]
fn copies_are_folded_by_content_or_bytes_and_never_by_message_id() {
    let mut members: Vec<Member> = ["a@1", "b@2 < a", "b@2 < a", "b@2 < a"]
        .iter()
        .enumerate()
        .map(|(n, line)| member(n, line))
        .collect();
    members[1].blob = Some(BlobKey(7));
    members[2].blob = Some(BlobKey(7));
    let names: Vec<String> = ["a", "b1", "b2", "b3"].map(str::to_owned).into();
    assert_eq!(drawn(&tree(&members), &names), "a(b1=b2 b3)");
    members[3].content = members[2].content;
    assert_eq!(drawn(&tree(&members), &names), "a(b1=b2=b3)");
    members[2].blob = Some(BlobKey(8));
    assert_eq!(drawn(&tree(&members), &names), "a(b1 b2=b3)");
}

#[test]
fn the_lines_of_a_tree_are_those_of_the_mock_up() {
    let lines = [
        "1@1",
        "2@2 < 1",
        "3@3 < 1 2",
        "4@4 < 1 2 3",
        "5@5 < 1 2",
        "6@6 < 1 2",
    ];
    let members: Vec<Member> = lines
        .iter()
        .enumerate()
        .map(|(n, l)| member(n, l))
        .collect();
    let nodes = tree(&members);
    let cells: Vec<String> = (0..nodes.len())
        .map(|at| TreeCell::of(&nodes, at).drawing())
        .collect();
    assert_eq!(cells, ["", "└─", "  ├─", "  │ └─", "  ├─", "  └─"]);
}

#[test]
fn what_lies_too_deep_is_drawn_as_if_it_began_lower() {
    let members: Vec<Member> = chain(30);
    let nodes = tree(&members);
    assert_eq!(
        TreeCell::of(&nodes, 29).drawing(),
        format!("…{}└─", "  ".repeat(LEVELS - 1))
    );
}

#[test]
fn a_changed_subject_is_told_from_a_reply() {
    for (one, other) in [
        ("Lifetimes", "Re: Lifetimes"),
        ("Lifetimes", "RE[2]: re: Lifetimes "),
        ("Treffen", "AW: Treffen"),
    ] {
        assert_eq!(base_subject(one), base_subject(other));
    }
    assert_ne!(base_subject("Lifetimes"), base_subject("Was: Lifetimes"));
    assert_eq!(base_subject("Note: x"), "Note: x");
}

#[test]
fn a_lineage_is_read_as_it_was_written() {
    let lineage = member(1, "b < a x").lineage;
    assert_eq!(Lineage::decode(&lineage.encode()), lineage);
    let nobody = Lineage::default();
    assert_eq!(Lineage::decode(&nobody.encode()), nobody);
    assert_eq!(Lineage::decode(&[1, 2, 3]), nobody);
}

#[test]
fn m4_of_twenty_thousand_references_the_latest_two_hundred_count() {
    let envelope = Envelope {
        message_id: "own".into(),
        references: (0..20_000).map(|n| format!("{n}@x")).collect(),
        ..Envelope::default()
    };
    let hash = |id: &str| {
        IdHash(
            id.split('@')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(99_999),
        )
    };
    let lineage = Lineage::of(&envelope, hash);
    assert_eq!(lineage.above.len(), REFERENCES);
    assert_eq!(lineage.above.last(), Some(&IdHash(19_999)));
    assert_eq!(lineage.above.first(), Some(&IdHash(19_800)));
}

#[test]
fn without_references_the_first_of_in_reply_to_is_the_parent() {
    let envelope = Envelope {
        in_reply_to: vec!["own".into(), "a".into(), "b".into()],
        message_id: "own".into(),
        ..Envelope::default()
    };
    let hash = |id: &str| IdHash(id.len() as u64 * 100 + u64::from(id.as_bytes()[0]));
    assert_eq!(Lineage::of(&envelope, hash).above, [hash("a")]);
}

fn chain(count: usize) -> Vec<Member> {
    (0..count)
        .map(|n| Member {
            content: ContentKey(n as i64),
            blob: None,
            date: 1,
            lineage: Lineage {
                own: Some(IdHash(n as u64 + 1)),
                above: (n.saturating_sub(REFERENCES)..n)
                    .map(|up| IdHash(up as u64 + 1))
                    .collect(),
            },
        })
        .collect()
}

/// On the stack of a test thread (2 MiB), and in a time that only work of each with each would miss.
#[test]
fn m4_a_thread_of_fifty_thousand_takes_neither_the_stack_nor_the_day() {
    let deep = chain(50_000);
    let nodes = tree(&deep);
    assert_eq!((nodes.len(), nodes[49_999].depth), (50_000, 49_999));
    let ring: Vec<Member> = (0..50_000u64)
        .map(|n| Member {
            content: ContentKey(n as i64),
            blob: None,
            date: 1,
            lineage: Lineage {
                own: Some(IdHash(n + 1)),
                above: vec![IdHash((n + 49_999) % 50_000 + 1)],
            },
        })
        .collect();
    assert_eq!(tree(&ring).last().unwrap().depth, 49_999);
    let flat: Vec<Member> = (0..50_000u64)
        .map(|n| Member {
            content: ContentKey(n as i64),
            blob: None,
            date: 1,
            lineage: Lineage {
                own: None,
                above: vec![IdHash(7), IdHash(8)],
            },
        })
        .collect();
    assert_eq!(
        tree(&flat).iter().filter(|node| node.depth == 1).count(),
        49_999
    );
}

/// The same by the plainest means: everything is looked for each time, in all messages.
mod slow {
    use super::*;

    pub fn tree(members: &[Member]) -> Vec<(Vec<usize>, Option<usize>)> {
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for (at, one) in members.iter().enumerate() {
            let like = |other: &usize| {
                let other = &members[*other];
                one.content == other.content || (one.blob.is_some() && one.blob == other.blob)
            };
            match sets.iter().position(|set| set.iter().any(like)) {
                Some(set) => sets[set].push(at),
                None => sets.push(vec![at]),
            }
        }
        let date = |set: &Vec<usize>| set.iter().map(|at| members[*at].date).min().unwrap();
        let said = |set: &Vec<usize>| members[set[0]].lineage.clone();
        sets.sort_by_key(|set| {
            let (lineage, content) = (said(set), set.iter().map(|at| members[*at].content).min());
            (date(set), lineage.own, lineage.above, content)
        });
        let all: Vec<Lineage> = sets.iter().map(said).collect();
        // A step up: from a message or from an id that is not there.
        let mut cut: Vec<usize> = Vec::new();
        while let Some(ring) = (0..all.len()).find_map(|from| ring_through(&all, &cut, from)) {
            cut.push(*ring.iter().min().unwrap());
        }
        let mut parents: Vec<Option<usize>> = (0..all.len())
            .map(|at| {
                walk(&all, &cut, Place::Message(at))
                    .into_iter()
                    .find_map(|place| match place {
                        Place::Message(parent) => Some(parent),
                        Place::Missing(_) => None,
                    })
            })
            .collect();
        let head = parents.iter().position(Option::is_none).unwrap();
        for (at, parent) in parents.iter_mut().enumerate() {
            if parent.is_none() && at != head {
                *parent = Some(head);
            }
        }
        sets.into_iter().zip(parents).collect()
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Place {
        Message(usize),
        Missing(IdHash),
    }

    fn called(all: &[Lineage], id: IdHash) -> Place {
        match all.iter().position(|one| one.own == Some(id)) {
            Some(at) => Place::Message(at),
            None => Place::Missing(id),
        }
    }

    fn above(all: &[Lineage], cut: &[usize], place: Place) -> Option<Place> {
        match place {
            Place::Message(at) if cut.contains(&at) => None,
            Place::Message(at) => {
                let own = all[at].own;
                let last = all[at].above.iter().rfind(|id| Some(**id) != own)?;
                Some(called(all, *last)).filter(|up| *up != Place::Message(at))
            }
            Place::Missing(id) => all.iter().find_map(|one| {
                let named: Vec<IdHash> = one
                    .above
                    .iter()
                    .copied()
                    .filter(|up| Some(*up) != one.own)
                    .collect();
                let mut pairs = named.windows(2);
                let found = pairs.find(|pair| pair[1] == id && pair[0] != id);
                found.map(|pair| called(all, pair[0]))
            }),
        }
    }

    /// Everything on the way up, at most once each.
    fn walk(all: &[Lineage], cut: &[usize], from: Place) -> Vec<Place> {
        let mut way: Vec<Place> = Vec::new();
        let mut at = above(all, cut, from);
        while let Some(place) = at.filter(|place| !way.contains(place)) {
            way.push(place);
            at = above(all, cut, place);
        }
        way
    }

    fn ring_through(all: &[Lineage], cut: &[usize], at: usize) -> Option<Vec<usize>> {
        let way = walk(all, cut, Place::Message(at));
        let end = way.iter().position(|place| *place == Place::Message(at))?;
        let messages = way[..=end].iter().filter_map(|place| match place {
            Place::Message(at) => Some(*at),
            Place::Missing(_) => None,
        });
        Some(messages.collect())
    }
}

fn some_messages() -> impl Strategy<Value = Vec<Member>> {
    let id = 1u64..9;
    let one = (
        prop::option::weighted(0.9, id.clone()),
        prop::collection::vec(id, 0..4),
        0i64..5,
        prop::option::weighted(0.2, 1i64..3),
        0u8..8,
    );
    prop::collection::vec(one, 1..14).prop_map(|all| {
        let mut made: Vec<Member> = Vec::new();
        for (own, above, date, blob, copy) in all {
            let content = ContentKey(made.len() as i64 + 1);
            let fresh = Member {
                content,
                blob: None,
                date,
                lineage: Lineage {
                    own: own.map(IdHash),
                    above: above.into_iter().map(IdHash).collect(),
                },
            };
            // A copy says what its original says, as equal bytes do.
            let original = made.get(usize::from(copy) % (made.len() + 1)).cloned();
            match (original, copy) {
                (Some(original), 0) => made.push(original),
                (Some(original), 1) if blob.is_some() => {
                    let at = made.iter().position(|one| *one == original).unwrap();
                    let blob = Some(made[at].blob.unwrap_or(BlobKey(content.0)));
                    let same = made[at].content;
                    for one in made.iter_mut().filter(|one| one.content == same) {
                        one.blob = blob;
                    }
                    made.push(Member {
                        content,
                        blob,
                        ..original
                    });
                }
                _ => made.push(fresh),
            }
        }
        made
    })
}

/// The tree as text that names messages by what they say, so that two orders can be compared.
fn told(members: &[Member], nodes: &[(Vec<usize>, Option<usize>)]) -> String {
    let name = |at: usize| {
        let one = &members[at];
        let id = one
            .lineage
            .own
            .map_or("-".to_owned(), |id| id.0.to_string());
        format!(
            "{id}@{}{:?}",
            one.date,
            one.lineage.above.iter().map(|id| id.0).collect::<Vec<_>>()
        )
    };
    let mut lines: Vec<String> = nodes
        .iter()
        .map(|(set, parent)| {
            let parent = parent.map_or("top".to_owned(), |parent| name(nodes[parent].0[0]));
            format!("{} x{} on {parent}", name(set[0]), set.len())
        })
        .collect();
    lines.sort();
    lines.join("; ")
}

fn plain(nodes: &[Node]) -> Vec<(Vec<usize>, Option<usize>)> {
    nodes
        .iter()
        .map(|node| (node.members.clone(), node.parent))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_messages_in_random_order_make_the_tree_of_the_slow_implementation(
        members in some_messages(),
        seed in any::<u64>(),
    ) {
        let nodes = tree(&members);
        assert_is_sound(&nodes, members.len());
        prop_assert_eq!(told(&members, &plain(&nodes)), told(&members, &slow::tree(&members)));
        // Siblings by date.
        for pair in 0..nodes.len() {
            for other in pair + 1..nodes.len() {
                if nodes[pair].parent == nodes[other].parent {
                    let date = |at: usize| {
                        nodes[at].members.iter().map(|m| members[*m].date).min().unwrap()
                    };
                    prop_assert!(date(pair) <= date(other));
                }
            }
        }
        // In another order of arrival.
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|at| (*at as u64 + 1).wrapping_mul(seed | 1).rotate_left(17));
        let again: Vec<Member> = order.iter().map(|at| members[*at].clone()).collect();
        prop_assert_eq!(told(&again, &plain(&tree(&again))), told(&members, &plain(&nodes)));
    }
}
