import { z } from 'zod';
import { operation } from '../http/operation.ts';
import type { Administration } from '../oauth/administration.ts';
import { pageJson, pageOf, pageQuery, pageSchema } from '../representations/page.ts';
import { newPlanSchema, planChangesSchema, planJson, planSchema, toPlanInput } from '../representations/plan.ts';

const parameters = z.object({ plan: z.string().describe('The name of the plan.') });

const jsonOf = async ({ plans }: Pick<Administration, 'plans'>, name: string) => planJson(await plans.get(name));

/** How much apps may use, and whether they pay for it. */
export default [
  operation({
    method: 'GET',
    path: '/plans',
    id: 'listPlans',
    scope: 'admin:plans:read',
    summary: 'List plans',
    query: z.object(pageQuery),
    responses: { 200: { description: 'Plans, by name.', body: pageSchema(planSchema) } },
    async handle({ query }, { services }) {
      const { items, next } = pageOf(await services.plans.list(), ({ name }) => name, query);
      return { status: 200, body: pageJson(items.map(planJson), next) };
    },
  }),
  operation({
    method: 'POST',
    path: '/plans',
    id: 'createPlan',
    scope: 'admin:plans:write',
    summary: 'Make a plan',
    body: newPlanSchema,
    versioned: true,
    responses: { 201: { description: 'The new plan.', body: planSchema } },
    async handle({ body: { name, ...settings } }, { services }) {
      const plan = await services.plans.create(name, toPlanInput(settings));
      return { status: 201, body: planJson(plan), location: `/plans/${encodeURIComponent(name)}` };
    },
  }),
  operation({
    method: 'GET',
    path: '/plans/{plan}',
    id: 'getPlan',
    scope: 'admin:plans:read',
    summary: 'Show a plan',
    description: 'Who has it, `GET /apps?plan=` lists.',
    parameters,
    versioned: true,
    responses: { 200: { description: 'The plan.', body: planSchema } },
    async handle({ parameters: { plan } }, { services }) {
      return { status: 200, body: await jsonOf(services, plan) };
    },
  }),
  operation({
    method: 'PATCH',
    path: '/plans/{plan}',
    id: 'updatePlan',
    scope: 'admin:plans:write',
    summary: 'Change a plan',
    description: 'For every app that has it, at once. What is left out stays, and null goes back to the default.',
    parameters,
    body: planChangesSchema,
    versioned: true,
    responses: { 200: { description: 'The plan as it is now.', body: planSchema } },
    async handle({ parameters: { plan: name }, body }, { change }) {
      const plan = await change(
        { table: 'plans', key: name },
        (services) => jsonOf(services, name),
        ({ plans }) => plans.update(name, toPlanInput(body)),
      );
      return { status: 200, body: planJson(plan) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/plans/{plan}',
    id: 'deletePlan',
    scope: 'admin:plans:write',
    summary: 'Delete a plan',
    description: 'Refused while an app has it, or the apps that members register get it.',
    parameters,
    versioned: true,
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { plan: name } }, { change }) {
      await change(
        { table: 'plans', key: name },
        (services) => jsonOf(services, name),
        ({ plans }) => plans.delete(name),
      );
      return { status: 204 };
    },
  }),
];
