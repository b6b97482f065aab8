import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';
import { isoTime, timeSchema } from '../representations/time.ts';
import { failureJson, failureSchema, spanQuery, toSpan, usageJson, usageSchema } from '../representations/usage.ts';

const { limit } = pageQuery;

/** How often, and what failed. */
export default [
  operation({
    method: 'GET',
    path: '/usage',
    id: 'readUsage',
    scope: 'admin:usage:read',
    summary: 'Read how many requests there were',
    description:
      'By surface, grant and outcome. What was asked for in the last ten seconds may be missing. Hours are kept for 30 days, days for two years.',
    query: z.object({
      ...spanQuery,
      app: z.string().min(1).max(200).optional().describe('Only requests of the app with this id.'),
      group: z
        .enum(['hour', 'day', 'all'])
        .default('day')
        .describe('How far to sum up. An hour that is no longer kept is in its day.'),
    }),
    responses: { 200: { description: 'Numbers, oldest first.', body: z.object({ items: z.array(usageSchema) }) } },
    async handle({ query: { app, group, ...span } }, { services }) {
      const counts = await services.usage.read({ ...toSpan(span), appId: app }, group);
      return { status: 200, body: { items: counts.map(usageJson) } };
    },
  }),
  operation({
    method: 'GET',
    path: '/usage/apps',
    id: 'listBusiestApps',
    scope: 'admin:usage:read',
    summary: 'List the apps with the most requests',
    query: z.object({ ...spanQuery, limit }),
    responses: {
      200: {
        description: 'Apps, the busiest first. One that was deleted keeps its numbers.',
        body: z.object({ items: z.array(z.object({ app: z.string(), count: z.number() })) }),
      },
    },
    async handle({ query }, { services }) {
      const apps = await services.usage.topApps(toSpan(query), query.limit);
      return { status: 200, body: { items: apps.map(({ appId, count }) => ({ app: appId, count })) } };
    },
  }),
  operation({
    method: 'GET',
    path: '/usage/active-families',
    id: 'readActiveFamilies',
    scope: 'admin:usage:read',
    summary: 'Read how many families were active',
    description: 'Once an hour.',
    query: z.object(spanQuery),
    responses: {
      200: {
        description: 'Numbers, oldest first.',
        body: z.object({ items: z.array(z.object({ at: timeSchema, value: z.number() })) }),
      },
    },
    async handle({ query }, { services }) {
      const values = await services.usage.readGauge('active_families', toSpan(query));
      return { status: 200, body: { items: values.map(({ at, value }) => ({ at: isoTime(at), value })) } };
    },
  }),
  operation({
    method: 'GET',
    path: '/apps/{app_id}/failures',
    id: 'listAppFailures',
    scope: 'admin:usage:read',
    summary: 'List the last failed requests of an app',
    description:
      'Newest first: the last 200 of the last seven days, each with its exact reason and how to put it right.',
    parameters: z.object({ app_id: z.string().describe('The id of the app.') }),
    query: z.object({ limit }),
    responses: { 200: { description: 'Failures, newest first.', body: pageSchema(failureSchema) } },
    async handle({ parameters, query }, { services }) {
      const { id } = await services.apps.get(parameters.app_id);
      const failures = await services.failures.list(id, query.limit);
      return { status: 200, body: pageJson(failures.map(failureJson), undefined) };
    },
  }),
];
