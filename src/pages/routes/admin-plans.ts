import type { Pages } from '../../http/page-contract.ts';
import type { PlanInput } from '../../oauth/plan-registry.ts';
import { planJson } from '../../representations/plan.ts';
import { namedThingRoutes } from '../named-things.ts';
import { isOn, typedText, wholeNumbers } from '../panel-forms.ts';
import {
  newPlanPage,
  PLAN_FIELD_LABELS,
  PLANS,
  type PlanFormValues,
  planPage,
  plansPage,
} from '../views/admin/plans.tsx';

/** How much apps may use. */
const plans: Pages = (context) =>
  namedThingRoutes(context, {
    things: PLANS,
    table: 'plans',
    fields: { name: 'name', requestsPerMinute: 'requests_per_minute', tokenCost: 'token_cost', metered: 'metered' },
    labels: PLAN_FIELD_LABELS,
    list: ({ plans }) => plans.list(),
    get: ({ plans }, name) => plans.get(name),
    jsonOf: planJson,
    valuesOf: ({ name, requestsPerMinute, metered, tokenCost }): PlanFormValues => ({
      name,
      requests_per_minute: requestsPerMinute === undefined ? '' : String(requestsPerMinute),
      metered,
      token_cost: String(tokenCost),
    }),
    read: (parameters): PlanFormValues => ({
      name: typedText(parameters, 'name'),
      requests_per_minute: typedText(parameters, 'requests_per_minute'),
      metered: isOn(parameters, 'metered'),
      token_cost: typedText(parameters, 'token_cost'),
    }),
    create: async ({ plans }, values) => plans.create(values.name, toPlanInput(values)),
    update: async ({ plans }, values) => plans.update(values.name, toPlanInput(values)),
    delete: ({ plans }, name) => plans.delete(name),
    views: { list: plansPage, make: newPlanPage, edit: planPage },
  });

export default plans;

/** @throws FormInputError */
function toPlanInput({ requests_per_minute, metered, token_cost }: PlanFormValues): PlanInput {
  const numbers = wholeNumbers({ requests_per_minute, token_cost });
  return { requestsPerMinute: numbers.requests_per_minute, metered, tokenCost: numbers.token_cost };
}
