//! Keys in, text out.

use super::{Editor, Place};

/// An editor on `text`, in which `|` is the cursor.
fn editor(text: &str, room: usize) -> Editor {
    let at = text.find('|').expect("a cursor");
    let mut editor = Editor::new(&text.replacen('|', "", 1), room);
    let line = text[..at].matches('\n').count();
    let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1);
    editor.go(Place::new(line, column));
    editor
}

fn shown(editor: &Editor) -> String {
    let mut text = editor.text().whole();
    let at = editor.cursor();
    let before: usize = text.split('\n').take(at.line).map(|l| l.len() + 1).sum();
    text.insert(before + at.at, '|');
    text
}

/// Letters type themselves; `<name>` is a key.
fn play(editor: &mut Editor, keys: &str) {
    let mut rest = keys;
    while let Some(letter) = rest.chars().next() {
        if let (Some(end), '<') = (rest.find('>'), letter) {
            key(editor, &rest[1..end]);
            rest = &rest[end + 1..];
        } else {
            editor.type_letter(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
}

fn key(editor: &mut Editor, name: &str) {
    match name {
        "ret" => editor.break_line(),
        "bs" => drop(editor.backspace()),
        "del" => drop(editor.delete()),
        "left" => drop(editor.left()),
        "right" => drop(editor.right()),
        "up" => drop(editor.rows(-1)),
        "down" => drop(editor.rows(1)),
        "home" => editor.row_start(),
        "end" => editor.row_end(),
        "wl" => drop(editor.word_left()),
        "wr" => drop(editor.word_right()),
        "dwl" => drop(editor.delete_word_left()),
        "dwr" => drop(editor.delete_word_right()),
        "cut" => drop(editor.cut()),
        "uncut" => drop(editor.uncut()),
        "mark" => drop(editor.toggle_mark()),
        "justify" => drop(editor.justify()),
        "trim" => drop(editor.trim_quote()),
        "undo" => drop(editor.undo()),
        "redo" => drop(editor.redo()),
        other => panic!("no key {other}"),
    }
}

fn check(before: &str, keys: &str, after: &str) {
    check_in(40, before, keys, after);
}

fn check_in(room: usize, before: &str, keys: &str, after: &str) {
    let mut editor = editor(before, room);
    play(&mut editor, keys);
    assert_eq!(shown(&editor), after, "{before:?} and {keys}");
}

#[test]
fn letters_go_where_the_cursor_is() {
    check("a|c", "b", "ab|c");
    check("|", "x<ret>y", "x\ny|");
    check("ab|", "<bs><bs><bs>", "|");
    check("|ab\nc", "<del><del><del>", "|c");
    check("e\u{301}|x", "<bs>", "|x");
    check("日|本", "<bs>語<del>", "語|");
}

#[test]
fn the_cursor_walks_by_rows_that_are_seen_and_keeps_its_column() {
    check_in(8, "one two |three four", "<up>", "|one two three four");
    check_in(8, "one |two three four", "<down>", "one two thre|e four");
    check_in(
        8,
        "one two three fo|ur",
        "<up><up>",
        "one| two three four".replace("one|", "on|e").as_str(),
    );
    check("abcdef|\nx\nabcdef", "<down><down>", "abcdef\nx\nabcdef|");
    check("日本|語\nabcdefgh", "<down>", "日本語\nabcd|efgh");
}

#[test]
fn the_end_of_a_wrapped_row_is_where_it_is_seen() {
    let mut editor = editor("|one two three", 8);
    editor.row_end();
    assert_eq!((editor.row(), editor.column()), ((0, 8), 8));
    editor.row_end();
    assert_eq!(editor.row(), (0, 8));
    editor.right();
    assert_eq!((editor.row(), editor.column()), ((8, 13), 1));
    editor.row_start();
    assert_eq!((editor.row(), editor.column()), ((8, 13), 0));
}

#[test]
fn words_are_walked_and_deleted() {
    check("one two| three", "<wl><wl>", "|one two three");
    check("one| two, three", "<wr><wr>", "one two, three|");
    check("one two|", "<dwl>", "one |");
    check("|one two", "<dwr>", "| two");
    check("one\n|two", "<wl><wl>", "|one\ntwo");
}

#[test]
fn a_row_is_cut_and_put_back_as_it_was() {
    check("one\nt|wo\nthree", "<cut>", "one\n|three");
    check("one\nt|wo\nthree", "<cut><uncut>", "one\ntwo\n|three");
    check("|one\ntwo\nthree", "<cut><cut><uncut>", "one\ntwo\n|three");
    check("|one\ntwo", "<cut><down><end><uncut>", "twoone\n|");
    check_in(8, "one two |three four", "<cut>", "one two |four");
    check_in(
        8,
        "one two |three four",
        "<cut><uncut>",
        "one two three |four",
    );
    check("a|", "<cut><cut>", "|");
}

#[test]
fn of_a_quote_the_paragraph_is_cut() {
    check("> o|ne\n> two\n> \n> three\nme", "<cut>", "|> three\nme");
    check("> one\n>> d|eep\n>> deep\n> two", "<cut>", "> one\n|> two");
    check("> one\n>|\n> two", "<cut>", "> one\n|> two");
    check("> o|ne\n> two\nme", "<cut><uncut>", "> one\n> two\n|me");
    check(">From| here\n> two", "<cut>", "|> two");
}

#[test]
fn what_is_marked_is_cut_or_deleted_alone() {
    check("o|ne\ntwo", "<mark><down><cut>", "o|wo");
    check("o|ne\ntwo", "<mark><down><cut><uncut>", "one\nt|wo");
    check("one| two", "<mark><wl><bs>", "| two");
    check("one| two", "<mark><wl><mark><bs>", "|one two");
}

#[test]
fn a_paragraph_is_filled_and_that_is_taken_back_at_once() {
    check("one|\ntwo\n\nthree", "<justify>", "one two|\n\nthree");
    check(
        "one|\ntwo\n\nthree",
        "<justify><uncut>",
        "one|\ntwo\n\nthree",
    );
    check("one|\ntwo", "<justify><undo>", "one|\ntwo");
    check("one|\n--\nme", "<justify>", "one|\n--\nme");
    check("日本|\n語", "<justify>", "日本語|");
    let words = "word ".repeat(20);
    let mut editor = editor(&format!("> |{words}\n> and more\n> \n> next"), 79);
    editor.justify();
    let text = editor.text().whole();
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("> ") && line.len() <= 72)
    );
    assert_eq!(lines[lines.len() - 2..], ["> ", "> next"]);
    assert!(lines[lines.len() - 3].ends_with("and more"));
}

#[test]
fn a_quote_is_trimmed_to_what_is_marked() {
    check(
        "He wrote:\n> one\n> t|wo\n> three\n\nyes",
        "<mark><trim>",
        "He wrote:\n> t|wo\n\nyes",
    );
    check(
        "> one\n|> two\n> three\n> four",
        "<mark><down><down><trim>",
        "> two\n> three\n|",
    );
    check("> one\n> t|wo", "<mark><trim><undo>", "> one\n> t|wo");
    check("> one\n> t|wo", "<trim>", "> one\n> t|wo");
}

#[test]
fn a_broken_quote_stays_a_quote() {
    check("> one| two", "<ret>", "> one\n|>  two");
    check("> one|", "<ret>x", "> one\nx|");
    check("|> one", "<ret>", "\n|> one");
}

#[test]
fn steps_are_undone_as_a_person_thinks_of_them() {
    check("|", "one two<undo>", "one |");
    check("|", "one two<undo><undo>", "|");
    check("|", "one two<ret>three<undo>", "one two\n|");
    check("|", "one two<ret>three<undo><undo>", "one two|");
    check("|", "one<bs><bs><undo>", "one|");
    check("|", "one<left>x<undo>", "on|e");
    check("|", "one<undo><redo>", "one|");
    check("|", "one<undo>x<redo>", "x|");
    check("a|\nb", "<cut><cut><undo><undo>", "a|\nb");
}

#[test]
fn pasted_text_keeps_its_lines_and_loses_its_controls() {
    let mut pasted = editor("|", 40);
    pasted.insert("  one\r\n\ttwo\u{1b}[31m\u{2028}three\r");
    assert_eq!(pasted.text().whole(), "  one\n\ttwo[31m\nthree\n");
    pasted.undo();
    assert_eq!(pasted.text().whole(), "");
}

#[test]
fn a_word_is_found_whatever_its_case_and_from_the_top_again() {
    let mut text = editor("One Größe\ntwo| one\nGRÖSSE größe", 40);
    let mut at = |word: &str| {
        text.find(word)
            .then(|| (text.cursor().line, text.cursor().at))
    };
    assert_eq!(at("ONE"), Some((1, 4)));
    assert_eq!(at("one"), Some((0, 0)));
    assert_eq!(at("GRÖßE"), Some((0, 4)));
    assert_eq!(at("größe"), Some((2, 8)));
    assert_eq!(at("absent"), None);
}

#[test]
fn the_cursor_is_always_in_sight() {
    let lines: Vec<String> = (0..500).map(|n| format!("> line {n} of a quote")).collect();
    let mut text = Editor::new(&lines.join("\n"), 20);
    let seen = |text: &mut Editor| {
        text.settle(10);
        let rows = text.shown(10);
        assert_eq!(rows.iter().filter(|row| row.cursor).count(), 1, "{rows:?}");
        rows[0].line
    };
    assert_eq!(seen(&mut text), 0);
    text.last();
    assert_eq!(seen(&mut text), 495);
    text.page(false, 10);
    assert_eq!(seen(&mut text), 491);
    text.first();
    assert_eq!(seen(&mut text), 0);
    text.page(true, 10);
    assert_eq!(seen(&mut text), 8);
    text.last();
    text.replace_all("short");
    assert_eq!(seen(&mut text), 0);
}

#[test]
fn undoing_everything_gives_the_first_text_back() {
    let first = "> one\n> two\n\nlorem ipsum dolor\nsit amet\n";
    let keys = [
        "x",
        "<ret>",
        "<bs>",
        "<del>",
        "<up>",
        "<down>",
        "<cut>",
        "<uncut>",
        "<justify>",
        "<left>",
        "<dwl>",
        "<mark>",
        "<end>",
        "日",
        " ",
        "<dwr>",
        "<trim>",
        "<home>",
        "<undo>",
        "<redo>",
    ];
    let mut seed = 7u64;
    for round in 0..200 {
        let mut text = Editor::new(first, 12);
        for _ in 0..60 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(round);
            play(&mut text, keys[(seed >> 33) as usize % keys.len()]);
            text.settle(5);
            assert!(text.shown(5).iter().any(|row| row.cursor));
        }
        while text.undo() {}
        assert_eq!(text.text().whole(), first);
    }
}

/// Where all rows begin.
fn starts(editor: &Editor) -> Vec<(usize, usize)> {
    let mut text = editor.text().clone();
    let mut rows = vec![(0, 0)];
    while let Some(next) = text.row_below(rows.last().map(|(l, a)| Place::new(*l, *a)).unwrap()) {
        rows.push((next.line, next.at));
    }
    rows
}

#[test]
fn a_long_line_is_edited_as_a_short_one_is() {
    // One that is wrapped whole, and one in pieces.
    for times in [200, 2_000] {
        let words = "lorem 日本 ipsum dolor ".repeat(times);
        let mut long = Editor::new(&words, 40);
        long.go(Place::new(0, words.len() / 2));
        long.settle(10);
        play(&mut long, "xyz <bs><bs>q<left><left><del>");
        let text = long.text().whole();
        let rows = starts(&long);
        for ((line, from), next) in rows.iter().zip(rows.iter().skip(1)) {
            let row = &text[*from..next.1];
            assert_eq!(*line, 0);
            assert!(
                !row.is_empty() && super::wrap::width(row.trim_end()) <= 40,
                "{row:?}"
            );
        }
        if times == 200 {
            assert_eq!(rows, starts(&Editor::new(&text, 40)));
        }
    }
}

#[test]
fn a_very_long_line_is_walked_and_taken_back_row_by_row() {
    let words = "lorem ipsum 日本 dolor ".repeat(9_000);
    let mut text = Editor::new(&words, 60);
    text.settle(20);
    let rows = starts(&text);
    for (_, from) in rows.iter().skip(1) {
        assert!(text.rows(1));
        assert_eq!(text.row().0, *from);
    }
    assert!(!text.rows(1));
    for (_, from) in rows.iter().rev().skip(1) {
        assert!(text.rows(-1));
        assert_eq!(text.row().0, *from);
    }
    let mut seed = 11u64;
    for _ in 0..300 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.go(Place::new(0, (seed >> 20) as usize % words.len()));
        let keys = [
            "x", "<bs>", "日", "<dwl>", "e\u{301}", "<cut>", "<uncut>", " ", "<dwr>",
        ];
        play(&mut text, keys[(seed >> 33) as usize % keys.len()]);
        text.settle(20);
        let shown = text.shown(20);
        assert!(shown.iter().any(|row| row.cursor));
        let whole = text.text().line(0);
        for pair in shown.windows(2) {
            assert_eq!(pair[0].from + pair[0].text.len(), pair[1].from);
            assert!(super::wrap::is_between_clusters(whole, pair[1].from));
        }
    }
    while text.undo() {}
    assert_eq!(text.text().whole(), words);
}
