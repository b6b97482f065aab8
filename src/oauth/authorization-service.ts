import type { Actor } from './audit-trail.ts';
import type { CodeStore, ConsentStore } from './authorization-ports.ts';
import {
  type AuthorizationRequest,
  type AuthorizationTarget,
  parseAuthorizationRequest,
  resolveTarget,
} from './authorization-request.ts';
import { OAuthError } from './errors.ts';
import type { App, Session, User } from './model.ts';
import type { Parameters } from './parameters.ts';
import type { Audit, Clock, Lookups, Secrets } from './ports.ts';
import { redirectKind } from './redirect-uris.ts';
import { describeScope } from './scopes.ts';

const CODE_LIFETIME_SECONDS = 60;
// How long a person may take over the pages of one request.
const FLOW_LIFETIME_SECONDS = 600;

/** Who is at the browser. */
export interface SignedIn {
  readonly session: Session;
  readonly user: User;
}

/** A scope as the consent page shows it. */
export interface ConsentScope {
  readonly name: string;
  readonly description: string | undefined;
  /** Not among those that the person allowed this app before. */
  readonly isNew: boolean;
}

/** What comes next for a valid request. */
export type AuthorizationStep =
  | { readonly step: 'sign-in' }
  | { readonly step: 'consent'; readonly app: App; readonly scopes: readonly ConsentScope[] }
  | { readonly step: 'answer'; readonly answer: AuthorizationAnswer };

/** What goes to the app: at its redirect URI, or shown to the person when there is none. */
export interface AuthorizationAnswer {
  readonly redirectUri: string | undefined;
  readonly responseMode: 'query' | 'form_post';
  /** `code` or `error`, with `state` and `iss` (RFC 9207); in this order, each once. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** The authorization endpoint without HTTP (OAuth 2.1 section 4.1). */
export interface AuthorizationService {
  /** @throws OAuthError for the person: nothing may be sent to the app */
  resolveTarget(parameters: Parameters): Promise<AuthorizationTarget>;
  /** @throws OAuthError for the app; `refuse` makes the answer of it */
  parse(target: AuthorizationTarget, parameters: Parameters): AuthorizationRequest;
  /** The app of a request. @throws OAuthError for the person, when the request is too old or the app is gone */
  appOf(request: AuthorizationRequest): Promise<App>;
  /** An error in the form in which the app gets it. */
  refuse(target: Omit<AuthorizationTarget, 'app'>, error: OAuthError): AuthorizationAnswer;
  /**
   * Where the request stands: who must do what next. Everything that may have changed since it came is looked at again.
   * @throws OAuthError for the person, when the request is too old or the app is gone
   */
  next(request: AuthorizationRequest, signedIn: SignedIn | undefined, requestId: string): Promise<AuthorizationStep>;
  /** The person has decided; if not on a page of theirs, they see it first. @throws OAuthError as `next` does */
  decide(
    request: AuthorizationRequest,
    signedIn: SignedIn,
    allowed: boolean,
    person: Actor,
  ): Promise<AuthorizationStep>;
}

interface Dependencies {
  readonly issuer: string;
  readonly lookups: Pick<Lookups, 'findApp'>;
  readonly codes: CodeStore;
  readonly consents: ConsentStore;
  readonly secrets: Secrets;
  readonly audit: Audit;
  readonly clock: Clock;
}

export function createAuthorizationService(dependencies: Dependencies): AuthorizationService {
  const { issuer, lookups, codes, consents, secrets, audit, clock } = dependencies;
  const findApp = async (id: string): Promise<App | undefined> => lookups.findApp(id);

  const answer = (
    { redirectUri, responseMode, state }: Omit<AuthorizationTarget, 'app'>,
    outcome: readonly (readonly [string, string])[],
  ): AuthorizationAnswer => ({
    redirectUri,
    responseMode,
    parameters: [...outcome, ...(state === undefined ? [] : [['state', state] as const]), ['iss', issuer]],
  });

  const refuse: AuthorizationService['refuse'] = (target, { code, description }) =>
    answer(target, [
      // RFC 6749 section 4.1.2.1 has no code of its own for an app that may not.
      ['error', code === 'request_too_large' ? 'invalid_request' : code],
      ['error_description', description],
    ]);

  /** The app as it is now: it may have been changed while the person was reading. */
  const currentApp = async (request: AuthorizationRequest): Promise<App> => {
    if (clock.nowSeconds() - request.requestedAt > FLOW_LIFETIME_SECONDS) {
      throw new OAuthError('invalid_request', 'This page is too old.');
    }
    const parameters = {
      client_id: request.appId,
      ...(request.redirectUri !== undefined && { redirect_uri: request.redirectUri }),
    };
    return (await resolveTarget(parameters, findApp)).app;
  };

  const issueCode = async (
    request: AuthorizationRequest,
    { user }: SignedIn,
    app: App,
    requestId: string,
  ): Promise<AuthorizationAnswer> => {
    const rawCode = secrets.generate('authorization-code');
    const now = clock.nowSeconds();
    await codes.create({
      hash: secrets.hash(rawCode),
      appId: app.id,
      userId: user.id,
      apiIdentifier: app.api.identifier,
      scopes: request.scopes,
      redirectUri: request.redirectUri,
      challenge: request.challenge,
      passwordHash: user.passwordHash,
      createdAt: now,
      expiresAt: now + CODE_LIFETIME_SECONDS,
    });
    audit.record({ action: 'code.issue', outcome: 'success', requestId, appId: app.id, userId: user.id });
    return answer(request, [['code', rawCode]]);
  };

  /**
   * Whether the answer can be given without asking: the operator's own apps, and apps whose identity is assured by an
   * https address, for scopes that were allowed before (OAuth 2.1 section 7.3).
   */
  const needsConsent = (request: AuthorizationRequest, app: App, known: readonly string[] | undefined): boolean => {
    if (request.prompts.includes('consent')) return true;
    if (app.firstParty) return false;
    const assured = redirectKind(request.redirectUri) === 'https';
    return !assured || known === undefined || request.scopes.some((scope) => !known.includes(scope));
  };

  const needsSignIn = (request: AuthorizationRequest, signedIn: SignedIn | undefined): boolean => {
    if (signedIn === undefined) return true;
    const { id, authenticatedAt } = signedIn.session;
    if (request.signedInBy === id) return false;
    if (request.prompts.includes('login') || request.prompts.includes('select_account')) return true;
    const { maxAgeSeconds, requestedAt } = request;
    return maxAgeSeconds !== undefined && requestedAt - authenticatedAt >= maxAgeSeconds;
  };

  const consentStep = (request: AuthorizationRequest, app: App, known: readonly string[] | undefined) => {
    const scopes = request.scopes.map((name) => ({
      ...describeScope(name, app.api.scopeDescriptions),
      isNew: known !== undefined && !known.includes(name),
    }));
    return { step: 'consent', app, scopes } as const;
  };

  return {
    resolveTarget: (parameters) => resolveTarget(parameters, findApp),
    parse: (target, parameters) => parseAuthorizationRequest(target, parameters, clock.nowSeconds()),
    appOf: currentApp,
    refuse,

    async next(request, signedIn, requestId) {
      const app = await currentApp(request);
      const silent = request.prompts.includes('none');
      if (signedIn === undefined || needsSignIn(request, signedIn)) {
        if (!silent) return { step: 'sign-in' };
        return { step: 'answer', answer: refuse(request, new OAuthError('login_required', 'Nobody is signed in.')) };
      }
      const known = await consents.find(signedIn.user.id, app.id);
      if (!needsConsent(request, app, known)) {
        return { step: 'answer', answer: await issueCode(request, signedIn, app, requestId) };
      }
      if (silent) {
        return {
          step: 'answer',
          answer: refuse(request, new OAuthError('consent_required', 'The person must be asked for consent.')),
        };
      }
      return consentStep(request, app, known);
    },

    async decide(request, signedIn, allowed, person) {
      const { requestId } = person;
      const app = await currentApp(request);
      if (needsSignIn(request, signedIn)) return { step: 'sign-in' };
      if (request.shownTo !== signedIn.session.id) {
        return consentStep(request, app, await consents.find(signedIn.user.id, app.id));
      }
      const target = { kind: 'app', id: app.id } as const;
      const event = { outcome: 'success', requestId, appId: app.id, userId: signedIn.user.id } as const;
      const trailOf = (action: string) => ({ action, actor: person, target, details: { scopes: request.scopes } });
      if (!allowed) {
        audit.record({ ...event, action: 'consent.deny', trail: trailOf('consent.deny') });
        return { step: 'answer', answer: refuse(request, new OAuthError('access_denied', 'The person has refused.')) };
      }
      await consents.remember(signedIn.user.id, app.id, request.scopes, clock.nowSeconds());
      audit.record({ ...event, action: 'consent.give', unlogged: true, trail: trailOf('consent.give') });
      return { step: 'answer', answer: await issueCode(request, signedIn, app, requestId) };
    },
  };
}
