import { writeFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { type Checks, runChecks } from './checks.ts';
import { type Gateway, prepareGateway } from './gateway.ts';
import { CONNECTIONS, type Load, type Measurement, median, run } from './load.ts';
import { ASKS_ITSELF, ASKS_SERVER, type BenchNginx, startNginx } from './nginx.ts';
import { preparePeople } from './people.ts';
import { type BenchServer, type Measured, measureLimit, startBareFastify, startServer } from './processes.ts';
import { BARE_GET, BARE_POST, describe, describeLimits, middle, NGINX_ALONE, NGINX_ASKS, percent } from './report.ts';
import { assert, FORM_TYPE, JSON_TYPE, LIMITS, type LimitName, type Limits, type Scenario } from './scenario.ts';

/**
 * The load harness: the server as it comes out of the box against the limits of the machine, measured in the same run
 * and in turns, so that a noisy neighbour meets both. Ends with 1 when there was an error, a wrong token or a bar missed
 * (bars only with --strict, for absolute speed is not the business of a shared machine). --only=TEXT measures what has it
 * in its name.
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
  readonly gateway: Gateway;
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
  const gateway = await prepareGateway(server, owner);
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
    ...gateway.scenarios,
  ];
  return { scenarios, gateway, assertOneWinner: people.assertOneWinner };

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
let nginx: BenchNginx | undefined;
let failed = false;
const strict = process.argv.includes('--strict');
const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length) ?? '';
try {
  const limits = Object.fromEntries(LIMITS.map((name): [LimitName, number[]] => [name, []])) as Limits;
  const { scenarios: all, gateway, assertOneWinner } = await prepare(server, limits);
  const scenarios = all.filter(({ name }) => name.includes(only));
  nginx = await startNginx(server.address, gateway.check.path);
  const measured = new Map<string, Measurement[]>();
  const measure = async (name: string, target: Measured, load: Load | Checks, seconds: number): Promise<number> => {
    const result = await ('token' in load ? runChecks(target, load, seconds) : run(target, load, seconds));
    measured.set(name, [...(measured.get(name) ?? []), result]);
    return result.perSecond;
  };
  for (let round = 0; round < ROUNDS; round++) {
    print(`round ${round + 1} of ${ROUNDS}`);
    const seconds = String(SECONDS);
    limits.rsa.push(await measureLimit('rsa', seconds));
    limits.rsaVerify.push(await measureLimit('rsa-verify', seconds));
    limits.rsaVerifyBare.push(await measureLimit('rsa-verify-bare', seconds));
    const form = {
      path: '/',
      headers: FORM_TYPE,
      body: () => 'grant_type=client_credentials&client_id=app&client_secret=secret',
    };
    limits.fastify.push(await measure(BARE_POST, bare, form, SECONDS));
    // With the same headers, for reading them is part of it.
    limits.fastifyGet.push(await measure(BARE_GET, bare, { ...gateway.check, path: '/' }, SECONDS));
    limits.rotation.push(await measureLimit('rotation', seconds, server.databaseUrl, '8'));
    limits.redemption.push(await measureLimit('redemption', seconds, server.databaseUrl, '8'));
    if (nginx !== undefined) {
      const target = { address: nginx.address, cpuSeconds: async () => undefined };
      await measure(NGINX_ALONE, target, { ...gateway.check, path: ASKS_ITSELF }, SECONDS);
      await measure(NGINX_ASKS, target, { ...gateway.check, path: ASKS_SERVER }, SECONDS);
    }
    for (const { name, load } of scenarios) await measure(name, server, load, SECONDS);
  }

  const lines = describeLimits(limits, measured, { rounds: ROUNDS, seconds: SECONDS });
  for (const { name, check, bar } of scenarios) {
    const result = median(measured.get(name) ?? []);
    for (const answer of result.sample) await check(answer);
    const ratio = bar === undefined ? undefined : result.perSecond / middle(limits[bar.limit]);
    if (result.errors > 0) failed = true;
    if (ratio !== undefined && bar !== undefined && ratio < bar.ratio && strict) failed = true;
    lines.push(`${describe(name, result)} ${percent(ratio)} | ${percent(bar?.ratio)} |`);
  }
  lines.push(
    '',
    '| at half load | per second | p50 ms | p99 ms | errors | bar | p99 ms of a bare route |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const { name, atHalfLoad } of scenarios) {
    if (atHalfLoad === undefined) continue;
    const rate = Math.floor(median(measured.get(name) ?? []).perSecond / 2);
    // What a route that does nothing has at this rate is the machine's, and not the server's.
    const nothing = await runChecks(bare, { ...atHalfLoad.checks, path: '/empty', rate }, SECONDS);
    const { perSecond, p50, p99, errors } = await runChecks(server, { ...atHalfLoad.checks, rate }, SECONDS);
    if (errors > 0 || (strict && p99 >= atHalfLoad.p99)) failed = true;
    lines.push(
      `| ${name} | ${Math.round(perSecond)} | ${p50} | ${p99} | ${errors} | under ${atHalfLoad.p99} ms | ${nothing.p99} |`,
    );
  }
  await assertOneWinner();
  lines.push('', 'Of many who present one code or one refresh token at once, exactly one wins.');
  const wrong = await gateway.findWrongAnswers();
  lines.push('', `Wrong answers in 100 000 checks while 1 % of the tokens are revoked: ${wrong.length}.`);
  if (wrong.length > 0) {
    lines.push(...new Set(wrong));
    failed ||= strict;
  }
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
  await nginx?.stop();
  await server.stop();
}
if (failed) {
  print('There were errors, or a bar was missed.');
  process.exitCode = 1;
}
