import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FamilyStore, NewFamily, Rotation } from '../../src/oauth/authorization-ports.ts';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import { createFamilyStore } from '../../src/storage/family-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = Math.floor(Date.now() / 1000);
const HASH = '$argon2id$the hash that was verified';

let testDatabase: TestDatabase;
let database: Database;
let sql: pg.Client;
let store: FamilyStore;
const noted = new Map<string, number>();

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const opened = openDatabase(testDatabase.url, 10);
  database = opened.database;
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
  store = createFamilyStore(database, opened.runStatement, (id, until) => noted.set(id, until));
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('https://api.test', 'API');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier)
    VALUES ('app', 'App', '{}', '{}', 'https://api.test'), ('other', 'Other', '{}', '{}', 'https://api.test')`);
});
beforeEach(() => noted.clear());
afterAll(async () => {
  await sql.end();
  await database.$disconnect();
  await testDatabase.drop();
});

async function newUser(): Promise<string> {
  const id = `usr_${randomUUID()}`;
  await sql.query('INSERT INTO users (id, email, email_key, name, password_hash) VALUES ($1, $1, $1, $1, $2)', [
    id,
    HASH,
  ]);
  return id;
}

function draft(userId: string): NewFamily {
  return {
    id: `fam_${randomUUID()}`,
    appId: 'app',
    userId,
    apiIdentifier: 'https://api.test',
    scopes: ['read', 'write'],
    createdAt: NOW,
    expiresAt: NOW + 10_000,
    accessExpiresAt: NOW + 3600,
    refreshTokenHash: randomBytes(32),
    refreshTokenExpiresAt: NOW + 1000,
    passwordHash: HASH,
  };
}

async function started(userId?: string): Promise<NewFamily> {
  const family = draft(userId ?? (await newUser()));
  expect(await store.start(family)).toBe(true);
  return family;
}

function rotate(
  presentedHash: Uint8Array,
  successorHash = randomBytes(32),
  appId = 'app',
  now = NOW,
): Promise<Rotation> {
  return store.rotate({
    presentedHash,
    successorHash,
    appId,
    now,
    successorExpiresAt: now + 1000,
    accessExpiresAt: now + 3600,
    retryWindowSeconds: 0,
  });
}

const outcomes = (rotations: readonly Rotation[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { outcome } of rotations) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};

const revocationOf = async (familyId: string): Promise<number | undefined> => {
  const { rows } = await sql.query("SELECT expires_at FROM revocations WHERE kind = 'family' AND id = $1", [familyId]);
  return rows[0] === undefined ? undefined : rows[0].expires_at.getTime() / 1000;
};

describe('starting a family', () => {
  it('starts none for a person who is unknown, disabled, or has another password by now', async () => {
    expect(await store.start(draft('usr_unknown'))).toBe(false);
    const userId = await newUser();
    expect(await store.start({ ...draft(userId), passwordHash: 'an older hash' })).toBe(false);
    await sql.query('UPDATE users SET disabled_at = now() WHERE id = $1', [userId]);
    expect(await store.start(draft(userId))).toBe(false);
    const { rows } = await sql.query('SELECT count(*)::int AS n FROM families WHERE user_id = $1', [userId]);
    expect(rows[0].n).toBe(0);
  });

  it('leaves no live family when the person is disabled at the same moment', async () => {
    for (let round = 0; round < 40; round++) {
      const userId = await newUser();
      const work = Array.from({ length: 5 }, () => store.start(draft(userId)));
      await sql.query('UPDATE users SET disabled_at = now() WHERE id = $1', [userId]);
      await Promise.all(work);
      const { rows } = await sql.query('SELECT id, revoked_at FROM families WHERE user_id = $1', [userId]);
      for (const { id, revoked_at } of rows) {
        expect(revoked_at).not.toBeNull();
        expect(await revocationOf(id)).toBeDefined();
      }
    }
  });

  it('waits for a change of the person that is under way, and honours it', async () => {
    const userId = await newUser();
    await sql.query('BEGIN');
    await sql.query("UPDATE users SET password_hash = 'new' WHERE id = $1", [userId]);
    const start = store.start(draft(userId));
    await sql.query('COMMIT');
    expect(await start).toBe(false);
  });
});

describe('rotating', () => {
  it('gives back the family, whose absolute end does not move', async () => {
    const family = await started();
    const successor = randomBytes(32);
    const rotation = await rotate(family.refreshTokenHash, successor, 'app', NOW + 500);
    expect(rotation).toEqual({
      outcome: 'rotated',
      family: {
        id: family.id,
        appId: 'app',
        userId: family.userId,
        apiIdentifier: 'https://api.test',
        scopes: ['read', 'write'],
        createdAt: NOW,
        expiresAt: NOW + 10_000,
      },
    });
    expect(await rotate(successor, undefined, 'app', NOW + 1400)).toMatchObject({ outcome: 'rotated' });
  });

  it('does not know a hash that was never stored', async () => {
    expect(await rotate(randomBytes(32))).toEqual({ outcome: 'unknown' });
  });

  it('refuses the token of another app, used or not, without touching its family', async () => {
    const family = await started();
    expect(await rotate(family.refreshTokenHash, undefined, 'other')).toEqual({ outcome: 'foreign' });
    const successor = randomBytes(32);
    expect(await rotate(family.refreshTokenHash, successor)).toMatchObject({ outcome: 'rotated' });
    expect(await rotate(family.refreshTokenHash, undefined, 'other')).toEqual({ outcome: 'foreign' });
    expect(await rotate(successor)).toMatchObject({ outcome: 'rotated' });
    expect(await revocationOf(family.id)).toBeUndefined();
  });

  it('expires a token at its second, and lets no successor outlive the family', async () => {
    const family = await started();
    expect(await rotate(family.refreshTokenHash, undefined, 'app', NOW + 1000)).toEqual({ outcome: 'expired' });
    expect(await revocationOf(family.id)).toBeUndefined();

    let { refreshTokenHash: token } = await started();
    for (let now = NOW + 900; now < NOW + 10_000; now += 900) {
      const successor = randomBytes(32);
      expect(await rotate(token, successor, 'app', now)).toMatchObject({ outcome: 'rotated' });
      token = successor;
    }
    expect(await rotate(token, undefined, 'app', NOW + 10_000)).toEqual({ outcome: 'expired' });
  });

  it('revokes the family of a token that was used before, for as long as its access tokens live', async () => {
    const family = await started();
    const successor = randomBytes(32);
    await rotate(family.refreshTokenHash, successor, 'app', NOW + 100);
    expect(await rotate(family.refreshTokenHash, undefined, 'app', NOW + 200)).toEqual({ outcome: 'reused' });
    expect(await rotate(successor, undefined, 'app', NOW + 200)).toEqual({ outcome: 'revoked' });
    // The last access token was issued at 100 and lives an hour.
    expect(await revocationOf(family.id)).toBe(NOW + 100 + 3600);
    expect(noted.get(family.id)).toBeGreaterThanOrEqual(NOW + 100 + 3600);
  });

  it('has exactly one winner among 50 at once, in many rounds', async () => {
    for (let round = 0; round < 20; round++) {
      const family = await started();
      const rotations = await Promise.all(Array.from({ length: 50 }, () => rotate(family.refreshTokenHash)));
      expect(outcomes(rotations)).toMatchObject({ rotated: 1 });
      expect(outcomes(rotations)).not.toHaveProperty('unknown');
      expect(await revocationOf(family.id)).toBeDefined();
      const { rows } = await sql.query('SELECT count(*)::int AS n FROM refresh_tokens WHERE family_id = $1', [
        family.id,
      ]);
      expect(rows[0].n).toBe(2);
    }
  });

  it('and revoking at once take turns: whatever comes of the rotation, the family is dead and so are its access tokens', async () => {
    for (let round = 0; round < 40; round++) {
      const family = await started();
      const successor = randomBytes(32);
      const now = NOW + 60;
      const [rotation] = await Promise.all([
        rotate(family.refreshTokenHash, successor, 'app', now),
        store.revoke(family.id, 'signed_out', now),
      ]);
      expect(['rotated', 'revoked']).toContain(rotation.outcome);
      expect((await rotate(successor, undefined, 'app', now)).outcome).not.toBe('rotated');
      const lastAccess = rotation.outcome === 'rotated' ? now + 3600 : NOW + 3600;
      expect(await revocationOf(family.id)).toBeGreaterThanOrEqual(lastAccess);
      expect(noted.get(family.id)).toBeGreaterThanOrEqual(lastAccess);
    }
  });

  it('does not deadlock with reuse, revoking and disabling at once', async () => {
    for (let round = 0; round < 15; round++) {
      const userId = await newUser();
      const families = await Promise.all([started(userId), started(userId), started(userId)]);
      const work: Promise<unknown>[] = families.flatMap(({ id, refreshTokenHash }) => [
        rotate(refreshTokenHash),
        rotate(refreshTokenHash),
        store.revoke(id, 'signed_out', NOW),
        rotate(refreshTokenHash),
      ]);
      work.push(sql.query('UPDATE users SET disabled_at = now() WHERE id = $1', [userId]));
      await expect(Promise.all(work)).resolves.toBeDefined();
      for (const { id } of families) expect(await revocationOf(id)).toBeDefined();
    }
  });
});

describe('revoking', () => {
  it('records what replicas must know until the last access token has expired, once', async () => {
    const family = await started();
    await store.revoke(family.id, 'signed_out', NOW);
    expect(await revocationOf(family.id)).toBe(NOW + 3600);
    noted.clear();
    await store.revoke(family.id, 'signed_out', NOW + 1);
    expect(noted.size).toBe(0);
  });

  it.each([
    ['its removal', 'DELETE FROM families WHERE id = $1'],
    ['the removal of its user', 'DELETE FROM users WHERE id = (SELECT user_id FROM families WHERE id = $1)'],
    ['a hand-made mark', 'UPDATE families SET revoked_at = now() WHERE id = $1'],
    [
      'a new password of its user',
      "UPDATE users SET password_hash = 'x' WHERE id = (SELECT user_id FROM families WHERE id = $1)",
    ],
    [
      'disabling its user',
      'UPDATE users SET disabled_at = now() WHERE id = (SELECT user_id FROM families WHERE id = $1)',
    ],
  ])('happens by plain SQL, too: %s', async (_name, statement) => {
    const family = await started();
    await sql.query(statement, [family.id]);
    expect(await revocationOf(family.id)).toBe(NOW + 3600);
  });

  it('happens when the table is truncated', async () => {
    const families = await Promise.all([started(), started()]);
    await sql.query('TRUNCATE families CASCADE');
    for (const { id } of families) expect(await revocationOf(id)).toBe(NOW + 3600);
  });
});
