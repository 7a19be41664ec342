-- The outbox tells what becomes of a try.

-- why: what kept the last try from beginning. done: octets handed over in the try at hand.
ALTER TABLE outgoing ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE outgoing ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
