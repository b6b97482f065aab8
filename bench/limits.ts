import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { cpus } from 'node:os';
import formbody from '@fastify/formbody';
import Fastify from 'fastify';
import { CompactSign, compactVerify, exportJWK, generateKeyPair } from 'jose';
import pg from 'pg';
import { CHALLENGE, findParties, insertCodes } from './codes.ts';

/** What this machine can do at most. Each limit runs in a process of its own, so that nothing else slows it. */

const TOKEN_SIZED = { access_token: 'x'.repeat(700), token_type: 'Bearer', expires_in: 900, scope: 'read write' };

/** RSA-2048 signatures per second with the library that signs tokens, on all cores. */
async function rsaSignatures(seconds: number): Promise<number> {
  const { privateKey } = await generateKeyPair('RS256');
  const payload = new TextEncoder().encode(JSON.stringify({ sub: 'x'.repeat(350) }));
  const until = performance.now() + seconds * 1000;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      await new CompactSign(payload).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
      count++;
    }
  };
  await Promise.all(Array.from({ length: cpus().length * 4 }, worker));
  return count / seconds;
}

/**
 * RSA-2048 verifications of access tokens per second on all cores, with the library that signs them; or, without its way
 * around them, by node:crypto alone.
 */
async function rsaVerifications(seconds: number, bare: boolean): Promise<number> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const payload = new TextEncoder().encode(JSON.stringify({ sub: 'x'.repeat(350) }));
  const token = await new CompactSign(payload).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  const key = createPublicKey({ key: { ...(await exportJWK(publicKey)) }, format: 'jwk' });
  const end = token.lastIndexOf('.');
  const signed = Buffer.from(token.slice(0, end));
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const verifyBare = (): Promise<boolean> =>
    new Promise((resolve) => verify('sha256', signed, key, signature, (_error, right) => resolve(right)));
  const until = performance.now() + seconds * 1000;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      if (bare) await verifyBare();
      else await compactVerify(token, publicKey);
      count++;
    }
  };
  await Promise.all(Array.from({ length: cpus().length * 4 }, worker));
  return count / seconds;
}

/** A Fastify server that takes a form and gives back something as large as a token, and the least at GET. */
async function bareFastify(): Promise<void> {
  const app = Fastify();
  await app.register(formbody);
  app.post('/', async () => TOKEN_SIZED);
  app.get('/', async () => ({ ok: true }));
  app.get('/empty', (_request, reply) => void reply.send());
  process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }));
}

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** Rotations of refresh tokens per second: the statement of the server, from a bare client with named statements. */
async function rotations(url: string, connections: number, seconds: number): Promise<number> {
  // The compiled server's own statement, so that both do the same.
  const module = '../../dist/storage/family-store.js';
  const { rotationStatement } = (await import(module)) as { rotationStatement: (request: object) => Statement };
  const setup = new pg.Client(url);
  await setup.connect();
  const parties = await findParties(setup);
  const until = performance.now() + seconds * 1000;
  let count = 0;
  const worker = async (number: number): Promise<void> => {
    const client = new pg.Client(url);
    await client.connect();
    const familyId = `bench_${process.pid}_${number}`;
    let hash = randomBytes(32);
    await client.query(
      `INSERT INTO families (id, app_id, user_id, api_identifier, created_at, expires_at, access_expires_at)
       VALUES ($1, $2, $3, $4, now(), now() + interval '1 day', now())`,
      [familyId, parties.appId, parties.userId, parties.apiIdentifier],
    );
    await client.query(
      `INSERT INTO refresh_tokens (hash, family_id, created_at, expires_at) VALUES ($1, $2, now(), now() + interval '1 day')`,
      [hash, familyId],
    );
    while (performance.now() < until) {
      const successorHash = randomBytes(32);
      const now = Math.floor(Date.now() / 1000);
      const { text, values } = rotationStatement({
        presentedHash: hash,
        successorHash,
        appId: parties.appId,
        now,
        successorExpiresAt: now + 3600,
        accessExpiresAt: now + 3600,
        retryWindowSeconds: 0,
      });
      const result = await client.query<{ rotated: boolean }>({ name: 'rotate', text, values });
      if (result.rows[0]?.rotated !== true) throw new Error('A rotation of the limit failed.');
      hash = successorHash;
      count++;
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => worker(number)));
  await setup.query(`DELETE FROM families WHERE id LIKE 'bench\\_%'`);
  await setup.end();
  return count / seconds;
}

/** More than a bare client redeems in a second on any machine. */
const CODES_PER_SECOND = 12_000;

/** Redemptions of codes per second: the statement of the server, from a bare client with named statements. */
async function redemptions(url: string, connections: number, seconds: number): Promise<number> {
  const module = '../../dist/storage/code-store.js';
  const { redemptionStatement } = (await import(module)) as {
    redemptionStatement: (presented: object, becomes: object) => Statement;
  };
  const setup = new pg.Client(url);
  await setup.connect();
  const parties = await findParties(setup);
  const codes = Array.from({ length: CODES_PER_SECOND * seconds }, () => randomBytes(32));
  await insertCodes(setup, parties, codes);
  const begin = performance.now();
  const until = begin + seconds * 1000;
  let count = 0;
  const worker = async (number: number): Promise<void> => {
    const client = new pg.Client(url);
    await client.connect();
    for (let turn = 0; performance.now() < until; turn++) {
      const hash = codes.pop();
      if (hash === undefined) break;
      const now = Math.floor(Date.now() / 1000);
      const { text, values } = redemptionStatement(
        { hash, appId: parties.appId, redirectUri: undefined, challenge: CHALLENGE, now },
        {
          kind: 'family',
          familyId: `bench_${process.pid}_${number}_${turn}`,
          expiresAt: now + 86_400,
          accessExpiresAt: now + 3600,
          refreshToken: { hash: randomBytes(32), expiresAt: now + 3600 },
        },
      );
      const result = await client.query<{ redeemed: boolean }>({ name: 'redeem', text, values });
      if (result.rows[0]?.redeemed !== true) throw new Error('A redemption of the limit failed.');
      count++;
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => worker(number)));
  const passed = (performance.now() - begin) / 1000;
  await setup.query(`DELETE FROM families WHERE id LIKE 'bench\\_%'`);
  await setup.query('DELETE FROM authorization_codes WHERE expires_at > now()');
  await setup.end();
  return count / passed;
}

const [limit, seconds = '3', url = '', connections = '8'] = process.argv.slice(2);
if (limit === 'rsa') process.send?.(await rsaSignatures(Number(seconds)));
else if (limit === 'rsa-verify') process.send?.(await rsaVerifications(Number(seconds), false));
else if (limit === 'rsa-verify-bare') process.send?.(await rsaVerifications(Number(seconds), true));
else if (limit === 'fastify') await bareFastify();
else if (limit === 'redemption') process.send?.(await redemptions(url, Number(connections), Number(seconds)));
else if (limit === 'rotation') process.send?.(await rotations(url, Number(connections), Number(seconds)));
