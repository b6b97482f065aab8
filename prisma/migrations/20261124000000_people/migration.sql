ALTER TABLE apps
    ADD COLUMN refresh_idle_seconds         integer,
    ADD COLUMN refresh_absolute_seconds     integer,
    ADD COLUMN refresh_retry_window_seconds integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT apps_refresh_retry_window_check CHECK (refresh_retry_window_seconds BETWEEN 0 AND 60);

-- What a scope means to a person, by its name.
ALTER TABLE apis ADD COLUMN scope_descriptions jsonb NOT NULL DEFAULT '{}';

ALTER TABLE families ADD COLUMN last_used_at timestamptz(3);

CREATE TABLE sessions (
    id               text PRIMARY KEY,
    hash             bytea NOT NULL,
    user_id          text NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    user_agent       text NOT NULL DEFAULT '',
    address          text NOT NULL DEFAULT '',
    created_at       timestamptz(3) NOT NULL,
    authenticated_at timestamptz(3) NOT NULL,
    last_seen_at     timestamptz(3) NOT NULL,
    expires_at       timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX sessions_hash_key ON sessions (hash);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE consents (
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    app_id     text NOT NULL REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    scopes     text[] NOT NULL DEFAULT '{}',
    granted_at timestamptz(3) NOT NULL,
    PRIMARY KEY (user_id, app_id)
);
CREATE INDEX consents_app_id_idx ON consents (app_id);

CREATE TABLE authorization_codes (
    hash             bytea PRIMARY KEY,
    app_id           text NOT NULL REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    user_id          text NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    api_identifier   text NOT NULL REFERENCES apis (identifier) ON DELETE CASCADE ON UPDATE CASCADE,
    scopes           text[] NOT NULL DEFAULT '{}',
    -- Where the code was sent; null when it was shown instead (the embedded flow).
    redirect_uri     text,
    challenge        text,
    password_hash    text NOT NULL,
    created_at       timestamptz(3) NOT NULL,
    expires_at       timestamptz(3) NOT NULL,
    used_at          timestamptz(3),
    -- What came of it, so that presenting it again can take that back.
    family_id        text,
    connection_id    text
);
CREATE INDEX authorization_codes_app_id_idx ON authorization_codes (app_id);
CREATE INDEX authorization_codes_user_id_idx ON authorization_codes (user_id);
CREATE INDEX authorization_codes_api_identifier_idx ON authorization_codes (api_identifier);
CREATE INDEX authorization_codes_expires_at_idx ON authorization_codes (expires_at);

CREATE TABLE connections (
    id             text PRIMARY KEY,
    hash           bytea NOT NULL,
    app_id         text NOT NULL REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    user_id        text NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    api_identifier text NOT NULL REFERENCES apis (identifier) ON DELETE CASCADE ON UPDATE CASCADE,
    scopes         text[] NOT NULL DEFAULT '{}',
    created_at     timestamptz(3) NOT NULL,
    last_used_at   timestamptz(3)
);
CREATE UNIQUE INDEX connections_hash_key ON connections (hash);
CREATE INDEX connections_app_id_idx ON connections (app_id);
CREATE INDEX connections_user_id_idx ON connections (user_id);
CREATE INDEX connections_api_identifier_idx ON connections (api_identifier);

-- The browser sessions of a person end with a change of password; with disabling, everything does.
CREATE FUNCTION end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions WHERE user_id = NEW.id;
    DELETE FROM authorization_codes WHERE user_id = NEW.id AND used_at IS NULL;
    IF NEW.disabled_at IS NOT NULL THEN
        DELETE FROM connections WHERE user_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER users_end_sessions AFTER UPDATE ON users FOR EACH ROW
    WHEN (NEW.password_hash IS DISTINCT FROM OLD.password_hash
          OR (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL))
    EXECUTE FUNCTION end_sessions_of_user();

-- Replicas remember connections by the hash of their token, in hexadecimal (\x...), as to_jsonb writes it.
CREATE TRIGGER connections_announced AFTER INSERT OR DELETE ON connections FOR EACH ROW EXECUTE FUNCTION announce_change('hash');
CREATE TRIGGER connections_changed AFTER UPDATE ON connections FOR EACH ROW
    WHEN ((NEW.hash, NEW.app_id, NEW.user_id, NEW.api_identifier, NEW.scopes)
          IS DISTINCT FROM (OLD.hash, OLD.app_id, OLD.user_id, OLD.api_identifier, OLD.scopes))
    EXECUTE FUNCTION announce_change('hash');
CREATE TRIGGER connections_truncated AFTER TRUNCATE ON connections EXECUTE FUNCTION announce_truncation();
