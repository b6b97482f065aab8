import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { isIssuer, parseTrustProxy } from './config-values.ts';

/** What is wrong with the environment: every problem at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** One environment variable. */
interface Setting<T extends z.ZodType> {
  readonly name: string;
  readonly type: T;
  /** As it would be written in the environment; undefined where there is none. */
  readonly fallback: string | undefined;
  readonly sentence: string;
  /** Never shown; may come from the file that NAME_FILE names. */
  readonly secret: boolean;
}

function setting<T extends z.ZodType>(
  name: string,
  type: T,
  fallback: string | undefined,
  sentence: string,
): Setting<T> {
  return { name, type, fallback, sentence, secret: false };
}
function secretSetting<T extends z.ZodType>(name: string, type: T, sentence: string): Setting<T> {
  return { name, type, fallback: undefined, sentence, secret: true };
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be ${min} or more`).max(max, `must be ${max} or less`));

const LONGEST_SECONDS = 2_147_483_647;

const SETTINGS = {
  port: setting(
    'PORT',
    wholeNumber(0, 65_535),
    '3000',
    'The port to listen on. 0 takes a free one and then needs ISSUER.',
  ),
  host: setting('HOST', z.string(), '127.0.0.1', 'The address to listen on; 0.0.0.0 for every interface.'),
  issuer: setting(
    'ISSUER',
    z.string().refine(isIssuer, {
      message:
        'must be an https address such as https://auth.example.com, without a slash at the end, query, fragment, or a path with which ours begin (http is for localhost only)',
    }),
    undefined,
    'The public address of the server, as it stands in tokens and metadata. Default: http://localhost:PORT.',
  ),
  databaseUrl: secretSetting(
    'DATABASE_URL',
    z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://'),
    'PostgreSQL 15 or newer. Without it the server runs a PostgreSQL of its own in DATA_DIR.',
  ),
  databasePoolSize: setting(
    'DATABASE_POOL_SIZE',
    wholeNumber(2, 100),
    '8',
    'Connections to the database at most; one more listens for changes. 4 to 8 are enough.',
  ),
  dataDir: setting('DATA_DIR', z.string(), './data', "Where the server's own PostgreSQL and its master key live."),
  masterKey: secretSetting(
    'MASTER_KEY',
    z.string().min(32, 'must have 32 characters or more; make one with: openssl rand -base64 32'),
    'Encrypts the signing keys and peppers the hashes of secrets. Needed with DATABASE_URL; otherwise made once and kept in DATA_DIR/master.key. Never change it.',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    }),
    'info',
    'How much to log: info has one line for each request.',
  ),
  trustProxy: setting(
    'TRUST_PROXY',
    z.string().transform(parseTrustProxy),
    undefined,
    'Whose X-Forwarded-For to believe: addresses and networks of proxies, comma-separated (10.0.0.0/8, loopback). Without it nobody is believed.',
  ),
  adminEmail: setting(
    'ADMIN_EMAIL',
    z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address'),
    'admin@localhost',
    'Who becomes the first administrator at first boot.',
  ),
  adminPassword: secretSetting(
    'ADMIN_PASSWORD',
    z.string().min(8, 'must have 8 characters or more'),
    'The password of the first administrator. Without it one is made and printed once.',
  ),
  refreshIdleSeconds: setting(
    'REFRESH_TOKEN_IDLE_LIFETIME',
    wholeNumber(60, LONGEST_SECONDS),
    '1209600',
    'Seconds after which an unused refresh token expires (14 days).',
  ),
  refreshAbsoluteSeconds: setting(
    'REFRESH_TOKEN_ABSOLUTE_LIFETIME',
    wholeNumber(60, LONGEST_SECONDS),
    '7776000',
    'Seconds after which a person must sign in again, however often tokens were refreshed (90 days).',
  ),
  sessionIdleSeconds: setting(
    'SESSION_IDLE_LIFETIME',
    wholeNumber(60, LONGEST_SECONDS),
    '86400',
    'Seconds after which a browser in which nobody does anything is signed out (1 day).',
  ),
  sessionAbsoluteSeconds: setting(
    'SESSION_ABSOLUTE_LIFETIME',
    wholeNumber(60, LONGEST_SECONDS),
    '1209600',
    'Seconds after which a browser is signed out in any case (14 days).',
  ),
  brandName: setting(
    'BRAND_NAME',
    z.string().max(60, 'must have 60 characters or fewer'),
    'Countersign',
    'Your name, on the pages that people see.',
  ),
  brandColour: setting(
    'BRAND_COLOUR',
    z
      .string()
      // An unquoted # begins a comment in .env files, so that it may be left out.
      .regex(/^#?[0-9a-fA-F]{6}$/, 'must be a colour such as 3355cc')
      .transform((colour) => `#${colour.replace('#', '')}`),
    '3152c8',
    'The colour of buttons and links on the pages that people see.',
  ),
  brandLogo: setting(
    'BRAND_LOGO',
    z.string().regex(/\.(svg|png)$/i, 'must name an .svg or .png file'),
    undefined,
    'A file with your logo (SVG or PNG), for the pages that people see.',
  ),
  keyRotationDays: setting(
    'KEY_ROTATION_DAYS',
    wholeNumber(1, 3650),
    '90',
    'Days after which a signing key is rotated by itself.',
  ),
  loginFailuresPerAccount: setting(
    'LOGIN_FAILURES_PER_ACCOUNT',
    wholeNumber(1, 1_000_000),
    '10',
    'Failed sign-ins of one account within the window before further ones get 429.',
  ),
  loginFailuresPerAddress: setting(
    'LOGIN_FAILURES_PER_ADDRESS',
    wholeNumber(1, 1_000_000),
    '200',
    'Failed sign-ins from one address within the window before further ones get 429.',
  ),
  loginFailureWindowSeconds: setting(
    'LOGIN_FAILURE_WINDOW',
    wholeNumber(1, 86_400),
    '900',
    'Seconds for which failed sign-ins are counted.',
  ),
  passwordConcurrency: setting(
    'PASSWORD_CONCURRENCY',
    wholeNumber(1, 64),
    '2',
    "Passwords hashed at once. Keep it to half of libuv's threads (4 unless UV_THREADPOOL_SIZE says otherwise), which sign tokens, too.",
  ),
  passwordQueueLength: setting(
    'PASSWORD_QUEUE_LENGTH',
    wholeNumber(0, 10_000),
    '100',
    'Sign-ins that may wait for a hash; further ones get 429.',
  ),
  cacheSize: setting(
    'CACHE_SIZE',
    wholeNumber(10, 10_000_000),
    '10000',
    'Apps, APIs and users to remember, of each kind.',
  ),
  shutdownTimeoutSeconds: setting(
    'SHUTDOWN_TIMEOUT',
    wholeNumber(1, 600),
    '10',
    'Seconds to wait for requests under way when the server is stopped.',
  ),
} as const satisfies Record<string, Setting<z.ZodType>>;

type Settings = typeof SETTINGS;
type Values = { readonly [K in keyof Settings]: z.output<Settings[K]['type']> };
const OPTIONAL = ['brandLogo', 'databaseUrl', 'masterKey', 'trustProxy', 'adminPassword'] as const;
type OptionalKey = (typeof OPTIONAL)[number];

/** The configuration: read once, checked, frozen and passed on as a value. */
export type Config = Omit<Values, OptionalKey> & {
  readonly [K in OptionalKey]: Values[K] | undefined;
} & {
  /** Nobody has set ISSUER: a tool takes the server's then. */
  readonly issuerIsDefault: boolean;
};

const OUR_PREFIX = 'COUNTERSIGN_';

/** The environment of the process; a `.env` file in the working directory adds what is not set. */
export function readEnvironment(): NodeJS.ProcessEnv {
  return existsSync('.env') ? { ...parseEnv(readFileSync('.env', 'utf8')), ...process.env } : process.env;
}

/**
 * Checks an environment and makes a configuration of it.
 * @throws ConfigError that names every problem
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, { name, type, fallback, secret }] of Object.entries<Setting<z.ZodType>>(SETTINGS)) {
    const raw = secret ? readSecret(environment, name, problems) : environment[name];
    // An empty variable counts as one that is not set: compose files cannot leave one out.
    const text = raw === undefined || raw === '' ? fallback : raw;
    if (text === undefined) continue;
    const result = type.safeParse(text);
    if (result.success) values[key] = result.data;
    else
      problems.push(
        `${name} ${result.error.issues[0]?.message ?? 'is not valid'}${secret ? '' : ` (it is '${text}')`}`,
      );
  }
  problems.push(...unknownVariables(environment));
  if (values.databaseUrl !== undefined && values.masterKey === undefined && !mentions(problems, 'MASTER_KEY')) {
    problems.push('MASTER_KEY is needed together with DATABASE_URL. Make one with: openssl rand -base64 32');
  }
  if (values.port === 0 && values.issuer === undefined) {
    problems.push('ISSUER is needed when PORT is 0, for the address of the server is not known beforehand');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  values.issuerIsDefault = values.issuer === undefined;
  values.issuer ??= `http://localhost:${values.port}`;
  const unset = Object.fromEntries(OPTIONAL.map((key) => [key, undefined]));
  return Object.freeze({ ...unset, ...values } as unknown as Config);
}

/** Every variable, for `.env.example`, the documentation and `config check`. */
export function describeSettings(): readonly {
  name: string;
  fallback: string | undefined;
  sentence: string;
  secret: boolean;
  key: keyof Config;
}[] {
  return Object.entries<Setting<z.ZodType>>(SETTINGS).map(([key, { name, fallback, sentence, secret }]) => ({
    key: key as keyof Config,
    name,
    fallback,
    sentence,
    secret,
  }));
}

function readSecret(environment: NodeJS.ProcessEnv, name: string, problems: string[]): string | undefined {
  const value = environment[name];
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === '') return value;
  if (value !== undefined && value !== '') {
    problems.push(`${name} and ${name}_FILE are both set; keep one`);
    return value;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`${name}_FILE cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}

function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const names = Object.values(SETTINGS).map(({ name }) => name);
  return Object.keys(environment)
    .filter((name) => name.startsWith(OUR_PREFIX))
    .map((name) => {
      const bare = name.slice(OUR_PREFIX.length);
      const known = names.some((candidate) => candidate === bare);
      return `${name} is no setting of this server${known ? `; did you mean ${bare}?` : '; see .env.example for those there are'}`;
    });
}

function mentions(problems: readonly string[], name: string): boolean {
  return problems.some((problem) => problem.startsWith(name));
}
