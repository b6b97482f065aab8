import { z } from 'zod';
import type { Plan } from '../oauth/model.ts';
import { MAX_REQUESTS_PER_MINUTE, MAX_TOKEN_COST, type PlanInput } from '../oauth/plan-registry.ts';

export const planSchema = z
  .object({
    name: z.string(),
    requests_per_minute: z.number().nullable().describe('Counted over all servers; null for no limit.'),
    metered: z.boolean().describe('Requests cost credits, which are paid for in advance.'),
    token_cost: z.number().describe('What a token costs at the token endpoints, in credits, when metered.'),
  })
  .meta({ id: 'Plan', description: 'How much apps may use, and whether they pay for it.' });

/** Null goes back to the default. */
const settings = {
  requests_per_minute: z
    .number()
    .int()
    .min(1)
    .max(MAX_REQUESTS_PER_MINUTE)
    .nullable()
    .optional()
    .describe('No limit by default.'),
  metered: z.boolean().nullable().optional().describe('false by default. What is metered no more costs nothing.'),
  token_cost: z.number().int().min(0).max(MAX_TOKEN_COST).nullable().optional().describe('Credits; 0 by default.'),
} as const;

export const newPlanSchema = z
  .object({ name: z.string().describe('1 to 100 of A-Z a-z 0-9 . _ : -'), ...settings })
  .meta({ id: 'NewPlan' });
export const planChangesSchema = z.object(settings).meta({ id: 'PlanChanges' });

export type PlanJson = z.input<typeof planSchema>;

export function planJson({ name, requestsPerMinute, metered, tokenCost }: Plan): PlanJson {
  return { name, requests_per_minute: requestsPerMinute ?? null, metered, token_cost: tokenCost };
}

/** From what came in to what the registry takes. */
export function toPlanInput(body: z.output<typeof planChangesSchema>): PlanInput {
  const metered = body.metered === null ? false : body.metered;
  const tokenCost = body.token_cost === null ? 0 : body.token_cost;
  return {
    requestsPerMinute: body.requests_per_minute === null ? 0 : body.requests_per_minute,
    metered,
    tokenCost: tokenCost ?? (metered === false ? 0 : undefined),
  };
}
