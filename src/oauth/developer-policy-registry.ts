import { RefusedError } from './errors.ts';
import { APP_SURFACES, REGISTRABLE_GRANTS } from './model.ts';
import { normaliseRedirectHost } from './redirect-hosts.ts';
import type { ApiStore, PlanStore } from './registry-ports.ts';
import { isScopeToken } from './scopes.ts';
import type { DeveloperPolicy, DeveloperPolicyStore } from './usage-ports.ts';

/** How many apps a member may have at the very most. */
export const MAX_APPS_OF_A_MEMBER = 1000;
const MAX_LISTED = 200;

/** What an operator may say of self-service; what is left out keeps its value. */
export interface DeveloperPolicyInput {
  readonly enabled?: boolean | undefined;
  readonly maxApps?: number | undefined;
  readonly surfaces?: readonly string[] | undefined;
  readonly grants?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly redirectHosts?: readonly string[] | undefined;
  /** The plan of the apps that members make; '' for none. */
  readonly planName?: string | undefined;
}

/** What members may do by themselves. Every refusal is a RefusedError that says how to go on. */
export interface DeveloperPolicyRegistry {
  get(): Promise<DeveloperPolicy>;
  /** Holds for what members do from now on; the apps they have stay as they are. */
  update(changes: DeveloperPolicyInput): Promise<DeveloperPolicy>;
}

interface Dependencies {
  readonly store: DeveloperPolicyStore;
  readonly apis: Pick<ApiStore, 'find'>;
  readonly plans: Pick<PlanStore, 'find'>;
  /** The API of the apps that members make. */
  readonly defaultApiIdentifier: string;
}

export function createDeveloperPolicyRegistry(dependencies: Dependencies): DeveloperPolicyRegistry {
  const { store, apis, plans, defaultApiIdentifier } = dependencies;

  /** Refuses what it would name and what is not there. */
  const assertReferences = async ({ scopes, planName }: DeveloperPolicy): Promise<void> => {
    const offered = (await apis.find(defaultApiIdentifier))?.scopes ?? [];
    const foreign = scopes.find((scope) => offered.length > 0 && !offered.includes(scope));
    if (foreign !== undefined) {
      throw new RefusedError(
        'invalid',
        `The default API '${defaultApiIdentifier}', for which members make apps, offers no scope '${foreign}'. It offers: ${offered.join(', ')}.`,
        'scopes',
      );
    }
    if (planName !== undefined && (await plans.find(planName)) === undefined) {
      throw new RefusedError('not_found', `There is no plan '${planName}'. Make it first, or name none.`, 'planName');
    }
  };

  return {
    get: () => store.get(),
    async update(changes) {
      const policy = merge(await store.get(), changes);
      await assertReferences(policy);
      await store.set(policy);
      return policy;
    },
  };
}

function merge(current: DeveloperPolicy, input: DeveloperPolicyInput): DeveloperPolicy {
  const policy: DeveloperPolicy = {
    enabled: input.enabled ?? current.enabled,
    maxApps: input.maxApps ?? current.maxApps,
    surfaces: unique(input.surfaces ?? current.surfaces),
    grants: unique(input.grants ?? current.grants),
    scopes: unique(input.scopes ?? current.scopes),
    redirectHosts: unique((input.redirectHosts ?? current.redirectHosts).map(normaliseRedirectHost)),
    planName: input.planName === undefined ? current.planName : input.planName || undefined,
  };
  const { maxApps, surfaces, grants, scopes, redirectHosts } = policy;
  if (!Number.isInteger(maxApps) || maxApps < 0 || maxApps > MAX_APPS_OF_A_MEMBER) {
    throw new RefusedError('invalid', `A member may have 0 to ${MAX_APPS_OF_A_MEMBER} apps.`, 'maxApps');
  }
  assertKnown('surface', surfaces, APP_SURFACES);
  assertKnown('grant', grants, REGISTRABLE_GRANTS);
  const bad = scopes.find((scope) => !isScopeToken(scope));
  if (bad !== undefined) {
    throw new RefusedError('invalid', `'${bad}' is not a scope: no spaces, quotes or backslashes.`, 'scopes');
  }
  if (scopes.length > MAX_LISTED || redirectHosts.length > MAX_LISTED) {
    throw new RefusedError('invalid', `A list has ${MAX_LISTED} entries at most.`);
  }
  return policy;
}

/** Nothing to choose from would leave members with forms that they can never fill in. */
function assertKnown(what: 'surface' | 'grant', given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((value) => !known.includes(value));
  if (unknown === undefined && given.length > 0) return;
  const why = unknown === undefined ? `Members need a ${what}` : `There is no ${what} '${unknown}'`;
  throw new RefusedError('invalid', `${why}. Known are: ${known.join(', ')}.`, `${what}s`);
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
