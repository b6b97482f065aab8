import type { Registries } from '../../dependencies.ts';
import { normaliseRedirectHost } from '../../oauth/redirect-hosts.ts';
import { developerPolicyJson } from '../../representations/developer-policy.ts';
import { planJson, toPlanInput } from '../../representations/plan.ts';
import { roleJson } from '../../representations/role.ts';
import { toUserChanges, userJson } from '../../representations/user.ts';
import {
  type PlanEntry,
  type PolicyEntry,
  type RoleEntry,
  type TopUpEntry,
  topUpName,
  type UserEntry,
} from './document.ts';
import { created, differences, type FieldChange, type Outcome, updated, withDefaults } from './outcome.ts';

const PLAN_DEFAULTS = { metered: false, token_cost: 0 };

export async function applyPolicy(stated: PolicyEntry, { policy }: Registries): Promise<Outcome> {
  const entry = { ...stated, redirect_hosts: stated.redirect_hosts?.map(normaliseRedirectHost) };
  const changes = differences(entry, developerPolicyJson(await policy.get()));
  if (changes.length > 0) {
    await policy.update({
      enabled: entry.enabled,
      maxApps: entry.max_apps,
      surfaces: entry.surfaces,
      grants: entry.grants,
      scopes: entry.scopes,
      redirectHosts: entry.redirect_hosts,
      planName: entry.plan === null ? '' : entry.plan,
    });
  }
  return updated('policy', 'developer', changes);
}

export async function applyRole(entry: RoleEntry, { roles }: Registries): Promise<Outcome> {
  const found = await roles.find(entry.name);
  if (found === undefined) {
    await roles.create(entry);
    return created('role', entry.name);
  }
  const changes = differences(entry, roleJson(found));
  if (changes.length > 0) await roles.update(entry);
  return updated('role', entry.name, changes);
}

export async function applyPlan({ name, ...entry }: PlanEntry, { plans }: Registries): Promise<Outcome> {
  const stated = withDefaults(entry, PLAN_DEFAULTS);
  const found = await plans.find(name);
  if (found === undefined) {
    await plans.create(name, toPlanInput(stated));
    return created('plan', name);
  }
  const changes = differences(stated, planJson(found));
  if (changes.length > 0) await plans.update(name, toPlanInput(stated));
  return updated('plan', name, changes);
}

export async function applyUser(entry: UserEntry, { users }: Registries): Promise<Outcome> {
  const { email, password, disabled, ...settings } = entry;
  const found = await users.find(email);
  if (found === undefined) {
    const rawPassword = password ?? users.newPassword();
    await users.create({
      email,
      name: entry.name ?? '',
      rawPassword,
      isAdmin: entry.is_admin,
      profileImageUrl: entry.profile_img_url,
    });
    if (disabled) await users.setEnabled(email, false);
    return created('user', email, password === undefined ? { password: rawPassword } : {});
  }
  const current = userJson(found);
  const changes = differences(settings, current);
  if (changes.length > 0) await users.update(email, toUserChanges(settings));
  const state = differences({ disabled }, current);
  if (state.length > 0) await users.setEnabled(email, disabled !== true);
  const secret: FieldChange[] = [];
  if (password !== undefined && !(await users.hasPassword(email, password))) {
    await users.setPassword(email, password);
    secret.push({ field: 'password' });
  }
  return updated('user', found.email, [...changes, ...state, ...secret]);
}

/** The reference tells whether it was made before. */
export async function applyTopUp(entry: TopUpEntry, { balances }: Registries): Promise<Outcome> {
  const { repeated } = await balances.topUp(entry.app, entry.credits, entry.reference);
  return repeated ? updated('top-up', topUpName(entry), []) : created('top-up', topUpName(entry));
}
