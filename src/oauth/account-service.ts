import type { ApiKeyInput, ApiKeyOffer, ApiKeyRegistry, IssuedApiKey } from './api-key-registry.ts';
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
  disconnectApp(userId: string, familyId: string, requestId: string): Promise<boolean>;
  disconnectConnection(userId: string, connectionId: string, requestId: string): Promise<boolean>;
  apiKeyForm(userId: string): Promise<ApiKeyForm>;
  /**
   * Makes an API key for themselves or for an app of theirs; undefined when this form has made its key before.
   * @throws RefusedError `conflict` when there are too many, others when it cannot be had
   */
  createApiKey(
    userId: string,
    input: Omit<ApiKeyInput, 'byUserId'>,
    formId: string,
    requestId: string,
  ): Promise<IssuedApiKey | undefined>;
  /** @throws RefusedError `not_found` when it is not theirs */
  deleteApiKey(userId: string, apiKeyId: string, requestId: string): Promise<void>;
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
      const event = { action: 'password.change', requestId: browser.requestId, userId: user.id };
      try {
        await sessions.prove(user, rawCurrent, browser.address);
      } catch (error) {
        audit.record({ ...event, outcome: 'failure', reason: 'wrong password, or too many of them' });
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

    async disconnectApp(userId, familyId, requestId) {
      const family = (await families.list({ userId }, clock.nowSeconds())).find(({ id }) => id === familyId);
      if (family === undefined) return false;
      await consents.forget(userId, family.appId);
      audit.record({ action: 'family.revoke', outcome: 'success', requestId, appId: family.appId, userId });
      return families.revoke(familyId, 'disconnected_by_user', clock.nowSeconds(), userId);
    },

    async disconnectConnection(userId, connectionId, requestId) {
      const connection = (await connections.list({ userId })).find(({ id }) => id === connectionId);
      if (connection === undefined) return false;
      await consents.forget(userId, connection.appId);
      audit.record({ action: 'connection.end', outcome: 'success', requestId, appId: connection.appId, userId });
      return connections.disconnect(connectionId, userId);
    },

    apiKeyForm: async (userId) => ({ offers: await apiKeys.offers(userId), formId: secrets.newTokenId() }),

    async createApiKey(userId, input, formId, requestId) {
      const issued = await apiKeys.createOnce({ ...input, byUserId: userId }, formId);
      if (issued === undefined) return undefined;
      const { owner } = issued.key;
      const appId = 'appId' in owner ? owner.appId : undefined;
      audit.record({ action: 'api_key.create', outcome: 'success', requestId, appId, userId });
      return issued;
    },

    async deleteApiKey(userId, apiKeyId, requestId) {
      await apiKeys.delete(apiKeyId, userId);
      audit.record({ action: 'api_key.delete', outcome: 'success', requestId, userId });
    },
  };
}
