-- The order of the list of sessions for operators. By itself, so that nothing else is locked while a long table is read.
CREATE INDEX sessions_created_at_idx ON sessions (created_at, id);
