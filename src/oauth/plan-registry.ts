import { RefusedError } from './errors.ts';
import type { Plan } from './model.ts';
import type { PlanStore, PlanUse } from './registry-ports.ts';

// No address could hold '.' or '..'.
const PLAN_NAME = /^(?!\.\.?$)[A-Za-z0-9._:-]{1,100}$/;
export const MAX_REQUESTS_PER_MINUTE = 100_000_000;
export const MAX_TOKEN_COST = 1_000_000_000;
const APPS_NAMED = 5;

/** What an operator may say of a plan; what is left out keeps its value, or gets the default when the plan is made. */
export interface PlanInput {
  /** 0 takes the limit away. */
  readonly requestsPerMinute?: number | undefined;
  readonly metered?: boolean | undefined;
  readonly tokenCost?: number | undefined;
}

/** Plans: how much apps may use, and whether they pay for it. Every refusal is a RefusedError that says how to go on. */
export interface PlanRegistry {
  create(name: string, input: PlanInput): Promise<Plan>;
  get(name: string): Promise<Plan>;
  find(name: string): Promise<Plan | undefined>;
  list(): Promise<readonly Plan[]>;
  /** Changes it for every app that has it, at once. */
  update(name: string, changes: PlanInput): Promise<Plan>;
  /** Refused while apps have it. */
  delete(name: string): Promise<void>;
}

export function createPlanRegistry(plans: PlanStore): PlanRegistry {
  const get = async (name: string): Promise<Plan> => {
    const plan = await plans.find(name);
    if (plan === undefined) {
      throw new RefusedError('not_found', `There is no plan '${name}'. The names are in the list of plans.`);
    }
    return plan;
  };

  return {
    get,
    find: (name) => plans.find(name),
    list: () => plans.list(),

    async create(name, input) {
      if (!PLAN_NAME.test(name)) {
        throw new RefusedError(
          'invalid',
          `'${name}' cannot be a plan's name: use 1 to 100 of A-Z a-z 0-9 . _ : - and neither '.' nor '..'`,
          'name',
        );
      }
      const plan = merge({ name, requestsPerMinute: undefined, metered: false, tokenCost: 0 }, input);
      await plans.create(plan);
      return plan;
    },

    async update(name, changes) {
      const plan = merge(await get(name), changes);
      await plans.update(plan);
      return plan;
    },

    async delete(name) {
      await get(name);
      const use = await plans.findUse(name, APPS_NAMED);
      if (use.apps > 0) throw inUse(name, use);
      if (use.isOfMembers) {
        throw new RefusedError(
          'conflict',
          `Apps that members register get the plan '${name}'. Choose another one, or none, for self-service first.`,
        );
      }
      await plans.delete(name);
    },
  };
}

function merge(current: Plan, input: PlanInput): Plan {
  const { requestsPerMinute: rate } = input;
  const plan: Plan = {
    name: current.name,
    requestsPerMinute: rate === undefined ? current.requestsPerMinute : rate === 0 ? undefined : rate,
    metered: input.metered ?? current.metered,
    tokenCost: input.tokenCost ?? current.tokenCost,
  };
  if (plan.requestsPerMinute !== undefined && !isWithin(plan.requestsPerMinute, 1, MAX_REQUESTS_PER_MINUTE)) {
    throw new RefusedError(
      'invalid',
      `The requests per minute are a whole number from 1 to ${MAX_REQUESTS_PER_MINUTE}, or 0 for no limit.`,
      'requestsPerMinute',
    );
  }
  if (!isWithin(plan.tokenCost, 0, MAX_TOKEN_COST)) {
    throw new RefusedError(
      'invalid',
      `A token costs a whole number of credits from 0 to ${MAX_TOKEN_COST}.`,
      'tokenCost',
    );
  }
  if (plan.tokenCost > 0 && !plan.metered) {
    throw new RefusedError(
      'invalid',
      'A token costs credits only where the plan is metered. Make it metered, or let a token cost 0.',
      'tokenCost',
    );
  }
  return plan;
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function inUse(name: string, { apps, appIds }: PlanUse): RefusedError {
  const named = appIds.join(', ');
  const others = apps > appIds.length ? ` and ${apps - appIds.length} more` : '';
  return new RefusedError(
    'conflict',
    `Apps still have the plan '${name}': ${named}${others}. Give them another one first, or none.`,
  );
}
