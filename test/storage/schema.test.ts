import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prisma } from '../../src/storage/generated/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** `passwordHash` as the column is written. */
const toColumn = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Each model of prisma/schema.prisma with the table that the migrations make for it. */
const TABLES: Readonly<Record<Prisma.ModelName, string>> = {
  User: 'users',
  Api: 'apis',
  Role: 'roles',
  App: 'apps',
  AppRole: 'app_roles',
  Secret: 'secrets',
  Family: 'families',
  RefreshToken: 'refresh_tokens',
  Revocation: 'revocations',
  LoginFailure: 'login_failures',
  SigningKey: 'signing_keys',
  Session: 'sessions',
  Consent: 'consents',
  AuthorizationCode: 'authorization_codes',
  Connection: 'connections',
  ApiKey: 'api_keys',
  Plan: 'plans',
  Balance: 'balances',
  CreditLease: 'credit_leases',
  TopUp: 'top_ups',
  RateWindow: 'rate_windows',
  Counter: 'counters',
  AuditEvent: 'audit_events',
  UsageHour: 'usage_hours',
  UsageDay: 'usage_days',
  UsageFlush: 'usage_flushes',
  Gauge: 'gauges',
  AppFailure: 'app_failures',
  DeveloperPolicy: 'developer_policy',
};

describe('the migrations and the Prisma schema', () => {
  it.each(Object.entries(TABLES))('name the same columns for %s', async (model, table) => {
    const fields = Object.keys((Prisma as never as Record<string, object>)[`${model}ScalarFieldEnum`] ?? {});
    const { rows } = await client.query<{ column_name: string }>(
      'SELECT column_name FROM information_schema.columns WHERE table_name = $1',
      [table],
    );
    expect(fields.length).toBeGreaterThan(1);
    expect(rows.map(({ column_name }) => column_name).sort()).toEqual(fields.map(toColumn).sort());
  });

  it('name the same tables', async () => {
    const { rows } = await client.query<{ table_name: string }>(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'",
    );
    expect(rows.map(({ table_name }) => table_name).sort()).toEqual(Object.values(TABLES).sort());
  });
});
