import type { Actor } from './audit-trail.ts';
import type { LoginStore, SessionStore } from './authorization-ports.ts';
import { OAuthError } from './errors.ts';
import type { GrantPolicy } from './grant.ts';
import type { Session, User } from './model.ts';
import { createPasswordProof } from './password-proof.ts';
import { foldEmail, isPasswordTooLong, MAX_EMAIL_CHARACTERS } from './people.ts';
import type { Audit, Clock, Passwords, Secrets } from './ports.ts';
import type { UsageNumbers } from './usage-ports.ts';

/** A browser that has been signed in just now. */
export interface NewSession {
  readonly session: Session;
  readonly user: User;
  /** For the cookie; known here only. */
  readonly rawCookie: string;
}

/** Where a sign-in comes from, to show the person later. */
export interface Browser {
  readonly userAgent: string;
  readonly address: string;
  /** For the log. */
  readonly requestId: string;
}

/** Browser sessions: people signing in and out of the pages. */
export interface SessionService {
  /** @throws OAuthError `invalid_grant` for wrong credentials, `too_many_requests` */
  signIn(email: string, rawPassword: string, browser: Browser): Promise<NewSession>;
  /**
   * The signed-in person types the password once more. Counts failures like a sign-in, for the browser may be a thief's.
   * @throws OAuthError `invalid_grant`, `too_many_requests`
   */
  prove(user: User, rawPassword: string, address: string): Promise<void>;
  /**
   * A session for somebody who has just proved who they are, under a new cookie.
   * @throws OAuthError `invalid_grant` when the person was disabled or given another password meanwhile
   */
  start(user: User, browser: Browser): Promise<NewSession>;
  find(rawCookie: string | undefined): Promise<{ readonly session: Session; readonly user: User } | undefined>;
  list(userId: string): Promise<readonly Session[]>;
  end(userId: string, sessionId: string): Promise<boolean>;
  endOthers(userId: string, keptSessionId: string): Promise<void>;
}

interface Dependencies {
  readonly sessions: SessionStore;
  readonly logins: LoginStore;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  readonly audit: Audit;
  readonly usage: Pick<UsageNumbers, 'count'>;
  readonly clock: Clock;
  readonly policy: GrantPolicy & { readonly sessionAbsoluteSeconds: number };
}

const LONGEST_USER_AGENT = 300;
/** What sign-ins at the pages are counted as. */
const SIGN_INS = 'sign-in';

export function createSessionService(dependencies: Dependencies): SessionService {
  const { sessions, logins, passwords, secrets, audit, usage, clock, policy } = dependencies;
  const proof = createPasswordProof(logins, passwords, policy);
  const wrong = () => new OAuthError('invalid_grant', 'The e-mail address or the password is wrong.');

  const start: SessionService['start'] = async (user, { userAgent, address }) => {
    const rawCookie = secrets.generate('session');
    const now = clock.nowSeconds();
    const session: Session = {
      id: secrets.newId('session'),
      userId: user.id,
      userAgent: userAgent.slice(0, LONGEST_USER_AGENT),
      address,
      createdAt: now,
      authenticatedAt: now,
      lastSeenAt: now,
      expiresAt: now + policy.sessionAbsoluteSeconds,
    };
    if (!(await sessions.create(session, secrets.hash(rawCookie), user.passwordHash))) throw wrong();
    return { session, user, rawCookie };
  };

  return {
    start,

    async prove(user, rawPassword, address) {
      const { emailKey } = user;
      const attempt = { emailKey, user, rawPassword, address, now: clock.nowSeconds() };
      if (isPasswordTooLong(rawPassword) || !(await proof.isRight(attempt))) throw wrong();
    },

    async signIn(email, rawPassword, browser) {
      const emailKey = foldEmail(email);
      if (emailKey.length > MAX_EMAIL_CHARACTERS || isPasswordTooLong(rawPassword)) throw wrong();
      const user = await logins.findUserByEmail(emailKey);
      const event = { action: 'session.start', requestId: browser.requestId, surface: 'pages', userId: user?.id };
      const trail = { action: 'sign_in', actor: atBrowser(browser) };
      const count = (outcome: string) => usage.count({ appId: '', surface: SIGN_INS, grant: '', outcome });
      const attempt = { emailKey, user, rawPassword, address: browser.address, now: clock.nowSeconds() };
      const isRight = await proof.isRight(attempt).catch((error: unknown) => {
        count(error instanceof OAuthError ? error.code : 'server_error');
        throw error;
      });
      if (!isRight || user === undefined) {
        const reason = user === undefined ? 'unknown e-mail' : user.enabled ? 'wrong password' : 'user is disabled';
        const target = user && ({ kind: 'user', id: user.id } as const);
        count('invalid_grant');
        audit.record({ ...event, outcome: 'failure', reason, trail: { ...trail, target, details: { reason } } });
        throw wrong();
      }
      const started = await start(user, browser);
      count('success');
      audit.record({
        ...event,
        outcome: 'success',
        trail: {
          ...trail,
          actor: { ...trail.actor, kind: 'user', id: user.id, name: user.email },
          target: { kind: 'session', id: started.session.id },
        },
      });
      return started;
    },

    find: async (rawCookie) =>
      rawCookie === undefined || !secrets.looksLike('session', rawCookie)
        ? undefined
        : sessions.find(secrets.hash(rawCookie), clock.nowSeconds()),
    list: (userId) => sessions.list(userId, clock.nowSeconds()),
    end: (userId, sessionId) => sessions.end(userId, sessionId),
    endOthers: (userId, keptSessionId) => sessions.endOthers(userId, keptSessionId),
  };
}

/** Nobody yet. */
function atBrowser({ address, requestId }: Browser): Actor {
  return { kind: 'anonymous', id: '', name: '', via: 'account', address, requestId };
}
