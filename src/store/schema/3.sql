-- What a person may have to answer is looked for at every change of the journal.
CREATE INDEX journal_stuck ON journal (state, id)
  WHERE state IN ('failed', 'unsure');

-- Whether the server can expunge single messages; NULL until it was asked.
ALTER TABLE account ADD COLUMN uidplus INTEGER;
