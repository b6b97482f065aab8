import { z } from 'zod';
import type { Api, Role } from '../oauth/model.ts';
import type { ScopeUse } from '../oauth/registry-ports.ts';
import { describeScope } from '../oauth/scopes.ts';

const fields = {
  scope: z.string(),
  api: z.string().describe('The identifier of the API that offers it.'),
  description: z.string().nullable().describe('What it means, for the people who are asked for it.'),
} as const;

export const scopeSchema = z.object(fields).meta({ id: 'Scope', description: 'A scope that an API offers.' });

export const scopeWithUseSchema = z
  .object({
    ...fields,
    app_count: z.number().describe('How many apps of the API have it by themselves.'),
    apps: z.array(z.string()).describe('The ids of the first of them, 20 at most.'),
    roles: z.array(z.string()).describe('The roles that have it.'),
  })
  .meta({ id: 'ScopeWithUse' });

export function scopeJson(api: Api, scope: string): z.input<typeof scopeSchema> {
  const { description } = describeScope(scope, api.scopeDescriptions);
  return { scope, api: api.identifier, description: description ?? null };
}

export function scopeWithUseJson(
  scope: z.input<typeof scopeSchema>,
  { apps, appIds }: ScopeUse,
  roles: readonly Role[],
): z.input<typeof scopeWithUseSchema> {
  const having = roles.filter(({ scopes }) => scopes.includes(scope.scope)).map(({ name }) => name);
  return { ...scope, app_count: apps, apps: [...appIds], roles: having };
}
