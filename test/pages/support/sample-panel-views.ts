import type { Brand } from '../../../src/http/page-contract.ts';
import type { Api, App, Secret, User } from '../../../src/oauth/model.ts';
import { apiFormValues, readApiForm } from '../../../src/pages/api-form.ts';
import { type AppFormChoices, appFormValues, readAppForm } from '../../../src/pages/app-form.ts';
import { readUserForm, userFormValues } from '../../../src/pages/user-form.ts';
import { apiPage } from '../../../src/pages/views/admin/api.tsx';
import { apiMadePage, apisPage, newApiPage } from '../../../src/pages/views/admin/apis.tsx';
import { appPage } from '../../../src/pages/views/admin/app.tsx';
import { appSecretsPage } from '../../../src/pages/views/admin/app-secrets.tsx';
import { appSettingsPage } from '../../../src/pages/views/admin/app-settings.tsx';
import { appsPage } from '../../../src/pages/views/admin/apps.tsx';
import { appMadePage, newAppPage } from '../../../src/pages/views/admin/new-app.tsx';
import { notAdministratorPage } from '../../../src/pages/views/admin/not-administrator.tsx';
import { newPlanPage, planPage, plansPage } from '../../../src/pages/views/admin/plans.tsx';
import { policyPage } from '../../../src/pages/views/admin/policy.tsx';
import { newRolePage, rolePage, rolesPage } from '../../../src/pages/views/admin/roles.tsx';
import { userPage } from '../../../src/pages/views/admin/user.tsx';
import { newUserPage, userMadePage, usersPage } from '../../../src/pages/views/admin/users.tsx';
import { refusedPage } from '../../../src/pages/views/panel/refused.tsx';
import { appJson } from '../../../src/representations/app.ts';

/** Words that others have chosen, for the views to show; `hostile` makes all of them the same. */
interface Chosen {
  readonly hostile?: string;
}

const at = (time: string): number => Date.parse(`2026-11-${time}Z`) / 1000;
const NOW = at('23T09:30:00');
const DAY = 86_400;
const LONG =
  'Quarterly consolidated revenue and reconciliation exporter for the northern subsidiaries (staging, do not use)';

/** The pages of the first half of the panel, in every state worth looking at. */
export function panelViews(brand: Brand, { hostile }: Chosen = {}): readonly (readonly [string, string])[] {
  const word = (text: string): string => hostile ?? text;
  const user: User = {
    id: word('usr_Zk3vT0c1pXq7Rr9uB2mW5y'),
    email: word('ada@northwind.example'),
    emailKey: 'ada@northwind.example',
    name: word('Ada Lovelace'),
    passwordHash: '$argon2id$',
    profileImageUrl: word('https://northwind.example/people/ada.png'),
    isAdmin: true,
    enabled: true,
    createdAt: at('01T08:00:00'),
  };
  const grace: User = {
    ...user,
    id: word('usr_8dF4gH6jLs1aQe0oPzUiV4'),
    email: word('grace.brewster.murray.hopper@subsidiaries.northwind.example'),
    name: word('Grace Brewster Murray Hopper'),
    profileImageUrl: '',
    isAdmin: false,
    enabled: false,
  };
  const secrets: readonly Secret[] = [
    {
      id: word('sec_5yN8dF4gH6jLs1aQe0oPzU'),
      generation: 1,
      label: word('production 2026'),
      hash: new Uint8Array(),
      lastFour: word('x7Qa'),
      createdAt: at('02T07:15:00'),
      expiresAt: undefined,
      lastUsedAt: at('23T09:12:00'),
    },
    {
      id: 'sec_Qe0oPzUiV4kCwZk3vT0c1p',
      generation: 1,
      label: '',
      hash: new Uint8Array(),
      lastFour: 'm-_2',
      createdAt: at('01T06:00:00'),
      expiresAt: at('20T06:00:00'),
      lastUsedAt: undefined,
    },
  ];
  const api: Api = {
    identifier: word('https://api.northwind.example/orders'),
    name: word('Orders'),
    algorithm: 'RS256',
    scopes: [word('orders:read'), 'orders:write', 'invoices:read'],
    accessTokenLifetimeSeconds: 1800,
    allowQueryToken: false,
    allowApiKeys: true,
    introspectionMaxAgeSeconds: 0,
    scopeDescriptions: { [word('orders:read')]: word('See your orders'), 'orders:write': 'Create and change orders' },
    secrets: [],
  };
  const partners: Api = {
    ...api,
    identifier: 'https://northwind.example/first-party',
    name: 'First-party API',
    algorithm: 'HS256',
    scopes: [],
    accessTokenLifetimeSeconds: undefined,
    hmacKeyId: 'hs_1',
    secrets: secrets.slice(0, 1),
  };
  const app: App = {
    id: word('nightly-export'),
    name: word('Nightly export'),
    isPublic: false,
    firstParty: false,
    enabled: true,
    grants: ['client_credentials'],
    surfaces: ['standard', 'app-secret'],
    redirectUris: [word('https://exports.northwind.example/callback'), 'http://127.0.0.1/callback'],
    scopes: [word('orders:read')],
    roles: [{ name: word('support'), scopes: ['invoices:read'] }],
    allowedScopes: [word('orders:read'), 'invoices:read'],
    ownerId: user.id,
    api,
    accessTokenLifetimeSeconds: undefined,
    allowLifetimeExtension: true,
    maxTokenLifetimeSeconds: 86_400,
    pkceRequired: true,
    refreshIdleSeconds: undefined,
    refreshAbsoluteSeconds: undefined,
    refreshRetryWindowSeconds: 0,
    plan: { name: word('starter'), requestsPerMinute: 600, metered: true, tokenCost: 2 },
    secrets,
    createdAt: at('02T07:15:00'),
  };
  const page = {
    brand,
    csrfToken: word('csrf-0123456789'),
    area: 'admin',
    user: { name: user.name, email: user.email, isAdmin: true },
  } as const;
  const version = word('version-0123456789');
  const formId = word('form-0123456789');
  const choices: AppFormChoices = {
    apis: [api, partners],
    plans: [word('starter'), 'unlimited'],
    roles: [{ name: word('support'), scopes: ['invoices:read', 'orders:read'] }],
    offered: [
      { name: word('orders:read'), description: word('See your orders') },
      { name: 'orders:write', description: 'Create and change orders' },
      { name: 'invoices:read', description: undefined },
    ],
    apiLifetimeSeconds: 1800,
  };
  const listed = [
    { id: app.id, name: app.name, isPublic: false, enabled: true, api: api.name, plan: 'starter', owner: user.email },
    { id: 'cursor', name: 'Cursor', isPublic: true, enabled: true, api: api.name, plan: undefined, owner: undefined },
    {
      id: 'first-party',
      name: 'Sign-in with e-mail and password',
      isPublic: true,
      enabled: true,
      api: partners.name,
      plan: undefined,
      owner: undefined,
    },
    {
      id: 'app_5yN8dF4gH6jLs1aQe0oPzU',
      name: word(LONG),
      isPublic: false,
      enabled: false,
      api: api.name,
      plan: 'unlimited',
      owner: grace.email,
    },
  ];
  const noQuery = {
    q: undefined,
    state: undefined,
    plan: undefined,
    api: undefined,
    role: undefined,
    owner: undefined,
    after: undefined,
  };
  const apps = {
    ...page,
    apps: listed,
    next: 'next-0123456789',
    query: noQuery,
    ownerEmail: undefined,
    plans: ['starter', 'unlimited'],
    apis: [api, partners],
  };
  const newApp = {
    ...page,
    formId,
    id: '',
    kind: undefined,
    values: {
      ...readAppForm({}),
      api: api.identifier,
      surfaces: ['standard', 'enveloped', 'app-secret', 'connection'],
    },
    choices,
    offers: [api, partners],
  };
  const appOptions = {
    ...page,
    app,
    owner: user,
    balance: { available: 98_500, leased: 500 },
    topUps: [
      { id: 'top_2', appId: app.id, credits: -1_000, reference: 'panel AAAAAAAAAAAAAAAAAAAAAA', createdAt: NOW - 60 },
      { id: 'top_1', appId: app.id, credits: 100_000, reference: word('invoice 2041'), createdAt: NOW - 86_400 },
    ],
    version,
    formId,
    entered: { credits: '', reference: '' },
  };
  const appValues = appFormValues({ app, json: appJson(app, user.email), version });
  const settings = { ...page, appId: app.id, appName: app.name, version, values: appValues, choices };
  const secretsOptions = {
    hidden: { csrf_token: page.csrfToken, version },
    secrets,
    now: NOW,
    typed: { label: '', expiry: 'never' as const },
    errors: undefined,
  };
  const key = {
    id: word('key_1'),
    label: word('Nightly export'),
    lastFour: word('x7Qa'),
    owner: { appId: app.id },
    apiIdentifier: api.identifier,
    scopes: [word('orders:read'), 'invoices:read'],
    createdAt: at('05T11:40:00'),
    expiresAt: NOW + 90 * DAY,
    lastUsedAt: undefined,
  };
  const appSecrets = {
    ...page,
    appId: app.id,
    appName: app.name,
    secrets: secretsOptions,
    apiKeys: {
      csrfToken: page.csrfToken,
      keys: [key],
      hasMore: false,
      now: NOW,
      form: {
        formId,
        scopes: choices.offered,
        typed: { label: '', scopes: [], expiry: '90' as const },
        errors: undefined,
      },
    },
  };
  const grant = {
    id: word('fam_1'),
    appId: word('cursor'),
    appName: word('Cursor'),
    userId: user.id,
    userEmail: user.email,
    apiIdentifier: api.identifier,
    scopes: [word('tools:call'), 'projects:read'],
    createdAt: at('12T10:00:00'),
    lastUsedAt: at('23T08:59:00'),
    expiresAt: NOW + 90 * DAY,
  };
  const session = {
    id: word('ses_1'),
    userId: user.id,
    userAgent: word('Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0'),
    address: word('2001:db8::8a2e:370:7334'),
    createdAt: at('23T04:20:00'),
    authenticatedAt: at('23T04:20:00'),
    lastSeenAt: at('23T09:12:00'),
    expiresAt: NOW + 14 * DAY,
  };
  const userOptions = {
    ...page,
    shown: user,
    isSelf: false,
    version,
    passwordVersion: word('version-of-password'),
    values: userFormValues(user),
    access: {
      sessions: { items: [session, { ...session, id: 'ses_2' }], hasMore: false },
      currentSessionId: 'ses_2',
      apps: { items: [app], hasMore: true },
      families: { items: [grant], hasMore: false },
      connections: { items: [{ ...grant, id: 'con_1', lastUsedAt: undefined }], hasMore: true },
    },
    apiKeys: { keys: [key], hasMore: true, now: NOW },
  };
  const nothing = { items: [], hasMore: false };
  const apiOptions = {
    ...page,
    api,
    isBuiltIn: false,
    version,
    values: apiFormValues(api),
    secrets: {
      ...secretsOptions,
      hidden: { ...secretsOptions.hidden, identifier: api.identifier },
      secrets: [],
    },
  };
  const roles = [
    { name: word('support'), scopes: [word('invoices:read'), 'orders:read'] },
    { name: 'warehouse', scopes: ['orders:read', 'orders:write', 'stock:read', 'stock:write', 'shipments:read'] },
  ];
  const plans = [
    { name: word('starter'), requestsPerMinute: 600, metered: true, tokenCost: 2 },
    { name: 'unlimited', requestsPerMinute: undefined, metered: false, tokenCost: 0 },
  ];
  const planValues = { name: word('starter'), requests_per_minute: '600', metered: true, token_cost: '2' };
  const policy = {
    ...page,
    version,
    plans: [word('starter')],
    values: {
      enabled: true,
      max_apps: '5',
      surfaces: ['standard'],
      grants: ['client_credentials', 'authorization_code', 'refresh_token'],
      scopes: [word('orders:read')],
      redirect_hosts: [word('*.northwind.example')],
      plan: word('starter'),
    },
  };

  return [
    ['admin-not-allowed', notAdministratorPage({ brand, csrfToken: page.csrfToken, email: grace.email })],
    ['admin-missing', refusedPage({ ...page, url: '/admin/apps/nobody' })],
    [
      'admin-refused',
      refusedPage({ ...page, url: '/admin/apis?after=x', problem: word('The cursor is none of ours.') }),
    ],
    ['admin-apps', appsPage(apps)],
    ['admin-apps-none', appsPage({ ...apps, apps: [], next: undefined })],
    [
      'admin-apps-found-none',
      appsPage({
        ...apps,
        apps: [],
        next: undefined,
        query: { ...noQuery, q: word('nothing like it'), state: 'disabled', owner: user.id, role: word('support') },
        ownerEmail: user.email,
      }),
    ],
    ['admin-app-new', newAppPage(newApp)],
    [
      'admin-app-new-failed',
      newAppPage({
        ...newApp,
        id: word('nightly export'),
        kind: 'web',
        values: { ...newApp.values, name: word('Nightly export'), scopes: ['orders:raed'] },
        failed: {
          status: 400,
          errors: {
            id: word("'nightly export' cannot be an app's id: use 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -"),
            scopes: 'The API offers no scope orders:raed.',
          },
        },
      }),
    ],
    [
      'admin-app-made',
      appMadePage({
        ...page,
        appId: app.id,
        appName: app.name,
        rawSecret: word('cs_app_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUiV4kCw'),
        command: word(
          "curl https://auth.northwind.example/oauth/token -u 'nightly-export:cs_app_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUiV4kCw' -d grant_type=client_credentials",
        ),
      }),
    ],
    ['admin-app', appPage({ ...appOptions, notice: 'Saved. It counts from the next request on.' })],
    [
      'admin-app-disabled',
      appPage({
        ...appOptions,
        app: {
          ...app,
          name: word(LONG),
          enabled: false,
          plan: undefined,
          isPublic: true,
          secrets: [],
          allowedScopes: [],
        },
        owner: undefined,
        balance: { available: 0, leased: 0 },
        topUps: [],
        entered: { credits: word('1.000'), reference: word('invoice 2041') },
        failed: {
          status: 400,
          errors: { credits: 'Write a whole number such as 10000, or -500 to take credits away.' },
        },
      }),
    ],
    ['admin-app-settings', appSettingsPage(settings)],
    [
      'admin-app-settings-stale',
      appSettingsPage({
        ...settings,
        failed: { status: 412, errors: {} },
        typed: [
          { label: 'Name', typed: word('Weekly export') },
          { label: 'Scopes', typed: word('orders:read, orders:write') },
        ],
      }),
    ],
    [
      'admin-app-settings-failed',
      appSettingsPage({
        ...settings,
        choices: { ...choices, offered: [] },
        values: {
          ...appValues,
          name: '',
          redirect_uris: [word('http://example.com')],
          refresh_retry_window: word('many'),
        },
        failed: {
          status: 400,
          errors: {
            name: 'The app needs a name of 1 to 200 characters.',
            redirect_uris: word("The redirect URI 'http://example.com' must use https."),
            pkce: 'A public app always needs PKCE.',
            grants: 'The app needs a grant.',
            refresh_retry_window: 'Write a whole number.',
          },
        },
      }),
    ],
    ['admin-app-settings-built-in', appSettingsPage({ ...settings, appId: 'first-party' })],
    ['admin-app-secrets', appSecretsPage(appSecrets)],
    [
      'admin-app-secrets-issued',
      appSecretsPage({
        ...appSecrets,
        issued: { kind: 'secret', rawValue: word('cs_app_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUiV4kCw') },
      }),
    ],
    [
      'admin-app-secrets-public',
      appSecretsPage({
        ...appSecrets,
        secrets: undefined,
        apiKeys: { ...appSecrets.apiKeys, keys: [], form: 'Enable the app to make some.' },
        failed: { status: 412, errors: { '': word('The secrets are not as they were.') } },
      }),
    ],
    ['admin-users', usersPage({ ...page, users: [user, grace], next: undefined, query: noUserQuery })],
    [
      'admin-users-none',
      usersPage({
        ...page,
        users: [],
        next: undefined,
        query: { ...noUserQuery, q: word('nobody'), after: word('x') },
      }),
    ],
    ['admin-user-new', newUserPage({ ...page, values: readUserForm({}) })],
    [
      'admin-user-new-failed',
      newUserPage({
        ...page,
        values: userFormValues(user),
        failed: { status: 409, errors: { email: word('There is already a user with that e-mail address.') } },
      }),
    ],
    ['admin-user-made', userMadePage({ ...page, made: user, rawPassword: word('copper-ladder-violet-orchard') })],
    ['admin-user', userPage(userOptions)],
    [
      'admin-user-disabled',
      userPage({
        ...userOptions,
        shown: grace,
        values: userFormValues(grace),
        access: { sessions: nothing, currentSessionId: '', apps: nothing, families: nothing, connections: nothing },
        apiKeys: { keys: [], hasMore: false, now: NOW },
        newPassword: word('copper-ladder-violet-orchard'),
      }),
    ],
    ['admin-user-self', userPage({ ...userOptions, isSelf: true, failed: { status: 412, errors: {} } })],
    [
      'admin-apis',
      apisPage({
        ...page,
        apis: [
          api,
          { ...api, identifier: 'https://x.example/', scopes: ['a', 'b', 'c', 'd', 'e'], allowApiKeys: false },
          partners,
        ],
        builtIn: [partners.identifier],
        next: word('next'),
        query: { q: undefined, after: word('https://a.example') },
      }),
    ],
    ['admin-api-new', newApiPage({ ...page, identifier: '', values: { ...readApiForm({}), alg: 'RS256' } })],
    ['admin-api-made', apiMadePage({ ...page, api, key: word('Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUi') })],
    ['admin-api', apiPage(apiOptions)],
    [
      'admin-api-hs256',
      apiPage({
        ...apiOptions,
        api: partners,
        isBuiltIn: true,
        values: apiFormValues(partners),
        secrets: { ...apiOptions.secrets, secrets: partners.secrets },
        issued: { kind: 'key', value: word('Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUi') },
      }),
    ],
    ['admin-roles', rolesPage({ ...page, items: roles, next: undefined, after: undefined })],
    ['admin-roles-none', rolesPage({ ...page, items: [], next: undefined, after: undefined })],
    [
      'admin-role-new',
      newRolePage({
        ...page,
        values: { name: word('support'), scopes: [] },
        failed: { status: 400, errors: { scopes: 'A role needs at least one scope.' } },
      }),
    ],
    ['admin-role', rolePage({ ...page, values: roles[0] ?? { name: '', scopes: [] }, version })],
    ['admin-plans', plansPage({ ...page, items: plans, next: undefined, after: undefined })],
    ['admin-plan-new', newPlanPage({ ...page, values: { ...planValues, name: '' } })],
    ['admin-plan', planPage({ ...page, values: planValues, version })],
    ['admin-policy', policyPage(policy)],
  ];
}

const noUserQuery = { q: undefined, state: undefined, role: undefined, after: undefined };
