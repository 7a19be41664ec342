-- What a person may have to answer is looked for at every change of the journal.
CREATE INDEX journal_stuck ON journal (state, id)
  WHERE state IN ('failed', 'unsure');
