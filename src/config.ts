import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { SETTINGS, type Setting } from './config-settings.ts';

/** What is wrong with the environment: every problem at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

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
