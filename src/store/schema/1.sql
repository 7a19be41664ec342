CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  uuid BLOB NOT NULL,
  thread_key BLOB NOT NULL,
  made INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('imap', 'pop3', 'local')),
  shape TEXT NOT NULL DEFAULT 'folders' CHECK (shape IN ('folders', 'labels'))
) STRICT;

-- base_* is what the server last confirmed (base_name NULL: not on the server); name and subscribed
-- are what the user sees. Rows of epochs after `settled` are hidden until the renumbering ends.
CREATE TABLE mailbox (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (key),
  base_name TEXT,
  delimiter TEXT,
  attributes TEXT NOT NULL DEFAULT '',
  base_subscribed INTEGER NOT NULL DEFAULT 0,
  mailbox_id TEXT,
  uidvalidity INTEGER,
  uidnext INTEGER,
  highestmodseq INTEGER,
  permanentflags TEXT,
  name TEXT,
  subscribed INTEGER NOT NULL DEFAULT 0,
  role TEXT,
  epoch INTEGER NOT NULL DEFAULT 1,
  settled INTEGER NOT NULL DEFAULT 1,
  total INTEGER NOT NULL DEFAULT 0,
  unread INTEGER NOT NULL DEFAULT 0,
  status_messages INTEGER,
  status_unseen INTEGER,
  cursor_top INTEGER NOT NULL DEFAULT 0,
  cursor_missing TEXT NOT NULL DEFAULT '',
  synced INTEGER
) STRICT;
CREATE UNIQUE INDEX mailbox_name ON mailbox (account, base_name) WHERE base_name IS NOT NULL;

CREATE TABLE blob (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB UNIQUE,
  length INTEGER NOT NULL DEFAULT 0,
  parts TEXT
) STRICT;

CREATE TABLE section (
  blob INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  length INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  PRIMARY KEY (blob, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
  key INTEGER PRIMARY KEY,
  blob INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
  section TEXT NOT NULL,
  seq INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  coding INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX body_chunk ON body (blob, section, seq);

-- The columns that lists read come first, the long ones last.
CREATE TABLE content (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (key),
  docid INTEGER NOT NULL UNIQUE,
  thread INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0,
  blob INTEGER REFERENCES blob (key),
  attachments INTEGER NOT NULL DEFAULT 0,
  date INTEGER,
  remote_id TEXT,
  message_id TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  senders TEXT NOT NULL DEFAULT '[]',
  recipients TEXT NOT NULL DEFAULT '[]',
  list_id TEXT NOT NULL DEFAULT '',
  preview TEXT NOT NULL DEFAULT '',
  envelope TEXT NOT NULL DEFAULT '{}',
  structure TEXT
) STRICT;
CREATE UNIQUE INDEX content_remote ON content (account, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX content_blob ON content (blob) WHERE blob IS NOT NULL;

CREATE TABLE message (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  content INTEGER NOT NULL REFERENCES content (key),
  base_mailbox INTEGER REFERENCES mailbox (key),
  base_epoch INTEGER,
  base_uid INTEGER,
  base_modseq INTEGER,
  base_flags INTEGER NOT NULL DEFAULT 0,
  base_keywords TEXT NOT NULL DEFAULT '',
  mailbox INTEGER REFERENCES mailbox (key),
  flags INTEGER NOT NULL DEFAULT 0,
  keywords TEXT NOT NULL DEFAULT '',
  arrival INTEGER NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  thread INTEGER NOT NULL DEFAULT 0,
  wanted INTEGER NOT NULL DEFAULT 0,
  labels TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX message_uid ON message (base_mailbox, base_epoch, base_uid)
  WHERE base_mailbox IS NOT NULL;
CREATE INDEX message_list ON message (mailbox, arrival) WHERE mailbox IS NOT NULL;
CREATE INDEX message_unread ON message (mailbox, arrival)
  WHERE mailbox IS NOT NULL AND flags & 1 = 0;
-- wanted: 1 the body, 2 the envelope is still to be fetched if the policy asks for it.
CREATE INDEX message_wanted ON message (mailbox, wanted, arrival)
  WHERE mailbox IS NOT NULL AND wanted > 0;
CREATE INDEX message_content ON message (content);
CREATE INDEX message_thread ON message (thread, mailbox, arrival);

-- `into_thread`: the larger thread that this one joined; ids resolve through it.
CREATE TABLE thread (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  into_thread INTEGER,
  contents INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE msgid (
  hash BLOB PRIMARY KEY,
  thread INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox_thread (
  mailbox INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  unread INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (mailbox, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX mailbox_thread_newest ON mailbox_thread (mailbox, newest, thread);

CREATE TABLE action (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  word TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  action INTEGER NOT NULL,
  account INTEGER NOT NULL REFERENCES account (key),
  mailbox INTEGER REFERENCES mailbox (key),
  message INTEGER,
  kind TEXT NOT NULL CHECK (kind IN ('flag', 'move', 'copy', 'append', 'expunge', 'create',
    'rename', 'remove', 'subscribe', 'submit')),
  detail TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'in-flight', 'unsure', 'failed')),
  not_before INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',
  asked INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_message ON journal (message) WHERE message IS NOT NULL;
CREATE INDEX journal_account ON journal (account, id);

CREATE TABLE undo (
  action INTEGER NOT NULL,
  message INTEGER NOT NULL,
  mailbox INTEGER,
  flags INTEGER NOT NULL,
  keywords TEXT NOT NULL,
  PRIMARY KEY (action, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  times INTEGER NOT NULL DEFAULT 1,
  severity TEXT NOT NULL CHECK (severity IN ('note', 'warning', 'error', 'attention')),
  account TEXT NOT NULL DEFAULT '',
  topic TEXT NOT NULL DEFAULT '',
  text TEXT NOT NULL,
  hint TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX notice_open ON notice (account, topic) WHERE settled = 0;

CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (key),
  kind TEXT NOT NULL CHECK (kind IN ('fetch_body', 'sync', 'sign_in')),
  mailbox INTEGER,
  content INTEGER,
  section TEXT,
  deadline INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'taken', 'done', 'failed')),
  why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX request_account ON request (account, id);

CREATE TABLE link (
  account INTEGER PRIMARY KEY REFERENCES account (key),
  pid INTEGER NOT NULL,
  state TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  since INTEGER NOT NULL,
  next_try INTEGER,
  why TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE tombstone (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  docid INTEGER NOT NULL
) STRICT;

CREATE TABLE draft (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (key),
  base INTEGER,
  bytes BLOB NOT NULL,
  saved INTEGER NOT NULL
) STRICT;

CREATE TABLE pop3_seen (
  account INTEGER NOT NULL REFERENCES account (key),
  uidl BLOB NOT NULL,
  hash BLOB,
  state TEXT NOT NULL CHECK (state IN ('seen', 'kept', 'delete', 'deleted')),
  PRIMARY KEY (account, uidl)
) STRICT, WITHOUT ROWID;

-- Counts and per-mailbox thread rows follow every change of a message row, whoever makes it.
CREATE TRIGGER message_placed AFTER INSERT ON message WHEN new.mailbox IS NOT NULL BEGIN
  UPDATE mailbox SET total = total + 1, unread = unread + (new.flags & 1 = 0)
    WHERE key = new.mailbox;
  INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
    VALUES (new.mailbox, new.thread, new.arrival, new.flags & 1 = 0, 1)
    ON CONFLICT (mailbox, thread) DO UPDATE SET newest = max(newest, excluded.newest),
      unread = unread + excluded.unread, total = total + 1;
END;
CREATE TRIGGER message_seen AFTER UPDATE OF flags ON message
WHEN new.mailbox IS NOT NULL AND new.mailbox IS old.mailbox AND new.thread = old.thread
  AND new.flags & 1 <> old.flags & 1 BEGIN
  UPDATE mailbox SET unread = unread + (old.flags & 1) - (new.flags & 1) WHERE key = new.mailbox;
  UPDATE mailbox_thread SET unread = unread + (old.flags & 1) - (new.flags & 1)
    WHERE mailbox = new.mailbox AND thread = new.thread;
END;
CREATE TRIGGER message_left AFTER UPDATE OF mailbox, thread ON message
WHEN old.mailbox IS NOT NULL AND (new.mailbox IS NOT old.mailbox OR new.thread <> old.thread) BEGIN
  UPDATE mailbox SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE key = old.mailbox;
  UPDATE mailbox_thread SET total = total - 1, unread = unread - (old.flags & 1 = 0),
      newest = coalesce((SELECT max(arrival) FROM message
        WHERE thread = old.thread AND mailbox = old.mailbox), newest)
    WHERE mailbox = old.mailbox AND thread = old.thread;
  DELETE FROM mailbox_thread
    WHERE mailbox = old.mailbox AND thread = old.thread AND total <= 0;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF mailbox, thread ON message
WHEN new.mailbox IS NOT NULL AND (new.mailbox IS NOT old.mailbox OR new.thread <> old.thread) BEGIN
  UPDATE mailbox SET total = total + 1, unread = unread + (new.flags & 1 = 0)
    WHERE key = new.mailbox;
  INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
    VALUES (new.mailbox, new.thread, new.arrival, new.flags & 1 = 0, 1)
    ON CONFLICT (mailbox, thread) DO UPDATE SET newest = max(newest, excluded.newest),
      unread = unread + excluded.unread, total = total + 1;
END;
CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.mailbox IS NOT NULL BEGIN
  UPDATE mailbox SET total = total - 1, unread = unread - (old.flags & 1 = 0)
    WHERE key = old.mailbox;
  UPDATE mailbox_thread SET total = total - 1, unread = unread - (old.flags & 1 = 0),
      newest = coalesce((SELECT max(arrival) FROM message
        WHERE thread = old.thread AND mailbox = old.mailbox), newest)
    WHERE mailbox = old.mailbox AND thread = old.thread;
  DELETE FROM mailbox_thread
    WHERE mailbox = old.mailbox AND thread = old.thread AND total <= 0;
END;
