import type { Brand } from '../../../src/http/page-contract.ts';
import type { Allowance } from '../../../src/oauth/developer-rules.ts';
import type { DeveloperOverview } from '../../../src/oauth/developer-service.ts';
import type { Api, ApiKey, App, Plan, Secret } from '../../../src/oauth/model.ts';
import type { AppFailure } from '../../../src/oauth/usage-ports.ts';
import { appCalls, checkingCalls } from '../../../src/pages/app-calls.ts';
import { RANGES, type Range } from '../../../src/pages/dashboard-numbers.ts';
import { developerAppValues, settingsForm } from '../../../src/pages/developer-form.ts';
import { appUsage } from '../../../src/pages/developer-usage.ts';
import { lastSlots } from '../../../src/pages/views/charts/time-slots.ts';
import { developerAppOverview } from '../../../src/pages/views/developer/app.tsx';
import { developerAppsPage } from '../../../src/pages/views/developer/apps.tsx';
import { developerCallsPage } from '../../../src/pages/views/developer/calls.tsx';
import { developerKeysPage } from '../../../src/pages/views/developer/keys.tsx';
import { chooseKindPage, newDeveloperAppPage, registeredAppPage } from '../../../src/pages/views/developer/new-app.tsx';
import { developerSecretsPage } from '../../../src/pages/views/developer/secrets.tsx';
import { developerSettingsPage } from '../../../src/pages/views/developer/settings.tsx';
import { developerFailuresPage, developerUsagePage } from '../../../src/pages/views/developer/usage.tsx';
import { refusedPage } from '../../../src/pages/views/panel/refused.tsx';

/** 2026-11-23T14:20:00Z. */
const NOW = 1_795_443_600;
const DAY = 86_400;
const SECRET = 'cs_app_Zk3vT0c1pXq7Rr9uB2mW5yN8dF4gH6jLs1aQe0oPzUiV4kCw';

/** The pages of the developers' area, in every state worth looking at; `hostile` is what others have chosen instead. */
export function developerViews(
  brand: Brand,
  { hostile }: { readonly hostile?: string } = {},
): readonly (readonly [string, string])[] {
  const word = (text: string): string => hostile ?? text;
  const visit = {
    brand,
    csrfToken: word('csrf-0123456789'),
    area: 'developer' as const,
    user: { name: word('Grace Hopper'), email: word('grace@northwind.example'), isAdmin: false },
  };
  const api: Api = {
    identifier: word('https://auth.northwind.example'),
    name: word('Default API'),
    algorithm: 'RS256',
    scopes: [word('projects:read'), word('projects:write')],
    accessTokenLifetimeSeconds: undefined,
    allowQueryToken: false,
    allowApiKeys: true,
    introspectionMaxAgeSeconds: 0,
    scopeDescriptions: { 'projects:read': 'See your projects and who works on them' },
    secrets: [],
  };
  const plan: Plan = { name: word('starter'), requestsPerMinute: 120, metered: true, tokenCost: 1 };
  const secret: Secret = {
    id: word('sec_5yN8dF4gH6jLs1aQe0oPzU'),
    generation: 1,
    label: '',
    hash: new Uint8Array(),
    lastFour: 'kCwQ',
    createdAt: NOW - 40 * DAY,
    expiresAt: undefined,
    lastUsedAt: NOW - 300,
  };
  const service: App = {
    id: word('app_q9OvwY6TMtHYx70899RFmQ'),
    name: word('Nightly export'),
    isPublic: false,
    firstParty: false,
    enabled: true,
    grants: ['client_credentials'],
    surfaces: ['standard', 'enveloped', 'app-secret'],
    redirectUris: [],
    scopes: [word('projects:read')],
    roles: [],
    allowedScopes: [word('projects:read')],
    ownerId: 'usr_grace',
    api,
    accessTokenLifetimeSeconds: undefined,
    allowLifetimeExtension: false,
    maxTokenLifetimeSeconds: undefined,
    pkceRequired: true,
    refreshIdleSeconds: undefined,
    refreshAbsoluteSeconds: undefined,
    refreshRetryWindowSeconds: 0,
    plan,
    secrets: [
      secret,
      {
        ...secret,
        id: word('sec_8dF4gH6jLs1aQe0oPzUiV4') + (hostile === undefined ? '' : '2'),
        label: word('Laptop'),
        expiresAt: NOW - DAY,
      },
    ],
    createdAt: NOW - 40 * DAY,
  };
  const web: App = {
    ...service,
    id: word('fieldnotes'),
    name: word('Fieldnotes, the field guide for people who would rather be outside'),
    grants: ['authorization_code', 'refresh_token'],
    surfaces: ['standard', 'connection'],
    redirectUris: [word('https://app.fieldnotes.example/callback'), 'http://127.0.0.1/callback'],
    scopes: [word('projects:read'), word('projects:admin')],
    plan: undefined,
    secrets: [],
    enabled: false,
  };
  const device: App = {
    ...web,
    id: word('fieldnotes-desk'),
    name: word('Fieldnotes desk'),
    isPublic: true,
    enabled: true,
  };
  const overview: DeveloperOverview = {
    policy: {
      enabled: true,
      maxApps: 5,
      surfaces: ['standard', 'enveloped', 'app-secret', 'connection'],
      grants: ['client_credentials', 'authorization_code', 'refresh_token'],
      scopes: api.scopes,
      redirectHosts: [word('app.fieldnotes.example'), word('*.sites.northwind.example')],
      planName: plan.name,
    },
    apps: { items: hostile === undefined ? [service, web, device] : [service], next: word('next') },
    owned: 3,
    allKinds: ['service', 'web', 'device'],
    kinds: ['service', 'web', 'device'],
    scopes: api.scopes,
    plan,
  };
  const allowance: Allowance = {
    grants: ['authorization_code', 'refresh_token'],
    surfaces: ['standard', 'connection'],
    scopes: api.scopes,
    scopeDescriptions: api.scopeDescriptions,
    redirectHosts: overview.policy.redirectHosts,
    mayAddRedirects: true,
  };
  const scopes = [
    { name: word('projects:read'), description: word('See your projects and who works on them') },
    { name: word('projects:write') + (hostile === undefined ? '' : '2'), description: undefined },
  ];
  const newApp = {
    ...visit,
    kind: 'web' as const,
    formId: word('form-0123456789'),
    values: { name: '', redirect_uris: [], surfaces: ['standard'], scopes: [] },
    allowance,
    scopes,
    hasOthers: true,
  };
  const callOptions = (app: App, rawSecret?: string) => ({
    issuer: 'https://auth.northwind.example',
    app,
    ownerEmail: visit.user.email,
    rawSecret,
    pkce: {
      verifier: 'vzTMT3yvAs_cBtYWc7I62gvzTMT3yvAs_cBtYWc7I62g',
      challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      state: 'q9OvwY6TMtHYx70899RFmQ',
    },
  });
  const calls = (app: App, lacksSecret = false) =>
    developerCallsPage({
      ...visit,
      app,
      calls: appCalls(callOptions(app)),
      checks: checkingCalls(callOptions(app)),
      lacksSecret,
    });
  const settings = (app: App, more: Partial<Parameters<typeof developerSettingsPage>[0]> = {}) =>
    developerSettingsPage({
      ...visit,
      app,
      version: 'version',
      values: developerAppValues(app),
      form: settingsForm(app, allowance),
      ...more,
    });
  const keys: readonly ApiKey[] = [
    {
      id: word('key_1'),
      label: word('Nightly export'),
      lastFour: 'x7Qa',
      owner: { userId: 'usr_grace' },
      apiIdentifier: api.identifier,
      scopes: [word('projects:read')],
      createdAt: NOW - 30 * DAY,
      expiresAt: NOW + 60 * DAY,
      lastUsedAt: NOW - 3600,
    },
    {
      id: word('key_2') + (hostile === undefined ? '' : '2'),
      label: word('Old laptop'),
      lastFour: 'm-_2',
      owner: { appId: service.id },
      apiIdentifier: api.identifier,
      scopes: [],
      createdAt: NOW - 90 * DAY,
      expiresAt: NOW - DAY,
      lastUsedAt: undefined,
    },
  ];
  const apiKeys = {
    csrfToken: visit.csrfToken,
    keys: keys.slice(1),
    hasMore: false,
    now: NOW,
    form: {
      formId: word('form-0123456789'),
      scopes: scopes.slice(0, 1),
      typed: { label: '', scopes: [], expiry: '90' as const },
      errors: undefined,
    },
  };
  const secrets = {
    hidden: { csrf_token: visit.csrfToken, version: 'version' },
    secrets: service.secrets,
    now: NOW,
    typed: { label: '', expiry: 'never' as const },
    errors: undefined,
    isFixed: false,
  };
  const usage = (range: Range, isEmpty = false) => {
    const slots = lastSlots(RANGES[range].step, RANGES[range].slots, NOW);
    const { times } = slots;
    const counts = times.flatMap((time, slot) => [
      {
        at: time,
        appId: service.id,
        surface: 'standard',
        grant: 'client_credentials',
        outcome: 'success',
        count: 40 + ((slot * 37) % 61),
      },
      {
        at: time,
        appId: service.id,
        surface: 'app-secret',
        grant: 'client_credentials',
        outcome: 'success',
        count: (slot * 13) % 29,
      },
      { at: time, appId: service.id, surface: 'verify', grant: '', outcome: 'success', count: (slot * 53) % 83 },
      {
        at: time,
        appId: service.id,
        surface: 'standard',
        grant: 'client_credentials',
        outcome: 'invalid_client',
        count: slot % 7 === 3 ? 9 : 0,
      },
      {
        at: time,
        appId: service.id,
        surface: word('standard'),
        grant: '',
        outcome: word('too_many_requests'),
        count: slot % 11 === 5 ? 4 : 0,
      },
    ]);
    const counted = isEmpty ? [] : counts.filter(({ count }) => count > 0);
    return developerUsagePage({ ...visit, app: service, usage: appUsage(range, slots, counted) });
  };
  const failure: AppFailure = {
    appId: service.id,
    at: NOW - 90,
    surface: 'standard',
    grant: 'client_credentials',
    code: 'invalid_client',
    reason: word('The secret is not one of the app’s.'),
    address: word('203.0.113.7'),
    requestId: word('q9OvwY6T-1a'),
  };
  const log = {
    failures: [failure, { ...failure, at: NOW - 4000, code: 'invalid_scope', more: 12 }],
    isCut: false,
    codes: ['invalid_client', 'invalid_scope'],
    code: undefined,
  };
  const closed = { ...overview, policy: { ...overview.policy, enabled: false }, kinds: [] };
  const failed = {
    status: 400 as const,
    errors: {
      name: word('The app needs a name of 1 to 200 characters.'),
      redirect_uris: word('The redirect address is not one that you can register.'),
    },
  };
  return [
    ['developer', developerAppsPage({ ...visit, overview, after: undefined })],
    [
      'developer-none',
      developerAppsPage({
        ...visit,
        overview: { ...overview, apps: { items: [], next: undefined }, owned: 0, plan: undefined, scopes: [] },
        after: undefined,
      }),
    ],
    [
      'developer-full',
      developerAppsPage({ ...visit, overview: { ...overview, owned: 5, kinds: [] }, after: word('x') }),
    ],
    ['developer-closed', developerAppsPage({ ...visit, overview: closed, after: undefined })],
    ['developer-kinds', chooseKindPage({ ...visit, kinds: overview.kinds })],
    ['developer-new-app', newDeveloperAppPage(newApp)],
    [
      'developer-new-app-failure',
      newDeveloperAppPage({
        ...newApp,
        values: {
          name: word(''),
          redirect_uris: [word('https://evil.example/app.fieldnotes.example')],
          surfaces: [],
          scopes: [],
        },
        failed,
      }),
    ],
    [
      'developer-new-app-service',
      newDeveloperAppPage({
        ...newApp,
        kind: 'service',
        scopes: [],
        hasOthers: false,
        allowance: { ...allowance, mayAddRedirects: false, surfaces: service.surfaces },
      }),
    ],
    [
      'developer-registered',
      registeredAppPage({ ...visit, app: service, rawSecret: SECRET, calls: appCalls(callOptions(service, SECRET)) }),
    ],
    ['developer-app', developerAppOverview({ ...visit, app: service, balance: { available: 12_450, leased: 50 } })],
    [
      'developer-app-disabled',
      developerAppOverview({ ...visit, app: web, balance: undefined, notice: word('Saved.') }),
    ],
    ['developer-calls', calls(service)],
    ['developer-calls-web', calls({ ...web, enabled: true }, true)],
    ['developer-calls-device', calls({ ...device, redirectUris: [] })],
    ['developer-calls-none', calls({ ...service, surfaces: ['connection'] })],
    ['developer-settings', settings({ ...web, enabled: true })],
    ['developer-settings-failure', settings({ ...web, enabled: true }, { failed })],
    [
      'developer-settings-stale',
      settings(service, {
        failed: { status: 412, errors: {} },
        typed: [{ label: 'Name', typed: word('Nightly export, second part') }],
      }),
    ],
    [
      'developer-settings-fixed',
      settings(
        { ...service, firstParty: true },
        { form: settingsForm(service, { ...allowance, grants: [], surfaces: [], scopes: [], mayAddRedirects: false }) },
      ),
    ],
    ['developer-settings-closed', settings(service, { form: undefined })],
    ['developer-secrets', developerSecretsPage({ ...visit, app: service, secrets, apiKeys })],
    [
      'developer-secrets-new',
      developerSecretsPage({ ...visit, app: service, secrets, apiKeys, issued: { kind: 'secret', rawValue: SECRET } }),
    ],
    [
      'developer-secrets-closed',
      developerSecretsPage({
        ...visit,
        app: service,
        secrets: { ...secrets, isFixed: true },
        apiKeys: { ...apiKeys, form: word('Ask the operator if you need one.') },
      }),
    ],
    [
      'developer-secrets-public',
      developerSecretsPage({
        ...visit,
        app: device,
        secrets: undefined,
        apiKeys: { ...apiKeys, keys: [], form: 'An API key acts as the app itself.' },
      }),
    ],
    ['developer-usage', usage('24h')],
    ['developer-usage-month', usage('30d')],
    ['developer-usage-none', usage('7d', true)],
    ['developer-failures', developerFailuresPage({ ...visit, app: service, log })],
    [
      'developer-keys',
      developerKeysPage({ ...visit, keys, next: word('next'), after: undefined, mayMake: true, now: NOW }),
    ],
    [
      'developer-keys-none',
      developerKeysPage({ ...visit, keys: [], next: undefined, after: undefined, mayMake: false, now: NOW }),
    ],
    ['developer-missing', refusedPage({ ...visit, url: '/developer/apps/x' })],
  ];
}
