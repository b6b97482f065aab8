import type { Brand } from '../../../src/http/page-contract.ts';
import type { AuditRecord } from '../../../src/oauth/audit-trail.ts';
import type { TokenFacts } from '../../../src/oauth/token-facts.ts';
import type { InspectedToken } from '../../../src/oauth/token-inspection.ts';
import type { AppFailure } from '../../../src/oauth/usage-ports.ts';
import type { AccessList, ShownAccess } from '../../../src/pages/access-lists.ts';
import type { ShownAudit } from '../../../src/pages/audit-query.ts';
import { type DashboardNumbers, RANGES, type Range } from '../../../src/pages/dashboard-numbers.ts';
import { insightTexts } from '../../../src/pages/insight-texts.ts';
import { accessPage } from '../../../src/pages/views/admin/access.tsx';
import { auditPage } from '../../../src/pages/views/admin/audit.tsx';
import { dashboardPage } from '../../../src/pages/views/admin/dashboard.tsx';
import { failuresPage } from '../../../src/pages/views/admin/failures.tsx';
import { type Inspected, inspectorPage } from '../../../src/pages/views/admin/inspector.tsx';
import { keysPage } from '../../../src/pages/views/admin/keys.tsx';
import { lastSlots } from '../../../src/pages/views/charts/time-slots.ts';

/** 2026-11-23T14:20:00Z. */
export const NOW = 1_795_443_600;
/** What somebody else has chosen; tests of escaping put worse in its place. */
export type Text = (text: string) => string;
const asItIs: Text = (text) => text;

/** The pages that show what has happened, by the name of their screenshots. */
export function insightViews(brand: Brand, text: Text = asItIs): readonly (readonly [string, string])[] {
  const visit = {
    brand,
    csrfToken: text('csrf-0123456789'),
    area: 'admin' as const,
    user: { name: text('Ada Lovelace'), email: text('ada@northwind.example'), isAdmin: true },
  };
  const dashboard = (range: Range, kind?: 'empty' | 'single') =>
    dashboardPage({ ...visit, numbers: sampleNumbers(range, text, kind), now: NOW });
  const inspect = (inspected: Pick<Inspected, 'found' | 'facts' | 'scopes'>) =>
    inspectorPage({ ...visit, inspected: { ...inspected, now: NOW } });
  const access = (list: AccessList, more: Partial<ShownAccess> = {}, notice?: string) =>
    accessPage({
      ...visit,
      notice,
      now: NOW,
      ownSessionId: 'session-1',
      shown: {
        list,
        next: undefined,
        query: { user: undefined, app: undefined, after: undefined },
        unknown: undefined,
        ...more,
      },
    });
  const audit = (shown: Partial<ShownAudit>, chain?: Parameters<typeof auditPage>[0]['chain']) =>
    auditPage({
      ...visit,
      chain,
      mostVerified: 10_000,
      shown: { filters: NO_FILTERS, records: [], next: undefined, errors: {}, ...shown },
    });
  const failures = (list: readonly AppFailure[], codes: readonly string[], code?: string) =>
    failuresPage({
      ...visit,
      appId: 'ledger-sync',
      appName: text('Ledger Sync'),
      log: { failures: list, isCut: false, codes, code },
    });
  const [header, claims] = [{ alg: 'RS256', typ: 'at+jwt', kid: text('rs256-hY3k') }, claimsOf(text)];

  return [
    ['admin-dashboard', dashboard('24h')],
    ['admin-dashboard-7d', dashboard('7d')],
    ['admin-dashboard-30d', dashboard('30d')],
    ['admin-dashboard-empty', dashboard('24h', 'empty')],
    ['admin-dashboard-single', dashboard('7d', 'single')],
    ['admin-inspector', inspectorPage(visit)],
    [
      'admin-inspector-missing',
      inspectorPage({
        ...visit,
        failed: { status: 400, errors: { token: insightTexts.inspector.missing } },
      }),
    ],
    [
      'admin-inspector-live',
      inspect({
        found: { kind: 'access_token', live: true, jwt: { header, payload: claims, verified: true } },
        facts: factsOf(text),
        scopes: [
          { name: text('projects:read'), description: text('See your projects and who works on them') },
          { name: text('projects:write'), description: undefined },
        ],
      }),
    ],
    [
      'admin-inspector-dead',
      inspect({
        found: {
          kind: 'access_token',
          live: false,
          reason: 'the secret it was issued with was regenerated',
          since: NOW - 10_900,
          jwt: { header, payload: claims, verified: true },
        },
        facts: { ...factsOf(text), familyId: undefined, secretId: text('sec_8fQ2'), userEmail: undefined },
        scopes: [],
      }),
    ],
    [
      'admin-inspector-foreign',
      inspect({
        found: {
          kind: 'unknown',
          live: false,
          reason: text(
            'it was issued by https://login.elsewhere.example; this server is https://auth.northwind.example',
          ),
          jwt: {
            header,
            payload: { ...claims, exp: 1e300, iat: 'never', nested: { deep: [text('x')] } },
            verified: false,
          },
        },
        facts: {},
        scopes: [],
      }),
    ],
    [
      'admin-inspector-garbage',
      inspect({
        found: { kind: 'unknown', live: false, reason: 'it is no token of this server' },
        facts: {},
        scopes: [],
      }),
    ],
    ['admin-inspector-secret', inspect(secretOf(text))],
    ['admin-failures', failures(sampleFailures(text), ['invalid_client', 'invalid_scope'])],
    ['admin-failures-empty', failures([], [])],
    ['admin-failures-none-of-code', failures([], ['invalid_client'], text('invalid_scope'))],
    ['admin-audit', audit({ records: sampleRecords(text), next: '4100' })],
    [
      'admin-audit-verified',
      audit(
        { records: sampleRecords(text).slice(0, 2) },
        { intact: true, events: 4120, head: { seq: 4120, hash: 'ab'.repeat(32) }, broken: undefined },
      ),
    ],
    [
      'admin-audit-broken',
      audit(
        { records: sampleRecords(text).slice(2) },
        {
          intact: false,
          events: 11,
          head: undefined,
          broken: { seq: 4112, reason: text('It does not say what it said when it was written.') },
        },
      ),
    ],
    [
      'admin-audit-nothing',
      audit({
        filters: { ...NO_FILTERS, q: text('eve@northwind.example'), from: text('23.11.2026'), target: text('x') },
        errors: { from: 'This is no date such as 2026-11-23.' },
      }),
    ],
    ['admin-keys', keysPage({ ...visit, ...sampleKeys(text, false) })],
    [
      'admin-keys-rotated',
      keysPage({ ...visit, ...sampleKeys(text, true), notice: insightTexts.keys.notices.rotated }),
    ],
    ['admin-access', access(sampleFamilies(text), { next: 'cursor' })],
    ['admin-access-connections', access(sampleConnections(text), {}, 'Disconnected. Its token is dead.')],
    ['admin-access-sessions', access(sampleSessions(text))],
    ['admin-access-api-keys', access(sampleApiKeys(text))],
    ['admin-access-empty', access({ kind: 'families', items: [] })],
    [
      'admin-access-unknown',
      access(
        { kind: 'connections', items: [] },
        { unknown: 'user', query: { user: text('eve@northwind.example'), app: undefined, after: undefined } },
      ),
    ],
  ];
}

const NO_FILTERS: ShownAudit['filters'] = {
  q: undefined,
  action: undefined,
  target_kind: undefined,
  target: undefined,
  via: undefined,
  outcome: undefined,
  from: undefined,
  until: undefined,
  after: undefined,
};

/** The same numbers every time, and up and down as real ones. */
export function sampleNumbers(range: Range, text: Text = asItIs, kind?: 'empty' | 'single'): DashboardNumbers {
  const { step, slots: count } = RANGES[range];
  const slots = lastSlots(step, count, NOW);
  const scale = kind === 'empty' ? 0 : step === 'hour' ? 1 : 19;
  const wave = (most: number, shift: number): number[] =>
    slots.times.map((_time, at) =>
      kind === 'single' && at !== count - 1
        ? 0
        : Math.round(scale * most * (0.55 + 0.45 * Math.sin((at + shift) / 3.7)) * (1 - ((at * 7 + shift) % 5) / 14)),
    );
  const { surfaces, grants, dashboard } = insightTexts;
  const of = (names: Readonly<Record<string, string>>, most: readonly number[]) =>
    Object.values(names).map((name, at) => ({ name: text(name), values: wave(most[at] ?? 0, at * 2) }));
  const families = slots.times.map((_time, at) =>
    kind === 'empty' || (kind === 'single' && at !== 3) || (at > 3 && at < 6)
      ? undefined
      : 1180 + at * 9 + ((at * 37) % 23),
  );
  return {
    range,
    slots,
    tokensBySurface: of(surfaces, [840, 310, 120, 205, 18]),
    tokensByGrant: of(grants, [610, 130, 420, 210, 18]),
    verified: of({ accepted: dashboard.accepted, refused: dashboard.refused }, [9400, 380]),
    failures:
      kind === 'empty'
        ? []
        : [
            { name: text('invalid_client'), meaning: 'Unknown app, or a wrong secret', count: 412 * scale },
            {
              name: text('invalid_grant'),
              meaning: 'A code, token or password that does not count',
              count: 233 * scale,
            },
            { name: text('invalid_scope'), meaning: 'Scopes that the app is not allowed', count: 58 * scale },
            { name: text('too_many_requests'), meaning: 'Too many requests or failures', count: 12 },
            { name: text('unheard_of'), meaning: undefined, count: 1 },
          ],
    families,
    familiesNow: kind === 'empty' ? undefined : { at: NOW - 140, value: 1412 },
    topApps:
      kind === 'empty'
        ? []
        : [
            { id: 'ledger-sync', name: text('Ledger Sync'), count: 18_204 * scale },
            { id: 'fieldnotes', name: text('Fieldnotes'), count: 9120 * scale },
            { id: text('gone-app'), name: undefined, count: 77 },
          ],
    appCount: kind === 'empty' ? 1 : 128,
  };
}

function claimsOf(text: Text): Record<string, unknown> {
  return {
    iss: 'https://auth.northwind.example',
    aud: text('https://api.northwind.example'),
    sub: text('usr_7Jp2'),
    client_id: text('ledger-sync'),
    scope: text('projects:read projects:write'),
    iat: NOW - 1200,
    exp: NOW + 2400,
    jti: 'q9Zk3vT0c1pXq7Rr9uB2mW',
    family_id: text('fam_Zk3v'),
    [text('note')]: text('cs_app_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUiV4kCw'),
  };
}

function factsOf(text: Text): TokenFacts {
  return {
    appId: text('ledger-sync'),
    appName: text('Ledger Sync'),
    userEmail: text('grace@northwind.example'),
    subject: text('usr_7Jp2'),
    apiIdentifier: text('https://api.northwind.example'),
    scope: 'projects:read projects:write',
    algorithm: 'RS256',
    issuer: 'https://auth.northwind.example',
    familyId: text('fam_Zk3v'),
    issuedAt: NOW - 1200,
    expiresAt: NOW + 2400,
  };
}

function secretOf(text: Text): Pick<Inspected, 'found' | 'facts' | 'scopes'> {
  const found: InspectedToken = {
    kind: 'app_secret',
    live: false,
    reason: 'its app is disabled',
    since: NOW - 200_000,
  };
  return {
    found,
    facts: {
      appId: text('ledger-sync'),
      appName: text('Ledger Sync'),
      secretId: text('sec_8fQ2'),
      label: text('Production'),
      createdAt: NOW - 9_000_000,
      lastUsedAt: NOW - 260_000,
    },
    scopes: [],
  };
}

function sampleFailures(text: Text): readonly AppFailure[] {
  const failure = {
    appId: 'ledger-sync',
    at: NOW - 60,
    surface: 'standard',
    grant: 'client_credentials',
    code: 'invalid_client',
    reason: text('wrong or expired secret for app ledger-sync'),
    address: text('203.0.113.7'),
    requestId: text('k3v9-1f'),
  };
  return [
    { ...failure, more: 41 },
    {
      ...failure,
      at: NOW - 3000,
      surface: text('enveloped'),
      code: 'invalid_scope',
      reason: text("The scope 'projects:delete' is not allowed for this app."),
    },
    {
      ...failure,
      at: NOW - 80_000,
      surface: 'verify',
      grant: '',
      code: text('invalid_token'),
      reason: text('it has expired'),
    },
  ];
}

function sampleRecords(text: Text): readonly AuditRecord[] {
  const actor = {
    kind: 'user' as const,
    id: text('usr_7Jp2'),
    name: text('ada@northwind.example'),
    via: 'panel' as const,
    address: text('203.0.113.7'),
    requestId: text('k3v9-2a'),
  };
  const at = (ago: number) => new Date((NOW - ago) * 1000);
  return [
    {
      seq: 4120,
      at: at(40),
      action: 'app.update',
      outcome: 'success',
      actor,
      target: { kind: 'app', id: text('ledger-sync') },
      details: {
        allow_lifetime_extension: { old: false, new: true },
        redirect_uris: { old: [], new: [text('https://app.ledger.example/callback')] },
        [text('name')]: { old: text('Ledger'), new: text('Ledger Sync') },
      },
    },
    {
      seq: 4119,
      at: at(300),
      action: 'secret.regenerate',
      outcome: 'success',
      actor: { ...actor, kind: 'operator', id: text('root'), name: '', via: 'cli', address: '' },
      target: { kind: 'secret', id: text('sec_8fQ2') },
      details: { app: text('ledger-sync') },
    },
    {
      seq: 4118,
      at: at(4000),
      action: text('user.disable'),
      outcome: 'failure',
      actor: { ...actor, kind: 'app', id: text('automation'), name: text('Automation'), via: 'api' },
      target: { kind: 'user', id: text('usr_9Qr1') },
      details: { reason: text('It would be the last administrator.') },
    },
    {
      seq: 4117,
      at: at(90_000),
      action: 'audit.prune',
      outcome: 'success',
      actor: { kind: 'server', id: '', name: '', via: 'server', address: '', requestId: '' },
      target: undefined,
      details: undefined,
    },
  ];
}

function sampleKeys(text: Text, underWay: boolean) {
  const key = (algorithm: 'RS256' | 'ES256' | 'EdDSA', state: 'signing' | 'next' | 'retired', more = {}) => ({
    kid: text(`${algorithm.toLowerCase()}-${state}`),
    algorithm,
    state,
    publishedAt: NOW - 9_000_000,
    signsFrom: state === 'next' ? undefined : NOW - 8_000_000,
    tokensUntil: state === 'next' ? NOW - 9_000_000 : NOW + 80_000,
    ...more,
  });
  return {
    keys: [
      key('RS256', 'signing'),
      key('RS256', 'next', underWay ? { signsFrom: NOW + 3000 } : {}),
      key('RS256', 'retired'),
      key('ES256', 'signing'),
      key('ES256', 'next'),
      key('EdDSA', 'signing'),
      key('EdDSA', 'next'),
    ],
    now: NOW,
  };
}

function sampleFamilies(text: Text): AccessList {
  const family = {
    id: text('fam_Zk3v'),
    appId: text('ledger-sync'),
    appName: text('Ledger Sync'),
    userId: 'usr_7Jp2',
    userEmail: text('grace@northwind.example'),
    apiIdentifier: text('https://api.northwind.example'),
    scopes: [text('projects:read'), text('projects:write')],
    createdAt: NOW - 400_000,
    expiresAt: NOW + 2_000_000,
    lastUsedAt: NOW - 300,
  };
  return {
    kind: 'families',
    items: [
      family,
      { ...family, id: text('fam_9Qr1'), appName: text('Fieldnotes'), scopes: [], lastUsedAt: undefined },
    ],
  };
}

function sampleConnections(text: Text): AccessList {
  return {
    kind: 'connections',
    items: [
      {
        id: text('con_Zk3v'),
        appId: text('ledger-sync'),
        appName: text('Ledger Sync'),
        userId: 'usr_7Jp2',
        userEmail: text('grace@northwind.example'),
        apiIdentifier: text('https://api.northwind.example'),
        scopes: [text('projects:read')],
        createdAt: NOW - 400_000,
        lastUsedAt: undefined,
      },
    ],
  };
}

function sampleSessions(text: Text): AccessList {
  const session = {
    id: 'session-1',
    userId: 'usr_7Jp2',
    userEmail: text('ada@northwind.example'),
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36',
    address: text('203.0.113.7'),
    createdAt: NOW - 90_000,
    authenticatedAt: NOW - 90_000,
    lastSeenAt: NOW - 60,
    expiresAt: NOW + 900_000,
  };
  return {
    kind: 'sessions',
    items: [
      session,
      { ...session, id: text('session-2'), userAgent: text('curl/8.5'), userEmail: text('grace@northwind.example') },
    ],
  };
}

function sampleApiKeys(text: Text): AccessList {
  const key = {
    id: text('key_Zk3v'),
    label: text('Nightly export'),
    lastFour: text('kCw4'),
    owner: { userId: 'usr_7Jp2' },
    apiIdentifier: text('https://api.northwind.example'),
    scopes: [text('projects:read')],
    createdAt: NOW - 400_000,
    expiresAt: NOW - 10,
    lastUsedAt: NOW - 3000,
    userEmail: text('grace@northwind.example'),
    appName: undefined,
  };
  return {
    kind: 'api-keys',
    items: [
      key,
      {
        ...key,
        id: text('key_9Qr1'),
        owner: { appId: text('ledger-sync') },
        appName: text('Ledger Sync'),
        expiresAt: undefined,
        lastUsedAt: undefined,
      },
    ],
  };
}
