import type { Brand } from '../../../src/http/page-contract.ts';
import { accountPage } from '../../../src/pages/views/account.tsx';
import { issuedApiKeyPage, newApiKeyPage } from '../../../src/pages/views/api-key.tsx';
import { consentPage } from '../../../src/pages/views/consent.tsx';
import {
  embeddedCodePage,
  errorPage,
  formPostPage,
  messagePage,
  signedOutPage,
} from '../../../src/pages/views/messages.tsx';
import { signInPage } from '../../../src/pages/views/sign-in.tsx';
import { developerViews } from './sample-developer-views.ts';
import { insightViews } from './sample-insight.ts';
import { panelViews } from './sample-panel-views.ts';

export const BRAND: Brand = { name: 'Northwind', colour: '#3b5bdb', logoPath: undefined };

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1';

const at = (time: string) => new Date(`2026-11-${time}Z`);

/** Every page in every state worth looking at, by a name for its screenshot. */
export function sampleViews(brand: Brand = BRAND): ReadonlyMap<string, string> {
  const signIn = { brand, csrfToken: 'csrf-0123456789', flow: 'flow-0123456789', email: undefined };
  const consent = {
    brand,
    csrfToken: 'csrf-0123456789',
    flow: 'flow-0123456789',
    appName: 'Fieldnotes',
    appId: 'fieldnotes-web',
    redirectHost: 'app.fieldnotes.example',
    kind: 'https' as const,
    userEmail: 'ada@northwind.example',
    scopes: [
      { name: 'projects:read', description: 'See your projects and who works on them', isNew: true },
      { name: 'projects:write', description: 'Create, change and archive projects for you', isNew: true },
      { name: 'offline_access', description: undefined, isNew: true },
    ],
    neverExpires: false,
  };
  const account = {
    brand,
    csrfToken: 'csrf-0123456789',
    user: { name: 'Ada Lovelace', email: 'ada@northwind.example' },
    sessions: [
      {
        id: 'session-1',
        current: true,
        userAgent: FIREFOX,
        address: '203.0.113.7',
        createdAt: at('23T04:20:00'),
        lastSeenAt: at('23T09:12:00'),
      },
      {
        id: 'session-2',
        current: false,
        userAgent: SAFARI,
        address: '2001:db8::8a2e:370:7334',
        createdAt: at('02T18:01:00'),
        lastSeenAt: at('21T22:47:00'),
      },
      {
        id: 'session-3',
        current: false,
        userAgent: undefined,
        address: undefined,
        createdAt: at('01T06:30:00'),
        lastSeenAt: at('01T06:30:00'),
      },
    ],
    apps: [
      {
        familyId: 'family-1',
        appName: 'Cursor',
        scopes: ['tools:call', 'projects:read'],
        createdAt: at('12T10:00:00'),
        lastUsedAt: at('23T08:59:00'),
      },
      {
        familyId: 'family-2',
        appName: 'Fieldnotes',
        scopes: ['projects:read', 'projects:write', 'comments:read', 'comments:write', 'offline_access'],
        createdAt: at('03T14:25:00'),
        lastUsedAt: at('20T16:40:00'),
      },
    ],
    connections: [
      {
        id: 'connection-1',
        appName: 'Ledger Sync',
        scopes: ['invoices:read'],
        createdAt: at('09T07:15:00'),
        lastUsedAt: undefined,
      },
    ],
    apiKeys: [
      {
        id: 'key-1',
        label: 'Nightly export',
        lastFour: 'x7Qa',
        apiName: 'Orders',
        appName: undefined,
        scopes: [
          { name: 'orders:read', description: 'See your orders' },
          { name: 'invoices:read', description: 'See your invoices' },
          { name: 'offline_access', description: undefined },
        ],
        createdAt: at('05T11:40:00'),
        lastUsedAt: at('23T03:00:00'),
        expiresAt: new Date('2027-02-03T11:40:00Z'),
        expired: false,
      },
      {
        id: 'key-2',
        label: 'Old laptop',
        lastFour: 'm-_2',
        apiName: 'Orders',
        appName: 'Ledger Sync',
        scopes: [],
        createdAt: at('01T08:00:00'),
        lastUsedAt: undefined,
        expiresAt: at('20T08:00:00'),
        expired: true,
      },
    ],
    mayMakeApiKeys: true,
  };
  const newApiKey = {
    brand,
    csrfToken: 'csrf-0123456789',
    formId: 'form-0123456789',
    targets: [
      {
        value: 'api https://api.northwind.example/orders',
        apiName: 'Orders',
        apiIdentifier: 'https://api.northwind.example/orders',
        appName: undefined,
        scopes: [
          { name: 'orders:read', description: 'See your orders' },
          { name: 'orders:write', description: 'Create and change orders for you' },
          { name: 'offline_access', description: undefined },
        ],
      },
      {
        value: 'api https://api.northwind.example/weather',
        apiName: 'Weather',
        apiIdentifier: 'https://api.northwind.example/weather',
        appName: undefined,
        scopes: [],
      },
      {
        value: 'app ledger-sync',
        apiName: 'Orders',
        apiIdentifier: 'https://api.northwind.example/orders',
        appName: 'Ledger Sync',
        scopes: [{ name: 'orders:read', description: 'See your orders' }],
      },
    ],
    entered: { label: '', target: undefined, scopes: [], expiry: '90' as const },
  };
  const loopback = {
    ...consent,
    appName: 'Cursor',
    appId: 'cursor',
    kind: 'loopback' as const,
    redirectHost: 'this computer',
    scopes: [{ name: 'tools:call', description: 'Use your tools', isNew: true }],
  };
  return new Map([
    ['sign-in', signInPage({ ...signIn, appName: 'Fieldnotes' })],
    ['sign-in-account', signInPage({ ...signIn, flow: undefined })],
    ['sign-in-wrong', signInPage({ ...signIn, email: 'ada@northwind.example', failure: 'wrong', appName: 'Cursor' })],
    [
      'sign-in-too-many',
      signInPage({ ...signIn, email: 'ada@northwind.example', failure: 'too_many', retryAfterSeconds: 840 }),
    ],
    ['sign-in-busy', signInPage({ ...signIn, email: 'ada@northwind.example', failure: 'busy', retryAfterSeconds: 2 })],
    ['consent', consentPage(consent)],
    ['consent-loopback', consentPage(loopback)],
    [
      'consent-more',
      consentPage({
        ...consent,
        scopes: consent.scopes.map((scope, index) => ({ ...scope, isNew: index === 1 })),
      }),
    ],
    [
      'consent-private-scheme',
      consentPage({ ...loopback, kind: 'private-scheme', redirectHost: undefined, scopes: [] }),
    ],
    [
      'consent-embedded',
      consentPage({
        ...consent,
        kind: 'embedded',
        redirectHost: undefined,
        neverExpires: true,
        appName: 'Ledger Sync',
      }),
    ],
    [
      'error',
      errorPage({
        brand,
        title: 'This link does not work',
        problem: 'The address that the app wants you to return to is not one that it has registered.',
        advice: 'Nothing is wrong with your account. Tell the makers of the app; they have to correct it.',
        requestId: '01JD8X4ZK3R7Q2M9V5T6B1N0CW',
        status: 400,
      }),
    ],
    ['account', accountPage(account)],
    [
      'account-failure',
      accountPage({ ...account, apps: [], connections: [], apiKeys: [], passwordFailure: 'mismatch' }),
    ],
    [
      'account-notice',
      accountPage({
        ...account,
        connections: [],
        apiKeys: [],
        mayMakeApiKeys: false,
        sessions: account.sessions.slice(0, 1),
        notice: 'app_disconnected',
      }),
    ],
    ['api-key-new', newApiKeyPage(newApiKey)],
    [
      'api-key-new-failure',
      newApiKeyPage({
        ...newApiKey,
        entered: {
          label: 'Nightly export',
          target: 'app ledger-sync',
          scopes: ['app ledger-sync orders:read'],
          expiry: 'never',
        },
        failure: 'too_many',
      }),
    ],
    ['api-key-new-only', newApiKeyPage({ ...newApiKey, targets: newApiKey.targets.slice(0, 1), failure: 'label' })],
    ['api-key-new-nothing', newApiKeyPage({ ...newApiKey, targets: [] })],
    [
      'api-key-issued',
      issuedApiKeyPage({
        brand,
        label: 'Nightly export',
        rawValue: 'cs_key_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUiV4kCw',
      }),
    ],
    ['signed-out', signedOutPage({ brand })],
    ['message', messagePage({ brand, title: 'Nothing to do', message: 'This has been done already.' })],
    [
      'form-post',
      formPostPage({
        brand,
        action: '/callback',
        parameters: { code: 'abc', state: '"><b>', iss: 'https://a.example' },
      }),
    ],
    [
      'embedded-code',
      embeddedCodePage({ brand, code: 'cs_code_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jL', appName: 'Ledger Sync' }),
    ],
    ...insightViews(brand),
    ...panelViews(brand),
    ...developerViews(brand),
  ]);
}
