import pg from 'pg';
import { findParties, insertCodes, VERIFIER } from './codes.ts';
import { CONNECTIONS } from './load.ts';
import type { BenchServer } from './processes.ts';
import { assert, FORM_TYPE, type Limits, type Scenario } from './scenario.ts';

const RACERS = 50;
const RACES = 10;

/** The part of the compiled server's secrets that makes codes. */
interface Secrets {
  generate(kind: 'authorization-code'): string;
  hash(rawValue: string): Uint8Array;
}

/** What is there for people: codes, refresh tokens and pages. `verify` throws for an access token that is not right. */
export async function preparePeople(
  server: BenchServer,
  app: string,
  limits: Limits,
  seconds: number,
  verify: (accessToken: string) => Promise<void>,
): Promise<{ readonly scenarios: Scenario[]; assertOneWinner(): Promise<void> }> {
  const { address, databaseUrl } = server;
  const module = '../../dist/crypto/secrets.js';
  const { createSecrets } = (await import(module)) as { createSecrets: (masterKey: string) => Secrets };
  const secrets = createSecrets(server.masterKey);

  const makeCodes = async (count: number): Promise<string[]> => {
    const codes = Array.from({ length: count }, () => secrets.generate('authorization-code'));
    const client = new pg.Client(databaseUrl);
    await client.connect();
    const parties = await findParties(client, app);
    await insertCodes(
      client,
      parties,
      codes.map((code) => secrets.hash(code)),
    );
    await client.end();
    return codes;
  };
  const redemption = (code: string | undefined): string => {
    if (code === undefined) throw new Error('There are no codes left: the bench made too few.');
    const grant = { grant_type: 'authorization_code', code, code_verifier: VERIFIER };
    return new URLSearchParams({ client_id: app, ...grant }).toString();
  };
  const rotation = (token: string): string =>
    new URLSearchParams({ client_id: app, grant_type: 'refresh_token', refresh_token: token }).toString();
  const post = (body: string): Promise<Response> =>
    fetch(`${address}/oauth/token`, { method: 'POST', headers: FORM_TYPE, body });
  const signIn = async (code: string): Promise<string> => {
    const answer = (await (await post(redemption(code))).json()) as { refresh_token: string };
    return answer.refresh_token;
  };

  let codes: string[] = [];
  let refreshTokens: string[] = [];
  const checkTokens = async (answer: string): Promise<void> => {
    const { access_token, refresh_token } = JSON.parse(answer);
    assert(typeof refresh_token === 'string', 'there is no refresh token');
    await verify(access_token);
  };

  return {
    scenarios: [
      {
        name: 'code redemption, /oauth/token',
        load: {
          path: '/oauth/token',
          headers: FORM_TYPE,
          // More than the bare client could redeem in the time.
          before: async () => {
            codes = await makeCodes(Math.ceil((limits.redemption.at(-1) ?? 0) * seconds * 4) + 1000);
          },
          body: () => redemption(codes.pop()),
          next: () => redemption(codes.pop()),
        },
        check: checkTokens,
        bar: { limit: 'redemption', ratio: 0.5 },
      },
      {
        name: 'refresh, /oauth/token',
        load: {
          path: '/oauth/token',
          headers: FORM_TYPE,
          // Each connection has a family of its own, and each round new ones: the last answers of a round are cut off.
          before: async () => {
            refreshTokens = await Promise.all((await makeCodes(CONNECTIONS)).map(signIn));
          },
          body: (connection) => rotation(refreshTokens[connection] ?? ''),
          next: (answer) => rotation((JSON.parse(answer) as { refresh_token: string }).refresh_token),
        },
        check: checkTokens,
        bar: { limit: 'rotation', ratio: 0.5 },
      },
      {
        name: 'sign-in page, GET /sign-in',
        load: { path: '/sign-in', method: 'GET' },
        check: (answer) => assert(answer.includes('name="csrf_token"'), 'the sign-in page has no form'),
      },
    ],

    /** Of many who present one code or one refresh token at once, one gets tokens and the others are refused. */
    async assertOneWinner() {
      for (const code of await makeCodes(RACES)) {
        await race(() => post(redemption(code)), 'code');
      }
      for (const code of await makeCodes(RACES)) {
        const token = await signIn(code);
        await race(() => post(rotation(token)), 'refresh token');
      }
    },
  };
}

async function race(attempt: () => Promise<Response>, what: string): Promise<void> {
  const statuses = await Promise.all(Array.from({ length: RACERS }, async () => (await attempt()).status));
  const won = statuses.filter((status) => status === 200).length;
  const refused = statuses.filter((status) => status === 400).length;
  assert(won === 1 && refused === RACERS - 1, `of ${RACERS} with one ${what}, ${won} won and ${refused} were refused`);
}
