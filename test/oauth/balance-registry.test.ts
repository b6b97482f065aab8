import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let registry: TestServer['dependencies']['balances'];
let appId: string;

beforeAll(async () => {
  server = await startTestServer();
  registry = server.dependencies.balances;
});
beforeEach(async () => {
  ({ id: appId } = await server.createApp());
});
afterAll(() => server.close());

async function runSql(sql: string, values: readonly unknown[]): Promise<void> {
  const client = new pg.Client(server.database.url);
  await client.connect();
  await client.query(sql, [...values]);
  await client.end();
}

describe('a top-up', () => {
  it('adds to what is there, also when fifty come at once', async () => {
    expect(await registry.show(appId)).toEqual({ available: 0, leased: 0 });
    await Promise.all(Array.from({ length: 50 }, () => registry.topUp(appId, 10)));
    expect(await registry.show(appId)).toEqual({ available: 500, leased: 0 });
  });

  it('with a reference is made once, however often and however many at once say it', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => registry.topUp(appId, 50, 'invoice 7')));
    expect(new Set(all.map(({ topUp }) => topUp.id)).size).toBe(1);
    const again = await registry.topUp(appId, 50, 'invoice 7');
    expect(again).toEqual({ topUp: all[0]?.topUp, balance: { available: 50, leased: 0 }, repeated: true });
  });

  it('with the reference of another amount is refused, and of another app is its own', async () => {
    await registry.topUp(appId, 50, 'invoice 7');
    await expect(registry.topUp(appId, 60, 'invoice 7')).rejects.toMatchObject({
      code: 'conflict',
      message:
        "The reference 'invoice 7' was used for a top-up of 50 credits already. Use another one for another amount.",
    });
    await expect(registry.withdraw(appId, 50, 'invoice 7')).rejects.toMatchObject({ code: 'conflict' });
    const other = await server.createApp();
    expect((await registry.topUp(other.id, 60, 'invoice 7')).balance.available).toBe(60);
    expect((await registry.show(appId)).available).toBe(50);
  });

  it('takes whole amounts from 1 to a million millions, and only of apps that there are', async () => {
    for (const credits of [0, -5, 1.5, Number.NaN, 1e12 + 1]) {
      await expect(registry.topUp(appId, credits)).rejects.toMatchObject({ code: 'invalid' });
      await expect(registry.withdraw(appId, credits)).rejects.toMatchObject({ code: 'invalid' });
    }
    for (const reference of ['', ' ', 'a\nb', 'x'.repeat(201)]) {
      await expect(registry.topUp(appId, 5, reference)).rejects.toMatchObject({ code: 'invalid' });
    }
    await expect(registry.topUp('nobody', 5)).rejects.toMatchObject({ code: 'not_found' });
    await expect(registry.show('nobody')).rejects.toMatchObject({ code: 'not_found' });
    expect((await registry.topUp(appId, 1e12)).balance.available).toBe(1e12);
  });

  it('is refused where the sum could not be counted exactly any more', async () => {
    await registry.topUp(appId, 1e12);
    // A thousand such top-ups, but at once.
    await runSql('UPDATE balances SET credits = 1000000000000000 WHERE app_id = $1', [appId]);
    await expect(registry.topUp(appId, 1)).rejects.toMatchObject({
      code: 'invalid',
      message: 'A balance holds at most 1000000000000000 credits; it has 1000000000000000.',
    });
  });
});

describe('a withdrawal', () => {
  it('takes away what nobody has used, once for each reference', async () => {
    await registry.topUp(appId, 10_000);
    const first = await registry.withdraw(appId, 9000, 'typo');
    expect(first).toMatchObject({ topUp: { credits: -9000 }, balance: { available: 1000 }, repeated: false });
    expect(await registry.withdraw(appId, 9000, 'typo')).toEqual({ ...first, repeated: true });
  });

  it('of more than there is takes nothing, and leaves its reference free', async () => {
    await registry.topUp(appId, 10);
    await expect(registry.withdraw(appId, 11, 'a')).rejects.toMatchObject({
      code: 'invalid',
      message: 'Only 10 credits can be withdrawn now.',
    });
    expect((await registry.withdraw(appId, 10, 'a')).balance.available).toBe(0);
    await expect(registry.withdraw(appId, 1)).rejects.toMatchObject({ code: 'invalid' });
  });

  it('never makes a balance negative, when fifty come at once', async () => {
    await registry.topUp(appId, 30);
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => registry.withdraw(appId, 1)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(30);
    expect(await registry.show(appId)).toEqual({ available: 0, leased: 0 });
  });

  it('leaves alone what servers have leased, and counts it in what is shown', async () => {
    await server.dependencies.plans.create('metered', { metered: true, tokenCost: 1 });
    const { id, secret } = await server.createApp({ planName: 'metered' });
    await registry.topUp(id, 1000);
    expect((await server.postJson('/token', { app_id: id, secret })).status).toBe(200);
    const { available, leased } = await registry.show(id);
    expect(leased).toBeGreaterThan(0);
    await expect(registry.withdraw(id, available + leased)).rejects.toMatchObject({
      message: expect.stringMatching(/^Only \d+ credits can be withdrawn now; \d+ are leased by servers/),
    });
  });
});
