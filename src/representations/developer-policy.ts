import { z } from 'zod';
import type { DeveloperPolicy } from '../oauth/usage-ports.ts';

/** Of self-service, in the order in which it is shown. */
export const developerPolicyFields = {
  enabled: z.boolean().describe('Whether members may register apps by themselves.'),
  max_apps: z.number().describe('How many apps a member may have, 0 to 1000.'),
  surfaces: z.array(z.string()).describe('The surfaces that their apps may use; at least one.'),
  grants: z.array(z.string()).describe('The grants that their apps may have; at least one.'),
  scopes: z.array(z.string()).describe('The scopes that their apps may have; none when it is empty.'),
  redirect_hosts: z
    .array(z.string())
    .describe(
      'Hosts to which their apps may redirect, such as `app.example.com`, or `*.example.com` for all below it. Loopback addresses are always allowed.',
    ),
  plan: z.string().nullable().describe('The plan that their apps get; null for none.'),
} as const;

export const developerPolicySchema = z
  .object(developerPolicyFields)
  .meta({ id: 'DeveloperPolicy', description: 'What members may do by themselves.' });

export function developerPolicyJson(policy: DeveloperPolicy): z.input<typeof developerPolicySchema> {
  return {
    enabled: policy.enabled,
    max_apps: policy.maxApps,
    surfaces: [...policy.surfaces],
    grants: [...policy.grants],
    scopes: [...policy.scopes],
    redirect_hosts: [...policy.redirectHosts],
    plan: policy.planName ?? null,
  };
}
