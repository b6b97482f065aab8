import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyDocument } from '../../src/cli/apply/apply-document.ts';
import { builtInApis } from '../../src/cli/apply/built-in-apis.ts';
import { parseApplyDocument } from '../../src/cli/apply/document.ts';
import type { Outcome } from '../../src/cli/apply/outcome.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

const API = 'https://api.example.com';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function apply(file: string | object, dryRun = false): Promise<readonly Outcome[]> {
  const source = typeof file === 'string' ? file : JSON.stringify(file);
  return applyDocument(parseApplyDocument(source), server.dependencies.together, builtInApis(ISSUER), dryRun);
}

const outcomesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ outcome }) => outcome);

describe('the file of apply', () => {
  it('that is in the documentation can be applied, twice', async () => {
    const page = readFileSync(new URL('../../docs/declarative.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```yaml\n(.*?)^```/ms.exec(page) ?? [];
    const { apis, roles, plans, users, apps, top_ups } = parseApplyDocument(example);
    for (const section of [apis, roles, plans, users, apps, top_ups]) expect(section).not.toEqual([]);
    expect(outcomesOf(await apply(example))).not.toContain('unchanged');
    expect(new Set(outcomesOf(await apply(example)))).toEqual(new Set(['unchanged']));
  });

  it('sets the policy for self-service, tells the changes, and refuses what it could not be', async () => {
    const before = await server.dependencies.policy.get();
    const policy = { enabled: true, max_apps: 3, grants: ['client_credentials'], redirect_hosts: ['*.example.org'] };
    const [told] = await apply({ policy });
    expect(told).toMatchObject({ type: 'policy', outcome: 'updated' });
    expect(told?.changes).toContainEqual({ field: 'max_apps', from: before.maxApps === 3 ? 5 : before.maxApps, to: 3 });
    expect(await server.dependencies.policy.get()).toMatchObject({ maxApps: 3, grants: ['client_credentials'] });
    expect(outcomesOf(await apply({ policy }))).toEqual(['unchanged']);
    const spelt = { policy: { redirect_hosts: [' *.Example.ORG'], plan: '' } };
    expect(outcomesOf(await apply(spelt))).toEqual(['unchanged']);
    await expect(apply({ policy: { grants: ['magic'] } })).rejects.toThrow("- policy: There is no grant 'magic'");
    await expect(apply({ policy: { max_aps: 1 } })).rejects.toThrow(
      '- policy.max_aps: there is no such field. Known are: enabled, max_apps,',
    );
  });

  it('takes an empty text for null, and finds nothing to change after that', async () => {
    const file = { apps: [{ id: 'bare', name: 'B', grants: ['client_credentials'], owner: '', plan: '', api: '' }] };
    expect(outcomesOf(await apply(file))).toEqual(['created']);
    expect(outcomesOf(await apply(file))).toEqual(['unchanged']);
  });

  it('refuses half a character in a name, which the database would make something else of', async () => {
    const users = [{ email: 'half@example.com', name: 'half \ud83d' }];
    await expect(apply({ users })).rejects.toThrow('- users[0] (half@example.com): The user needs a name');
    const apis = [{ identifier: 'https://half.example.com', name: 'half \ud83d' }];
    await expect(apply({ apis })).rejects.toThrow('- apis[0] (https://half.example.com): The API needs a name');
  });

  it('names the built-in APIs without the issuer, and takes them only once', async () => {
    const file = {
      apis: [
        { identifier: 'default', name: 'Ours', allow_query_token: true },
        { identifier: 'admin', introspection_max_age: 9 },
      ],
      apps: [
        { id: 'of-admin', name: 'A', grants: ['client_credentials'], api: 'admin', scopes: ['admin:users:read'] },
        { id: 'of-default', name: 'D', grants: ['client_credentials'], api: 'default' },
      ],
    };
    await apply(file);
    const { apis, apps } = server.dependencies;
    expect(await apis.get(ISSUER)).toMatchObject({ name: 'Ours', allowQueryToken: true });
    expect((await apps.get('of-admin')).api.identifier).toBe(`${ISSUER}/admin`);
    expect((await apps.get('of-default')).api.identifier).toBe(ISSUER);
    expect(outcomesOf(await apply(file))).toEqual(Array(4).fill('unchanged'));
    await expect(apply({ apis: [{ identifier: 'default' }, { identifier: ISSUER }] })).rejects.toThrow(
      'described twice',
    );
    await expect(apply({ apis: [{ identifier: 'admin', scopes: ['x'] }] })).rejects.toThrow('- apis[0] (');
  });

  it('goes back to the defaults with null, and finds nothing to change after that', async () => {
    await apply({
      apis: [
        {
          identifier: API,
          name: 'A',
          alg: 'ES256',
          scopes: ['a'],
          scope_descriptions: { a: 'Does a' },
          access_token_lifetime: 60,
        },
      ],
      plans: [{ name: 'p', requests_per_minute: 5, metered: true, token_cost: 2 }],
      apps: [
        {
          id: 'set',
          name: 'S',
          grants: ['authorization_code'],
          api: API,
          scopes: ['a'],
          surfaces: ['standard'],
          redirect_uris: ['https://a.example/'],
          pkce: 'optional',
          first_party: true,
          refresh_retry_window: 9,
          plan: 'p',
          disabled: true,
        },
      ],
    });
    const nulls = (fields: readonly string[]) => Object.fromEntries(fields.map((field) => [field, null]));
    const file = {
      apis: [
        {
          identifier: API,
          ...nulls([
            'alg',
            'scopes',
            'scope_descriptions',
            'access_token_lifetime',
            'allow_query_token',
            'allow_api_keys',
            'introspection_max_age',
          ]),
        },
      ],
      plans: [{ name: 'p', ...nulls(['requests_per_minute', 'metered', 'token_cost']) }],
      apps: [
        {
          id: 'set',
          ...nulls([
            'public',
            'surfaces',
            'redirect_uris',
            'scopes',
            'roles',
            'owner',
            'api',
            'pkce',
            'first_party',
            'refresh_retry_window',
            'plan',
            'disabled',
            'max_token_lifetime',
            'refresh_idle_lifetime',
          ]),
        },
      ],
    };
    expect(outcomesOf(await apply(file))).toEqual(['updated', 'updated', 'updated']);
    const app = await server.dependencies.apps.get('set');
    expect(app).toMatchObject({ enabled: true, scopes: [], pkceRequired: true, firstParty: false, plan: undefined });
    expect([app.api.identifier, app.surfaces.length]).toEqual([ISSUER, 4]);
    expect(await server.dependencies.apis.get(API)).toMatchObject({
      algorithm: 'RS256',
      scopes: [],
      scopeDescriptions: {},
    });
    expect(await server.dependencies.plans.get('p')).toMatchObject({ metered: false, tokenCost: 0 });
    expect(outcomesOf(await apply(file))).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('adds secrets by their values, labels those that are there, and prints none', async () => {
    const secrets = (label: string) => [
      { value: 'the first of our values', label: 'blue' },
      { value: 'the second of our values', label },
    ];
    const file = (label: string) => ({
      apis: [{ identifier: 'https://s.example.com', name: 'S', secrets: secrets(label) }],
      apps: [{ id: 'secrets', name: 'S', grants: ['client_credentials'], secrets: secrets(label) }],
    });
    const made = await apply(file('green'));
    expect(JSON.stringify(made)).not.toContain('of our values');
    expect(made.map(({ issued }) => issued)).toEqual([{}, {}]);
    for (const owner of [{ apiIdentifier: 'https://s.example.com' }, { appId: 'secrets' }]) {
      const labels = (await server.dependencies.secrets.list(owner)).map(({ label }) => label);
      expect(labels.sort()).toEqual(['blue', 'green']);
    }
    const grant = { grant_type: 'client_credentials' };
    for (const { value } of secrets('')) {
      expect((await server.postForm('/oauth/token', grant, ['secrets', value])).status).toBe(200);
    }
    const changed = await apply(file('red'));
    expect(changed.map(({ changes }) => changes)).toEqual(
      Array(2).fill([{ field: 'secret label', from: 'green', to: 'red' }]),
    );
    expect(outcomesOf(await apply(file('red')))).toEqual(['unchanged', 'unchanged']);
    const wrong = { apps: [{ id: 'secrets', secrets: [{ valu: 'x' }] }] };
    await expect(apply(wrong)).rejects.toThrow(
      '- apps[0].secrets[0].valu: there is no such field. Known are: value, label.',
    );
  });

  it('takes a secret that is stated twice, as the short form and with a label, for one', async () => {
    const value = 'one of our own values';
    const grants = ['client_credentials'];
    const file = (id: string) => ({
      apps: [{ id, name: 'T', grants, secret: value, secrets: [{ value, label: 'blue' }] }],
    });
    await server.createApp({ id: 'there-before' });
    for (const id of ['there-before', 'made-by-it']) {
      await apply(file(id));
      expect(outcomesOf(await apply(file(id)))).toEqual(['unchanged']);
      const labels = (await server.dependencies.secrets.list({ appId: id })).map(({ label }) => label);
      expect(labels.filter((label) => label === 'blue')).toHaveLength(1);
      expect(labels).toHaveLength(id === 'there-before' ? 2 : 1);
    }
  });

  it('tops balances up once for each reference, and in a dry run not at all', async () => {
    const { balances } = server.dependencies;
    const { id: app } = await server.createApp({ id: 'paying' });
    const topUp = { app, credits: 500, reference: 'invoice 1' };
    expect(outcomesOf(await apply({ top_ups: [topUp] }, true))).toEqual(['created']);
    expect((await balances.show(app)).available).toBe(0);
    expect(outcomesOf(await apply({ top_ups: [topUp, { ...topUp, reference: 'invoice 2' }] }))).toEqual([
      'created',
      'created',
    ]);
    expect(outcomesOf(await apply({ top_ups: [topUp] }))).toEqual(['unchanged']);
    expect((await balances.show(app)).available).toBe(1000);
    await expect(apply({ top_ups: [{ ...topUp, credits: 501 }] })).rejects.toThrow(
      '- top_ups[0] (paying invoice 1): The reference',
    );
    await expect(apply({ top_ups: [topUp, topUp] })).rejects.toThrow('described twice');
    await expect(apply({ top_ups: [{ app, credits: 5 }] })).rejects.toThrow('top_ups[0].reference: is missing');
  });
});
