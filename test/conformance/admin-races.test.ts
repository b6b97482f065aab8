/**
 * What somebody else does to the same rows while an operation of the admin API is at work: the answer says what happened,
 * and is never that the server failed.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminAnswer, adminCaller, type CallAdmin } from '../support/admin-caller.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let call: CallAdmin;
let sql: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
  sql = new pg.Client(server.database.url);
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await server.close();
});

const confidential = { name: 'Reports', grants: ['client_credentials'] };

/** What an operation answers that comes upon a row which somebody deletes, and waits to see whether they mean it. */
async function whileDeleting(statement: string, operation: () => Promise<AdminAnswer>): Promise<AdminAnswer> {
  await sql.query('BEGIN');
  await sql.query(statement);
  const answer = operation();
  await expect
    .poll(async () => {
      const { rows } = await sql.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return rows[0].n;
    })
    .toBe(1);
  await sql.query('COMMIT');
  return answer;
}

describe('what is deleted at the same moment', () => {
  it('is not given to an app, new or old', async () => {
    for (const how of ['POST', 'PATCH'] as const) {
      await call('POST', '/apis', { identifier: 'urn:going', name: 'Going' });
      await call('POST', '/roles', { name: 'going', scopes: ['a'] });
      await call('POST', '/plans', { name: 'going' });
      await call('POST', '/apps', { ...confidential, id: 'heir' });
      for (const [statement, settings] of [
        [`DELETE FROM apis WHERE identifier = 'urn:going'`, { api: 'urn:going' }],
        [`DELETE FROM roles WHERE name = 'going'`, { roles: ['going'] }],
        [`DELETE FROM plans WHERE name = 'going'`, { plan: 'going' }],
      ] as const) {
        const answer = await whileDeleting(statement, () =>
          how === 'POST'
            ? call('POST', '/apps', { ...confidential, ...settings })
            : call('PATCH', '/apps/heir', settings),
        );
        const expected = { status: 409, detail: expect.stringContaining('has just been deleted') };
        expect(answer.body, `${how} ${statement}`).toMatchObject(expected);
      }
    }
  });

  it('gets neither a secret nor credits', async () => {
    for (const [path, body] of [
      ['secrets', {}],
      ['balance/top-ups', { credits: 5 }],
      ['balance/withdrawals', { credits: 5 }],
    ] as const) {
      await call('POST', '/apps', { ...confidential, id: 'going' });
      const answer = await whileDeleting(`DELETE FROM apps WHERE id = 'going'`, () =>
        call('POST', `/apps/going/${path}`, body),
      );
      const expected = { status: 404, detail: expect.stringContaining('has just been deleted') };
      expect(answer.body, path).toMatchObject(expected);
    }
  });
});

it('a change that waits too long for somebody else’s is to be tried again', async () => {
  await call('POST', '/apps', { ...confidential, id: 'held' });
  await sql.query('BEGIN');
  await sql.query(`SELECT FROM apps WHERE id = 'held' FOR UPDATE`);
  const answer = await call('PATCH', '/apps/held', { name: 'Other' });
  await sql.query('ROLLBACK');
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, body: { status: 503 } });
  expect((await call('PATCH', '/apps/held', { name: 'Other' })).status).toBe(200);
});
