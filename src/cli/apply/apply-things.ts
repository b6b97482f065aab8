import type { Registries } from '../../dependencies.ts';
import type { ApiInput } from '../../oauth/api-registry.ts';
import type { AppInput } from '../../oauth/app-registry.ts';
import type { PlanInput } from '../../oauth/plan-registry.ts';
import { getConfidentialApp } from '../confidential-app.ts';
import { newPassword } from '../new-password.ts';
import { apiJson, appWithOwner, hmacKeyText, planJson, roleJson, userJson } from '../representations.ts';
import type { ApiEntry, AppEntry, PlanEntry, RoleEntry, UserEntry } from './document.ts';
import { differences, type FieldChange, type Outcome, updated } from './outcome.ts';

export async function applyApi(entry: ApiEntry, { apis }: Registries): Promise<Outcome> {
  const { identifier, ...stated } = entry;
  const input: ApiInput = {
    name: entry.name,
    algorithm: entry.alg,
    scopes: entry.scopes,
    accessTokenLifetimeSeconds: toSeconds(entry.access_token_lifetime),
    allowQueryToken: entry.allow_query_token,
    allowApiKeys: entry.allow_api_keys,
    introspectionMaxAgeSeconds: entry.introspection_max_age,
    scopeDescriptions: entry.scope_descriptions,
  };
  const found = await apis.find(identifier);
  const changes = found === undefined ? [] : differences(stated, apiJson(found));
  if (found !== undefined && changes.length === 0) return updated('api', identifier, []);
  const { hmacKey } = found === undefined ? await apis.create(identifier, input) : await apis.update(identifier, input);
  const issued = hmacKey === undefined ? {} : { key: hmacKeyText(hmacKey) };
  if (found !== undefined) return updated('api', identifier, changes, issued);
  return { type: 'api', id: identifier, outcome: 'created', changes: [], issued };
}

export async function applyRole(entry: RoleEntry, { roles }: Registries): Promise<Outcome> {
  const found = await roles.find(entry.name);
  if (found === undefined) {
    await roles.create(entry);
    return { type: 'role', id: entry.name, outcome: 'created', changes: [], issued: {} };
  }
  const changes = differences(entry, roleJson(found));
  if (changes.length > 0) await roles.update(entry);
  return updated('role', entry.name, changes);
}

export async function applyPlan({ name, ...stated }: PlanEntry, { plans }: Registries): Promise<Outcome> {
  const input: PlanInput = {
    requestsPerMinute: stated.requests_per_minute === null ? 0 : stated.requests_per_minute,
    metered: stated.metered,
    tokenCost: stated.token_cost,
  };
  const found = await plans.find(name);
  if (found === undefined) {
    await plans.create(name, input);
    return { type: 'plan', id: name, outcome: 'created', changes: [], issued: {} };
  }
  const changes = differences(stated, planJson(found));
  if (changes.length > 0) await plans.update(name, input);
  return updated('plan', name, changes);
}

export async function applyUser(entry: UserEntry, { users }: Registries): Promise<Outcome> {
  const { email, password, disabled } = entry;
  const found = await users.find(email);
  if (found === undefined) {
    const rawPassword = password ?? newPassword();
    await users.create({
      email,
      name: entry.name ?? '',
      rawPassword,
      isAdmin: entry.is_admin,
      profileImageUrl: entry.profile_img_url,
    });
    if (disabled) await users.setEnabled(email, false);
    const issued = password === undefined ? { password: rawPassword } : {};
    return { type: 'user', id: email, outcome: 'created', changes: [], issued };
  }
  const { name, profile_img_url, is_admin } = entry;
  const settings = differences({ name, profile_img_url, is_admin }, userJson(found));
  if (settings.length > 0) {
    await users.update(email, {
      ...(name !== undefined && { name }),
      ...(is_admin !== undefined && { isAdmin: is_admin }),
      ...(profile_img_url !== undefined && { profileImageUrl: profile_img_url }),
    });
  }
  const state = differences({ disabled }, userJson(found));
  if (state.length > 0) await users.setEnabled(email, disabled !== true);
  const secret: FieldChange[] = [];
  if (password !== undefined && !(await users.hasPassword(email, password))) {
    await users.setPassword(email, password);
    secret.push({ field: 'password' });
  }
  return updated('user', found.email, [...settings, ...state, ...secret]);
}

export async function applyApp(entry: AppEntry, registries: Registries): Promise<Outcome> {
  const { apps, secrets, users } = registries;
  const { id, secret: rawValue, disabled, ...stated } = entry;
  const found = await apps.find(id);
  if (found === undefined) {
    const { secret } = await apps.create(id, toAppInput(entry), { rawValue });
    if (disabled) await apps.setEnabled(id, false);
    const isMade = secret !== undefined && rawValue === undefined;
    const issued = isMade ? { secret: { id: secret.id, value: secret.rawValue } } : {};
    return { type: 'app', id, outcome: 'created', changes: [], issued };
  }
  const current = await appWithOwner(found, users);
  const owner = await ownerAsStored(entry, registries);
  const settings = differences({ ...stated, owner }, current);
  if (settings.length > 0) await apps.update(id, toAppInput(entry));
  const state = differences({ disabled }, current);
  if (state.length > 0) await apps.setEnabled(id, disabled !== true);
  const added: FieldChange[] = [];
  if (rawValue !== undefined && secrets.findByValue(found.secrets, rawValue) === undefined) {
    await getConfidentialApp(id, registries);
    await secrets.create({ appId: id }, 'app-secret', { rawValue });
    added.push({ field: 'secret' });
  }
  return updated('app', id, [...settings, ...state, ...added]);
}

/** The owner's address as the user has it, whose spelling may differ. */
async function ownerAsStored({ owner }: AppEntry, { users }: Registries): Promise<string | null | undefined> {
  return typeof owner === 'string' ? ((await users.find(owner))?.email ?? owner) : owner;
}

function toAppInput(entry: AppEntry): AppInput {
  return {
    name: entry.name,
    isPublic: entry.public,
    firstParty: entry.first_party,
    grants: entry.grants,
    surfaces: entry.surfaces,
    redirectUris: entry.redirect_uris,
    scopes: entry.scopes,
    roles: entry.roles,
    ownerEmail: entry.owner === null ? '' : entry.owner,
    apiIdentifier: entry.api,
    accessTokenLifetimeSeconds: toSeconds(entry.access_token_lifetime),
    allowLifetimeExtension: entry.allow_lifetime_extension,
    maxTokenLifetimeSeconds: toSeconds(entry.max_token_lifetime),
    pkceRequired: entry.pkce === undefined ? undefined : entry.pkce === 'required',
    refreshIdleSeconds: toSeconds(entry.refresh_idle_lifetime),
    refreshAbsoluteSeconds: toSeconds(entry.refresh_absolute_lifetime),
    refreshRetryWindowSeconds: entry.refresh_retry_window,
    planName: entry.plan === null ? '' : entry.plan,
  };
}

/** The registries take 0 for going back to the default. */
function toSeconds(lifetime: number | null | undefined): number | undefined {
  return lifetime === null ? 0 : lifetime;
}
