import type { PageContext, PageRequest, PageResponse, Pages } from '../../http/page-contract.ts';
import { BusyError, OAuthError, RefusedError } from '../../oauth/errors.ts';
import { optionalParameter } from '../../oauth/parameters.ts';
import { isPasswordTooLong } from '../../oauth/people.ts';
import { describeScope } from '../../oauth/scopes.ts';
import { developerAs } from '../developer-access.ts';
import { forSignedIn, personAt, type SignedIn } from '../signed-in.ts';
import { type AccountNotice, accountPage, type PasswordFailure } from '../views/account.tsx';

/** A person's own account: password, sessions, connected apps, API keys. */
const account: Pages = (context) => {
  const done = (notice: AccountNotice): PageResponse => ({ status: 303, location: `/account?notice=${notice}` });

  return [
    // For whoever opens the address of the server in a browser.
    { method: 'GET', path: '/', impersonal: true, handle: async () => ({ status: 303, location: '/account' }) },
    {
      method: 'GET',
      path: '/account',
      handle: forSignedIn((request, signedIn) => show(context, request, signedIn)),
    },
    {
      method: 'POST',
      path: '/account/password',
      handle: forSignedIn((request, signedIn) => changePassword(context, request, signedIn)),
    },
    {
      method: 'POST',
      path: '/account/sessions/end',
      handle: forSignedIn(async (request, { user, session }) => {
        const id = optionalParameter(request.parameters, 'session_id') ?? '';
        await context.accounts.endSession(personAt(request, user), id);
        return id === session.id ? { status: 303, location: '/sign-in', sessionCookie: null } : done('session_ended');
      }),
    },
    {
      method: 'POST',
      path: '/account/sessions/end-others',
      handle: forSignedIn(async (request, { user, session }) => {
        await context.accounts.endOtherSessions(personAt(request, user), session.id);
        return done('session_ended');
      }),
    },
    {
      method: 'POST',
      path: '/account/apps/disconnect',
      handle: forSignedIn(async (request, { user }) => {
        const id = optionalParameter(request.parameters, 'family_id') ?? '';
        await context.accounts.disconnectApp(personAt(request, user), id);
        return done('app_disconnected');
      }),
    },
    {
      method: 'POST',
      path: '/account/connections/disconnect',
      handle: forSignedIn(async (request, { user }) => {
        const id = optionalParameter(request.parameters, 'connection_id') ?? '';
        await context.accounts.disconnectConnection(personAt(request, user), id);
        return done('app_disconnected');
      }),
    },
  ];
};

export default account;

const NOTICES: readonly AccountNotice[] = [
  'password_changed',
  'session_ended',
  'app_disconnected',
  'api_key_deleted',
  'api_key_repeated',
];

async function show(
  context: PageContext,
  request: PageRequest,
  { user, session }: SignedIn,
  passwordFailure?: PasswordFailure,
  retryAfterSeconds?: number,
): Promise<PageResponse> {
  const [{ sessions, families, connections, apiKeys, mayMakeApiKeys }, hasDeveloperArea] = await Promise.all([
    context.accounts.overview(user.id),
    developerAs(context, request, user).isOpen(),
  ]);
  const notice = NOTICES.find((known) => known === request.parameters.notice);
  const toDate = (seconds: number): Date => new Date(seconds * 1000);
  const toOptionalDate = (seconds: number | undefined) => (seconds === undefined ? undefined : toDate(seconds));
  return {
    status: passwordFailure === undefined ? 200 : passwordFailure === 'too_many' ? 429 : 400,
    ...(retryAfterSeconds !== undefined && { headers: { 'retry-after': String(retryAfterSeconds) } }),
    html: accountPage({
      brand: context.brand,
      csrfToken: request.csrfToken,
      user,
      sessions: sessions.map((one) => ({
        id: one.id,
        current: one.id === session.id,
        userAgent: one.userAgent,
        address: one.address,
        createdAt: toDate(one.createdAt),
        lastSeenAt: toDate(one.lastSeenAt),
      })),
      apps: families.map((family) => ({
        familyId: family.id,
        appName: family.appName,
        scopes: family.scopes,
        createdAt: toDate(family.createdAt),
        lastUsedAt: toDate(family.lastUsedAt ?? family.createdAt),
      })),
      connections: connections.map((connection) => ({
        id: connection.id,
        appName: connection.appName,
        scopes: connection.scopes,
        createdAt: toDate(connection.createdAt),
        lastUsedAt: toOptionalDate(connection.lastUsedAt),
      })),
      apiKeys: apiKeys.map((key) => ({
        id: key.id,
        label: key.label,
        lastFour: key.lastFour,
        apiName: key.apiName,
        appName: key.appName,
        scopes: key.scopes.map((name) => describeScope(name, key.scopeDescriptions)),
        createdAt: toDate(key.createdAt),
        lastUsedAt: toOptionalDate(key.lastUsedAt),
        expiresAt: toOptionalDate(key.expiresAt),
        expired: key.isExpired,
      })),
      mayMakeApiKeys,
      hasDeveloperArea,
      ...(notice !== undefined && { notice }),
      ...(passwordFailure !== undefined && { passwordFailure }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    }),
  };
}

async function changePassword(context: PageContext, request: PageRequest, signedIn: SignedIn): Promise<PageResponse> {
  const { parameters, userAgent, address } = request;
  const [current, wanted, again] = ['current_password', 'new_password', 'new_password_again'].map(
    (name) => optionalParameter(parameters, name) ?? '',
  ) as [string, string, string];
  const failed = (failure: PasswordFailure, seconds?: number) => show(context, request, signedIn, failure, seconds);
  if (wanted !== again) return failed('mismatch');
  if (isPasswordTooLong(wanted)) return failed('too_long');
  try {
    const { rawCookie } = await context.accounts.changePassword(signedIn.user, current, wanted, {
      userAgent,
      address,
      requestId: request.id,
    });
    return { status: 303, location: '/account?notice=password_changed', sessionCookie: rawCookie };
  } catch (error) {
    if (error instanceof RefusedError) return failed(error.code === 'conflict' ? 'same' : 'too_short');
    if (error instanceof OAuthError && error.code === 'invalid_grant') return failed('wrong');
    if (error instanceof OAuthError && error.code === 'too_many_requests' && !(error instanceof BusyError)) {
      return failed('too_many', error.retryAfterSeconds);
    }
    throw error;
  }
}
