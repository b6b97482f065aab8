import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADMIN_SCOPES, EVERY_ADMIN_SCOPE } from '../src/oauth/admin-scopes.ts';
import { type CollectedRoute, collectedRoutes, collectingRoutes } from './support/collected-routes.ts';
import { openRoleWorld, ROLES, type Role, type RoleWorld } from './support/role-world.ts';
import { ISSUER, startTestServer, type TestServer } from './support/server.ts';

vi.mock('fastify', async (load) => collectingRoutes(await load<typeof import('fastify')>()));
vi.setConfig({ testTimeout: 480_000, hookTimeout: 120_000 });

const TABLE = readFileSync(new URL('./role-table.txt', import.meta.url), 'utf8');

/** What each role gets, and for the admin API the scope that a token needs. */
interface Row {
  readonly outcomes: Readonly<Record<Role, string>>;
  readonly scope: string | undefined;
}

let server: TestServer;
let world: RoleWorld;
let rows: ReadonlyMap<string, Row>;

beforeAll(async () => {
  server = await startTestServer();
  world = await openRoleWorld(server);
  rows = readTable(TABLE);
});

afterAll(() => server.close());

/** Stylesheets and the like have their content in their names. */
const nameOf = ({ method, path }: CollectedRoute): string =>
  `${path === '/verify' ? 'ANY' : method} ${path.replace(/^\/assets\/.+/, '/assets/*')}`;

/** Every route once; those last that change what the others need: the session, and what members may do. */
function everyRoute(): readonly CollectedRoute[] {
  const byName = new Map(collectedRoutes().map((route) => [nameOf(route), route]));
  const isLast = ({ path }: CollectedRoute) => (path === '/sign-out' ? 2 : path === '/admin/policy' ? 1 : 0);
  return [...byName.values()].sort((one, other) => isLast(one) - isLast(other));
}

/** A HEAD is what its GET is. */
function rowOf(route: CollectedRoute): Row | undefined {
  return (
    rows.get(nameOf(route)) ?? (route.method === 'HEAD' ? rows.get(nameOf({ ...route, method: 'GET' })) : undefined)
  );
}

describe('the role table', () => {
  it('has a row for every route but those that only say that a method is not for them, and for nothing else', async () => {
    const without = everyRoute().filter((route) => rowOf(route) === undefined);
    const answering: string[] = [];
    for (const route of without) {
      for (const role of ['anonymous', 'administrator'] as const) {
        const outcome = await world.request(route, role, { inVain: true });
        // Browsers ask with OPTIONS whether they may; there is nothing else in the answer.
        const isRefusal = outcome === '405' || (route.method === 'OPTIONS' && outcome === '204');
        if (!isRefusal) answering.push(`${nameOf(route)}: ${role} gets ${outcome}`);
      }
    }
    expect(answering, 'routes without a row in test/role-table.txt').toEqual([]);
    const names = new Set(everyRoute().map(nameOf));
    expect(
      [...rows.keys()].filter((name) => !names.has(name)),
      'rows without a route',
    ).toEqual([]);
  });

  it('says what everybody gets, and what others try changes nothing that is a member’s', async () => {
    const wrong: string[] = [];
    const compare = async (route: CollectedRoute, role: Role): Promise<void> => {
      const expected = rowOf(route)?.outcomes[role];
      const outcome = await world.request(route, role);
      // One that answers no HEAD refuses it.
      if (outcome !== expected && !(route.method === 'HEAD' && outcome === '405')) {
        wrong.push(`${nameOf(route)}: ${role} gets ${outcome}, expected ${expected}`);
      }
    };
    const routes = everyRoute().filter((route) => rowOf(route) !== undefined);
    const before = await world.thingsOfMember();
    for (const route of routes) for (const role of ['anonymous', 'another'] as const) await compare(route, role);
    expect(await world.thingsOfMember()).toEqual(before);
    for (const route of routes) for (const role of ['member', 'administrator'] as const) await compare(route, role);
    expect(wrong).toEqual([]);
  });

  it('takes no form without the CSRF token of the browser, whoever sends it', async () => {
    const taken: string[] = [];
    for (const route of everyRoute().filter(({ method, path }) => method === 'POST' && world.isPage(path))) {
      for (const role of ROLES) {
        const outcome = await world.request(route, role, { withoutCsrfToken: true });
        if (rowOf(route) !== undefined && outcome !== '403') taken.push(`${nameOf(route)}: ${role} gets ${outcome}`);
      }
    }
    // Apps send people there from their own pages.
    expect(taken.filter((line) => !line.startsWith('POST /oauth/authorize:'))).toEqual([]);
  });
});

describe('tokens at the admin API', () => {
  const operations = () => everyRoute().filter((route) => rowOf(route)?.scope !== undefined && route.method !== 'HEAD');

  it('are needed, and are those for the admin API', async () => {
    const foreign = await world.tokenFor({ apiIdentifier: ISSUER, scopes: [...ADMIN_SCOPES] });
    const wrong: string[] = [];
    for (const route of operations()) {
      for (const token of ['', 'nonsense', foreign]) {
        const status = await world.requestWithToken(route, token);
        if (status !== 401)
          wrong.push(`${nameOf(route)}: ${token === foreign ? 'a foreign token' : `'${token}'`}: ${status}`);
      }
    }
    expect(operations().length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  it('let an operation pass with exactly its scope, and with all of them, and with no others', async () => {
    const wrong: string[] = [];
    const everything = await world.adminToken([EVERY_ADMIN_SCOPE]);
    for (const route of operations()) {
      const { scope = '' } = rowOf(route) ?? {};
      const writing = scope.replace(/:read$/, ':write');
      const others = ADMIN_SCOPES.filter((other) => ![EVERY_ADMIN_SCOPE, scope, writing].includes(other));
      const statuses = {
        exact: await world.requestWithToken(route, await world.adminToken([scope])),
        writing: await world.requestWithToken(route, await world.adminToken([writing])),
        everything: await world.requestWithToken(route, everything),
        others: await world.requestWithToken(route, await world.adminToken(others)),
      };
      const { others: refused, ...passing } = statuses;
      const passes = Object.values(passing).every((status) => status < 500 && status !== 401 && status !== 403);
      if (!passes || refused !== 403) wrong.push(`${nameOf(route)} (${scope}): ${JSON.stringify(statuses)}`);
    }
    expect(wrong).toEqual([]);
  });
});

/**
 * Each line is a row under the heading of its area, in which `=` stands for what the area says already. See the head of
 * the file.
 */
function readTable(text: string): ReadonlyMap<string, Row> {
  const table = new Map<string, Row>();
  let area: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [first = '', second = '', ...columns] = line.trim().split(/\s+/);
    if (first === '' || first === '#') continue;
    if (first === 'area') {
      area = columns;
      continue;
    }
    const [anonymous, member, another, administrator, scope] = columns.map((column, at) =>
      column === '=' ? area[at] : column,
    );
    const name = `${first} ${second}`;
    const outcomes = { anonymous, member, another, administrator };
    if (Object.values(outcomes).some((outcome) => outcome === undefined))
      throw new Error(`The row of ${name} is short.`);
    if (table.has(name)) throw new Error(`There are two rows for ${name}.`);
    table.set(name, { outcomes: outcomes as Row['outcomes'], scope });
  }
  return table;
}
