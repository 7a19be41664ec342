-- Find and organise.

-- What a content says about its place in its thread: its date, and hashes of its own Message-ID and of
-- those above it (model::thread::Lineage). Rows of older stores are made when they are first read.
CREATE TABLE lineage (
  content INTEGER PRIMARY KEY,
  date INTEGER,
  ids BLOB NOT NULL
) STRICT;
CREATE TRIGGER lineage_gone AFTER DELETE ON content BEGIN
  DELETE FROM lineage WHERE content = old.key;
END;

-- content.thread is the thread that it came into; what that joined since is in thread.into_thread, one
-- step away. message.thread is always the thread that stands.
CREATE INDEX thread_joined ON thread (into_thread) WHERE into_thread IS NOT NULL;

-- What a join does to the counts it does itself, once for each mailbox.
DROP TRIGGER message_left;
CREATE TRIGGER message_left AFTER UPDATE OF mailbox, thread ON message
WHEN old.mailbox IS NOT NULL AND (new.mailbox IS NOT old.mailbox OR (new.thread <> old.thread
  AND NOT EXISTS (SELECT 1 FROM thread WHERE key = old.thread AND into_thread = new.thread))) BEGIN
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
DROP TRIGGER message_moved;
CREATE TRIGGER message_moved AFTER UPDATE OF mailbox, thread ON message
WHEN new.mailbox IS NOT NULL AND (new.mailbox IS NOT old.mailbox OR (new.thread <> old.thread
  AND NOT EXISTS (SELECT 1 FROM thread WHERE key = old.thread AND into_thread = new.thread))) BEGIN
  UPDATE mailbox SET total = total + 1, unread = unread + (new.flags & 1 = 0)
    WHERE key = new.mailbox;
  INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
    VALUES (new.mailbox, new.thread, new.arrival, new.flags & 1 = 0, 1)
    ON CONFLICT (mailbox, thread) DO UPDATE SET newest = max(newest, excluded.newest),
      unread = unread + excluded.unread, total = total + 1;
END;

-- What is muted: a thread, or a list by its List-Id. what: how it is called. Later mail of it is filed
-- where it arrives; which messages those were is kept, so that they can be brought back.
CREATE TABLE mute (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  thread INTEGER,
  list TEXT,
  what TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX mute_thread ON mute (thread) WHERE thread IS NOT NULL;
CREATE UNIQUE INDEX mute_list ON mute (list) WHERE list IS NOT NULL;
CREATE TABLE muted (
  message INTEGER PRIMARY KEY,
  mute INTEGER NOT NULL,
  mailbox INTEGER NOT NULL
) STRICT;
CREATE INDEX muted_mute ON muted (mute);
CREATE TRIGGER muted_gone AFTER DELETE ON message BEGIN
  DELETE FROM muted WHERE message = old.key;
END;

-- Of a message that two rows share here and of which only the header came, the second row keeps the
-- name: a person who deletes the first has not deleted what only the server has whole.
DROP TRIGGER pop3_seen_deleted;
CREATE TRIGGER pop3_seen_deleted AFTER DELETE ON message WHEN old.base_mailbox IS NULL BEGIN
  UPDATE pop3_seen SET message =
      iif(hash IS NULL, (SELECT min(key) FROM message WHERE content = old.content), NULL)
    WHERE message = old.key;
END;

-- flagged: messages shown with \Flagged, kept as total and unread are. turns: raised whenever a message
-- leaves the mailbox, or comes into it from another one; one that is new has a key that is new.
ALTER TABLE mailbox ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_flagged ON message (mailbox, arrival)
  WHERE mailbox IS NOT NULL AND flags & 4 <> 0;
UPDATE mailbox SET flagged = (SELECT count(*) FROM message INDEXED BY message_flagged
  WHERE message.mailbox = mailbox.key AND flags & 4 <> 0);
CREATE TRIGGER message_came_flagged AFTER INSERT ON message
WHEN new.mailbox IS NOT NULL AND new.flags & 4 <> 0 BEGIN
  UPDATE mailbox SET flagged = flagged + 1 WHERE key = new.mailbox;
END;
CREATE TRIGGER message_flagged_here AFTER UPDATE OF flags ON message
WHEN new.mailbox IS NOT NULL AND new.mailbox IS old.mailbox AND new.flags & 4 <> old.flags & 4 BEGIN
  UPDATE mailbox SET flagged = flagged + (new.flags & 4 <> 0) - (old.flags & 4 <> 0)
    WHERE key = new.mailbox;
END;
CREATE TRIGGER message_turned AFTER UPDATE OF mailbox ON message
WHEN new.mailbox IS NOT old.mailbox BEGIN
  UPDATE mailbox SET flagged = flagged - (old.flags & 4 <> 0), turns = turns + 1
    WHERE key = old.mailbox;
  UPDATE mailbox SET flagged = flagged + (new.flags & 4 <> 0), turns = turns + 1
    WHERE key = new.mailbox;
END;
CREATE TRIGGER message_turned_away AFTER DELETE ON message WHEN old.mailbox IS NOT NULL BEGIN
  UPDATE mailbox SET flagged = flagged - (old.flags & 4 <> 0), turns = turns + 1
    WHERE key = old.mailbox;
END;

-- The order that a person chose for a list: 'inboxes', 'unread', 'flagged', or the key of a mailbox.
CREATE TABLE list_order (
  list TEXT PRIMARY KEY,
  by TEXT NOT NULL,
  reversed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER list_order_gone AFTER DELETE ON mailbox BEGIN
  DELETE FROM list_order WHERE list = CAST(old.key AS TEXT);
END;

-- tombstone: docids whose row in the search index is not what it should be: the content is gone, or
-- its text or envelope came after it was indexed. through: contents up to this key may be in the index.
-- pruned: tombstones up to this number were looked at and are no longer here.
CREATE TABLE search_through (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  through INTEGER NOT NULL,
  pruned INTEGER NOT NULL
) STRICT;
INSERT INTO search_through (id, through, pruned) VALUES (1, 0, 0);
CREATE TRIGGER content_came AFTER UPDATE OF kept ON content
WHEN new.kept > old.kept AND new.key <= (SELECT through FROM search_through) BEGIN
  INSERT INTO tombstone (docid) VALUES (new.docid);
END;

-- A request may also be a search on the server, for mail whose text is not here: query, in the language
-- of search. Its answer is the messages that the server found, newest first. Requests do not outlive
-- those who wait for them, so none is carried over.
DROP TABLE request;
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (key),
  kind TEXT NOT NULL CHECK (kind IN ('fetch_body', 'sync', 'sign_in', 'search')),
  mailbox INTEGER,
  content INTEGER,
  section TEXT,
  query TEXT,
  deadline INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'taken', 'done', 'failed')),
  why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX request_account ON request (account, id);
CREATE TABLE found (
  request INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (request, message)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER request_gone AFTER DELETE ON request BEGIN
  DELETE FROM found WHERE request = old.id;
END;
