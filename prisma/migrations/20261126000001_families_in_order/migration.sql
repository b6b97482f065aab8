-- The order of the list of families for operators. By itself, so that nothing else is locked while a long table is read.
CREATE INDEX families_live_idx ON families (created_at, id) WHERE revoked_at IS NULL;
