import type { ApiKeyRegistry } from './api-key-registry.ts';
import type { ApiRegistry, RoleRegistry } from './api-registry.ts';
import type { AppRegistry } from './app-registry.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { SessionStore } from './authorization-ports.ts';
import type { BalanceRegistry } from './balance-registry.ts';
import type { DeveloperPolicyRegistry } from './developer-policy-registry.ts';
import type { Directory } from './directory.ts';
import type { KeyAdministration } from './key-administration.ts';
import type { PlanRegistry } from './plan-registry.ts';
import type { SecretRegistry } from './secret-registry.ts';
import type { TokenInspection } from './token-inspection.ts';
import type { FailureLog, UsageNumbers } from './usage-ports.ts';
import type { UserRegistry } from './user-registry.ts';

/** What operators change. */
export interface Registries {
  readonly users: UserRegistry;
  readonly apps: AppRegistry;
  readonly secrets: SecretRegistry;
  readonly apis: ApiRegistry;
  readonly roles: RoleRegistry;
  readonly apiKeys: ApiKeyRegistry;
  readonly plans: PlanRegistry;
  readonly balances: BalanceRegistry;
  /** What members may do by themselves. */
  readonly policy: DeveloperPolicyRegistry;
}

/** Everything that can be administered, as one actor: what is changed through it is written down as theirs. */
export interface Administration extends Registries {
  /** Lists of everything that there may be very many of. */
  readonly directory: Directory;
  /**
   * What people have allowed apps. Once it is taken back, the app must ask the person again: what was remembered of their
   * consent goes with it. False when there is none, or it was dead already.
   */
  readonly families: { revoke(familyId: string): Promise<boolean> };
  readonly connections: { disconnect(connectionId: string): Promise<boolean> };
  readonly sessions: Pick<SessionStore, 'end' | 'endAll'>;
  readonly keys: KeyAdministration;
  readonly inspection: TokenInspection;
  /** Who did what, to read; everything above writes it by itself. */
  readonly trail: Pick<AuditTrail, 'list' | 'readAll' | 'verify' | 'verifyNewest'>;
  readonly usage: Pick<UsageNumbers, 'read' | 'readGauge' | 'topApps'>;
  readonly failures: Pick<FailureLog, 'list'>;
}
