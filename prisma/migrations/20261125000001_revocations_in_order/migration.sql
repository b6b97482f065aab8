-- The order of the published list. Of millions of rows this takes seconds, so that it has a transaction of its own: only
-- who revokes waits for it meanwhile, and nobody who reads.
CREATE INDEX revocations_recorded_in_idx ON revocations (recorded_in, kind, id);
