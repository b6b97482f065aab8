import { OAuthError } from './errors.ts';
import type { App, Secret } from './model.ts';
import type { Audit, Clock, Lookups, Secrets } from './ports.ts';

/** One reading of the credentials a request carried. */
export interface SecretCandidate {
  readonly appId: string;
  readonly rawSecret: string;
}

/** How an app says who it is (OAuth 2.1 section 2.4). */
export type AppCredentials =
  | {
      readonly method: 'secret';
      /** Basic credentials can be read in two ways, form-decoded (RFC 6749) or as they stand; the first that fits counts. */
      readonly candidates: readonly [SecretCandidate, ...SecretCandidate[]];
      /** On surfaces that ask for it: the login e-mail of the person who owns the app, folded for comparison. */
      readonly ownerEmailKey?: string;
    }
  | { readonly method: 'none'; readonly appId: string };

export interface AuthenticatedApp {
  readonly app: App;
  /** The secret that was presented; undefined for a public app. */
  readonly secret: Secret | undefined;
}

export interface AppAuthentication {
  /**
   * Proves which app is calling.
   * @throws OAuthError `invalid_client`; an unknown app, a wrong secret and a wrong owner's e-mail look the same.
   */
  authenticate(credentials: AppCredentials): Promise<AuthenticatedApp>;
}

interface Dependencies {
  readonly lookups: Pick<Lookups, 'findApp' | 'findUser'>;
  readonly secrets: Secrets;
  readonly audit: Pick<Audit, 'secretUsed'>;
  readonly clock: Clock;
}

// Without the id: whoever mixes the two up sends a secret in its place, and that must not be logged.
const UNKNOWN_APP = 'unknown app';

/** The secret that `rawSecret` is, unless it has expired. Every stored secret is compared, whichever fits. */
export function findMatchingSecret(
  stored: readonly Secret[],
  rawSecret: string,
  secrets: Secrets,
  now: number,
): Secret | undefined {
  const hash = secrets.hash(rawSecret);
  let match: Secret | undefined;
  for (const secret of stored) {
    if (secrets.equal(secret.hash, hash) && (secret.expiresAt === undefined || secret.expiresAt > now)) match = secret;
  }
  return match;
}

export function createAppAuthentication({ lookups, secrets, audit, clock }: Dependencies): AppAuthentication {
  const noSecrets: readonly Secret[] = [];

  const ownerMatches = async (app: App | undefined, emailKey: string): Promise<boolean> => {
    const owner = app?.ownerId === undefined ? undefined : await lookups.findUser(app.ownerId);
    return owner?.enabled === true && owner.emailKey === emailKey;
  };

  const authenticateBySecret = async (
    credentials: Extract<AppCredentials, { method: 'secret' }>,
  ): Promise<AuthenticatedApp> => {
    let detail = 'no credentials fit';
    let known: App | undefined;
    for (const { appId, rawSecret } of credentials.candidates) {
      const app = await lookups.findApp(appId);
      // An unknown app costs the same hash as a known one.
      const secret = findMatchingSecret(app?.secrets ?? noSecrets, rawSecret, secrets, clock.nowSeconds());
      const ownerOk = credentials.ownerEmailKey === undefined || (await ownerMatches(app, credentials.ownerEmailKey));
      if (app !== undefined && secret !== undefined && !app.isPublic && ownerOk) {
        audit.secretUsed(secret.id, clock.nowSeconds());
        return { app, secret };
      }
      detail = describeFailure(appId, app, secret, ownerOk);
      known ??= app;
    }
    throw new OAuthError(
      'invalid_client',
      credentials.ownerEmailKey === undefined
        ? 'The app is unknown or its secret is wrong. Check the id and the secret.'
        : 'The app is unknown, or its secret or the e-mail address of its owner is wrong.',
      { detail, appId: known?.id },
    );
  };

  const authenticatePublic = async (appId: string): Promise<AuthenticatedApp> => {
    const app = await lookups.findApp(appId);
    if (app?.isPublic === true) return { app, secret: undefined };
    throw new OAuthError(
      'invalid_client',
      'The app is unknown or has to authenticate. Send its secret with HTTP Basic or as client_secret.',
      { detail: app === undefined ? UNKNOWN_APP : `confidential app ${appId} sent no secret`, appId: app?.id },
    );
  };

  return {
    authenticate: (credentials) =>
      credentials.method === 'secret' ? authenticateBySecret(credentials) : authenticatePublic(credentials.appId),
  };
}

function describeFailure(appId: string, app: App | undefined, secret: Secret | undefined, ownerOk: boolean): string {
  if (app === undefined) return UNKNOWN_APP;
  if (app.isPublic) return `public app ${appId} sent a secret`;
  if (secret === undefined) return `wrong or expired secret for app ${appId}`;
  return ownerOk ? 'no credentials fit' : `e-mail is not that of the owner of app ${appId}, or the owner is disabled`;
}
