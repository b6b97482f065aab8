import type { ApiKeyRegistry, IssuedApiKey } from './api-key-registry.ts';
import type { ApiRegistry } from './api-registry.ts';
import type { AppRegistry } from './app-registry.ts';
import type { AuditTarget } from './audit-trail.ts';
import type { ApiKeyOwner, Secret } from './model.ts';
import { type Auditing, before, changesBetween, createNoting, type Details, type Told } from './noting.ts';
import type { SecretOwner } from './registry-ports.ts';
import type { SecretRegistry } from './secret-registry.ts';

/** Apps and APIs, and what they call with, for one actor: every change is written down. */

export function auditApps(apps: AppRegistry, auditing: Auditing): AppRegistry {
  const noting = createNoting(auditing);
  const { forms } = auditing;
  const target = (id: string): AuditTarget => ({ kind: 'app', id });
  return {
    ...apps,
    create: (id, input, secret) =>
      noting(
        'app.create',
        id === undefined ? undefined : target(id),
        () => apps.create(id, input, secret),
        (made) => ({
          target: target(made.app.id),
          details: { ...forms.app(made.app), ...(made.secret !== undefined && { secret: made.secret.id }) },
        }),
      ),
    async update(id, changes) {
      const old = await before(() => apps.find(id));
      return noting(
        'app.update',
        target(id),
        () => apps.update(id, changes),
        (app) => ({
          details: changesBetween(old && forms.app(old), forms.app(app)),
        }),
      );
    },
    setEnabled: (id, enabled) =>
      noting(enabled ? 'app.enable' : 'app.disable', target(id), () => apps.setEnabled(id, enabled)),
    async delete(id) {
      const old = await before(() => apps.find(id));
      return noting(
        'app.delete',
        target(id),
        () => apps.delete(id),
        () => ({ details: old && forms.app(old) }),
      );
    },
  };
}

export function auditSecrets(secrets: SecretRegistry, auditing: Auditing): SecretRegistry {
  const noting = createNoting(auditing);
  const target = (id: string): AuditTarget => ({ kind: 'secret', id });
  const ownerOf = (owner: SecretOwner): Details =>
    'appId' in owner ? { app: owner.appId } : { api: owner.apiIdentifier };
  const find = async (owner: SecretOwner, id: string) =>
    (await before(() => secrets.list(owner)))?.find((secret) => secret.id === id);
  const formOf = ({ label, expiresAt }: Pick<Secret, 'label' | 'expiresAt'>): Details => ({
    label,
    expires_at: timeOf(expiresAt),
  });
  return {
    ...secrets,
    create: (owner, kind, options) =>
      noting(
        'secret.create',
        undefined,
        () => secrets.create(owner, kind, options),
        ({ id, expiresAt }) => ({
          target: target(id),
          details: { ...ownerOf(owner), ...formOf({ label: options?.label ?? '', expiresAt }) },
        }),
      ),
    async delete(owner, id) {
      const old = await find(owner, id);
      return noting(
        'secret.delete',
        target(id),
        () => secrets.delete(owner, id),
        () => ({
          details: { ...ownerOf(owner), ...(old && formOf(old)) },
        }),
      );
    },
    regenerate: (owner, kind, id, rawValue) =>
      noting(
        'secret.regenerate',
        target(id),
        () => secrets.regenerate(owner, kind, id, rawValue),
        () => ({
          details: ownerOf(owner),
        }),
      ),
    async update(owner, id, changes) {
      const old = await find(owner, id);
      return noting(
        'secret.update',
        target(id),
        () => secrets.update(owner, id, changes),
        (secret) => ({
          details: { ...ownerOf(owner), ...changesBetween(old && formOf(old), formOf(secret)) },
        }),
      );
    },
  };
}

export function auditApis(apis: ApiRegistry, auditing: Auditing): ApiRegistry {
  const noting = createNoting(auditing);
  const { forms } = auditing;
  const target = (id: string): AuditTarget => ({ kind: 'api', id });
  return {
    ...apis,
    create: (identifier, input) =>
      noting(
        'api.create',
        target(identifier),
        () => apis.create(identifier, input),
        ({ api }) => ({
          details: forms.api(api),
        }),
      ),
    async update(identifier, changes, renewKey) {
      const old = await before(() => apis.find(identifier));
      return noting(
        'api.update',
        target(identifier),
        () => apis.update(identifier, changes, renewKey),
        ({ api }) => ({
          details: {
            ...changesBetween(old && forms.api(old), forms.api(api)),
            ...(renewKey === true && { key: 'renewed' }),
          },
        }),
      );
    },
    async delete(identifier) {
      const old = await before(() => apis.find(identifier));
      return noting(
        'api.delete',
        target(identifier),
        () => apis.delete(identifier),
        () => ({
          details: old && forms.api(old),
        }),
      );
    },
  };
}

export function auditApiKeys(apiKeys: ApiKeyRegistry, auditing: Auditing): ApiKeyRegistry {
  const noting = createNoting(auditing);
  const ownerOf = (owner: ApiKeyOwner): Details => ('appId' in owner ? { app: owner.appId } : { user: owner.userId });
  const made = ({ key }: IssuedApiKey): Told => ({
    target: { kind: 'api-key', id: key.id },
    details: {
      ...ownerOf(key.owner),
      api: key.apiIdentifier,
      scopes: key.scopes,
      label: key.label,
      expires_at: timeOf(key.expiresAt),
    },
  });
  return {
    ...apiKeys,
    create: (input) => noting('api_key.create', undefined, () => apiKeys.create(input), made),
    createOnce: (input, formId) =>
      noting(
        'api_key.create',
        undefined,
        () => apiKeys.createOnce(input, formId),
        (issued) => issued && made(issued),
      ),
    async delete(id, byUserId) {
      const old = await before(() => apiKeys.get(id));
      return noting(
        'api_key.delete',
        { kind: 'api-key', id },
        () => apiKeys.delete(id, byUserId),
        () => ({
          details: old && { ...ownerOf(old.owner), api: old.apiIdentifier, label: old.label },
        }),
      );
    },
  };
}

function timeOf(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}
