-- The outbox tells what becomes of a try, and what the server takes.

-- why: what kept the last try from beginning. done: octets handed over in the try at hand.
ALTER TABLE outgoing ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE outgoing ADD COLUMN done INTEGER NOT NULL DEFAULT 0;

-- takes: the most octets of a message that the outgoing server takes, as it said last; 0 for no limit,
-- NULL until it was asked.
ALTER TABLE account ADD COLUMN takes INTEGER;
