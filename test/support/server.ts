import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createDependencies, type Dependencies } from '../../src/dependencies.ts';
import type { AppInput } from '../../src/oauth/app-registry.ts';
import type { Clock } from '../../src/oauth/ports.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { checkAnswers } from './documented-answers.ts';

export const ISSUER = 'http://localhost:3000';
export const MASTER_KEY = 'a master key for tests, of 32 characters or more';
export const PASSWORD = 'correct horse battery staple';

/** Time that stands still until a test moves it. It begins at the real time. */
export interface TestClock extends Clock {
  advance(seconds: number): void;
}

export function createTestClock(): TestClock {
  let milliseconds = Math.floor(Date.now() / 1000) * 1000;
  return {
    nowSeconds: () => milliseconds / 1000,
    now: () => new Date(milliseconds),
    advance: (seconds) => {
      milliseconds += seconds * 1000;
    },
  };
}

/** A server in this process, on a database and a clock of its own. Talk to it with `app.inject`. */
export interface TestServer {
  readonly app: FastifyInstance;
  readonly dependencies: Dependencies;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  /** Everything it has logged so far. */
  readonly logged: () => string;
  /** A confidential app that may do all there is, unless `input` says otherwise. */
  createApp(input?: AppInput & { id?: string }): Promise<{ id: string; secretId: string; secret: string }>;
  createUser(email: string, rawPassword?: string): Promise<{ id: string; email: string }>;
  /** POSTs a form, with HTTP Basic when `basic` is given (not form-encoded). */
  postForm(
    path: string,
    form: Record<string, string> | string,
    basic?: readonly [string, string],
  ): Promise<TestResponse>;
  postJson(path: string, body: unknown, headers?: Record<string, string>): Promise<TestResponse>;
  close(): Promise<void>;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  readonly text: string;
  /** The parsed JSON body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly body: any;
}

export async function startTestServer(
  environment: Record<string, string> = {},
  shared: { database?: TestDatabase; clock?: TestClock } = {},
): Promise<TestServer> {
  const database = shared.database ?? (await createTestDatabase());
  const clock = shared.clock ?? createTestClock();
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const config = loadConfig({
    DATABASE_URL: database.url,
    MASTER_KEY,
    ISSUER,
    DATABASE_POOL_SIZE: '4',
    // The clock stands still, so that all requests of a file are of one minute and wrong secrets are never forgotten.
    TOKEN_REQUESTS_PER_ADDRESS: '1000000',
    TOKEN_REQUESTS_PER_APP: '1000000',
    TOKEN_FAILURES_PER_APP: '1000000',
    ...environment,
  });
  const dependencies = await createDependencies(config, { use: 'server', log, clock });
  const app = await buildApp(dependencies);
  await checkAnswers(app, config.issuer);

  const post = async (url: string, payload: string, headers: Record<string, string>): Promise<TestResponse> => {
    const response = await app.inject({ method: 'POST', url, payload, headers });
    return toTestResponse(response);
  };

  return {
    app,
    dependencies,
    clock,
    database,
    logged: () => lines.join(''),

    async createApp({ id, ...input } = {}) {
      const { app: created, secret } = await dependencies.apps.create(id, {
        name: 'Test app',
        grants: ['client_credentials'],
        ...input,
      });
      return { id: created.id, secretId: secret?.id ?? '', secret: secret?.rawValue ?? '' };
    },

    createUser: (email, rawPassword = PASSWORD) =>
      dependencies.users.create({ email, name: 'Ada Lovelace', rawPassword }),

    postForm: (path, form, basic) =>
      post(path, typeof form === 'string' ? form : new URLSearchParams(form).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        ...(basic !== undefined && { authorization: `Basic ${Buffer.from(basic.join(':')).toString('base64')}` }),
      }),

    postJson: (path, body, headers = {}) =>
      post(path, typeof body === 'string' ? body : JSON.stringify(body), {
        'content-type': 'application/json',
        ...headers,
      }),

    async close() {
      await app.close();
      await dependencies.close();
      if (shared.database === undefined) await database.drop();
    },
  };
}

/** What `app.inject` answered, in the form that tests read. */
export function toTestResponse(response: {
  statusCode: number;
  headers: TestResponse['headers'];
  payload: string;
}): TestResponse {
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.payload,
    get body() {
      return JSON.parse(response.payload);
    },
  };
}
