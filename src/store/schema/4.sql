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

-- holds: a content that the draft takes attachments from and that would go otherwise.
ALTER TABLE draft ADD COLUMN holds INTEGER REFERENCES content (key);
