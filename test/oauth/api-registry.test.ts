import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

const API = 'https://api.example.com';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.dependencies.apis.create(API, { name: 'API' });
});
afterAll(() => server.close());

describe('what an API allows its gateway and people', () => {
  it('is nothing, unless it is said', async () => {
    expect(await server.dependencies.apis.get(API)).toMatchObject({
      allowQueryToken: false,
      allowApiKeys: false,
      introspectionMaxAgeSeconds: 0,
    });
  });

  it('is kept when something else is changed', async () => {
    const { apis } = server.dependencies;
    const allowed = { allowQueryToken: true, allowApiKeys: true, introspectionMaxAgeSeconds: 3600 };
    await apis.update(API, allowed);
    await apis.update(API, { name: 'Renamed', scopes: ['read'] });
    expect(await apis.get(API)).toMatchObject({ ...allowed, name: 'Renamed', scopes: ['read'] });
    await apis.update(API, { allowApiKeys: false });
    expect(await apis.get(API)).toMatchObject({ ...allowed, allowApiKeys: false });
    await apis.update(API, { introspectionMaxAgeSeconds: 0 });
    expect(await apis.get(API)).toMatchObject({ allowQueryToken: true, introspectionMaxAgeSeconds: 0 });
  });

  it('is in the API of an app', async () => {
    const { apis } = server.dependencies;
    const app = await server.createApp({ apiIdentifier: API });
    await apis.update(API, { allowApiKeys: true, introspectionMaxAgeSeconds: 42 });
    expect((await server.dependencies.apps.get(app.id)).api).toMatchObject({
      allowApiKeys: true,
      introspectionMaxAgeSeconds: 42,
    });
  });

  it.each([3601, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'is never to keep answers for %s seconds, and the refusal says what is possible',
    async (introspectionMaxAgeSeconds) => {
      const { apis } = server.dependencies;
      const before = await apis.get(API);
      const refusal = { code: 'invalid', message: expect.stringContaining('0 to 3600 seconds') };
      await expect(apis.update(API, { introspectionMaxAgeSeconds })).rejects.toMatchObject(refusal);
      await expect(
        apis.create('https://never.example.com', { name: 'Never', introspectionMaxAgeSeconds }),
      ).rejects.toMatchObject(refusal);
      expect(await apis.get(API)).toEqual(before);
      expect(await apis.find('https://never.example.com')).toBeUndefined();
    },
  );
});
