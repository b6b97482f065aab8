import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { type AdminAccess, createAdminAccess } from './admin-access.ts';
import { createAppAuthentication } from './app-authentication.ts';
import type {
  CodeStore,
  ConnectionStore,
  ConsentStore,
  FamilyStore,
  LoginStore,
  SessionStore,
} from './authorization-ports.ts';
import { type AuthorizationService, createAuthorizationService } from './authorization-service.ts';
import type { Counters } from './counter-ports.ts';
import type { InspectionMemo, Metering } from './gateway-ports.ts';
import type { GrantFactory, GrantPolicy } from './grant.ts';
import { guardAuthentication } from './guarded-authentication.ts';
import { rememberInspections } from './inspection-memory.ts';
import { createIntrospection, type Introspection } from './introspection.ts';
import type { User } from './model.ts';
import type { Audit, Clock, Lookups, Passwords, RevocationStore, Secrets, Signer } from './ports.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import type { ApiKeyStore } from './registry-ports.ts';
import { createRequestGuard, type RequestLimits } from './request-guard.ts';
import { createRevocation, type Revocation } from './revocation.ts';
import { createRevocationFeed, type RevocationFeed } from './revocation-feed.ts';
import type { After, RevocationLog, RevocationNews } from './revocation-ports.ts';
import { createSessionService, type SessionService } from './session-service.ts';
import { createTokenService, type TokenService } from './token-service.ts';
import type { FailureLog, UsageNumbers } from './usage-ports.ts';
import { createVerification, type Verification } from './verification.ts';

/** What the protocol needs from outside. */
export interface CorePorts {
  readonly issuer: string;
  readonly policy: GrantPolicy & RequestLimits & { readonly sessionAbsoluteSeconds: number };
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly passwords: Passwords;
  readonly signer: Signer;
  readonly lookups: Lookups;
  readonly families: FamilyStore;
  readonly codes: CodeStore;
  readonly sessions: SessionStore;
  readonly consents: ConsentStore;
  readonly connections: ConnectionStore;
  readonly apiKeys: Pick<ApiKeyStore, 'delete'>;
  readonly logins: LoginStore;
  readonly counters: Counters;
  readonly revocations: RevocationStore;
  readonly revocationLog: RevocationLog;
  readonly revocationNews: RevocationNews;
  readonly after: After;
  readonly inspectionMemo: InspectionMemo;
  readonly metering: Metering;
  readonly audit: Audit;
  readonly usage: Pick<UsageNumbers, 'count'>;
  readonly failures: Pick<FailureLog, 'note'>;
}

/** The protocol: what surfaces and endpoints call. */
export interface Core {
  readonly issuer: string;
  readonly tokens: TokenService;
  readonly accessTokens: AccessTokens;
  readonly introspection: Introspection;
  readonly verification: Verification;
  readonly revocation: Revocation;
  readonly revocationFeed: RevocationFeed;
  readonly signer: Signer;
  readonly authorization: AuthorizationService;
  readonly sessions: SessionService;
  readonly adminAccess: AdminAccess;
  /** Somebody whom a token names. */
  findUser(id: string): Promise<User | undefined>;
}

/** Wires the protocol core. @throws Error when two grants have one type. */
export function createCore(ports: CorePorts, grantFactories: readonly GrantFactory[]): Core {
  const { issuer, signer, secrets, lookups, clock, audit, usage, failures, families, revocations } = ports;
  const refreshTokens = createRefreshTokens(issuer, secrets, signer);
  const minted = createAccessTokens({ issuer, signer, secrets, lookups, audit, clock });
  const memory = { memo: ports.inspectionMemo, lookups, audit, clock };
  const accessTokens: AccessTokens = { ...minted, inspect: rememberInspections(minted.inspect, memory) };
  const guard = createRequestGuard({ counters: ports.counters, secrets, limits: ports.policy, clock });
  const authentication = guardAuthentication(createAppAuthentication({ lookups, secrets, audit, clock }), guard);

  const noted = { audit, usage, failures, clock };

  const grants = new Map(
    grantFactories.map((create) => {
      const grant = create({ ...ports, refreshTokens, findUser: async (id) => lookups.findUser(id) });
      return [grant.type, grant] as const;
    }),
  );
  if (grants.size !== grantFactories.length) throw new Error('Two files in oauth/grants have the same grant type.');

  return {
    issuer,
    signer,
    accessTokens,
    authorization: createAuthorizationService(ports),
    sessions: createSessionService(ports),
    adminAccess: createAdminAccess({ issuer, guard, accessTokens, lookups, audit }),
    findUser: async (id) => lookups.findUser(id),
    tokens: createTokenService({
      grants,
      guard,
      authentication,
      metering: ports.metering,
      accessTokens,
      refreshTokens,
      ...noted,
    }),
    introspection: createIntrospection({ issuer, guard, signer, lookups, secrets, accessTokens, ...noted }),
    verification: createVerification({ accessTokens, lookups, metering: ports.metering, ...noted }),
    revocationFeed: createRevocationFeed(ports),
    revocation: createRevocation({
      authentication,
      guard,
      signer,
      accessTokens,
      refreshTokens,
      families,
      revocations,
      connections: ports.connections,
      apiKeys: ports.apiKeys,
      ...noted,
    }),
  };
}
