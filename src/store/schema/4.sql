-- Write and send: the outbox, and drafts that hold what they quote from.

-- One row for each journal row of kind submit. `wire` are the frozen bytes that the submission
-- server gets, without Bcc; `copy` those for Sent, which are the same unless there is a Bcc.
-- later: not before this second, as the person chose (undo delay, send later). dot: when the final
-- dot was about to leave and no answer to it is known. sent: when the server first took it.
CREATE TABLE outgoing (
  operation INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (key),
  wire INTEGER NOT NULL REFERENCES content (key),
  copy INTEGER NOT NULL REFERENCES content (key),
  size INTEGER NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  eight_bit INTEGER NOT NULL,
  utf8 INTEGER NOT NULL,
  bcc TEXT NOT NULL,
  draft TEXT,
  later INTEGER,
  dot INTEGER,
  sent INTEGER,
  queued INTEGER NOT NULL
) STRICT;
CREATE INDEX outgoing_account ON outgoing (account);

-- Contents that are just being written; what a process that ended left is swept after a day.
CREATE TABLE freezing (
  content INTEGER PRIMARY KEY REFERENCES content (key),
  made INTEGER NOT NULL
) STRICT;

CREATE TABLE undo_submit (
  action INTEGER PRIMARY KEY,
  operation INTEGER NOT NULL
) STRICT;

-- base: the message in Drafts that is its copy. holds: a content that the draft takes attachments
-- from and that would go otherwise. version: raised by each save; mirrored: the one that the copy in
-- Drafts has.
ALTER TABLE draft ADD COLUMN holds INTEGER REFERENCES content (key);
ALTER TABLE draft ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE draft ADD COLUMN mirrored INTEGER NOT NULL DEFAULT 0;

-- What of one key press is in the journal, counted: the Queue costs what it shows, not what waits.
-- stuck: refused or of an unknown end. target and mailbox are 0 where there is none; mailbox is that
-- of an operation on a mailbox alone.
CREATE TABLE batch (
  stuck INTEGER NOT NULL,
  action INTEGER NOT NULL,
  account INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  target INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  why TEXT NOT NULL,
  cause TEXT NOT NULL,
  operations INTEGER NOT NULL,
  PRIMARY KEY (stuck, action, account, kind, state, target, mailbox, why, cause)
) STRICT, WITHOUT ROWID;
INSERT INTO batch
  SELECT state IN ('failed', 'unsure') AS s, action, account, kind, state, coalesce(target, 0) AS t,
    iif(message IS NULL, coalesce(mailbox, 0), 0) AS m, why, cause, count(*)
  FROM journal GROUP BY s, action, account, kind, state, t, m, why, cause;

-- The first operation of each.
CREATE INDEX journal_batch ON journal (action, state, kind, account, target, why, id);
DROP INDEX journal_stuck;

CREATE TRIGGER journal_added AFTER INSERT ON journal BEGIN
  INSERT INTO batch VALUES (new.state IN ('failed', 'unsure'), new.action, new.account, new.kind,
      new.state, coalesce(new.target, 0), iif(new.message IS NULL, coalesce(new.mailbox, 0), 0),
      new.why, new.cause, 1)
    ON CONFLICT DO UPDATE SET operations = operations + 1;
END;
CREATE TRIGGER journal_gone AFTER DELETE ON journal BEGIN
  UPDATE batch SET operations = operations - 1
    WHERE stuck = (old.state IN ('failed', 'unsure')) AND action = old.action
      AND account = old.account AND kind = old.kind AND state = old.state
      AND target = coalesce(old.target, 0)
      AND mailbox = iif(old.message IS NULL, coalesce(old.mailbox, 0), 0)
      AND why = old.why AND cause = old.cause;
  DELETE FROM batch
    WHERE stuck = (old.state IN ('failed', 'unsure')) AND action = old.action
      AND account = old.account AND kind = old.kind AND state = old.state
      AND target = coalesce(old.target, 0)
      AND mailbox = iif(old.message IS NULL, coalesce(old.mailbox, 0), 0)
      AND why = old.why AND cause = old.cause AND operations <= 0;
END;
CREATE TRIGGER journal_changed
AFTER UPDATE OF action, account, mailbox, message, kind, state, target, why, cause ON journal BEGIN
  INSERT INTO batch VALUES (new.state IN ('failed', 'unsure'), new.action, new.account, new.kind,
      new.state, coalesce(new.target, 0), iif(new.message IS NULL, coalesce(new.mailbox, 0), 0),
      new.why, new.cause, 1)
    ON CONFLICT DO UPDATE SET operations = operations + 1;
  UPDATE batch SET operations = operations - 1
    WHERE stuck = (old.state IN ('failed', 'unsure')) AND action = old.action
      AND account = old.account AND kind = old.kind AND state = old.state
      AND target = coalesce(old.target, 0)
      AND mailbox = iif(old.message IS NULL, coalesce(old.mailbox, 0), 0)
      AND why = old.why AND cause = old.cause;
  DELETE FROM batch
    WHERE stuck = (old.state IN ('failed', 'unsure')) AND action = old.action
      AND account = old.account AND kind = old.kind AND state = old.state
      AND target = coalesce(old.target, 0)
      AND mailbox = iif(old.message IS NULL, coalesce(old.mailbox, 0), 0)
      AND why = old.why AND cause = old.cause AND operations <= 0;
END;

-- The address book. `called`: the folded words of names and addresses, a blank before each;
-- `whole` and `nick`: name and nickname folded.
CREATE TABLE contact (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  called TEXT NOT NULL,
  whole TEXT NOT NULL,
  nick TEXT NOT NULL,
  name TEXT NOT NULL,
  nickname TEXT NOT NULL,
  addresses TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX contact_nick ON contact (nick) WHERE nick <> '';
CREATE INDEX contact_whole ON contact (whole);

-- Everybody in stored mail, for completion; made of the contents, and made anew without harm. id:
-- the address as it compares. tier: 0 own mail went there, 1 mail came with it, 2 a robot. rank: uses
-- weighed by age, as seconds since 1970. named: how good the name is.
CREATE TABLE person (
  key INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (key),
  id TEXT NOT NULL,
  tier INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  called TEXT NOT NULL,
  address TEXT NOT NULL,
  name TEXT NOT NULL,
  named INTEGER NOT NULL,
  written INTEGER NOT NULL,
  wrote INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_id ON person (account, id);
CREATE INDEX person_rank ON person (tier, rank, called);
CREATE TABLE person_word (
  tier INTEGER NOT NULL,
  word TEXT NOT NULL,
  person INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  PRIMARY KEY (tier, word, person)
) STRICT, WITHOUT ROWID;

-- Contents up to `through` were looked at for people; those whose envelope came later wait.
CREATE TABLE person_through (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  through INTEGER NOT NULL
) STRICT;
INSERT INTO person_through (id, through) VALUES (1, 0);
CREATE TABLE person_later (
  content INTEGER PRIMARY KEY
) STRICT;
