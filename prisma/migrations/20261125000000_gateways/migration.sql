ALTER TABLE apis
    -- Whether people may make keys for it by themselves.
    ADD COLUMN allow_api_keys                boolean NOT NULL DEFAULT false,
    -- For how long whoever asked about a token may keep the answer; 0 is not at all.
    ADD COLUMN introspection_max_age_seconds integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT apis_introspection_max_age_check CHECK (introspection_max_age_seconds BETWEEN 0 AND 3600);

-- API keys. Each acts for a person or for an app.
CREATE TABLE api_keys (
    id             text PRIMARY KEY,
    hash           bytea NOT NULL,
    label          text NOT NULL DEFAULT '',
    last_four      text NOT NULL,
    user_id        text REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    app_id         text REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    api_identifier text NOT NULL REFERENCES apis (identifier) ON DELETE CASCADE ON UPDATE CASCADE,
    scopes         text[] NOT NULL DEFAULT '{}',
    created_at     timestamptz(3) NOT NULL DEFAULT now(),
    expires_at     timestamptz(3),
    last_used_at   timestamptz(3),
    CONSTRAINT api_keys_owner_check CHECK ((user_id IS NULL) <> (app_id IS NULL))
);
CREATE UNIQUE INDEX api_keys_hash_key ON api_keys (hash);
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id);
CREATE INDEX api_keys_app_id_idx ON api_keys (app_id);
CREATE INDEX api_keys_api_identifier_idx ON api_keys (api_identifier);
CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at);

-- Replicas remember keys as they do connections.
CREATE TRIGGER api_keys_announced AFTER INSERT OR DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION announce_change('hash');
CREATE TRIGGER api_keys_changed AFTER UPDATE ON api_keys FOR EACH ROW
    WHEN ((NEW.hash, NEW.user_id, NEW.app_id, NEW.api_identifier, NEW.scopes, NEW.expires_at)
          IS DISTINCT FROM (OLD.hash, OLD.user_id, OLD.app_id, OLD.api_identifier, OLD.scopes, OLD.expires_at))
    EXECUTE FUNCTION announce_change('hash');
CREATE TRIGGER api_keys_truncated AFTER TRUNCATE ON api_keys EXECUTE FUNCTION announce_truncation();

-- Disabling a person ends their keys, too. A change of password does not: programs use keys.
CREATE OR REPLACE FUNCTION end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions WHERE user_id = NEW.id;
    DELETE FROM authorization_codes WHERE user_id = NEW.id AND used_at IS NULL;
    IF NEW.disabled_at IS NOT NULL THEN
        DELETE FROM connections WHERE user_id = NEW.id;
        DELETE FROM api_keys WHERE user_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Plans: what an app may use, and what it pays with.
CREATE TABLE plans (
    name                text PRIMARY KEY,
    requests_per_minute integer,
    metered             boolean NOT NULL DEFAULT false,
    token_cost          integer NOT NULL DEFAULT 0,
    created_at          timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT plans_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT plans_token_cost_check CHECK (token_cost >= 0)
);
ALTER TABLE apps ADD COLUMN plan_name text REFERENCES plans (name) ON DELETE RESTRICT ON UPDATE CASCADE;
CREATE INDEX apps_plan_name_idx ON apps (plan_name);
CREATE TRIGGER plans_announced AFTER INSERT OR UPDATE OR DELETE ON plans FOR EACH ROW EXECUTE FUNCTION announce_change('name');
CREATE TRIGGER plans_truncated AFTER TRUNCATE ON plans EXECUTE FUNCTION announce_truncation();

-- Prepaid credits that no replica has taken yet, and those that one has.
CREATE TABLE balances (
    app_id     text PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    credits    bigint NOT NULL DEFAULT 0,
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT balances_credits_check CHECK (credits >= 0)
);
-- What a replica has taken since the lease began and what of it was used: totals, so that saying them twice changes
-- nothing. A lease goes with its balance, whose row every change of a lease locks first.
CREATE TABLE credit_leases (
    id         text PRIMARY KEY,
    app_id     text NOT NULL REFERENCES balances (app_id) ON DELETE CASCADE ON UPDATE CASCADE,
    taken      bigint NOT NULL,
    used       bigint NOT NULL DEFAULT 0,
    expires_at timestamptz(3) NOT NULL,
    CONSTRAINT credit_leases_used_check CHECK (used BETWEEN 0 AND taken)
);
CREATE INDEX credit_leases_app_id_idx ON credit_leases (app_id);
CREATE INDEX credit_leases_expires_at_idx ON credit_leases (expires_at);
-- Whoever tops up and does not hear the answer can say the same reference again.
CREATE TABLE top_ups (
    id         text PRIMARY KEY,
    app_id     text NOT NULL REFERENCES balances (app_id) ON DELETE CASCADE ON UPDATE CASCADE,
    credits    bigint NOT NULL,
    reference  text,
    created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX top_ups_app_id_reference_key ON top_ups (app_id, reference);

-- A replica that knows a balance to be empty hears when there is more to take. Taking is not announced.
CREATE TRIGGER balances_added AFTER INSERT ON balances FOR EACH ROW EXECUTE FUNCTION announce_change('app_id');
CREATE TRIGGER balances_raised AFTER UPDATE ON balances FOR EACH ROW
    WHEN (NEW.credits > OLD.credits)
    EXECUTE FUNCTION announce_change('app_id');

-- What is counted for a short while only. A crash may lose it: then counting begins anew.
CREATE UNLOGGED TABLE rate_windows (
    key        text PRIMARY KEY,
    taken      bigint NOT NULL,
    -- What the last taking got of it.
    granted    bigint NOT NULL,
    expires_at timestamptz(3) NOT NULL
);
CREATE INDEX rate_windows_expires_at_idx ON rate_windows (expires_at);
CREATE UNLOGGED TABLE counters (
    key        text PRIMARY KEY,
    count      bigint NOT NULL,
    expires_at timestamptz(3) NOT NULL
);
CREATE INDEX counters_expires_at_idx ON counters (expires_at);

-- After too many failures, each further one must be waited for longer.
ALTER TABLE login_failures ADD COLUMN blocked_until timestamptz(3);

-- The list of revocations is published, so that it must also say what a replica sees from the app itself: which secrets
-- are gone ('id.generation', as tokens name them) and which apps are disabled or deleted.
ALTER TABLE revocations
    -- The transaction that recorded it. Whoever has read up to the oldest that is still running has missed nothing.
    -- Not volatile, so that rows of before are not rewritten: this transaction recorded them.
    ADD COLUMN recorded_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    -- An app that was enabled again.
    ADD COLUMN restored_at timestamptz(3),
    DROP CONSTRAINT revocations_kind_check,
    ADD CONSTRAINT revocations_kind_check CHECK (kind IN ('token', 'family', 'secret', 'app'));

-- When the last token of an app will have expired. Until when a key of the ring signed is known; nobody keeps that of the
-- keys that belong to one API.
CREATE FUNCTION tokens_of_app_end(identifier text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM apis WHERE apis.identifier = $1 AND hmac_key_sealed IS NOT NULL)
            THEN timestamptz '9999-12-31 23:59:59+00'
        ELSE greatest(now() + interval '1 day', (SELECT max(tokens_until) FROM signing_keys))
    END
$$;

CREATE FUNCTION record_secret_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revocations (kind, id, revoked_at, expires_at)
    VALUES ('secret', OLD.id || '.' || OLD.generation, now(), tokens_of_app_end(
        (SELECT api_identifier FROM apps WHERE id IN (OLD.app_id, NEW.app_id) ORDER BY id = OLD.app_id DESC LIMIT 1)))
    -- Of an app that is deleted, the secrets were recorded before.
    ON CONFLICT (kind, id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER secrets_deleted AFTER DELETE ON secrets FOR EACH ROW
    WHEN (OLD.app_id IS NOT NULL)
    EXECUTE FUNCTION record_secret_revocation();
CREATE TRIGGER secrets_regenerated AFTER UPDATE ON secrets FOR EACH ROW
    WHEN (OLD.app_id IS NOT NULL AND NEW.generation IS DISTINCT FROM OLD.generation)
    EXECUTE FUNCTION record_secret_revocation();

-- A token names its app and its secret. What a secret issued for one app is dead when it becomes another's, by that or
-- by renaming the app: as another generation it can be told apart.
CREATE FUNCTION begin_secret_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.generation := OLD.generation + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER secrets_moved BEFORE UPDATE ON secrets FOR EACH ROW
    WHEN (NEW.app_id IS DISTINCT FROM OLD.app_id AND NEW.generation = OLD.generation)
    EXECUTE FUNCTION begin_secret_anew();

CREATE FUNCTION record_app_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends timestamptz := tokens_of_app_end(OLD.api_identifier);
BEGIN
    INSERT INTO revocations (kind, id, revoked_at, expires_at) VALUES ('app', OLD.id, now(), ends)
    ON CONFLICT (kind, id) DO UPDATE SET
        revoked_at = now(), restored_at = NULL, recorded_in = excluded.recorded_in,
        expires_at = greatest(revocations.expires_at, excluded.expires_at);
    IF TG_OP = 'DELETE' THEN
        INSERT INTO revocations (kind, id, revoked_at, expires_at)
        SELECT 'secret', id || '.' || generation, now(), ends FROM secrets WHERE app_id = OLD.id
        ON CONFLICT (kind, id) DO NOTHING;
        RETURN OLD;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER apps_disabled AFTER UPDATE ON apps FOR EACH ROW
    WHEN (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL)
    EXECUTE FUNCTION record_app_revocation();
CREATE TRIGGER apps_renamed AFTER UPDATE ON apps FOR EACH ROW
    WHEN (NEW.id IS DISTINCT FROM OLD.id)
    EXECUTE FUNCTION record_app_revocation();
CREATE TRIGGER apps_deleted BEFORE DELETE ON apps FOR EACH ROW EXECUTE FUNCTION record_app_revocation();

CREATE FUNCTION record_app_restoration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE revocations
       SET restored_at = now(), recorded_in = pg_current_xact_id()::text::bigint
     WHERE kind = 'app' AND id = NEW.id AND restored_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER apps_enabled AFTER UPDATE ON apps FOR EACH ROW
    WHEN (NEW.disabled_at IS NULL AND (OLD.disabled_at IS NOT NULL OR NEW.id IS DISTINCT FROM OLD.id))
    EXECUTE FUNCTION record_app_restoration();
-- Of another app of that name before, the tokens stay dead: its secrets and families are in the list themselves.
CREATE TRIGGER apps_added AFTER INSERT ON apps FOR EACH ROW
    WHEN (NEW.disabled_at IS NULL)
    EXECUTE FUNCTION record_app_restoration();

-- TRUNCATE fires no row triggers, so it revokes beforehand.
CREATE FUNCTION record_all_secret_revocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revocations (kind, id, revoked_at, expires_at)
    SELECT 'secret', s.id || '.' || s.generation, now(), tokens_of_app_end(a.api_identifier)
      FROM secrets s JOIN apps a ON a.id = s.app_id
    ON CONFLICT (kind, id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER secrets_recorded BEFORE TRUNCATE ON secrets EXECUTE FUNCTION record_all_secret_revocations();

CREATE FUNCTION record_all_app_revocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revocations (kind, id, revoked_at, expires_at)
    SELECT 'app', id, now(), tokens_of_app_end(api_identifier) FROM apps
    ON CONFLICT (kind, id) DO UPDATE SET
        revoked_at = now(), restored_at = NULL, recorded_in = excluded.recorded_in,
        expires_at = greatest(revocations.expires_at, excluded.expires_at);
    RETURN NULL;
END $$;
CREATE TRIGGER apps_recorded BEFORE TRUNCATE ON apps EXECUTE FUNCTION record_all_app_revocations();

-- What was disabled before this list was kept.
INSERT INTO revocations (kind, id, revoked_at, expires_at)
SELECT 'app', id, disabled_at, tokens_of_app_end(api_identifier) FROM apps WHERE disabled_at IS NOT NULL
ON CONFLICT (kind, id) DO NOTHING;
