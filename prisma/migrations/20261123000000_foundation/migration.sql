CREATE TABLE users (
    id                text PRIMARY KEY,
    email             text NOT NULL,
    email_key         text NOT NULL,
    name              text NOT NULL,
    password_hash     text NOT NULL,
    profile_image_url text NOT NULL DEFAULT '',
    is_admin          boolean NOT NULL DEFAULT false,
    disabled_at       timestamptz(3),
    created_at        timestamptz(3) NOT NULL DEFAULT now(),
    updated_at        timestamptz(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key_key ON users (email_key);

CREATE TABLE apis (
    identifier                    text PRIMARY KEY,
    name                          text NOT NULL,
    algorithm                     text NOT NULL DEFAULT 'RS256',
    scopes                        text[] NOT NULL DEFAULT '{}',
    access_token_lifetime_seconds integer,
    allow_query_token             boolean NOT NULL DEFAULT false,
    hmac_key_id                   text,
    hmac_key_sealed               bytea,
    created_at                    timestamptz(3) NOT NULL DEFAULT now(),
    updated_at                    timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT apis_algorithm_check CHECK (algorithm IN ('RS256', 'ES256', 'EdDSA', 'HS256')),
    CONSTRAINT apis_hmac_key_check CHECK (algorithm <> 'HS256' OR hmac_key_sealed IS NOT NULL)
);
CREATE UNIQUE INDEX apis_hmac_key_id_key ON apis (hmac_key_id);

CREATE TABLE roles (
    name       text PRIMARY KEY,
    scopes     text[] NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE apps (
    id                            text PRIMARY KEY,
    name                          text NOT NULL,
    is_public                     boolean NOT NULL DEFAULT false,
    first_party                   boolean NOT NULL DEFAULT false,
    grants                        text[] NOT NULL,
    surfaces                      text[] NOT NULL,
    redirect_uris                 text[] NOT NULL DEFAULT '{}',
    scopes                        text[] NOT NULL DEFAULT '{}',
    owner_id                      text REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE,
    api_identifier                text NOT NULL REFERENCES apis (identifier) ON DELETE RESTRICT ON UPDATE CASCADE,
    access_token_lifetime_seconds integer,
    allow_lifetime_extension      boolean NOT NULL DEFAULT false,
    max_token_lifetime_seconds    integer,
    pkce_required                 boolean NOT NULL DEFAULT true,
    disabled_at                   timestamptz(3),
    created_at                    timestamptz(3) NOT NULL DEFAULT now(),
    updated_at                    timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX apps_owner_id_idx ON apps (owner_id);
CREATE INDEX apps_api_identifier_idx ON apps (api_identifier);

CREATE TABLE app_roles (
    app_id    text NOT NULL REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    role_name text NOT NULL REFERENCES roles (name) ON DELETE RESTRICT ON UPDATE CASCADE,
    PRIMARY KEY (app_id, role_name)
);
CREATE INDEX app_roles_role_name_idx ON app_roles (role_name);

CREATE TABLE secrets (
    id             text PRIMARY KEY,
    app_id         text REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    api_identifier text REFERENCES apis (identifier) ON DELETE CASCADE ON UPDATE CASCADE,
    label          text NOT NULL DEFAULT '',
    generation     integer NOT NULL DEFAULT 1,
    hash           bytea NOT NULL,
    last_four      text NOT NULL,
    expires_at     timestamptz(3),
    last_used_at   timestamptz(3),
    created_at     timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT secrets_owner_check CHECK ((app_id IS NULL) <> (api_identifier IS NULL))
);
CREATE INDEX secrets_app_id_idx ON secrets (app_id);
CREATE INDEX secrets_api_identifier_idx ON secrets (api_identifier);

CREATE TABLE families (
    id                text PRIMARY KEY,
    app_id            text NOT NULL REFERENCES apps (id) ON DELETE CASCADE ON UPDATE CASCADE,
    user_id           text NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    api_identifier    text NOT NULL REFERENCES apis (identifier) ON DELETE CASCADE ON UPDATE CASCADE,
    scopes            text[] NOT NULL DEFAULT '{}',
    created_at        timestamptz(3) NOT NULL,
    expires_at        timestamptz(3) NOT NULL,
    access_expires_at timestamptz(3) NOT NULL,
    revoked_at        timestamptz(3),
    revoked_reason    text
);
CREATE INDEX families_user_id_idx ON families (user_id);
CREATE INDEX families_app_id_idx ON families (app_id);
CREATE INDEX families_api_identifier_idx ON families (api_identifier);
CREATE INDEX families_expires_at_idx ON families (expires_at);

CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY,
    family_id  text NOT NULL REFERENCES families (id) ON DELETE CASCADE ON UPDATE CASCADE,
    created_at timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    used_at    timestamptz(3)
);
CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE revocations (
    kind       text NOT NULL,
    id         text NOT NULL,
    revoked_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL,
    PRIMARY KEY (kind, id),
    CONSTRAINT revocations_kind_check CHECK (kind IN ('token', 'family'))
);
CREATE INDEX revocations_expires_at_idx ON revocations (expires_at);

CREATE TABLE login_failures (
    key        text PRIMARY KEY,
    failures   integer NOT NULL,
    expires_at timestamptz(3) NOT NULL
);
CREATE INDEX login_failures_expires_at_idx ON login_failures (expires_at);

CREATE TABLE signing_keys (
    kid            text PRIMARY KEY,
    algorithm      text NOT NULL,
    public_jwk     jsonb NOT NULL,
    private_sealed bytea NOT NULL,
    published_at   timestamptz(3) NOT NULL,
    signs_from     timestamptz(3),
    tokens_until   timestamptz(3) NOT NULL
);
CREATE INDEX signing_keys_algorithm_idx ON signing_keys (algorithm);
-- One key at a time waits for the next rotation of its algorithm.
CREATE UNIQUE INDEX signing_keys_waiting_key ON signing_keys (algorithm) WHERE signs_from IS NULL;

-- Revoking cascades in the database, so that a change bites whoever makes it: a replica, the command line or psql.

CREATE FUNCTION revoke_families_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE families
       SET revoked_at = now(),
           revoked_reason = CASE WHEN NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL
                                 THEN 'user_disabled' ELSE 'password_changed' END
     WHERE user_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER users_revoke_families AFTER UPDATE ON users FOR EACH ROW
    WHEN (NEW.password_hash IS DISTINCT FROM OLD.password_hash
          OR (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL))
    EXECUTE FUNCTION revoke_families_of_user();

CREATE FUNCTION record_family_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revocations (kind, id, revoked_at, expires_at)
    VALUES ('family', OLD.id, now(), OLD.access_expires_at)
    ON CONFLICT (kind, id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER families_revoked AFTER UPDATE ON families FOR EACH ROW
    WHEN (NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL)
    EXECUTE FUNCTION record_family_revocation();

-- The sweeper removes a family only after its last access token has expired; any other removal revokes.
CREATE TRIGGER families_removed AFTER DELETE ON families FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND OLD.access_expires_at > now())
    EXECUTE FUNCTION record_family_revocation();

-- TRUNCATE fires no row triggers, so it revokes beforehand.
CREATE FUNCTION record_all_family_revocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revocations (kind, id, revoked_at, expires_at)
    SELECT 'family', id, now(), access_expires_at FROM families
     WHERE revoked_at IS NULL AND access_expires_at > now()
    ON CONFLICT (kind, id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER families_truncated BEFORE TRUNCATE ON families EXECUTE FUNCTION record_all_family_revocations();

-- The change feed. A message is {"table", "key"} for what a replica may remember, or {"revoked", "id", "until"}
-- (epoch seconds) for a revocation. Every replica listens on the channel named here.

CREATE FUNCTION announce_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('countersign_changes',
        json_build_object('revoked', NEW.kind, 'id', NEW.id, 'until', ceil(extract(epoch FROM NEW.expires_at)))::text);
    RETURN NULL;
END $$;

CREATE TRIGGER revocations_announced AFTER INSERT OR UPDATE ON revocations FOR EACH ROW
    EXECUTE FUNCTION announce_revocation();

-- The columns to announce are named by the trigger; the first that is not null is the key.
CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END;
    old_key text;
    new_key text;
BEGIN
    FOR i IN 0 .. TG_NARGS - 1 LOOP
        old_key := coalesce(old_key, before ->> TG_ARGV[i]);
        new_key := coalesce(new_key, after ->> TG_ARGV[i]);
    END LOOP;
    PERFORM pg_notify('countersign_changes', json_build_object('table', TG_TABLE_NAME, 'key', coalesce(new_key, old_key))::text);
    IF old_key IS DISTINCT FROM coalesce(new_key, old_key) THEN
        PERFORM pg_notify('countersign_changes', json_build_object('table', TG_TABLE_NAME, 'key', old_key)::text);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER users_announced AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION announce_change('id');
CREATE TRIGGER apis_announced AFTER INSERT OR UPDATE OR DELETE ON apis FOR EACH ROW EXECUTE FUNCTION announce_change('identifier');
CREATE TRIGGER roles_announced AFTER INSERT OR UPDATE OR DELETE ON roles FOR EACH ROW EXECUTE FUNCTION announce_change('name');
CREATE TRIGGER apps_announced AFTER INSERT OR UPDATE OR DELETE ON apps FOR EACH ROW EXECUTE FUNCTION announce_change('id');
CREATE TRIGGER app_roles_announced AFTER INSERT OR UPDATE OR DELETE ON app_roles FOR EACH ROW EXECUTE FUNCTION announce_change('app_id');
CREATE TRIGGER secrets_added AFTER INSERT OR DELETE ON secrets FOR EACH ROW EXECUTE FUNCTION announce_change('app_id', 'api_identifier');
-- Noting that a secret was used changes nothing that a replica remembers.
CREATE TRIGGER secrets_changed AFTER UPDATE ON secrets FOR EACH ROW
    WHEN ((NEW.app_id, NEW.api_identifier, NEW.hash, NEW.generation, NEW.expires_at)
          IS DISTINCT FROM (OLD.app_id, OLD.api_identifier, OLD.hash, OLD.generation, OLD.expires_at))
    EXECUTE FUNCTION announce_change('app_id', 'api_identifier');
-- Lengthening tokens_until concerns the sweeper alone.
CREATE TRIGGER signing_keys_added AFTER INSERT OR DELETE ON signing_keys FOR EACH ROW EXECUTE FUNCTION announce_change('kid');
CREATE TRIGGER signing_keys_changed AFTER UPDATE ON signing_keys FOR EACH ROW
    WHEN (NEW.signs_from IS DISTINCT FROM OLD.signs_from OR NEW.private_sealed IS DISTINCT FROM OLD.private_sealed)
    EXECUTE FUNCTION announce_change('kid');

-- TRUNCATE names no rows: forget everything.
CREATE FUNCTION announce_truncation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('countersign_changes', json_build_object('table', TG_TABLE_NAME, 'key', NULL)::text);
    RETURN NULL;
END $$;

CREATE TRIGGER users_truncated AFTER TRUNCATE ON users EXECUTE FUNCTION announce_truncation();
CREATE TRIGGER apis_truncated AFTER TRUNCATE ON apis EXECUTE FUNCTION announce_truncation();
CREATE TRIGGER roles_truncated AFTER TRUNCATE ON roles EXECUTE FUNCTION announce_truncation();
CREATE TRIGGER apps_truncated AFTER TRUNCATE ON apps EXECUTE FUNCTION announce_truncation();
CREATE TRIGGER app_roles_truncated AFTER TRUNCATE ON app_roles EXECUTE FUNCTION announce_truncation();
CREATE TRIGGER secrets_truncated AFTER TRUNCATE ON secrets EXECUTE FUNCTION announce_truncation();
CREATE TRIGGER signing_keys_truncated AFTER TRUNCATE ON signing_keys EXECUTE FUNCTION announce_truncation();
