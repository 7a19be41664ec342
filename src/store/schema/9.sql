-- Mail that only a server's list of all mail has: what was archived at Gmail. alone: 1 for a message in
-- a mailbox with the role 'all' whose content, known by the server's own id, stands in no mailbox but
-- the server's lists of what stands elsewhere; of several rows in such mailboxes the first.
-- alone_unread, alone_flagged: those of a mailbox, kept as unread and flagged are.
ALTER TABLE message ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN alone_unread INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN alone_flagged INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_alone_unread ON message (mailbox, arrival)
  WHERE alone = 1 AND flags & 1 = 0;
CREATE INDEX message_alone_flagged ON message (mailbox, arrival)
  WHERE alone = 1 AND flags & 4 <> 0;

-- What alone is to be, of messages that may be asked for by key or by content.
CREATE VIEW message_standing AS SELECT m.key, m.content,
    EXISTS (SELECT 1 FROM mailbox b WHERE b.key = m.mailbox AND b.role = 'all')
    AND EXISTS (SELECT 1 FROM content c WHERE c.key = m.content AND c.remote_id IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM message other CROSS JOIN mailbox b ON b.key = other.mailbox
      WHERE other.content = m.content
        AND (b.role IS NULL OR b.role NOT IN ('all', 'flagged', 'important')
          OR (b.role = 'all' AND other.key < m.key))) AS alone
  FROM message m;

-- Without an id of the server's a message has its content for itself: nothing is looked up for it.
CREATE TRIGGER message_alone_came AFTER INSERT ON message
WHEN new.mailbox IS NOT NULL
  AND EXISTS (SELECT 1 FROM content WHERE key = new.content AND remote_id IS NOT NULL) BEGIN
  UPDATE message SET alone = 1 - alone WHERE key IN
    (SELECT s.key FROM message m CROSS JOIN message_standing s ON s.key = m.key
      WHERE m.content = new.content AND s.alone <> m.alone);
END;
CREATE TRIGGER message_alone_moved AFTER UPDATE OF mailbox, content ON message
WHEN (new.mailbox IS NOT old.mailbox OR new.content <> old.content)
  AND EXISTS (SELECT 1 FROM content WHERE key IN (old.content, new.content)
    AND remote_id IS NOT NULL) BEGIN
  UPDATE message SET alone = 1 - alone WHERE key IN
    (SELECT s.key FROM message m CROSS JOIN message_standing s ON s.key = m.key
      WHERE m.content IN (old.content, new.content) AND s.alone <> m.alone);
END;
CREATE TRIGGER message_alone_gone AFTER DELETE ON message
WHEN old.mailbox IS NOT NULL
  AND EXISTS (SELECT 1 FROM content WHERE key = old.content AND remote_id IS NOT NULL) BEGIN
  UPDATE message SET alone = 1 - alone WHERE key IN
    (SELECT s.key FROM message m CROSS JOIN message_standing s ON s.key = m.key
      WHERE m.content = old.content AND s.alone <> m.alone);
END;
CREATE TRIGGER mailbox_alone_role AFTER UPDATE OF role ON mailbox
WHEN new.role IS NOT old.role
  AND (coalesce(new.role, '') IN ('all', 'flagged', 'important')
    OR coalesce(old.role, '') IN ('all', 'flagged', 'important')) BEGIN
  UPDATE message SET alone = 1 - alone WHERE key IN
    (SELECT s.key FROM message here CROSS JOIN message m ON m.content = here.content
        CROSS JOIN message_standing s ON s.key = m.key
      WHERE here.mailbox = new.key AND s.alone <> m.alone);
END;

-- The counts. A message that moves is counted where it comes to, until the above has looked at it.
CREATE TRIGGER message_alone_counted AFTER UPDATE OF alone ON message
WHEN new.alone <> old.alone BEGIN
  UPDATE mailbox SET
      alone_unread = alone_unread + (new.alone - old.alone) * (new.flags & 1 = 0),
      alone_flagged = alone_flagged + (new.alone - old.alone) * (new.flags & 4 <> 0)
    WHERE key = new.mailbox;
END;
CREATE TRIGGER message_alone_changed AFTER UPDATE OF mailbox, flags ON message
WHEN old.alone = 1 AND (new.mailbox IS NOT old.mailbox OR new.flags & 5 <> old.flags & 5) BEGIN
  UPDATE mailbox SET alone_unread = alone_unread - (old.flags & 1 = 0),
      alone_flagged = alone_flagged - (old.flags & 4 <> 0)
    WHERE key = old.mailbox;
  UPDATE mailbox SET alone_unread = alone_unread + (new.flags & 1 = 0),
      alone_flagged = alone_flagged + (new.flags & 4 <> 0)
    WHERE key = new.mailbox;
END;
CREATE TRIGGER message_alone_left AFTER DELETE ON message WHEN old.alone = 1 BEGIN
  UPDATE mailbox SET alone_unread = alone_unread - (old.flags & 1 = 0),
      alone_flagged = alone_flagged - (old.flags & 4 <> 0)
    WHERE key = old.mailbox;
END;

UPDATE message SET alone = 1 WHERE key IN
  (SELECT s.key FROM mailbox b CROSS JOIN message m ON m.mailbox = b.key
      CROSS JOIN message_standing s ON s.key = m.key
    WHERE b.role = 'all' AND s.alone = 1);
