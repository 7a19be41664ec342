use super::*;
use crate::config::url::Security;

fn read(text: &str) -> (Settings, Vec<String>) {
    let (settings, warnings) = parse(text, Path::new("/etc/c.toml"));
    let told = warnings.iter().map(ToString::to_string).collect();
    (settings, told)
}

const WORK: &str = "[[account]]\nid = \"work\"\naddress = \"zoe@example.org\"\n\
    imap = \"imaps://imap.example.org\"\n";

#[test]
fn the_annotated_default_parses_and_says_what_holds_anyway() {
    let (settings, told) = read(TEMPLATE);
    assert_eq!((settings, told), (Settings::default(), Vec::new()));
    // With its examples switched on it still parses: every key in it is known.
    let uncommented: String = TEMPLATE
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let (settings, told) = read(&uncommented);
    // Keeping a password in the keyring and naming a command for it is the one contradiction.
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|t| t.contains("password_command") || t.contains("left out"))
    );
    assert_eq!(settings.ui, Ui::default());
    assert_eq!(settings.openers.len(), 3);
    let mended = uncommented.replace("keep = \"keyring\"\n", "");
    let (settings, told) = read(&mended);
    assert_eq!(told, Vec::<String>::new());
    let account = settings.account("work").unwrap();
    assert_eq!(account.login, "alice");
    assert_eq!(account.tls_ca_file, Some("/etc/my-authority.pem".into()));
    assert_eq!(account.offline_of("Lists/rust"), Offline::Headers);
    assert_eq!(account.offline_of("inbox"), Offline::Days(90));
}

#[test]
fn every_key_is_read() {
    let text = "offline = \"30d\"\n[ui]\nuser_level = \"expert\"\ncursor = \"newest\"\ntheme = \"mono\"\n\
        confirm_send = false\n\
        [open]\n\"Application/PDF\" = [\"zathura\", \"%s\"]\n\"image/*\" = \"imv -f '%s'\"\n\
        [[account]]\nid = \"b\"\nname = \"Zoë\"\naddress = \"zoe@example.org\"\n\
        imap = \"imap://zoe%40x@h:1143\"\nsmtp = \"smtps://s\"\nkeep = \"ask\"\nauth = \"xoauth2\"\n\
        [account.mailboxes.\"Lists/x\"]\noffline = \"headers\"\n[account.mailboxes.inbox]\noffline = \"all\"\n\
        [account.mailboxes.Bin]\nrole = \"trash\"\n\
        [[account]]\nid = \"a\"\nkind = \"local\"\n";
    let (settings, told) = read(text);
    assert_eq!(told, Vec::<String>::new());
    let ids: Vec<&str> = settings.accounts.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    let b = settings.account("b").unwrap();
    assert_eq!(b.login, "zoe@x");
    assert_eq!(b.endpoint().unwrap().security, Security::StartTls);
    assert_eq!(
        (b.offline, b.offline_of("Lists/x"), b.offline_of("INBOX")),
        (Offline::Days(30), Offline::Headers, Offline::All)
    );
    assert_eq!(b.roles, [(Role::Trash, "Bin".to_owned())].into());
    assert_eq!((b.keep.clone(), b.auth), (Keep::Ask, Auth::XOAuth2));
    assert_eq!(settings.account("a").unwrap().offline, Offline::All);
    assert_eq!(
        settings.opener("application/pdf").unwrap(),
        ["zathura", "%s"]
    );
    assert_eq!(settings.opener("image/PNG").unwrap(), ["imv", "-f", "%s"]);
    assert_eq!(settings.opener("text/plain"), None);
    assert_eq!(settings.ui.user_level, UserLevel::Expert);
    assert!(!settings.ui.confirm_send && Ui::default().confirm_send);
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_key() {
    for (text, wanted) in [
        (
            "ofline = \"90d\"",
            "/etc/c.toml:1: ofline: this key is not known",
        ),
        (
            "\n\noffline = \"90\"",
            "/etc/c.toml:3: offline: \"90\" is not one of none",
        ),
        (
            "offline = 90",
            ":1: offline: text in quotes is expected here, not integer",
        ),
        (
            "[ui]\n\ntheme = \"dark\"",
            ":3: ui.theme: \"dark\" is not one of mono, ansi16",
        ),
        ("[ui]\nmous = true", ":2: ui.mous: this key is not known"),
        ("ui = 1", ":1: ui: a table is expected"),
        ("[open]\npdf = [\"x\"]", ":2: open.\"pdf\": a media type"),
        (
            "[open]\n\"a/b\" = []",
            ":2: open.\"a/b\": the command is empty",
        ),
        (
            "[open]\n\"a/b\" = [\"x\", 1]",
            ":2: open.\"a/b\": text in quotes",
        ),
        (
            "[open]\n\"a/b\" = \"x %s | y\"",
            ":2: open.\"a/b\": no shell runs the command",
        ),
        ("account = 1", ":1: account: write [[account]]"),
        ("# x\n[ui\n", ":2: "),
    ] {
        let (settings, told) = read(text);
        assert_eq!(told.len(), 1, "{text}: {told:?}");
        assert!(told[0].contains(wanted), "{text}: {told:?}");
        assert_eq!(settings, Settings::default(), "{text}");
    }
}

#[test]
fn a_faulty_account_is_left_out_and_the_others_stay() {
    for (bad, wanted) in [
        ("[[account]]\n", ":6: account.id: each account needs an id"),
        (
            "[[account]]\nid = \"a b\"\n",
            ":7: account.id: \"a b\" is no id",
        ),
        (
            "[[account]]\nid = \"Inbox\"\n",
            ":7: account.id: \"Inbox\" names a mailbox",
        ),
        (
            "[[account]]\nid = \"work\"\n",
            ":7: account.id: another account is named \"work\"",
        ),
        (
            "[[account]]\nid = \"x\"\n",
            ":6: account.imap: the server is missing",
        ),
        (
            "[[account]]\nid = \"x\"\nimap = \"imaps://h\"\n",
            ":6: account.login: neither login nor address",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"http://h\"\n",
            ":9: account.imap: \"http://\"",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"imap+plain://example.org\"\n",
            ":9: account.imap: \"example.org\" is not a loopback",
        ),
        (
            "[[account]]\nid = \"x\"\naddress = \"zoe\"\nimap = \"imaps://h\"\nlogin = \"l\"\n",
            ":8: account.address: \"zoe\" is no mail address",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"imaps://h\"\npassword = \"canary\"\n",
            ":10: account.password: a password has no place",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"imaps://h\"\nkeep = \"command\"\n",
            "keep = \"command\" needs a password_command",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"imaps://h\"\npassword_command = \"a 'b\"\n",
            ":10: account.password_command: the ' in the command has no end",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"imaps://h\"\noffline = \"9999999d\"\n",
            ":10: account.offline",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = \"imaps://h\"\n[account.mailboxes.a]\noffline = 1\n",
            ":11: account.mailboxes.a.offline",
        ),
        (
            "[[account]]\nid = \"x\"\nlogin = \"l\"\nimap = imaps://h\n",
            ":9: ",
        ),
    ] {
        let text = format!("{WORK}\n{bad}\n[[account]]\nid = \"last\"\nkind = \"local\"\n");
        let (settings, told) = read(&text);
        let ids: Vec<&str> = settings.accounts.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(ids, ["work", "last"], "{bad}: {told:?}");
        assert!(told.iter().any(|t| t.contains(wanted)), "{bad}: {told:?}");
        assert!(
            told.iter().any(|t| t.contains("left out")),
            "{bad}: {told:?}"
        );
        assert!(!told.iter().any(|t| t.contains("canary")), "{told:?}");
        if bad.contains("\"x\"") {
            assert_eq!(settings.faulty, ["x"], "{bad}");
        }
    }
}

#[test]
fn an_unknown_key_in_an_account_is_told_and_the_account_stays() {
    let (settings, told) = read(&format!("{WORK}colour = 1\n[account.mailboxes.a]\nx = 1\n"));
    assert_eq!(settings.accounts.len(), 1);
    assert_eq!(
        told,
        [
            "/etc/c.toml:5: account.colour: this key is not known",
            "/etc/c.toml:7: account.mailboxes.a.x: this key is not known"
        ]
    );
}

#[test]
fn p11_a_command_is_split_without_a_shell() {
    for (text, argv) in [
        ("pass show mail", &["pass", "show", "mail"][..]),
        (
            "  gpg\t-d 'a b'\"c d\" e\\ f '' ",
            &["gpg", "-d", "a bc d", "e f", ""],
        ),
        (
            "x \"a\\\"b\\n\" '$HOME;`id`'",
            &["x", "a\"b\\n", "$HOME;`id`"],
        ),
        ("x ~/y *", &["x", "~/y", "*"]),
    ] {
        assert_eq!(split(text).unwrap(), argv, "{text}");
    }
    for text in [
        "a; b", "a $(b)", "a `b`", "a | b", "a > b", "a && b", "a 'b", "a \"b", "a \\",
    ] {
        assert!(split(text).is_err(), "{text}");
    }
}

#[test]
fn no_file_means_defaults_and_an_unreadable_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, warnings) = load(&folder.path().join("none.toml")).unwrap();
    assert_eq!((settings, warnings.len()), (Settings::default(), 0));
    let error = load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(&folder.path().display().to_string()),
        "{error}"
    );
}
