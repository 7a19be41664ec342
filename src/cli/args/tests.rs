//! What the grammar takes and what it refuses.

use clap::CommandFactory;

use super::*;

fn check(line: &str) -> Result<CommandLine, clap::error::ErrorKind> {
    parse(line.split(' ').map(OsString::from)).map_err(|error| error.kind())
}

#[test]
fn the_grammar_holds_together() {
    CommandLine::command().debug_assert();
}

#[test]
fn every_documented_form_is_taken() {
    for line in [
        "lacebark",
        "lacebark demo",
        "lacebark open a.eml b.eml",
        "lacebark setup --address a@b.example --imap imaps://b.example --password-stdin",
        "lacebark setup --address a@b.example --password-command pass --keep command --auth xoauth2 --offline 30d --no-test",
        "lacebark login work --password-stdin",
        "lacebark logout work",
        "lacebark status --json",
        "lacebark account list",
        "lacebark account show work",
        "lacebark account test work",
        "lacebark account remove work --yes",
        "lacebark account prune",
        "lacebark account prune work",
        "lacebark sync",
        "lacebark sync work home --mailbox inbox",
        "lacebark mailbox list --account work",
        "lacebark list",
        "lacebark list work:INBOX/x --limit 3 --unread --json",
        "lacebark show 3 --part 2.1",
        "lacebark save 3 --part 2 --to /tmp",
        "lacebark send -t -i -oi -oem -f a@b.example -FCron -B8BITMIME",
        "lacebark send -oi -f a@b.example -- b@c.example d@c.example",
        "lacebark send -bm -N never -R hdrs -r a@b.example x@y.example",
        "lacebark send --to a@b.example --cc c@b.example --attach x --wait",
        "lacebark compose",
        "lacebark compose bob@b.example --cc c@b.example --subject x --attach y",
        "lacebark compose mailto:bob@b.example?subject=x",
        "lacebark flag 1 2 3",
        "lacebark unflag --as seen 1",
        "lacebark flag --as $Junk 1",
        "lacebark move --to Trips 1 2",
        "lacebark move --to work:Trips/2026 -",
        "lacebark copy 1 - --to archive",
        "lacebark archive 3",
        "lacebark delete 3 4",
        "lacebark delete --for-good --yes 3",
        "lacebark expunge inbox --yes",
        "lacebark undo --json",
        "lacebark mailbox create work:Trips",
        "lacebark mailbox create Bin --role trash",
        "lacebark mailbox rename Trips Journeys",
        "lacebark mailbox delete Trips --yes",
        "lacebark mailbox subscribe Lists",
        "lacebark mailbox unsubscribe Lists",
        "lacebark completions bash",
        "lacebark completions zsh",
        "lacebark completions fish",
        "lacebark man",
        "lacebark queue list",
        "lacebark queue retry --all",
        "lacebark queue retry --all --unsure",
        "lacebark queue drop 1 2",
        "lacebark -vv --log l --transcript t --config c --data d --cache e list",
    ] {
        assert!(check(line).is_ok(), "{line}: {:?}", check(line).err());
    }
}

#[test]
fn what_is_not_built_or_not_meant_is_a_usage_error() {
    for line in [
        "lacebark send --wait --queue-only",
        "lacebark search",
        "lacebark search word --limit 0",
        "lacebark list --limit 0",
        "lacebark mailbox create",
        "lacebark mailbox create x --role inbox",
        "lacebark mailbox rename x",
        "lacebark move 1",
        "lacebark move --to Trips",
        "lacebark move --to Trips 0",
        "lacebark copy --to Trips --1",
        "lacebark archive",
        "lacebark delete --yes",
        "lacebark expunge",
        "lacebark completions sh",
        "lacebark open",
        "lacebark setup",
        "lacebark setup --address a@b --password-stdin --password-command x",
        "lacebark setup --address a@b --offline 0d",
        "lacebark setup --address a@b --keep file",
        "lacebark show 0",
        "lacebark show -1",
        "lacebark show x",
        "lacebark show 1 --raw --html",
        "lacebark show 1 --part 0",
        "lacebark show 1 --part .",
        "lacebark flag",
        "lacebark flag --as \\Deleted 1",
        "lacebark flag --as a(b 1",
        "lacebark queue retry",
        "lacebark queue drop 1 --all",
        "lacebark account",
        "lacebark undo 3",
    ] {
        assert!(check(line).is_err(), "{line} was taken");
    }
}
