-- Triage: operations that name two messages or a target mailbox, what a message leaves behind on a
-- server without UIDPLUS, undo of mailboxes, and where mail was filed.

-- other: the message that is copied or uploaded, or that must stand first. target: the mailbox in
-- which the message ends.
ALTER TABLE journal ADD COLUMN other INTEGER;
ALTER TABLE journal ADD COLUMN target INTEGER;
ALTER TABLE journal ADD COLUMN cause TEXT NOT NULL DEFAULT 'refused'
  CHECK (cause IN ('refused', 'gone', 'mailbox-gone', 'renumbered'));
CREATE INDEX journal_other ON journal (other) WHERE other IS NOT NULL;
CREATE INDEX journal_mailbox ON journal (mailbox) WHERE message IS NULL;
CREATE INDEX journal_undecided ON journal (state) WHERE state IN ('in-flight', 'unsure');

-- ghost: our own move or deletion left it marked \Deleted; it is not shown while that flag stands.
ALTER TABLE message ADD COLUMN ghost INTEGER NOT NULL DEFAULT 0;

-- base_shown: base_name decoded. gone_name: what a mailbox was called that another program deleted
-- while something still waited for it.
ALTER TABLE mailbox ADD COLUMN base_shown TEXT;
ALTER TABLE mailbox ADD COLUMN gone_name TEXT;
UPDATE mailbox SET base_shown = name WHERE base_name IS NOT NULL;

-- now_*: what was shown after the action, so that undo turns back only what the action changed.
DELETE FROM undo;
ALTER TABLE undo ADD COLUMN now_mailbox INTEGER;
ALTER TABLE undo ADD COLUMN now_flags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE undo ADD COLUMN now_keywords TEXT NOT NULL DEFAULT '';

CREATE TABLE undo_mailbox (
  action INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  name TEXT,
  subscribed INTEGER NOT NULL,
  now_name TEXT,
  now_subscribed INTEGER NOT NULL,
  PRIMARY KEY (action, mailbox)
) STRICT, WITHOUT ROWID;

-- Where mail of a sender or list was last filed.
CREATE TABLE filed (
  account INTEGER NOT NULL,
  who TEXT NOT NULL,
  mailbox INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, who)
) STRICT, WITHOUT ROWID;

-- The newest message of a thread is looked for anew only when that very one leaves.
DROP TRIGGER message_left;
CREATE TRIGGER message_left AFTER UPDATE OF mailbox, thread ON message
WHEN old.mailbox IS NOT NULL AND (new.mailbox IS NOT old.mailbox OR new.thread <> old.thread) BEGIN
  UPDATE mailbox SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE key = old.mailbox;
  DELETE FROM mailbox_thread
    WHERE mailbox = old.mailbox AND thread = old.thread AND total <= 1;
  UPDATE mailbox_thread SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE mailbox = old.mailbox AND thread = old.thread;
  UPDATE mailbox_thread SET newest = coalesce((SELECT max(arrival) FROM message
      WHERE thread = old.thread AND mailbox = old.mailbox), newest)
    WHERE mailbox = old.mailbox AND thread = old.thread AND newest <= old.arrival;
END;
