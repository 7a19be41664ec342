//! Files of all the family come out as they went in, whatever the pieces.

use proptest::prelude::{any, prop, proptest};
use proptest::test_runner::Config;

use super::{Cut, Event, Frame, NotMbox, Reader, UNENDED, Writer, from_line, stamp, status};

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    NotMbox(#[from] NotMbox),
    #[error(transparent)]
    Cut(#[from] Cut),
}

type Whole = (Vec<u8>, Frame);

fn read(file: &[u8], piece: usize) -> (Vec<Whole>, Result<(), Fault>) {
    let (mut all, mut now) = (Vec::new(), Vec::new());
    let mut tell = |event: Event<'_>| -> Result<(), Fault> {
        match event {
            Event::Start { offset, .. } => {
                now.clear();
                assert!(file[usize::try_from(offset).unwrap()..].starts_with(b"From "));
            }
            Event::Bytes(bytes) => now.extend_from_slice(bytes),
            Event::End(frame) => all.push((std::mem::take(&mut now), frame)),
        }
        Ok(())
    };
    let mut reader = Reader::default();
    let mut done = Ok(());
    for piece in file.chunks(piece) {
        done = done.and_then(|()| reader.push(piece, &mut tell));
    }
    let done = done.and_then(|()| reader.finish(&mut tell));
    (all, done)
}

fn write(all: &[(Vec<u8>, Option<Frame>)], piece: usize) -> Vec<u8> {
    let (mut out, mut writer) = (Vec::new(), Writer::default());
    for (bytes, frame) in all {
        let ended = bytes.is_empty() || bytes.ends_with(b"\n");
        writer.begin(frame.as_ref(), ("a@b", 1_795_000_000, ended), &mut out);
        for piece in bytes.chunks(piece) {
            writer.push(piece, &mut out);
        }
        writer.end(&mut out);
    }
    out
}

/// Reads by pieces of every length, and writes the same octets again; the messages are as told.
fn check(file: &str, expected: &[&str]) {
    let file = file.as_bytes();
    for piece in [1, 2, 3, 5, 7, 64, file.len().max(1)] {
        let (all, done) = read(file, piece);
        assert_eq!(done, Ok(()), "{piece}");
        let texts: Vec<&str> = all
            .iter()
            .map(|(bytes, _)| std::str::from_utf8(bytes).unwrap())
            .collect();
        assert_eq!(texts, expected, "{piece}");
        let framed: Vec<_> = all.into_iter().map(|(b, f)| (b, Some(f))).collect();
        assert_eq!(
            String::from_utf8_lossy(&write(&framed, piece)),
            String::from_utf8_lossy(file)
        );
    }
}

const A: &str = "From a@b Sat Nov 21 08:02:00 2026\n";

#[test]
fn r21_files_come_out_as_they_went_in_byte_for_byte() {
    check("", &[]);
    check(&format!("{A}S: x\n\nbody\n\n"), &["S: x\n\nbody\n"]);
    check(&format!("{A}x\n\n{A}y\n\n"), &["x\n", "y\n"]);
    // CR LF throughout, and CR LF within LF.
    check(
        "From a@b Sat Nov 21 08:02:00 2026\r\nx\r\n\r\nFrom c Sat Nov 21 08:02 2026\r\n\r\n",
        &["x\r\n", ""],
    );
    check(&format!("{A}x\r\n\r\ny\r\n\n"), &["x\r\n\r\ny\r\n"]);
    // Empty lines at the end belong to the message, but for one; some writers leave that out.
    check(&format!("{A}x\n\n\n\n{A}y\n"), &["x\n\n\n", "y\n"]);
    check(&format!("{A}x\n{A}y\n\n"), &["x\n", "y\n"]);
    check(&format!("{A}{A}\n{A}\n\n"), &["", "", "\n"]);
    // mboxrd and mboxo.
    check(
        &format!("{A}>From x\n>>From y\n> From\n>Fro\n>\n>>>From \n\n"),
        &["From x\n>From y\n> From\n>Fro\n>\n>>From \n"],
    );
    // A line that is no From_ line, and one without an empty line before it.
    check(
        &format!("{A}Fromage\nFro\nF\n\n{A}>F\n\n"),
        &["Fromage\nFro\nF\n", ">F\n"],
    );
    // Content-Length lies.
    check(
        &format!("{A}Content-Length: 999\n\nx\n\n{A}Content-Length: 0\n\ny\n\n"),
        &["Content-Length: 999\n\nx\n", "Content-Length: 0\n\ny\n"],
    );
    // Other shapes of the line.
    for line in [
        "From - Sat Nov 21 08:02:00 2026\n",
        "From a@b  Sat Nov  1 8:02:00 2026\n",
        "From a@b Sat Nov 21 08:02:00 +0100 2026\n",
        "From a@b Sat Nov 21 08:02:00 2026 -0500\n",
        "From a b c Sat Nov 21 08:02:00 MET 2026\n",
        "From x@y Sat, 21 Nov 2026 08:02:00 +0000\n",
    ] {
        check(&format!("{line}x\n\n{line}y\n\n"), &["x\n", "y\n"]);
    }
    check("From me\nx\n\nFrom you\nyFrom\n\n", &["x\n", "yFrom\n"]);
    let long = "x".repeat(5_000);
    check(
        &format!("{A}>From {long}\n{long}\n\n"),
        &[&format!("From {long}\n{long}\n")],
    );
}

#[test]
fn a_line_of_the_text_that_only_begins_as_a_from_line_is_text() {
    let long = "y".repeat(2_000);
    let file = format!("{A}x\n\nFrom here on all is well\nFrom {long}\n\n{A}z\n\n");
    for piece in [1, 2, 3, 5, 7, 64, file.len()] {
        let (all, done) = read(file.as_bytes(), piece);
        assert_eq!(done, Ok(()));
        let text = format!("x\n\nFrom here on all is well\nFrom {long}\n");
        let texts: Vec<&[u8]> = all.iter().map(|(bytes, _)| bytes.as_slice()).collect();
        assert_eq!(texts, [text.as_bytes(), b"z\n"]);
    }
}

#[test]
fn what_is_cut_or_no_mbox_is_told_by_line_and_octet() {
    let told = |file: &str| {
        let mut all = None;
        for piece in [1, 4, file.len().max(1)] {
            let (whole, done) = read(file.as_bytes(), piece);
            let told = (whole.len(), done.unwrap_err().to_string());
            assert_eq!(all.get_or_insert(told.clone()), &told);
        }
        all.unwrap()
    };
    for file in [
        "S: x\n\n",
        "\n",
        "\nFrom x\n",
        ">From x\n",
        "hello",
        "Fro",
        &format!("From {}", "x".repeat(2_000)),
    ] {
        assert_eq!(
            told(file),
            (
                0,
                "line 1 does not begin with \"From \", so that this is no mbox".into()
            )
        );
    }
    let whole = format!("{A}x\n\n{A}y\nz\n\n");
    for (cut, messages) in [(33, 0), (35, 0), (40, 0), (70, 0), (72, 1), (74, 1)] {
        let (count, words) = told(&whole[..cut]);
        assert_eq!(count, messages, "{cut}");
        assert!(words.contains(&format!("octet {cut}")), "{words}");
    }
    assert_eq!(
        told(&whole[..74]).1,
        "it ends within line 6 (octet 74), so that the message that begins in line 4 is cut"
    );
}

#[test]
fn a_message_comes_back_whatever_its_end() {
    for text in [
        "", "x", "x\n", "x\r", "x\r\n", "\n", "\r", "\r\n\r\n", "x\n\n\n", ">From ", "From ",
        "Fro", "x\n>>Fr",
    ] {
        let pair = vec![(text.as_bytes().to_vec(), None); 2];
        for piece in [1, 2, 3, 9] {
            let file = write(&pair, piece);
            assert!(
                file.ends_with(b"\n\n")
                    || file.ends_with(b"\r\n\r\n")
                    || file.ends_with(b"2026\n\n")
            );
            let (back, done) = read(&file, piece);
            assert_eq!(done, Ok(()), "{text:?}");
            assert_eq!(back.len(), 2);
            for (bytes, frame) in back {
                assert_eq!(String::from_utf8_lossy(&bytes), text);
                assert!(frame.is_ours("a@b", 1_795_000_000), "{frame:?}");
            }
        }
    }
}

#[test]
fn the_frame_of_another_file_is_used_only_where_a_reader_would_see_it() {
    let frame = |line: &str, tail: &str| {
        Some(Frame {
            line: line.into(),
            tail: tail.into(),
        })
    };
    let all = [
        (b"x\n".to_vec(), frame(A, "")),
        (b"y\n".to_vec(), frame("From me\n", "\n")),
        (b"z".to_vec(), frame(A, "\n")),
        (b"".to_vec(), frame("From you\n", "\n")),
    ];
    for order in [[0, 1, 2, 3], [1, 0, 3, 2], [3, 1, 2, 0], [2, 3, 0, 1]] {
        let some: Vec<_> = order.iter().map(|at: &usize| all[*at].clone()).collect();
        let (back, done) = read(&write(&some, 3), 5);
        assert_eq!(done, Ok(()));
        let back: Vec<Vec<u8>> = back.into_iter().map(|(bytes, _)| bytes).collect();
        let texts: Vec<Vec<u8>> = some.into_iter().map(|(bytes, _)| bytes).collect();
        assert_eq!(back, texts);
    }
}

#[test]
fn dates_stand_where_other_programs_put_them() {
    let at = |line: &str| stamp(line.as_bytes());
    assert_eq!(at(A), Some(1_795_248_120));
    assert_eq!(
        at("From a Sat Nov 21 09:02:00 2026 +0100\n"),
        Some(1_795_248_120)
    );
    assert_eq!(
        at("From Wed Sat Nov 21 08:02:00 2026\r\n"),
        Some(1_795_248_120)
    );
    assert_eq!(at("From here on Saturday\n"), None);
    assert_eq!(at("From a@b\n"), None);
    assert_eq!(stamp(&from_line("x y", 1_795_248_120)), Some(1_795_248_120));
    assert_eq!(from_line("a@b", 1_795_248_120), A.as_bytes());
    assert!(from_line("a\nb", 0).starts_with(b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"));
    assert!(from_line(UNENDED, 0).starts_with(b"From no-line-end@lacebark.invalid "));
    assert_eq!(
        status(b"Status: RO\nX-Status: AF\n\n").to_string(),
        "\\Seen \\Answered \\Flagged"
    );
    assert_eq!(
        status(b"Status: O\nSubject: R\n\nStatus: R\n").to_string(),
        ""
    );
}

proptest! {
    #![proptest_config(Config::with_cases(300))]

    #[test]
    fn r21_any_messages_come_back_from_a_file(
        all in prop::collection::vec("(From |>|\r|\n|F|x| |Fro){0,12}", 0..5),
        out in 1usize..9,
        back in 1usize..9,
    ) {
        let all: Vec<_> = all.into_iter().map(|text| (text.into_bytes(), None)).collect();
        let (found, done) = read(&write(&all, out), back);
        assert_eq!(done, Ok(()));
        let found: Vec<_> = found.into_iter().map(|(bytes, _)| (bytes, None)).collect();
        assert_eq!(found, all);
    }

    #[test]
    fn r21_any_file_with_quoted_lines_comes_out_as_it_went_in(
        lines in prop::collection::vec((0usize..9, any::<bool>()), 0..12),
        piece in 1usize..9,
    ) {
        const LINES: [&str; 9] = [A, "From me Sat Nov 21 08:02 2026\n", ">From x", ">>From ", "x",
            "Fro", " From ", "\r", ""];
        let mut file = A.to_owned();
        for (line, crlf) in lines {
            file.push_str(LINES[line].trim_end_matches('\n'));
            file.push_str(if crlf { "\r\n" } else { "\n" });
        }
        let (all, done) = read(file.as_bytes(), piece);
        assert_eq!(done, Ok(()));
        let framed: Vec<_> = all.into_iter().map(|(b, f)| (b, Some(f))).collect();
        assert_eq!(String::from_utf8_lossy(&write(&framed, 3)), file);
    }

    #[test]
    fn m5_no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), piece in 1usize..40) {
        let _ = read(&bytes, piece);
        let mut file = A.as_bytes().to_vec();
        file.extend_from_slice(&bytes);
        let whole: usize = read(&file, piece).0.iter().map(|(bytes, _)| bytes.len()).sum();
        assert!(whole <= bytes.len());
    }
}
