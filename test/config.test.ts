import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, describeSettings, loadConfig, readEnvironment } from '../src/config.ts';

const MASTER_KEY = 'a master key of thirty-two characters';

/** What is said of an environment, without the heading. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').slice(1);
  }
  return [];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(content: string): string {
  const file = join(folder, `secret-${content.length}`);
  writeFileSync(file, content);
  return file;
}

describe('defaults', () => {
  it('needs nothing to be set', () => {
    expect(loadConfig({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      issuer: 'http://localhost:3000',
      issuerIsDefault: true,
      databaseUrl: undefined,
      databasePoolSize: 8,
      dataDir: './data',
      masterKey: undefined,
      logLevel: 'info',
      trustProxy: undefined,
      adminEmail: 'admin@localhost',
      adminPassword: undefined,
      refreshIdleSeconds: 1_209_600,
      refreshAbsoluteSeconds: 7_776_000,
      sessionIdleSeconds: 86_400,
      sessionAbsoluteSeconds: 1_209_600,
      brandName: 'Countersign',
      brandColour: '#3152c8',
      brandLogo: undefined,
      keyRotationDays: 90,
      auditRetentionDays: 0,
      tokenRequestsPerAddress: 6000,
      tokenRequestsPerApp: 30_000,
      tokenFailuresPerApp: 20,
      tokenFailureWindowSeconds: 300,
      revocationsPerApi: 600,
      loginFailuresPerAccount: 10,
      loginFailuresPerAddress: 200,
      loginFailureWindowSeconds: 900,
      passwordConcurrency: 2,
      passwordQueueLength: 100,
      cacheSize: 10_000,
      shutdownTimeoutSeconds: 10,
    });
  });

  it('takes an empty variable for one that is not set', () => {
    const empty = Object.fromEntries(describeSettings().map(({ name }) => [name, '']));
    expect(loadConfig({ ...empty, MASTER_KEY_FILE: '' })).toEqual(loadConfig({}));
  });

  it('follows the port in the default issuer', () => {
    expect(loadConfig({ PORT: '8080' }).issuer).toBe('http://localhost:8080');
  });

  it('is frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });

  it('accepts its own defaults when they are written out', () => {
    const written = Object.fromEntries(describeSettings().map(({ name, fallback }) => [name, fallback ?? '']));
    expect(loadConfig(written)).toEqual(loadConfig({}));
  });
});

describe('problems', () => {
  it('names all of them in one message, each once', () => {
    const problems = problemsOf({
      PORT: '70000',
      ISSUER: 'ftp://auth.example.com',
      DATABASE_URL: 'mysql://db/x',
      MASTER_KEY: 'short',
      LOG_LEVEL: 'loud',
      TRUST_PROXY: 'everybody',
      COUNTERSIGN_PORT: '1',
    });
    expect(problems).toEqual([
      "  - PORT must be 65535 or less (it is '70000')",
      expect.stringMatching(/^ {2}- ISSUER must be an https address .* \(it is 'ftp:\/\/auth.example.com'\)$/),
      '  - DATABASE_URL must begin with postgres:// or postgresql://',
      '  - MASTER_KEY must have 32 characters or more; make one with: openssl rand -base64 32',
      "  - LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent (it is 'loud')",
      "  - TRUST_PROXY must list addresses or networks of proxies, and 'everybody' is neither (it is 'everybody')",
      '  - COUNTERSIGN_PORT is no setting of this server; did you mean PORT?',
    ]);
  });

  it('never shows the value of a secret', () => {
    const environment = {
      DATABASE_URL: 'mysql://u:hunter2hunter2@db/x',
      MASTER_KEY: 'hunter2',
      ADMIN_PASSWORD: 'hunt3r2',
    };
    expect(problemsOf(environment)).toHaveLength(3);
    expect(problemsOf(environment).join()).not.toMatch(/hunt[e3]r2/);
  });

  it('wants a MASTER_KEY with a DATABASE_URL', () => {
    const DATABASE_URL = 'postgres://db/countersign';
    expect(problemsOf({ DATABASE_URL })).toEqual([
      '  - MASTER_KEY is needed together with DATABASE_URL. Make one with: openssl rand -base64 32',
    ]);
    expect(problemsOf({ DATABASE_URL, MASTER_KEY: 'short' })).toHaveLength(1);
    expect(loadConfig({ DATABASE_URL, MASTER_KEY })).toMatchObject({
      databaseUrl: DATABASE_URL,
      masterKey: MASTER_KEY,
    });
  });

  it('wants an ISSUER when any free port is taken', () => {
    expect(problemsOf({ PORT: '0' })).toEqual([expect.stringContaining('ISSUER is needed when PORT is 0')]);
    expect(loadConfig({ PORT: '0', ISSUER: 'http://localhost:1' }).port).toBe(0);
  });

  it.each(['COUNTERSIGN_PROT', 'COUNTERSIGN_'])('refuses %s, which nothing reads', (name) => {
    expect(problemsOf({ [name]: '1' })).toEqual([
      `  - ${name} is no setting of this server; see .env.example for those there are`,
    ]);
  });
});

describe('secrets from files', () => {
  const secrets = describeSettings().filter(({ secret }) => secret);

  it('are those that must not be seen', () => {
    expect(secrets.map(({ name }) => name)).toEqual(['DATABASE_URL', 'MASTER_KEY', 'ADMIN_PASSWORD']);
  });

  it.each(secrets)('reads $name from the file in $name_FILE, without the line end', ({ name, key }) => {
    const value = name === 'DATABASE_URL' ? 'postgres://db/countersign' : MASTER_KEY;
    const config = loadConfig({ MASTER_KEY, ...{ [name]: '' }, [`${name}_FILE`]: fileWith(`${value}\n`) });
    expect(config[key]).toBe(value);
  });

  it('refuses a secret that is given both ways', () => {
    expect(problemsOf({ MASTER_KEY, MASTER_KEY_FILE: fileWith(MASTER_KEY) })).toEqual([
      '  - MASTER_KEY and MASTER_KEY_FILE are both set; keep one',
    ]);
  });

  it('says when the file cannot be read', () => {
    const [problem, ...others] = problemsOf({ MASTER_KEY_FILE: join(folder, 'missing') });
    expect(problem).toMatch(/^ {2}- MASTER_KEY_FILE cannot be read: ENOENT/);
    expect(others).toEqual([]);
  });

  it('does not name what is in a file that holds something else', () => {
    expect(problemsOf({ MASTER_KEY_FILE: fileWith('too short') }).join()).not.toContain('too short');
  });

  it('reads no file for what is no secret', () => {
    expect(loadConfig({ PORT_FILE: fileWith('8080') }).port).toBe(3000);
  });
});

describe('bounds', () => {
  it.each([
    ['PORT', 0, 65_535],
    ['DATABASE_POOL_SIZE', 2, 100],
    ['REFRESH_TOKEN_IDLE_LIFETIME', 60, 2_147_483_647],
    ['REFRESH_TOKEN_ABSOLUTE_LIFETIME', 60, 2_147_483_647],
    ['KEY_ROTATION_DAYS', 1, 3650],
    ['AUDIT_RETENTION_DAYS', 0, 36_500],
    ['TOKEN_REQUESTS_PER_ADDRESS', 0, 1_000_000_000],
    ['TOKEN_REQUESTS_PER_APP', 0, 1_000_000_000],
    ['TOKEN_FAILURES_PER_APP', 0, 1_000_000_000],
    ['TOKEN_FAILURE_WINDOW', 1, 86_400],
    ['REVOCATIONS_PER_API', 0, 1_000_000_000],
    ['LOGIN_FAILURES_PER_ACCOUNT', 1, 1_000_000],
    ['LOGIN_FAILURES_PER_ADDRESS', 1, 1_000_000],
    ['LOGIN_FAILURE_WINDOW', 1, 86_400],
    ['SESSION_IDLE_LIFETIME', 60, 2_147_483_647],
    ['SESSION_ABSOLUTE_LIFETIME', 60, 2_147_483_647],
    ['PASSWORD_CONCURRENCY', 1, 64],
    ['PASSWORD_QUEUE_LENGTH', 0, 10_000],
    ['CACHE_SIZE', 10, 10_000_000],
    ['SHUTDOWN_TIMEOUT', 1, 600],
  ])('takes %s from %d to %d, and whole numbers only', (name, min, max) => {
    const ISSUER = 'http://localhost:3000';
    expect(problemsOf({ ISSUER, [name]: String(min) })).toEqual([]);
    expect(problemsOf({ ISSUER, [name]: String(max) })).toEqual([]);
    expect(problemsOf({ [name]: String(max + 1) })).toEqual([
      `  - ${name} must be ${max} or less (it is '${max + 1}')`,
    ]);
    if (min > 0) {
      expect(problemsOf({ [name]: String(min - 1) })).toEqual([
        `  - ${name} must be ${min} or more (it is '${min - 1}')`,
      ]);
    }
    for (const text of ['-1', '1.5', '1e3', '0x10', ' 20', 'many']) {
      expect(problemsOf({ [name]: text })).toEqual([`  - ${name} must be a whole number (it is '${text}')`]);
    }
  });

  it('covers every number there is', () => {
    const numbers = Object.entries(loadConfig({})).filter(([, value]) => typeof value === 'number');
    expect(numbers).toHaveLength(20);
  });

  it.each([
    'https://auth.example.com',
    'https://auth.example.com:8443',
    'https://example.com/auth/tenant',
    'http://localhost',
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
  ])('takes %s for an issuer', (issuer) => {
    expect(loadConfig({ ISSUER: issuer }).issuer).toBe(issuer);
  });

  it.each([
    'auth.example.com',
    'http://auth.example.com',
    'https://auth.example.com/',
    'https://auth.example.com/a/',
    'https://auth.example.com?x=1',
    'https://auth.example.com#x',
    'https://user@auth.example.com',
    'https://AUTH.example.com',
    'https://auth.example.com:443',
    'https://example.com/a/../b',
    'https://auth.example.com/a b',
    'http://localhost.example.com',
  ])('refuses %s for an issuer', (issuer) => {
    expect(problemsOf({ ISSUER: issuer })).toEqual([expect.stringContaining('ISSUER must be an https address')]);
  });

  it.each([
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['loopback, 192.168.1.7', ['loopback', '192.168.1.7']],
    ['fd00::/8,linklocal,uniquelocal', ['fd00::/8', 'linklocal', 'uniquelocal']],
  ])('takes %s for proxies', (text, networks) => {
    expect(loadConfig({ TRUST_PROXY: text }).trustProxy).toEqual(networks);
  });

  it.each(['true', '1', '*', 'proxy.example.com', '10.0.0.0/8,', '10.0.0.0/x', '10.0.0/8'])(
    'refuses %s for proxies',
    (text) => {
      expect(problemsOf({ TRUST_PROXY: text })).toEqual([expect.stringContaining('TRUST_PROXY must list')]);
    },
  );

  it.each([
    ['ADMIN_EMAIL', 'ada', 'must be an e-mail address'],
    ['ADMIN_PASSWORD', '1234567', 'must have 8 characters or more'],
    ['MASTER_KEY', 'x'.repeat(31), 'must have 32 characters or more'],
  ])('refuses %s=%s', (name, text, message) => {
    expect(problemsOf({ [name]: text })).toEqual([expect.stringContaining(`${name} ${message}`)]);
  });
});

describe('readEnvironment', () => {
  it('adds what a .env file in the working directory says, and lets the environment win', () => {
    const before = process.cwd();
    const file = join(folder, '.env');
    writeFileSync(file, '# a comment\nDATA_DIR=./from-file\nPATH=/nowhere\n');
    process.chdir(folder);
    try {
      expect(readEnvironment().DATA_DIR).toBe(process.env.DATA_DIR ?? './from-file');
      expect(readEnvironment().PATH).toBe(process.env.PATH);
    } finally {
      process.chdir(before);
      rmSync(file);
    }
  });
});
