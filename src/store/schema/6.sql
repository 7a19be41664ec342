-- Mail by POP3. What is known of each message on the server outlives the message's row here, so that
-- a local delete is no reason to fetch it again. `uidl` is NULL where the server gives no name of
-- use; `head` is the hash of the header as TOP and RETR give it, `hash` that of all bytes, NULL until
-- they are here. 'listed': the header is here; 'here': all bytes are; 'leaving': a DELE may have been
-- sent; 'left': the server said +OK to the QUIT after it.
DROP TABLE pop3_seen;
CREATE TABLE pop3_seen (
  key INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (key),
  uidl BLOB,
  head BLOB NOT NULL,
  hash BLOB,
  message INTEGER,
  state TEXT NOT NULL CHECK (state IN ('listed', 'here', 'leaving', 'left')),
  since INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX pop3_seen_uidl ON pop3_seen (account, uidl) WHERE uidl IS NOT NULL;
CREATE INDEX pop3_seen_hash ON pop3_seen (account, hash) WHERE hash IS NOT NULL;
CREATE INDEX pop3_seen_message ON pop3_seen (message) WHERE message IS NOT NULL;

-- `message` is NULL once a person deleted it here for good: said so, not concluded from its absence.
-- What was filed on another server may go there in other ways, and says nothing about this one.
CREATE TRIGGER pop3_seen_deleted AFTER DELETE ON message WHEN old.base_mailbox IS NULL BEGIN
  UPDATE pop3_seen SET message = NULL WHERE message = old.key;
END;

-- What may become of messages on a POP3 server, as the person last agreed to.
ALTER TABLE account ADD COLUMN on_server TEXT;

-- What stood around a message in the mbox file that it was imported from: its From_ line and what
-- followed it, where they are not what would be written without this.
CREATE TABLE frame (
  message INTEGER PRIMARY KEY,
  line BLOB NOT NULL,
  tail BLOB NOT NULL
) STRICT;
CREATE TRIGGER frame_gone AFTER DELETE ON message BEGIN
  DELETE FROM frame WHERE message = old.key;
END;

-- Copies of sent mail that wait for the first list of the account's mailboxes.
CREATE TABLE unfiled (
  content INTEGER PRIMARY KEY REFERENCES content (key),
  account INTEGER NOT NULL REFERENCES account (key),
  size INTEGER NOT NULL,
  sent_as TEXT NOT NULL
) STRICT;
