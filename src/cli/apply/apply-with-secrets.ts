import type { Registries } from '../../dependencies.ts';
import { getConfidentialApp } from '../../oauth/confidential-app.ts';
import { APP_SURFACES, type Secret } from '../../oauth/model.ts';
import type { GeneratedKind } from '../../oauth/ports.ts';
import type { SecretOwner } from '../../oauth/registry-ports.ts';
import { apiJson, hmacKeyText, toApiInput } from '../../representations/api.ts';
import { appWithOwner } from '../../representations/app.ts';
import { toAppInput } from '../../representations/app-input.ts';
import type { ApiEntry, AppEntry, SecretEntry } from './document.ts';
import { created, differences, type FieldChange, type Outcome, updated, withDefaults } from './outcome.ts';

/** Apps and APIs: what has secrets. */

const API_DEFAULTS = {
  alg: 'RS256',
  scopes: [],
  scope_descriptions: {},
  allow_query_token: false,
  allow_api_keys: false,
  introspection_max_age: 0,
} as const;

const APP_DEFAULTS = {
  public: false,
  first_party: false,
  surfaces: APP_SURFACES,
  redirect_uris: [],
  scopes: [],
  roles: [],
  allow_lifetime_extension: false,
  pkce: 'required',
  refresh_retry_window: 0,
  disabled: false,
} as const;

export async function applyApi({ identifier, secrets, ...entry }: ApiEntry, registries: Registries): Promise<Outcome> {
  const { apis } = registries;
  const stated = withDefaults(entry, API_DEFAULTS);
  const input = toApiInput(entry);
  const owner = { apiIdentifier: identifier };
  const found = await apis.find(identifier);
  if (found === undefined) {
    const { hmacKey } = await apis.create(identifier, input);
    await applySecrets(secrets, [], owner, 'api-secret', registries);
    return created('api', identifier, hmacKey === undefined ? {} : { key: hmacKeyText(hmacKey) });
  }
  const changes = differences(stated, apiJson(found));
  const { hmacKey } = changes.length === 0 ? {} : await apis.update(identifier, input);
  const added = await applySecrets(secrets, found.secrets, owner, 'api-secret', registries);
  const issued = hmacKey === undefined ? {} : { key: hmacKeyText(hmacKey) };
  return updated('api', identifier, [...changes, ...added], issued);
}

export async function applyApp(entry: AppEntry, registries: Registries): Promise<Outcome> {
  const { apps, users } = registries;
  const { id, secret: single, secrets: several, ...said } = entry;
  const { disabled, ...stated } = withDefaults(said, APP_DEFAULTS);
  const input = toAppInput(said);
  const secrets = eachOnce(single === undefined ? several : [{ value: single }, ...several]);
  const found = await apps.find(id);
  if (found === undefined) {
    const [first, ...others] = secrets;
    const { app, secret } = await apps.create(id, input, { rawValue: first?.value, label: first?.label });
    await applySecrets(others, app.secrets, { appId: id }, 'app-secret', registries);
    if (disabled) await apps.setEnabled(id, false);
    const isMade = secret !== undefined && first === undefined;
    return created('app', id, isMade ? { secret: { id: secret.id, value: secret.rawValue } } : {});
  }
  const current = await appWithOwner(found, users);
  const owner = await ownerAsStored(entry, registries);
  const settings = differences({ ...stated, owner }, current);
  if (settings.length > 0) await apps.update(id, input);
  const state = differences({ disabled }, current);
  if (state.length > 0) await apps.setEnabled(id, disabled !== true);
  if (secrets.length > 0) await getConfidentialApp(id, registries);
  const added = await applySecrets(secrets, found.secrets, { appId: id }, 'app-secret', registries);
  return updated('app', id, [...settings, ...state, ...added]);
}

/** A value that is stated twice is one secret; the last label counts. */
function eachOnce(stated: readonly SecretEntry[]): readonly SecretEntry[] {
  const labels = new Map<string, string | undefined>();
  for (const { value, label } of stated) labels.set(value, label ?? labels.get(value));
  return [...labels].map(([value, label]) => ({ value, label }));
}

/** Adds those that are not there, by their values, and labels those that are. */
async function applySecrets(
  stated: readonly SecretEntry[],
  current: readonly Secret[],
  owner: SecretOwner,
  kind: GeneratedKind,
  { secrets }: Registries,
): Promise<FieldChange[]> {
  const changes: FieldChange[] = [];
  for (const { value, label } of eachOnce(stated)) {
    const found = secrets.findByValue(current, value);
    if (found === undefined) {
      await secrets.create(owner, kind, { rawValue: value, label });
      changes.push({ field: 'secret' });
    } else if (label !== undefined && label !== found.label) {
      await secrets.update(owner, found.id, { label });
      changes.push({ field: 'secret label', from: found.label, to: label });
    }
  }
  return changes;
}

/** The owner's address as the user has it, whose spelling may differ. */
async function ownerAsStored({ owner }: AppEntry, { users }: Registries): Promise<string | null | undefined> {
  return typeof owner === 'string' ? ((await users.find(owner))?.email ?? owner) : owner;
}
