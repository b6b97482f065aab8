import type { Administration, Registries } from './administration.ts';
import type { RoleRegistry } from './api-registry.ts';
import type { AuditTarget } from './audit-trail.ts';
import { auditApiKeys, auditApis, auditApps, auditSecrets } from './audited-apps.ts';
import type { ConnectionStore, FamilyStore } from './authorization-ports.ts';
import type { BalanceChange, BalanceRegistry } from './balance-registry.ts';
import type { DeveloperPolicyRegistry } from './developer-policy-registry.ts';
import type { KeyAdministration } from './key-administration.ts';
import { type Auditing, before, changesBetween, createNoting, type Noted, type Told } from './noting.ts';
import type { PlanRegistry } from './plan-registry.ts';
import type { UserRegistry } from './user-registry.ts';

/** The same registries, for one actor: what is changed through them is written down, and what is refused. */
export function auditRegistries(registries: Registries, auditing: Auditing): Registries {
  return {
    users: auditUsers(registries.users, auditing),
    apps: auditApps(registries.apps, auditing),
    secrets: auditSecrets(registries.secrets, auditing),
    apis: auditApis(registries.apis, auditing),
    roles: auditRoles(registries.roles, auditing),
    apiKeys: auditApiKeys(registries.apiKeys, auditing),
    plans: auditPlans(registries.plans, auditing),
    balances: auditBalances(registries.balances, auditing),
    policy: auditPolicy(registries.policy, auditing),
  };
}

type Authorizations = Pick<Administration, 'families' | 'connections' | 'sessions' | 'keys'>;

/** The same for what is ended and rotated. */
export function auditAuthorizations(parts: Authorizations, auditing: Noted): Authorizations {
  const noting = createNoting(auditing);
  const { families, connections, sessions, keys } = parts;
  return {
    families: { ...families, revoke: auditFamilyEnd(families.revoke, auditing) },
    connections: { ...connections, disconnect: auditConnectionEnd(connections.disconnect, auditing) },
    sessions: {
      ...sessions,
      end: (userId, id) =>
        noting(
          'session.end',
          { kind: 'session', id },
          () => sessions.end(userId, id),
          (done) => (done ? { details: { user: userId } } : nothingThere(done)),
        ),
      endAll: (userId) =>
        noting(
          'session.end_all',
          { kind: 'user', id: userId },
          () => sessions.endAll(userId),
          (count) => ({ details: { sessions: count } }),
        ),
    },
    keys: { ...keys, rotate: auditRotation(keys.rotate, auditing) },
  };
}

/** The same for the stores themselves, which the command line works on. */
export function auditStores(
  { families, connections }: { readonly families: FamilyStore; readonly connections: ConnectionStore },
  auditing: Noted,
): { readonly families: FamilyStore; readonly connections: ConnectionStore } {
  return {
    families: {
      ...families,
      revoke: auditFamilyEnd(families.revoke, auditing),
      revokeWithConsent: auditFamilyEnd(families.revokeWithConsent, auditing),
    },
    connections: {
      ...connections,
      disconnect: auditConnectionEnd(connections.disconnect, auditing),
      disconnectWithConsent: auditConnectionEnd(connections.disconnectWithConsent, auditing),
    },
  };
}

/** @param revoke resolves to false where there is nothing to revoke */
function auditFamilyEnd<A extends readonly unknown[]>(
  revoke: (id: string, ...rest: A) => Promise<boolean>,
  auditing: Noted,
): (id: string, ...rest: A) => Promise<boolean> {
  const noting = createNoting(auditing);
  return (id, ...rest) => noting('family.revoke', { kind: 'family', id }, () => revoke(id, ...rest), nothingThere);
}

/** @param disconnect resolves to false where there is nothing to end */
function auditConnectionEnd<A extends readonly unknown[]>(
  disconnect: (id: string, ...rest: A) => Promise<boolean>,
  auditing: Noted,
): (id: string, ...rest: A) => Promise<boolean> {
  const noting = createNoting(auditing);
  return (id, ...rest) =>
    noting('connection.end', { kind: 'connection', id }, () => disconnect(id, ...rest), nothingThere);
}

/** The server looks every minute whether it is time; only when it is, that is worth an entry. */
export function auditRotation(rotate: KeyAdministration['rotate'], auditing: Noted): KeyAdministration['rotate'] {
  const noting = createNoting(auditing);
  return (algorithm) =>
    noting(
      'key.rotate',
      undefined,
      () => rotate(algorithm),
      (rotated) =>
        rotated === undefined
          ? auditing.actor.kind === 'server'
            ? undefined
            : { reason: `A rotation of the ${algorithm} keys is under way already.` }
          : { target: { kind: 'key', id: rotated.kid }, details: { alg: algorithm } },
    );
}

function nothingThere(done: boolean): Told {
  return done ? {} : { reason: 'There is none of this id that is live.' };
}

function auditUsers(users: UserRegistry, auditing: Auditing): UserRegistry {
  const noting = createNoting(auditing);
  const { forms } = auditing;
  const find = (email: string) => before(() => users.find(email));
  const target = (id: string): AuditTarget => ({ kind: 'user', id });
  return {
    ...users,
    create: (input) =>
      noting(
        'user.create',
        target(input.email),
        () => users.create(input),
        (user) => ({
          target: target(user.id),
          details: forms.user(user),
        }),
      ),
    async update(email, changes, lastAdministrator) {
      const old = await find(email);
      return noting(
        'user.update',
        target(old?.id ?? email),
        () => users.update(email, changes, lastAdministrator),
        (user) => ({ target: target(user.id), details: changesBetween(old && forms.user(old), forms.user(user)) }),
      );
    },
    async setPassword(email, rawPassword) {
      const id = (await find(email))?.id ?? email;
      return noting('user.set_password', target(id), () => users.setPassword(email, rawPassword));
    },
    async setEnabled(email, enabled, lastAdministrator) {
      const id = (await find(email))?.id ?? email;
      return noting(enabled ? 'user.enable' : 'user.disable', target(id), () =>
        users.setEnabled(email, enabled, lastAdministrator),
      );
    },
  };
}

function auditRoles(roles: RoleRegistry, auditing: Auditing): RoleRegistry {
  const noting = createNoting(auditing);
  const { forms } = auditing;
  const target = (id: string): AuditTarget => ({ kind: 'role', id });
  return {
    ...roles,
    create: (role) =>
      noting(
        'role.create',
        target(role.name),
        () => roles.create(role),
        (made) => ({ details: forms.role(made) }),
      ),
    async update(role) {
      const old = await before(() => roles.find(role.name));
      return noting(
        'role.update',
        target(role.name),
        () => roles.update(role),
        (made) => ({
          details: changesBetween(old && forms.role(old), forms.role(made)),
        }),
      );
    },
    async delete(name) {
      const old = await before(() => roles.find(name));
      return noting(
        'role.delete',
        target(name),
        () => roles.delete(name),
        () => ({ details: old && forms.role(old) }),
      );
    },
  };
}

function auditPlans(plans: PlanRegistry, auditing: Auditing): PlanRegistry {
  const noting = createNoting(auditing);
  const { forms } = auditing;
  const target = (id: string): AuditTarget => ({ kind: 'plan', id });
  return {
    ...plans,
    create: (name, input) =>
      noting(
        'plan.create',
        target(name),
        () => plans.create(name, input),
        (plan) => ({ details: forms.plan(plan) }),
      ),
    async update(name, changes) {
      const old = await before(() => plans.find(name));
      return noting(
        'plan.update',
        target(name),
        () => plans.update(name, changes),
        (plan) => ({
          details: changesBetween(old && forms.plan(old), forms.plan(plan)),
        }),
      );
    },
    async delete(name) {
      const old = await before(() => plans.find(name));
      return noting(
        'plan.delete',
        target(name),
        () => plans.delete(name),
        () => ({ details: old && forms.plan(old) }),
      );
    },
  };
}

function auditBalances(balances: BalanceRegistry, auditing: Auditing): BalanceRegistry {
  const noting = createNoting(auditing);
  const tell = ({ topUp, balance, repeated }: BalanceChange): Told | undefined =>
    repeated
      ? undefined
      : {
          details: {
            credits: topUp.credits,
            ...(topUp.reference !== undefined && { reference: topUp.reference }),
            total: balance.available + balance.leased,
          },
        };
  const target = (id: string): AuditTarget => ({ kind: 'balance', id });
  return {
    ...balances,
    topUp: (appId, credits, reference) =>
      noting('balance.top_up', target(appId), () => balances.topUp(appId, credits, reference), tell),
    withdraw: (appId, credits, reference) =>
      noting('balance.withdraw', target(appId), () => balances.withdraw(appId, credits, reference), tell),
  };
}

function auditPolicy(policy: DeveloperPolicyRegistry, auditing: Auditing): DeveloperPolicyRegistry {
  const noting = createNoting(auditing);
  const { forms } = auditing;
  return {
    ...policy,
    async update(changes) {
      const old = await before(() => policy.get());
      return noting(
        'policy.update',
        { kind: 'policy', id: 'developer' },
        () => policy.update(changes),
        (now) => ({
          details: changesBetween(old && forms.policy(old), forms.policy(now)),
        }),
      );
    },
  };
}
