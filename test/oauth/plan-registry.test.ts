import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let registry: TestServer['dependencies']['plans'];

beforeAll(async () => {
  server = await startTestServer();
  registry = server.dependencies.plans;
});
afterAll(() => server.close());

const refusal = (code: string, message = '') => ({ code, message: expect.stringContaining(message) });

describe('a plan', () => {
  it('limits nothing and costs nothing unless it says so', async () => {
    const free = { name: 'free', requestsPerMinute: undefined, metered: false, tokenCost: 0 };
    expect(await registry.create('free', {})).toEqual(free);
    expect(await registry.find('free')).toEqual(free);
    expect(await registry.list()).toContainEqual(free);
  });

  it('keeps what is not said, and 0 takes the limit away', async () => {
    await registry.create('gold', { requestsPerMinute: 600, metered: true, tokenCost: 2 });
    expect(await registry.update('gold', { requestsPerMinute: 60 })).toMatchObject({
      requestsPerMinute: 60,
      tokenCost: 2,
    });
    expect(await registry.update('gold', { requestsPerMinute: 0 })).toEqual({
      name: 'gold',
      requestsPerMinute: undefined,
      metered: true,
      tokenCost: 2,
    });
  });

  it('that makes no sense is refused with the reason', async () => {
    await registry.create('there', {});
    await expect(registry.create('there', {})).rejects.toMatchObject(refusal('conflict', 'Change that one'));
    for (const name of ['', 'a plan', 'x'.repeat(101), 'é']) {
      await expect(registry.create(name, {})).rejects.toMatchObject(refusal('invalid', 'A-Z a-z 0-9'));
    }
    for (const requestsPerMinute of [-1, 1.5, 1e9]) {
      await expect(registry.create('x', { requestsPerMinute })).rejects.toMatchObject(refusal('invalid'));
    }
    await expect(registry.create('x', { tokenCost: 1 })).rejects.toMatchObject(refusal('invalid', 'Make it metered'));
    await expect(registry.create('x', { metered: true, tokenCost: 0.5 })).rejects.toMatchObject(refusal('invalid'));
    await expect(registry.update('nobody', {})).rejects.toMatchObject(refusal('not_found', 'list of plans'));
    await expect(registry.delete('nobody')).rejects.toMatchObject(refusal('not_found'));
    expect(await registry.find('x')).toBeUndefined();
  });

  it('stays while apps have it, and says which', async () => {
    const { apps } = server.dependencies;
    await registry.create('used', {});
    for (let i = 0; i < 7; i++) await server.createApp({ id: `app-${i}`, planName: 'used' });
    await expect(registry.delete('used')).rejects.toMatchObject(
      refusal('conflict', 'app-0, app-1, app-2, app-3, app-4 and 2 more'),
    );
    for (let i = 0; i < 7; i++) await apps.update(`app-${i}`, { planName: '' });
    await registry.delete('used');
  });

  it('of an app must be there, stays when something else is changed, and is taken off by an empty name', async () => {
    const { apps } = server.dependencies;
    await registry.create('given', {});
    const { id } = await server.createApp();
    await expect(apps.update(id, { planName: 'none' })).rejects.toMatchObject(refusal('not_found', 'list of plans'));
    expect((await apps.update(id, { planName: 'given' })).plan).toMatchObject({ name: 'given' });
    expect((await apps.update(id, { name: 'Other' })).plan).toMatchObject({ name: 'given' });
    expect((await apps.update(id, { planName: '' })).plan).toBeUndefined();
  });
});
