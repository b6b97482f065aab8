import { z } from 'zod';
import { isIssuer, parseTrustProxy } from './config-values.ts';

/** One environment variable. */
export interface Setting<T extends z.ZodType> {
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
const MOST_COUNTED = 1_000_000_000;

/** Every setting there is, in the order in which they are documented. */
export const SETTINGS = {
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
  auditRetentionDays: setting(
    'AUDIT_RETENTION_DAYS',
    wholeNumber(0, 36_500),
    '0',
    'Days after which entries of the audit trail are removed; what is left can still be verified. 0 keeps them for ever.',
  ),
  tokenRequestsPerAddress: setting(
    'TOKEN_REQUESTS_PER_ADDRESS',
    wholeNumber(0, MOST_COUNTED),
    '6000',
    'Token requests per minute from one address (of IPv6: one /64) before further ones get 429; what fails at revocation and introspection counts, too. 0 is no limit.',
  ),
  tokenRequestsPerApp: setting(
    'TOKEN_REQUESTS_PER_APP',
    wholeNumber(0, MOST_COUNTED),
    '30000',
    'Token requests per minute of one app before further ones get 429; of a public app, from each address. 0 is no limit.',
  ),
  tokenFailuresPerApp: setting(
    'TOKEN_FAILURES_PER_APP',
    wholeNumber(0, MOST_COUNTED),
    '20',
    'Wrong secrets for one app from one address within the window that are free; after each further one that address must wait for longer. 0 is no limit.',
  ),
  tokenFailureWindowSeconds: setting(
    'TOKEN_FAILURE_WINDOW',
    wholeNumber(1, 86_400),
    '300',
    'Seconds for which wrong secrets are counted, and the longest wait after one.',
  ),
  revocationsPerApi: setting(
    'REVOCATIONS_PER_API',
    wholeNumber(0, MOST_COUNTED),
    '600',
    "Revocations per minute of single tokens that one API's own HS256 key has signed before further ones get 429. 0 is no limit.",
  ),
  loginFailuresPerAccount: setting(
    'LOGIN_FAILURES_PER_ACCOUNT',
    wholeNumber(1, 1_000_000),
    '10',
    'Failed sign-ins of one account within the window that are free; after each further one the account must wait for longer.',
  ),
  loginFailuresPerAddress: setting(
    'LOGIN_FAILURES_PER_ADDRESS',
    wholeNumber(1, 1_000_000),
    '200',
    'Failed sign-ins from one address (of IPv6: one /64) within the window that are free; after each further one the address must wait for longer.',
  ),
  loginFailureWindowSeconds: setting(
    'LOGIN_FAILURE_WINDOW',
    wholeNumber(1, 86_400),
    '900',
    'Seconds for which failed sign-ins are counted, and the longest wait after one.',
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
