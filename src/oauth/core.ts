import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
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
import type { GrantFactory, GrantPolicy } from './grant.ts';
import { createIntrospection, type Introspection } from './introspection.ts';
import type { Audit, Clock, Lookups, Passwords, RevocationStore, Secrets, Signer } from './ports.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { createRevocation, type Revocation } from './revocation.ts';
import { createSessionService, type SessionService } from './session-service.ts';
import { createTokenService, type TokenService } from './token-service.ts';

/** What the protocol needs from outside. */
export interface CorePorts {
  readonly issuer: string;
  readonly policy: GrantPolicy & { readonly sessionAbsoluteSeconds: number };
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
  readonly logins: LoginStore;
  readonly revocations: RevocationStore;
  readonly audit: Audit;
}

/** The protocol: what surfaces and endpoints call. */
export interface Core {
  readonly issuer: string;
  readonly tokens: TokenService;
  readonly accessTokens: AccessTokens;
  readonly introspection: Introspection;
  readonly revocation: Revocation;
  readonly signer: Signer;
  readonly authorization: AuthorizationService;
  readonly sessions: SessionService;
}

/** Wires the protocol core. @throws Error when two grants have one type. */
export function createCore(ports: CorePorts, grantFactories: readonly GrantFactory[]): Core {
  const { issuer, signer, secrets, lookups, clock, audit, families, revocations } = ports;
  const refreshTokens = createRefreshTokens(issuer, secrets, signer);
  const accessTokens = createAccessTokens({ issuer, signer, secrets, lookups, audit, clock });
  const authentication = createAppAuthentication({ lookups, secrets, audit, clock });

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
    tokens: createTokenService({ grants, authentication, accessTokens, refreshTokens, audit, clock }),
    introspection: createIntrospection({ lookups, secrets, accessTokens, audit, clock }),
    revocation: createRevocation({
      authentication,
      accessTokens,
      refreshTokens,
      families,
      revocations,
      connections: ports.connections,
      audit,
      clock,
    }),
  };
}
