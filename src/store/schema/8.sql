-- message.thread is the thread that it came into, as content.thread is; what that joined since is in
-- thread.into_thread, one step away. So a join writes no row of a message, however many it brings
-- together. mailbox_thread has a row for a thread that stands, and for no other.
DROP TRIGGER message_placed;
CREATE TRIGGER message_placed AFTER INSERT ON message WHEN new.mailbox IS NOT NULL BEGIN
  UPDATE mailbox SET total = total + 1, unread = unread + (new.flags & 1 = 0)
    WHERE key = new.mailbox;
  INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
    VALUES (new.mailbox,
      coalesce((SELECT into_thread FROM thread WHERE key = new.thread), new.thread),
      new.arrival, new.flags & 1 = 0, 1)
    ON CONFLICT (mailbox, thread) DO UPDATE SET newest = max(newest, excluded.newest),
      unread = unread + excluded.unread, total = total + 1;
END;
DROP TRIGGER message_seen;
CREATE TRIGGER message_seen AFTER UPDATE OF flags ON message
WHEN new.mailbox IS NOT NULL AND new.mailbox IS old.mailbox AND new.thread = old.thread
  AND new.flags & 1 <> old.flags & 1 BEGIN
  UPDATE mailbox SET unread = unread + (old.flags & 1) - (new.flags & 1) WHERE key = new.mailbox;
  UPDATE mailbox_thread SET unread = unread + (old.flags & 1) - (new.flags & 1)
    WHERE mailbox = new.mailbox
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = new.thread), new.thread);
END;
DROP TRIGGER message_moved;
CREATE TRIGGER message_moved AFTER UPDATE OF mailbox, thread ON message
WHEN new.mailbox IS NOT NULL
  AND (new.mailbox IS NOT old.mailbox OR new.thread <> old.thread) BEGIN
  UPDATE mailbox SET total = total + 1, unread = unread + (new.flags & 1 = 0)
    WHERE key = new.mailbox;
  INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
    VALUES (new.mailbox,
      coalesce((SELECT into_thread FROM thread WHERE key = new.thread), new.thread),
      new.arrival, new.flags & 1 = 0, 1)
    ON CONFLICT (mailbox, thread) DO UPDATE SET newest = max(newest, excluded.newest),
      unread = unread + excluded.unread, total = total + 1;
END;
-- What is left behind looks for the newest one anew only when that very one leaves.
DROP TRIGGER message_left;
CREATE TRIGGER message_left AFTER UPDATE OF mailbox, thread ON message
WHEN old.mailbox IS NOT NULL
  AND (new.mailbox IS NOT old.mailbox OR new.thread <> old.thread) BEGIN
  UPDATE mailbox SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE key = old.mailbox;
  DELETE FROM mailbox_thread
    WHERE mailbox = old.mailbox AND total <= 1
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = old.thread), old.thread);
  UPDATE mailbox_thread SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE mailbox = old.mailbox
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = old.thread), old.thread);
  UPDATE mailbox_thread SET newest = coalesce((SELECT max(part.arrival) FROM
      (SELECT max(arrival) AS arrival FROM message
         WHERE thread = mailbox_thread.thread AND mailbox = mailbox_thread.mailbox
       UNION ALL SELECT (SELECT max(arrival) FROM message
           WHERE thread = joined.key AND mailbox = mailbox_thread.mailbox)
         FROM thread joined WHERE joined.into_thread = mailbox_thread.thread) part), newest)
    WHERE mailbox = old.mailbox AND newest <= old.arrival
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = old.thread), old.thread);
END;
DROP TRIGGER message_gone;
CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.mailbox IS NOT NULL BEGIN
  UPDATE mailbox SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE key = old.mailbox;
  DELETE FROM mailbox_thread
    WHERE mailbox = old.mailbox AND total <= 1
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = old.thread), old.thread);
  UPDATE mailbox_thread SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE mailbox = old.mailbox
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = old.thread), old.thread);
  UPDATE mailbox_thread SET newest = coalesce((SELECT max(part.arrival) FROM
      (SELECT max(arrival) AS arrival FROM message
         WHERE thread = mailbox_thread.thread AND mailbox = mailbox_thread.mailbox
       UNION ALL SELECT (SELECT max(arrival) FROM message
           WHERE thread = joined.key AND mailbox = mailbox_thread.mailbox)
         FROM thread joined WHERE joined.into_thread = mailbox_thread.thread) part), newest)
    WHERE mailbox = old.mailbox AND newest <= old.arrival
      AND thread = coalesce((SELECT into_thread FROM thread WHERE key = old.thread), old.thread);
END;

-- How far a search on the server is: the mailbox that is searched just now, how many are through and of
-- how many.
ALTER TABLE request ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request ADD COLUMN total INTEGER NOT NULL DEFAULT 0;

-- Searches that a person keeps: a name, and what is asked each time that it is opened. In a mailbox,
-- in an account, or with neither in all mail. name NULL: deleted, for as long as that can be undone;
-- action and was: the change that can be undone, and the name before it.
CREATE TABLE saved_search (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT,
  query TEXT NOT NULL,
  account INTEGER,
  mailbox INTEGER,
  action INTEGER,
  was TEXT
) STRICT;
CREATE UNIQUE INDEX saved_search_name ON saved_search (name) WHERE name IS NOT NULL;
CREATE INDEX saved_search_action ON saved_search (action) WHERE action IS NOT NULL;
CREATE TRIGGER saved_search_lost AFTER DELETE ON mailbox BEGIN
  DELETE FROM saved_search WHERE mailbox = old.key;
END;
CREATE TRIGGER saved_search_left AFTER DELETE ON account BEGIN
  DELETE FROM saved_search WHERE account = old.key;
END;

-- One key may put several messages into the outbox: they are taken back together.
CREATE TABLE undo_sent (
  action INTEGER NOT NULL,
  operation INTEGER NOT NULL,
  PRIMARY KEY (action, operation)
) STRICT, WITHOUT ROWID;
INSERT INTO undo_sent (action, operation) SELECT action, operation FROM undo_submit;
DROP TABLE undo_submit;
ALTER TABLE undo_sent RENAME TO undo_submit;

-- What an action muted, or, where ended is set, muted no more: the row of mute as it was. Rows of muted
-- stay for as long as this one does.
CREATE TABLE undo_mute (
  action INTEGER NOT NULL,
  mute INTEGER NOT NULL,
  thread INTEGER,
  list TEXT,
  what TEXT NOT NULL,
  since INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  PRIMARY KEY (action, mute)
) STRICT, WITHOUT ROWID;
