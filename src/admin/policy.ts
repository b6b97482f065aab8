import { z } from 'zod';
import { operation } from '../http/operation.ts';
import {
  developerPolicyFields,
  developerPolicyJson,
  developerPolicySchema,
} from '../representations/developer-policy.ts';

/** What members may do by themselves. */
export default [
  operation({
    method: 'GET',
    path: '/developer-policy',
    id: 'getDeveloperPolicy',
    scope: 'admin:policy:read',
    summary: 'Show what members may do by themselves',
    versioned: true,
    responses: { 200: { description: 'The policy.', body: developerPolicySchema } },
    async handle(_input, { services }) {
      return { status: 200, body: developerPolicyJson(await services.policy.get()) };
    },
  }),
  operation({
    method: 'PUT',
    path: '/developer-policy',
    id: 'replaceDeveloperPolicy',
    scope: 'admin:policy:write',
    summary: 'Say what members may do by themselves',
    description: 'For what they do from now on: the apps that they have stay as they are.',
    body: z.object(developerPolicyFields),
    versioned: true,
    responses: { 200: { description: 'The policy as it is now.', body: developerPolicySchema } },
    async handle({ body }, { change }) {
      const policy = await change(
        { table: 'developer_policy', key: 'true' },
        async (services) => developerPolicyJson(await services.policy.get()),
        (services) =>
          services.policy.update({
            enabled: body.enabled,
            maxApps: body.max_apps,
            surfaces: body.surfaces,
            grants: body.grants,
            scopes: body.scopes,
            redirectHosts: body.redirect_hosts,
            planName: body.plan ?? '',
          }),
      );
      return { status: 200, body: developerPolicyJson(policy) };
    },
  }),
];
