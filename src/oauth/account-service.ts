import type { ApiKeyInput, ApiKeyOffer, ApiKeyRegistry, IssuedApiKey } from './api-key-registry.ts';
import type { Actor, AuditTarget } from './audit-trail.ts';
import type {
  ConnectionStore,
  ConnectionSummary,
  ConsentStore,
  FamilyStore,
  FamilySummary,
} from './authorization-ports.ts';
import { OAuthError, RefusedError } from './errors.ts';
import type { Session, User } from './model.ts';
import { assertNewPassword, normalisePassword } from './people.ts';
import type { Audit, Clock, Passwords, Secrets } from './ports.ts';
import type { ApiKeySummary, UserStore } from './registry-ports.ts';
import type { Browser, NewSession, SessionService } from './session-service.ts';

/** What a person sees of their own account. */
export interface AccountOverview {
  readonly sessions: readonly Session[];
  readonly families: readonly FamilySummary[];
  readonly connections: readonly ConnectionSummary[];
  /** Their own and those of the apps that they own. */
  readonly apiKeys: readonly (ApiKeySummary & { readonly isExpired: boolean })[];
  /** Whether there is anything that they may make API keys for. */
  readonly mayMakeApiKeys: boolean;
}

/** What a person needs to make an API key. */
export interface ApiKeyForm {
  readonly offers: readonly ApiKeyOffer[];
  /** Goes with the form: what is sent with it twice makes one key. */
  readonly formId: string;
}

/** What people do with their own account, and operators with anybody's authorizations. */
export interface AccountService {
  overview(userId: string): Promise<AccountOverview>;
  /**
   * Ends every other session and every family; this browser goes on under a new session.
   * @throws OAuthError `invalid_grant` when the current password is wrong, `too_many_requests`; RefusedError when the new
   *   one cannot be used
   */
  changePassword(user: User, rawCurrent: string, rawNew: string, browser: Browser): Promise<NewSession>;
  /** Revokes one family and asks for consent anew next time. False when it is not the person's. */
  disconnectApp(person: Actor, familyId: string): Promise<boolean>;
  disconnectConnection(person: Actor, connectionId: string): Promise<boolean>;
  /** Signs a browser out. False when there is no such session of theirs. */
  endSession(person: Actor, sessionId: string): Promise<boolean>;
  endOtherSessions(person: Actor, keptSessionId: string): Promise<void>;
  apiKeyForm(userId: string): Promise<ApiKeyForm>;
  /**
   * Makes an API key for themselves or for an app of theirs; undefined when this form has made its key before.
   * @throws RefusedError `conflict` when there are too many, others when it cannot be had
   */
  createApiKey(person: Actor, input: Omit<ApiKeyInput, 'byUserId'>, formId: string): Promise<IssuedApiKey | undefined>;
  /** @throws RefusedError `not_found` when it is not theirs */
  deleteApiKey(person: Actor, apiKeyId: string): Promise<void>;
}

interface Dependencies {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly sessions: SessionService;
  readonly families: FamilyStore;
  readonly connections: ConnectionStore;
  readonly consents: ConsentStore;
  readonly apiKeys: ApiKeyRegistry;
  readonly secrets: Secrets;
  readonly audit: Audit;
  readonly clock: Clock;
}

export function createAccountService(dependencies: Dependencies): AccountService {
  const { users, passwords, sessions, families, connections, consents, apiKeys, secrets, audit, clock } = dependencies;

  return {
    async overview(userId) {
      const [all, mine, connected, keys, offers] = await Promise.all([
        sessions.list(userId),
        families.list({ userId }, clock.nowSeconds()),
        connections.list({ userId }),
        apiKeys.list({ userId }),
        apiKeys.offers(userId),
      ]);
      return {
        sessions: all,
        families: mine,
        connections: connected,
        apiKeys: keys.map((key) => ({
          ...key,
          isExpired: key.expiresAt !== undefined && key.expiresAt <= clock.nowSeconds(),
        })),
        mayMakeApiKeys: offers.length > 0,
      };
    },

    async changePassword(user, rawCurrent, rawNew, browser) {
      const { address, requestId } = browser;
      const person: Actor = { kind: 'user', id: user.id, name: user.email, via: 'account', address, requestId };
      const event = eventOf('password.change', person, { kind: 'user', id: user.id });
      try {
        await sessions.prove(user, rawCurrent, address);
      } catch (error) {
        const reason = error instanceof OAuthError ? (error.detail ?? error.description) : 'the server failed';
        audit.record({ ...event, outcome: 'failure', reason, trail: { ...event.trail, details: { reason } } });
        throw error;
      }
      assertNewPassword(rawNew);
      if (normalisePassword(rawNew) === normalisePassword(rawCurrent)) {
        throw new RefusedError('conflict', 'The new password is the old one.');
      }
      const passwordHash = await passwords.hash(rawNew);
      // The database ends all sessions and families of the person in the same transaction.
      if (!(await users.changePassword(user.id, user.passwordHash, passwordHash))) {
        throw new OAuthError('invalid_grant', 'The password has just been changed by somebody else.');
      }
      audit.record({ ...event, outcome: 'success' });
      return sessions.start({ ...user, passwordHash }, browser);
    },

    async disconnectApp(person, familyId) {
      const userId = person.id;
      const family = (await families.list({ userId }, clock.nowSeconds())).find(({ id }) => id === familyId);
      if (family === undefined) return false;
      await consents.forget(userId, family.appId);
      const revoked = await families.revoke(familyId, 'disconnected_by_user', clock.nowSeconds(), userId);
      if (revoked) {
        const event = eventOf('family.revoke', person, { kind: 'family', id: familyId }, { app: family.appId });
        audit.record({ ...event, outcome: 'success', appId: family.appId });
      }
      return revoked;
    },

    async disconnectConnection(person, connectionId) {
      const userId = person.id;
      const connection = (await connections.list({ userId })).find(({ id }) => id === connectionId);
      if (connection === undefined) return false;
      await consents.forget(userId, connection.appId);
      const { appId } = connection;
      const ended = await connections.disconnect(connectionId, userId);
      if (ended) {
        const event = eventOf('connection.end', person, { kind: 'connection', id: connectionId }, { app: appId });
        audit.record({ ...event, outcome: 'success', appId });
      }
      return ended;
    },

    async endSession(person, sessionId) {
      const ended = await sessions.end(person.id, sessionId);
      if (ended) {
        const event = eventOf('session.end', person, { kind: 'session', id: sessionId });
        audit.record({ ...event, outcome: 'success', unlogged: true });
      }
      return ended;
    },

    async endOtherSessions(person, keptSessionId) {
      await sessions.endOthers(person.id, keptSessionId);
      const event = eventOf('session.end_others', person, { kind: 'user', id: person.id }, { kept: keptSessionId });
      audit.record({ ...event, outcome: 'success', unlogged: true });
    },

    apiKeyForm: async (userId) => ({ offers: await apiKeys.offers(userId), formId: secrets.newTokenId() }),

    async createApiKey(person, input, formId) {
      const issued = await apiKeys.createOnce({ ...input, byUserId: person.id }, formId);
      if (issued === undefined) return undefined;
      const { id, owner, apiIdentifier, scopes, label } = issued.key;
      const appId = 'appId' in owner ? owner.appId : undefined;
      const details = { api: apiIdentifier, scopes, label, ...(appId !== undefined && { app: appId }) };
      const event = eventOf('api_key.create', person, { kind: 'api-key', id }, details);
      audit.record({ ...event, outcome: 'success', appId });
      return issued;
    },

    async deleteApiKey(person, apiKeyId) {
      await apiKeys.delete(apiKeyId, person.id);
      audit.record({ ...eventOf('api_key.delete', person, { kind: 'api-key', id: apiKeyId }), outcome: 'success' });
    },
  };
}

/** What a person does to something of theirs, for the log and for the audit trail. */
function eventOf(action: string, person: Actor, target: AuditTarget, details?: Readonly<Record<string, unknown>>) {
  return {
    action,
    requestId: person.requestId,
    userId: person.id,
    trail: { action, actor: person, target, details },
  };
}
