-- The order of the list of connections for operators. By itself, so that nothing else is locked while a long table is read.
CREATE INDEX connections_created_at_idx ON connections (created_at, id);
