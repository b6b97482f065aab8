import type { Administration } from '../oauth/administration.ts';
import type { AppInput } from '../oauth/app-registry.ts';
import { DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS } from '../oauth/lifetimes.ts';
import { type App, FIRST_PARTY_APP_ID } from '../oauth/model.ts';
import type { Parameters } from '../oauth/parameters.ts';
import { type DescribedScope, describeScope } from '../oauth/scopes.ts';
import { type AppJson, appWithOwner } from '../representations/app.ts';
import { appFormTexts as words } from './app-form-texts.ts';
import { isOn, ticked, typedLines, typedText, versionOf, wholeNumbers } from './panel-forms.ts';

/** What stands in the form with an app's settings, by the name of the field. */
export type AppFormValues = {
  readonly name: string;
  readonly owner: string;
  readonly plan: string;
  readonly api: string;
  readonly grants: readonly string[];
  readonly surfaces: readonly string[];
  readonly redirect_uris: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly public: boolean;
  readonly first_party: boolean;
  readonly pkce: boolean;
  readonly allow_lifetime_extension: boolean;
  readonly access_token_lifetime: string;
  readonly max_token_lifetime: string;
  readonly refresh_idle_lifetime: string;
  readonly refresh_absolute_lifetime: string;
  readonly refresh_retry_window: string;
};

export const APP_FIELD_LABELS: Readonly<Record<keyof AppFormValues, string>> = {
  name: words.name,
  owner: words.owner,
  plan: words.plan,
  api: words.api,
  grants: words.grants,
  surfaces: words.surfaces,
  redirect_uris: words.redirectUris,
  scopes: words.scopes,
  roles: words.roles,
  public: words.isPublic,
  first_party: words.firstParty,
  pkce: words.pkce,
  allow_lifetime_extension: words.allowExtension,
  access_token_lifetime: words.accessLifetime,
  max_token_lifetime: words.maxLifetime,
  refresh_idle_lifetime: words.refreshIdle,
  refresh_absolute_lifetime: words.refreshAbsolute,
  refresh_retry_window: words.retryWindow,
};

/** The fields, by the part of the input that a refusal names. */
export const APP_FIELDS: Readonly<Record<string, keyof AppFormValues | 'id'>> = {
  id: 'id',
  name: 'name',
  ownerEmail: 'owner',
  planName: 'plan',
  apiIdentifier: 'api',
  grants: 'grants',
  surfaces: 'surfaces',
  redirectUris: 'redirect_uris',
  scopes: 'scopes',
  roles: 'roles',
  isPublic: 'public',
  pkceRequired: 'pkce',
  accessTokenLifetimeSeconds: 'access_token_lifetime',
  maxTokenLifetimeSeconds: 'max_token_lifetime',
  refreshIdleSeconds: 'refresh_idle_lifetime',
  refreshAbsoluteSeconds: 'refresh_absolute_lifetime',
  refreshRetryWindowSeconds: 'refresh_retry_window',
};

/** An app as the panel shows it, and what names this state of it. */
export interface ShownApp {
  readonly app: App;
  readonly json: AppJson;
  readonly version: string;
}

/** @throws RefusedError `not_found` */
export async function loadApp({ apps, users }: Administration, id: string): Promise<ShownApp> {
  const app = await apps.get(id);
  const json = await appWithOwner(app, users);
  return { app, json, version: versionOf(json) };
}

/** The form of an app as it is. */
export function appFormValues({ app, json }: ShownApp): AppFormValues {
  const seconds = (value: number | undefined): string => (value === undefined ? '' : String(value));
  return {
    name: app.name,
    owner: json.owner ?? '',
    plan: app.plan?.name ?? '',
    api: app.api.identifier,
    grants: app.grants,
    surfaces: app.surfaces,
    redirect_uris: app.redirectUris,
    scopes: app.scopes,
    roles: app.roles.map(({ name }) => name),
    public: app.isPublic,
    first_party: app.firstParty,
    pkce: app.pkceRequired,
    allow_lifetime_extension: app.allowLifetimeExtension,
    access_token_lifetime: seconds(app.accessTokenLifetimeSeconds),
    max_token_lifetime: seconds(app.maxTokenLifetimeSeconds),
    refresh_idle_lifetime: seconds(app.refreshIdleSeconds),
    refresh_absolute_lifetime: seconds(app.refreshAbsoluteSeconds),
    refresh_retry_window: String(app.refreshRetryWindowSeconds),
  };
}

/** The form as it was sent. */
export function readAppForm(parameters: Parameters): AppFormValues {
  const text = (name: keyof AppFormValues) => typedText(parameters, name);
  return {
    name: text('name'),
    owner: text('owner'),
    plan: text('plan'),
    api: text('api'),
    grants: ticked(parameters, 'grants'),
    surfaces: ticked(parameters, 'surfaces'),
    redirect_uris: typedLines(parameters, 'redirect_uris'),
    scopes: typedLines(parameters, 'scopes'),
    roles: ticked(parameters, 'roles'),
    public: isOn(parameters, 'public'),
    first_party: isOn(parameters, 'first_party'),
    pkce: isOn(parameters, 'pkce'),
    allow_lifetime_extension: isOn(parameters, 'allow_lifetime_extension'),
    access_token_lifetime: text('access_token_lifetime'),
    max_token_lifetime: text('max_token_lifetime'),
    refresh_idle_lifetime: text('refresh_idle_lifetime'),
    refresh_absolute_lifetime: text('refresh_absolute_lifetime'),
    refresh_retry_window: text('refresh_retry_window'),
  };
}

/** The settings that a form means. @throws FormInputError for what is no number */
export function toAppInput(values: AppFormValues, id: string): AppInput {
  const numbers = wholeNumbers({
    access_token_lifetime: values.access_token_lifetime,
    max_token_lifetime: values.max_token_lifetime,
    refresh_idle_lifetime: values.refresh_idle_lifetime,
    refresh_absolute_lifetime: values.refresh_absolute_lifetime,
    refresh_retry_window: values.refresh_retry_window,
  });
  const kind: AppInput = {
    isPublic: values.public,
    firstParty: values.first_party,
    grants: values.grants,
    surfaces: values.surfaces,
    redirectUris: values.redirect_uris,
    pkceRequired: values.pkce,
  };
  return {
    // Of the built-in app the form does not show these.
    ...(id !== FIRST_PARTY_APP_ID && kind),
    name: values.name,
    ownerEmail: values.owner,
    planName: values.plan,
    apiIdentifier: values.api,
    scopes: values.scopes,
    roles: values.roles,
    allowLifetimeExtension: values.allow_lifetime_extension,
    accessTokenLifetimeSeconds: numbers.access_token_lifetime,
    maxTokenLifetimeSeconds: numbers.max_token_lifetime,
    refreshIdleSeconds: numbers.refresh_idle_lifetime,
    refreshAbsoluteSeconds: numbers.refresh_absolute_lifetime,
    refreshRetryWindowSeconds: numbers.refresh_retry_window,
  };
}

/** What there is to choose from. */
export interface AppFormChoices {
  readonly apis: readonly { readonly identifier: string; readonly name: string }[];
  readonly plans: readonly string[];
  readonly roles: readonly { readonly name: string; readonly scopes: readonly string[] }[];
  /** Of the API that is chosen; empty when it does not say. */
  readonly offered: readonly DescribedScope[];
  /** Seconds that tokens of that API live by default. */
  readonly apiLifetimeSeconds: number;
}

export async function appFormChoices(
  { apis, plans, roles }: Administration,
  apiIdentifier: string,
): Promise<AppFormChoices> {
  const [allApis, allPlans, allRoles] = await Promise.all([apis.list(), plans.list(), roles.list()]);
  const api = allApis.find(({ identifier }) => identifier === apiIdentifier);
  return {
    apis: allApis,
    plans: allPlans.map(({ name }) => name),
    roles: allRoles,
    offered: (api?.scopes ?? []).map((name) => describeScope(name, api?.scopeDescriptions ?? {})),
    apiLifetimeSeconds: api?.accessTokenLifetimeSeconds ?? DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS,
  };
}
