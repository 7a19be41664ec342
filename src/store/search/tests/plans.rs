//! What SQLite does for each question.

use super::*;
use crate::store::Rows;
use crate::store::search::{run, walk};

fn plan(sql: &rusqlite::Connection, query: &str) -> String {
    let mut query = sql.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    for n in 1..=query.parameter_count() {
        query.raw_bind_parameter(n, 1).unwrap();
    }
    let mut lines = Vec::new();
    let mut rows = query.raw_query();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get::<_, String>(3).unwrap());
    }
    lines.join("\n")
}

#[test]
fn every_list_comes_from_an_index_in_order_and_is_bounded() {
    let mail = Mail::new();
    mail.plain("one", "word");
    mail.index();
    let reader = mail.store.reader().unwrap();
    let check = |query: &str, want: &str| {
        assert_eq!(plan(reader.connection(), query), want);
    };
    let content = "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)";
    check(
        run::ROWS_OF,
        "SEARCH c USING INDEX sqlite_autoindex_content_1 (docid=?)\n\
         SEARCH m USING INDEX message_content (content=?)",
    );
    check(
        run::DOCIDS,
        &format!("SEARCH m USING INDEX message_list (mailbox=?)\n{content}"),
    );
    for (which, index) in [
        (walk::Which::All, "message_list"),
        (walk::Which::Unread, "message_unread"),
        (walk::Which::Flagged, "message_flagged"),
    ] {
        check(
            &walk::page_sql(which),
            &format!(
                "SEARCH m USING INDEX {index} (mailbox=? AND arrival>? AND arrival<?)\n{content}"
            ),
        );
    }
    let index = rusqlite::Connection::open(mail.path()).unwrap();
    let leaf = plan(&index, run::LEAF);
    assert!(leaf.starts_with("SCAN word VIRTUAL TABLE INDEX"), "{leaf}");
    // M: the words; the rest: a range of rows, in their own order.
    assert!(leaf.contains('M'), "{leaf}");
    assert!(!leaf.contains("TEMP B-TREE"), "{leaf}");
}
