import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { CONNECTIONS, type Measurement, median, run } from './load.ts';
import { preparePeople } from './people.ts';
import { type BenchServer, measureLimit, startBareFastify, startServer } from './processes.ts';
import { assert, FORM_TYPE, JSON_TYPE, LIMITS, type LimitName, type Limits, type Scenario } from './scenario.ts';

/**
 * The load harness: the server as it comes out of the box against the limits of the machine, measured in the same run
 * and in turns, so that a noisy neighbour meets both. Ends with 1 when there was an error, a wrong token or a bar missed
 * (bars only with --strict, for absolute speed is not the business of a shared machine).
 */

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const PASSWORD = 'correct horse battery staple';
const SCOPE = 'read';

interface CreatedApp {
  readonly id: string;
  readonly secret: { readonly id: string; readonly value: string };
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Prepared {
  readonly scenarios: readonly Scenario[];
  assertOneWinner(): Promise<void>;
}

async function prepare(server: BenchServer, limits: Limits): Promise<Prepared> {
  const { cli, address } = server;
  const owner = 'bench@example.com';
  await cli('user', 'create', '--email', owner, '--name', 'Bench', '--password', PASSWORD);
  const algorithms = ['RS256', 'ES256', 'HS256'] as const;
  const hmacKeys = new Map<string, Buffer>();
  const apps = new Map<string, CreatedApp>();
  for (const algorithm of algorithms) {
    const api = `https://${algorithm.toLowerCase()}.example.com`;
    const { key } = await cli<{ key?: string }>(
      'api',
      'create',
      '--identifier',
      api,
      '--name',
      algorithm,
      '--alg',
      algorithm,
    );
    if (key !== undefined) hmacKeys.set(algorithm, Buffer.from(key, 'base64url'));
    const words = [
      '--name',
      algorithm,
      '--grant',
      'client_credentials',
      '--scope',
      SCOPE,
      '--owner',
      owner,
      '--api',
      api,
    ];
    apps.set(algorithm, await cli<CreatedApp>('app', 'create', ...words));
  }
  const app = (algorithm: string): CreatedApp => apps.get(algorithm) as CreatedApp;

  const jwks = (await (await fetch(`${address}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const published = createLocalJWKSet(jwks);
  const verify = async (algorithm: string, token: string): Promise<void> => {
    const key = hmacKeys.get(algorithm);
    const options = {
      algorithms: [algorithm],
      typ: 'at+jwt',
      audience: `https://${algorithm.toLowerCase()}.example.com`,
    };
    await (key === undefined ? jwtVerify(token, published, options) : jwtVerify(token, key, options));
  };

  const form = (body: Record<string, string>) => () => new URLSearchParams(body).toString();
  const credentials = (algorithm: string) => ({
    client_id: app(algorithm).id,
    client_secret: app(algorithm).secret.value,
  });
  const standard = (algorithm: string, bar: Scenario['bar']): Scenario => ({
    name: `client credentials ${algorithm}, /oauth/token`,
    load: {
      path: '/oauth/token',
      headers: FORM_TYPE,
      body: form({ grant_type: 'client_credentials', ...credentials(algorithm) }),
    },
    check: (answer) => verify(algorithm, JSON.parse(answer).access_token),
    ...(bar !== undefined && { bar }),
  });

  let refreshTokens: string[] = [];
  const introspected = await requestToken(
    address,
    form({ grant_type: 'client_credentials', ...credentials('RS256') })(),
  );

  // For people, with the algorithm that costs least, so that the database is what limits.
  const words = [
    '--name',
    'People',
    '--id',
    'people',
    '--public',
    '--scope',
    SCOPE,
    '--api',
    'https://hs256.example.com',
  ];
  await cli('app', 'create', ...words, '--grant', 'authorization_code', '--grant', 'refresh_token');
  const people = await preparePeople(server, 'people', limits, SECONDS, (token) => verify('HS256', token));

  const scenarios: Scenario[] = [
    standard('RS256', { limit: 'rsa', ratio: 0.7 }),
    standard('ES256', undefined),
    standard('HS256', { limit: 'fastify', ratio: 0.5 }),
    {
      name: 'client credentials RS256, /api/oauth/token',
      load: {
        path: '/api/oauth/token',
        headers: JSON_TYPE,
        body: () =>
          JSON.stringify({
            grant_type: 'client_credentials',
            scope: SCOPE,
            email_address: owner,
            ...credentials('RS256'),
          }),
      },
      check: (answer) => verify('RS256', JSON.parse(answer).data.access_token),
      bar: { limit: 'rsa', ratio: 0.7 },
    },
    {
      name: 'client credentials RS256, /token',
      load: {
        path: '/token',
        headers: JSON_TYPE,
        body: () => JSON.stringify({ app_id: app('RS256').id, secret: app('RS256').secret.value }),
      },
      check: (answer) => verify('RS256', JSON.parse(answer).access_token),
      bar: { limit: 'rsa', ratio: 0.7 },
    },
    {
      name: 'introspection of a live RS256 token',
      load: {
        path: '/oauth/introspect',
        headers: FORM_TYPE,
        body: form({ token: introspected, ...credentials('RS256') }),
      },
      check: (answer) => assert(JSON.parse(answer).active === true, 'a live token was called dead'),
      bar: { limit: 'fastify', ratio: 0.5 },
    },
    {
      name: 'refresh, /api/auth/refresh',
      load: {
        path: '/api/auth/refresh',
        headers: JSON_TYPE,
        // Each connection has a family of its own, and each round new ones: the last answers of a round are cut off.
        before: async () => {
          refreshTokens = await Promise.all(Array.from({ length: CONNECTIONS }, () => signIn(address, owner)));
        },
        body: (connection) => JSON.stringify({ refresh: refreshTokens[connection] }),
        next: (answer) => {
          const { refresh } = JSON.parse(answer) as { refresh: string };
          return JSON.stringify({ refresh });
        },
      },
      check: (answer) => assert(JSON.parse(answer).success === 'true', 'a refresh was refused'),
      bar: { limit: 'rotation', ratio: 0.5 },
    },
    {
      name: 'login, /api/auth/login',
      load: {
        path: '/api/auth/login',
        headers: JSON_TYPE,
        connections: 8,
        body: () => JSON.stringify({ email: owner, password: PASSWORD }),
      },
      check: (answer) => assert(JSON.parse(answer).success === 'true', 'a sign-in was refused'),
    },
    ...people.scenarios,
  ];
  return { scenarios, assertOneWinner: people.assertOneWinner };

  async function signIn(at: string, email: string): Promise<string> {
    const response = await fetch(`${at}/api/auth/login`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    return ((await response.json()) as { refresh: string }).refresh;
  }
  async function requestToken(at: string, body: string): Promise<string> {
    const response = await fetch(`${at}/oauth/token`, { method: 'POST', headers: FORM_TYPE, body });
    return ((await response.json()) as { access_token: string }).access_token;
  }
}

const server = await startServer();
const bare = await startBareFastify();
let failed = false;
try {
  const limits = Object.fromEntries(LIMITS.map((name): [LimitName, number[]] => [name, []])) as Limits;
  const { scenarios, assertOneWinner } = await prepare(server, limits);
  const measured = new Map<string, Measurement[]>();
  for (let round = 0; round < ROUNDS; round++) {
    print(`round ${round + 1} of ${ROUNDS}`);
    limits.rsa.push(await measureLimit('rsa', String(SECONDS)));
    const fastify = {
      path: '/',
      headers: FORM_TYPE,
      body: () => 'grant_type=client_credentials&client_id=app&client_secret=secret',
    };
    limits.fastify.push((await run(bare.address, fastify, SECONDS)).perSecond);
    limits.rotation.push(await measureLimit('rotation', String(SECONDS), server.databaseUrl, '8'));
    limits.redemption.push(await measureLimit('redemption', String(SECONDS), server.databaseUrl, '8'));
    for (const { name, load } of scenarios) {
      const result = await run(server.address, load, SECONDS);
      measured.set(name, [...(measured.get(name) ?? []), result]);
    }
  }

  const middle = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const lines = [
    `${ROUNDS} rounds of ${SECONDS} s, medians; Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} cores.`,
    '',
    '| limit of the machine | per second |',
    '| --- | ---: |',
    `| RSA-2048 signatures, all cores | ${Math.round(middle(limits.rsa))} |`,
    `| bare Fastify POST | ${Math.round(middle(limits.fastify))} |`,
    `| the SQL of a rotation, bare client, 8 connections | ${Math.round(middle(limits.rotation))} |`,
    `| the SQL of a code redemption, bare client, 8 connections | ${Math.round(middle(limits.redemption))} |`,
    '',
    '| path | per second | p50 ms | p99 ms | errors | of its limit | bar |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const { name, check, bar } of scenarios) {
    const result = median(measured.get(name) ?? []);
    for (const answer of result.sample) await check(answer);
    const ratio = bar === undefined ? undefined : result.perSecond / middle(limits[bar.limit]);
    const percent = (value: number | undefined): string => (value === undefined ? '' : `${Math.round(value * 100)} %`);
    if (result.errors > 0) failed = true;
    if (ratio !== undefined && bar !== undefined && ratio < bar.ratio && process.argv.includes('--strict'))
      failed = true;
    lines.push(
      `| ${name} | ${Math.round(result.perSecond)} | ${result.p50} | ${result.p99} | ${result.errors} | ${percent(ratio)} | ${percent(bar?.ratio)} |`,
    );
  }
  await assertOneWinner();
  lines.push('', 'Of many who present one code or one refresh token at once, exactly one wins.');
  lines.push('', `Memory after the load: ${Math.round(await server.memory())} MiB.`);
  print(lines.join('\n'));
  if (process.argv.includes('--write')) {
    const page = new URL('../RESULTS.md', import.meta.url);
    await writeFile(
      page,
      `# Results of the bench\n\nWritten by \`npm run bench -- --write\`.\n\n${lines.join('\n')}\n`,
    );
  }
} finally {
  bare.stop();
  await server.stop();
}
if (failed) {
  print('There were errors, or a bar was missed.');
  process.exitCode = 1;
}
