import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminCaller, type CallAdmin, readAll } from '../support/admin-caller.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let call: CallAdmin;

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
});
afterAll(() => server.close());

describe('a plan over the admin API', () => {
  it('is made, shown, changed and deleted', async () => {
    const made = await call('POST', '/plans', { name: 'gold', requests_per_minute: 600, metered: true, token_cost: 2 });
    expect(made).toMatchObject({ status: 201, headers: { location: '/api/admin/v1/plans/gold' } });
    const shown = await call('GET', '/plans/gold');
    expect(shown.body).toEqual({ name: 'gold', requests_per_minute: 600, metered: true, token_cost: 2 });
    expect(shown.headers.etag).toBe(made.headers.etag);
    const match = { 'if-match': String(shown.headers.etag) };
    expect((await call('PATCH', '/plans/gold', { token_cost: 3 }, match)).body).toMatchObject({ token_cost: 3 });
    expect((await call('PATCH', '/plans/gold', { token_cost: 4 }, match)).status).toBe(412);
    expect((await call('PATCH', '/plans/gold', { metered: false })).body).toMatchObject({
      metered: false,
      token_cost: 0,
    });
    const nulls = { requests_per_minute: null, metered: null, token_cost: null };
    expect((await call('PATCH', '/plans/gold', nulls)).body).toEqual({
      name: 'gold',
      requests_per_minute: null,
      metered: false,
      token_cost: 0,
    });
    expect((await call('DELETE', '/plans/gold', undefined, match)).status).toBe(412);
    expect((await call('DELETE', '/plans/gold')).status).toBe(204);
    expect((await call('GET', '/plans/gold')).status).toBe(404);
  });

  it('is refused with the reason', async () => {
    await call('POST', '/plans', { name: 'there' });
    const refusals: [Parameters<CallAdmin>, number, string][] = [
      [['POST', '/plans', { name: 'there' }], 409, 'Change that one'],
      [['POST', '/plans', { name: 'a plan' }], 422, 'A-Z a-z 0-9'],
      [['POST', '/plans', { name: '..' }], 422, 'neither'],
      [['POST', '/plans', { name: 'x', token_cost: 1 }], 422, 'Make it metered'],
      [['POST', '/plans', { name: 'x', requests_per_minute: 0 }], 400, 'requests_per_minute'],
      [['POST', '/plans', { name: 'x', requests_per_minute: 1.5 }], 400, 'requests_per_minute'],
      [['POST', '/plans', {}], 400, 'name'],
      [['PATCH', '/plans/nowhere', {}], 404, 'list of plans'],
      [['DELETE', '/plans/nowhere'], 404, 'list of plans'],
    ];
    for (const [request, status, words] of refusals) {
      const { body } = await call(...request);
      expect(body, String(request)).toMatchObject({ status, detail: expect.stringContaining(words) });
    }
  });

  it('that somebody has stays, and says who', async () => {
    await call('POST', '/plans', { name: 'used' });
    for (let i = 0; i < 7; i++) await server.createApp({ id: `planned-${i}`, planName: 'used' });
    const refused = await call('DELETE', '/plans/used');
    expect(refused.body).toMatchObject({ status: 409, detail: expect.stringContaining('planned-4 and 2 more') });
    for (let i = 0; i < 7; i++) await call('PATCH', `/apps/planned-${i}`, { plan: null });
    await server.dependencies.policy.update({ planName: 'used' });
    const ofMembers = await call('DELETE', '/plans/used');
    expect(ofMembers.body).toMatchObject({ status: 409, detail: expect.stringContaining('members') });
    await server.dependencies.policy.update({ planName: '' });
    expect((await call('DELETE', '/plans/used')).status).toBe(204);
  });

  it('is listed part by part', async () => {
    for (const name of ['c-plan', 'a-plan', 'b-plan']) await call('POST', '/plans', { name });
    const names = (await readAll(call, '/plans', 1)).map((plan) => (plan as { name: string }).name);
    expect(names).toEqual(['a-plan', 'b-plan', 'c-plan', 'there']);
  });
});

describe('a balance over the admin API', () => {
  beforeAll(() => server.createApp({ id: 'payer' }));

  it('begins at nothing, and is topped up once for each reference, however often it is said', async () => {
    expect((await call('GET', '/apps/payer/balance')).body).toEqual({ available: 0, leased: 0, total: 0 });
    const invoice = { credits: 100, reference: 'invoice 1' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => call('POST', '/apps/payer/balance/top-ups', invoice)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await call('GET', '/apps/payer/balance')).body.total).toBe(100);
    const again = await call('POST', '/apps/payer/balance/top-ups', invoice);
    expect(again).toMatchObject({
      status: 200,
      body: { credits: 100, reference: 'invoice 1', balance: { total: 100 } },
    });
    const other = await call('POST', '/apps/payer/balance/top-ups', { ...invoice, credits: 99 });
    expect(other.body).toMatchObject({ status: 409, detail: expect.stringContaining('Use another one') });
  });

  it('is withdrawn from, but for what is not there', async () => {
    const taken = await call('POST', '/apps/payer/balance/withdrawals', { credits: 30, reference: 'mistake' });
    expect(taken).toMatchObject({ status: 201, body: { credits: -30, balance: { available: 70 } } });
    const repeated = await call('POST', '/apps/payer/balance/withdrawals', { credits: 30, reference: 'mistake' });
    expect(repeated).toMatchObject({ status: 200, body: { id: taken.body.id, balance: { available: 70 } } });
    const short = await call('POST', '/apps/payer/balance/withdrawals', { credits: 71 });
    expect(short.body).toMatchObject({ status: 422, detail: expect.stringContaining('Only 70 credits') });
    for (const credits of [0, -1, 1.5, '5']) {
      expect((await call('POST', '/apps/payer/balance/top-ups', { credits })).status).toBe(400);
    }
    const far = await call('POST', '/apps/payer/balance/top-ups', { credits: 2_000_000_000_000 });
    expect(far.body).toMatchObject({ status: 422, detail: expect.stringContaining('withdraw them') });
    expect((await call('POST', '/apps/payer/balance/top-ups', { credits: 1, reference: ' ' })).status).toBe(422);
    expect((await call('POST', '/apps/nobody/balance/top-ups', { credits: 1 })).status).toBe(404);
  });

  it('tells its changes, newest first, part by part', async () => {
    await server.createApp({ id: 'lister' });
    for (let credits = 1; credits <= 7; credits++) {
      await call('POST', '/apps/lister/balance/top-ups', { credits, reference: `r${credits}` });
    }
    await call('POST', '/apps/lister/balance/withdrawals', { credits: 5 });
    const all = (await readAll(call, '/apps/lister/balance/top-ups', 3)) as { credits: number; created_at: string }[];
    expect(all).toHaveLength(8);
    expect(all.map(({ credits }) => credits).sort((a, b) => a - b)).toEqual([-5, 1, 2, 3, 4, 5, 6, 7]);
    const times = all.map(({ created_at }) => created_at);
    expect(times).toEqual([...times].sort().reverse());
    const foreign = (await call('GET', '/apps/payer/balance/top-ups?limit=1')).body.next_cursor;
    for (const cursor of ['nonsense', foreign]) {
      expect((await call('GET', `/apps/lister/balance/top-ups?cursor=${cursor}`)).status).toBe(422);
    }
    expect((await call('GET', '/apps/nobody/balance/top-ups')).status).toBe(404);
  });
});

describe('signing keys over the admin API', () => {
  it('are listed without anything private', async () => {
    const { body, text } = await call('GET', '/signing-keys');
    expect(body.items.map(({ alg, state }: { alg: string; state: string }) => `${alg} ${state}`)).toEqual([
      'RS256 signing',
      'RS256 next',
      'ES256 signing',
      'ES256 next',
      'EdDSA signing',
      'EdDSA next',
    ]);
    expect(Object.keys(body.items[0]).sort()).toEqual([
      'alg',
      'kid',
      'published_at',
      'signs_from',
      'state',
      'tokens_until',
    ]);
    expect(text).not.toMatch(/private|sealed|"d"/);
  });

  it('are rotated one algorithm or all, and not twice within the hour for which a key is published', async () => {
    const nextOf = async (wanted: string) =>
      (await call('GET', '/signing-keys')).body.items.find(
        ({ alg, state }: { alg: string; state: string }) => alg === wanted && state === 'next',
      ).kid;
    const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
    server.clock.advance(60);
    // The first of all are in every JWKS that anybody has.
    const first = await call('POST', '/signing-keys/rotate', { alg: 'ES256' });
    expect(first).toMatchObject({
      status: 202,
      body: { items: [{ alg: 'ES256', signs_from: time(server.clock.nowSeconds()) }] },
    });
    server.clock.advance(60);
    const kid = await nextOf('ES256');
    const second = await call('POST', '/signing-keys/rotate', { alg: 'ES256' });
    const inAnHour = time(server.clock.nowSeconds() - 60 + 3600);
    expect(second.body).toEqual({ items: [{ alg: 'ES256', kid, signs_from: inAnHour }] });
    const before = (await call('GET', '/signing-keys')).body;
    const underWay = await call('POST', '/signing-keys/rotate', {});
    expect(underWay.body).toMatchObject({
      status: 409,
      detail: expect.stringContaining(`the ES256 key ${kid} signs from ${inAnHour}`),
    });
    expect(underWay.body.detail).toContain('The keys of RS256 and EdDSA can be rotated by themselves');
    expect((await call('GET', '/signing-keys')).body).toEqual(before);
    expect((await call('POST', '/signing-keys/rotate', { alg: 'HS256' })).status).toBe(400);
    server.clock.advance(3600);
    call = await adminCaller(server);
    const all = await call('POST', '/signing-keys/rotate');
    expect(all.status).toBe(202);
    expect(all.body.items.map(({ alg }: { alg: string }) => alg)).toEqual(['RS256', 'ES256', 'EdDSA']);
  });
});
