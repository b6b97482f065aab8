import type { App, Secret, User } from './model.ts';
import type { InspectedToken } from './token-inspection.ts';

/** What is known of an inspected token beyond doubt. Times are epoch seconds. */
export interface TokenFacts {
  readonly appId?: string | undefined;
  /** Undefined for an app that is no more. */
  readonly appName?: string | undefined;
  readonly userEmail?: string | undefined;
  readonly subject?: string | undefined;
  readonly apiIdentifier?: string | undefined;
  readonly scope?: string | undefined;
  readonly algorithm?: string | undefined;
  readonly issuer?: string | undefined;
  readonly secretId?: string | undefined;
  readonly connectionId?: string | undefined;
  readonly familyId?: string | undefined;
  readonly apiKeyId?: string | undefined;
  readonly label?: string | undefined;
  /** When the person signed in and the family began. */
  readonly signedInAt?: number | undefined;
  readonly createdAt?: number | undefined;
  readonly issuedAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  readonly lastUsedAt?: number | undefined;
  /** When a refresh token was exchanged. */
  readonly usedAt?: number | undefined;
  readonly revokedAt?: number | undefined;
}

/** Where names are looked up. */
export interface NameSources {
  readonly apps: { find(id: string): Promise<Pick<App, 'name'> | undefined> };
  readonly users: { findById(id: string): Promise<Pick<User, 'email'> | undefined> };
}

/** Whose a token is, what for and from when to when, as far as it was verified. */
export async function tokenFacts(found: InspectedToken, { apps, users }: NameSources): Promise<TokenFacts> {
  const appNameOf = async (id: string | undefined) => (id === undefined ? undefined : (await apps.find(id))?.name);
  const emailOf = async (id: string | undefined) => (id === undefined ? undefined : (await users.findById(id))?.email);

  switch (found.kind) {
    case 'unknown':
      return {};
    case 'app_secret':
      return { appId: found.app?.id, appName: found.app?.name, ...secretFacts(found.secret) };
    case 'api_secret':
      return { apiIdentifier: found.api?.identifier, ...secretFacts(found.secret) };
    case 'api_key': {
      const { key } = found;
      const owner: { readonly appId?: string; readonly userId?: string } = key?.owner ?? {};
      const { appId } = owner;
      return {
        apiKeyId: key?.id,
        label: key?.label,
        userEmail: await emailOf(owner.userId),
        appId,
        appName: await appNameOf(appId),
        apiIdentifier: key?.apiIdentifier,
        scope: key?.scopes.join(' '),
        createdAt: key?.createdAt,
        expiresAt: key?.expiresAt,
        lastUsedAt: key?.lastUsedAt,
      };
    }
    case 'refresh_token': {
      const { stored } = found;
      return {
        appId: stored?.family.appId,
        appName: await appNameOf(stored?.family.appId),
        userEmail: await emailOf(stored?.family.userId),
        apiIdentifier: stored?.family.apiIdentifier,
        scope: stored?.family.scopes.join(' '),
        familyId: stored?.family.id,
        signedInAt: stored?.family.createdAt,
        expiresAt: stored?.expiresAt,
        usedAt: stored?.usedAt,
        revokedAt: stored?.revokedAt,
      };
    }
    case 'access_token': {
      const { claims, jwt } = found;
      const under = claims?.issuedUnder;
      return {
        appId: claims?.appId,
        appName: await appNameOf(claims?.appId),
        userEmail: await emailOf(claims?.subject),
        subject: claims?.subject,
        apiIdentifier: claims?.audience,
        scope: claims?.scope,
        algorithm: claims === undefined || jwt === undefined ? undefined : String(jwt.header.alg),
        issuer: claims?.issuer,
        secretId: under?.kind === 'secret' ? under.secretId : undefined,
        connectionId: under?.kind === 'connection' ? under.connectionId : undefined,
        familyId: under?.kind === 'family' ? under.familyId : undefined,
        issuedAt: claims?.issuedAt,
        expiresAt: claims?.expiresAt,
      };
    }
  }
}

function secretFacts(secret: Secret | undefined): TokenFacts {
  return {
    secretId: secret?.id,
    label: secret?.label,
    createdAt: secret?.createdAt,
    expiresAt: secret?.expiresAt,
    lastUsedAt: secret?.lastUsedAt,
  };
}
