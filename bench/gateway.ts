import { Agent, request } from 'node:http';
import autocannon from 'autocannon';
import pg from 'pg';
import type { Checks } from './checks.ts';
import { CONNECTIONS, type Load } from './load.ts';
import type { BenchServer } from './processes.ts';
import { assert, FORM_TYPE, JSON_TYPE, type Scenario } from './scenario.ts';

const API = 'https://gateway.example.com';
const DAY_SECONDS = 86_400;
// The server remembers 20 000. In turns, each of so many is forgotten before it comes again.
const UNSEEN_TOKENS = 45_000;

/** The part of the compiled server's secrets that makes opaque tokens. */
interface Secrets {
  generate(kind: 'connection-token' | 'api-key'): string;
  hash(rawValue: string): Uint8Array;
}

interface Tokens {
  readonly jwts: readonly string[];
  readonly connections: readonly string[];
  readonly apiKeys: readonly string[];
}

/** What there is for gateways and APIs. */
export interface Gateway {
  readonly scenarios: readonly Scenario[];
  /** Where nginx asks for each request, if it is to be compared. */
  readonly check: Load;
  /** Presents many tokens while some of them are revoked. Returns what was answered wrongly. */
  findWrongAnswers(): Promise<readonly string[]>;
}

export async function prepareGateway(server: BenchServer, owner: string): Promise<Gateway> {
  const { address, cli } = server;
  await cli('api', 'create', '--identifier', API, '--name', 'Gateway');
  const words = ['--name', 'Gateway', '--grant', 'client_credentials', '--scope', 'read', '--api', API];
  const app = await cli<{ id: string; secret: { value: string } }>(
    'app',
    'create',
    ...words,
    '--access-token-lifetime',
    String(DAY_SECONDS),
  );
  const { value: apiSecret } = await cli<{ value: string }>('api', 'secret', 'create', API);
  const credentials = JSON.stringify({ app_id: app.id, secret: app.secret.value });
  const stored = await createStoredTokens(server, app.id, owner);
  const [seen = '', ...unseen] = await mint(address, credentials, UNSEEN_TOKENS + 1);
  const [connection = ''] = stored.connections;
  const [apiKey = ''] = stored.apiKeys;

  const path = `/verify?scope=read&audience=${encodeURIComponent(API)}`;
  const verify = (token: string): Load => ({ path, method: 'GET', headers: { authorization: `Bearer ${token}` } });
  const introspect = (token: string): Load => ({
    path: '/oauth/introspect',
    headers: { ...FORM_TYPE, authorization: `Basic ${btoa(`${encodeURIComponent(API)}:${apiSecret}`)}` },
    body: () => new URLSearchParams({ token }).toString(),
  });
  // What is not 2xx counts as an error; there is nothing else in a body.
  const isEmpty = (answer: string): void => assert(answer === '', 'a check was answered with a body');
  const isActive = (answer: string): void => assert(JSON.parse(answer).active === true, 'a live token was called dead');
  let next = 0;
  const notSeen: Checks = { path, token: () => unseen[next++ % unseen.length] ?? '' };

  return {
    check: verify(seen),
    scenarios: [
      {
        name: 'verify, RS256 JWT seen before',
        load: verify(seen),
        check: isEmpty,
        bar: { limit: 'fastifyGet', ratio: 0.7 },
        atHalfLoad: { checks: { path, token: () => seen }, p99: 5 },
      },
      {
        name: 'verify, RS256 JWTs not seen before',
        load: notSeen,
        check: isEmpty,
        bar: { limit: 'rsaVerify', ratio: 0.6 },
        atHalfLoad: { checks: notSeen, p99: 5 },
      },
      { name: 'verify, opaque token of a connection', load: verify(connection), check: isEmpty },
      { name: 'verify, API key', load: { ...verify(''), headers: { 'x-api-key': apiKey } }, check: isEmpty },
      { name: 'introspection, RS256 JWT, by its API', load: introspect(seen), check: isActive },
      { name: 'introspection, opaque token of a connection', load: introspect(connection), check: isActive },
      { name: 'introspection, API key', load: introspect(apiKey), check: isActive },
    ],
    async findWrongAnswers() {
      const jwts = await mint(address, credentials, JWTS_TO_REVOKE_FROM);
      return presentWhileRevoking(address, { ...stored, jwts });
    },
  };
}

/** Access tokens by the surface that costs least. */
async function mint(address: string, credentials: string, amount: number): Promise<string[]> {
  const tokens: string[] = [];
  await autocannon({
    url: `${address}/token`,
    method: 'POST',
    headers: JSON_TYPE,
    body: credentials,
    connections: CONNECTIONS,
    amount,
    setupClient(client) {
      client.on('body', (body: Buffer) => {
        tokens.push((JSON.parse(body.toString()) as { access_token: string }).access_token);
      });
    },
  });
  assert(new Set(tokens).size === amount, `of ${amount} tokens, ${new Set(tokens).size} were made`);
  return tokens;
}

const STORED_OF_EACH_KIND = 500;
const JWTS_TO_REVOKE_FROM = 9_000;

/** Connections and API keys as the server makes them, many at once. */
async function createStoredTokens(server: BenchServer, appId: string, owner: string): Promise<Omit<Tokens, 'jwts'>> {
  const module = '../../dist/crypto/secrets.js';
  const { createSecrets } = (await import(module)) as { createSecrets: (masterKey: string) => Secrets };
  const secrets = createSecrets(server.masterKey);
  const many = (kind: 'connection-token' | 'api-key') =>
    Array.from({ length: STORED_OF_EACH_KIND }, () => secrets.generate(kind));
  const [connections, apiKeys] = [many('connection-token'), many('api-key')];
  const client = new pg.Client(server.databaseUrl);
  await client.connect();
  const hashes = (rawTokens: readonly string[]) => rawTokens.map((rawToken) => secrets.hash(rawToken));
  await client.query(
    `INSERT INTO connections (id, hash, app_id, user_id, api_identifier, scopes, created_at)
     SELECT 'con_bench_' || n, hash, $2, u.id, $3, '{read}', now()
       FROM users u, unnest($1::bytea[]) WITH ORDINALITY AS made (hash, n) WHERE u.email = $4`,
    [hashes(connections), appId, API, owner],
  );
  await client.query(
    `INSERT INTO api_keys (id, hash, last_four, app_id, api_identifier, scopes)
     SELECT 'key_bench_' || n, hash, 'xxxx', $2, $3, '{read}'
       FROM unnest($1::bytea[]) WITH ORDINALITY AS made (hash, n)`,
    [hashes(apiKeys), appId, API],
  );
  await client.end();
  return { connections, apiKeys };
}

const REQUESTS = 100_000;
const REVOKED_SHARE = 0.01;
// So that what was revoked a moment ago, and what is about to be, is presented more often than by chance.
const HOT_SHARE = 0.3;

interface Subject {
  readonly token: string;
  readonly endPath: string;
  state: 'live' | 'being revoked' | 'revoked';
}

/**
 * A check that began after a revocation was answered must refuse, and one that was answered before the revocation was
 * asked for must let through. Between the two both are right.
 */
async function presentWhileRevoking(address: string, tokens: Tokens): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS * 2 });
  const ask = (method: string, path: string, token: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      request(`${address}${path}`, { method, agent, headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      })
        .once('error', reject)
        .end();
    });
  const subjectOf =
    (endPath: string) =>
    (token: string): Subject => ({ token, endPath, state: 'live' });
  const subjects: Subject[] = [
    ...tokens.jwts.map(subjectOf('/token-revoke')),
    ...tokens.connections.map(subjectOf('/disconnect')),
    ...tokens.apiKeys.map(subjectOf('/token-revoke')),
  ];
  const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
  const shuffled = [...subjects].sort(() => Math.random() - 0.5);
  const toRevoke = shuffled.slice(0, Math.round(subjects.length * REVOKED_SHARE));
  const every = Math.floor(REQUESTS / (toRevoke.length + 1));

  const wrong: string[] = [];
  let sent = 0;
  let ended = 0;
  const revocations: Promise<void>[] = [];
  const revoke = async (subject: Subject): Promise<void> => {
    subject.state = 'being revoked';
    const status = await ask('POST', subject.endPath, subject.token);
    subject.state = 'revoked';
    if (status !== 200) wrong.push(`${subject.endPath} answered ${status}`);
  };
  const present = async (subject: Subject): Promise<void> => {
    const mustBeDead = subject.state === 'revoked';
    const status = await ask('GET', '/verify', subject.token);
    const mustBeLive = subject.state === 'live';
    if (status !== 200 && status !== 401) wrong.push(`/verify answered ${status}`);
    else if (mustBeDead && status === 200) wrong.push('a revoked token was let through');
    else if (mustBeLive && status === 401) wrong.push('a live token was refused');
  };
  const worker = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent++;
      if (sent % every === 0 && ended < toRevoke.length) revocations.push(revoke(toRevoke[ended++] as Subject));
      const hot = toRevoke.slice(Math.max(0, ended - 3), ended + 1);
      await present(Math.random() < HOT_SHARE && hot.length > 0 ? pick(hot) : pick(subjects));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  await Promise.all(revocations);
  for (const subject of toRevoke.slice(0, ended)) await present(subject);
  if (ended < toRevoke.length) wrong.push(`only ${ended} of ${toRevoke.length} tokens were revoked`);
  agent.destroy();
  return wrong;
}
