import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { RefusedError } from '../oauth/errors.ts';
import type { Api } from '../oauth/model.ts';
import { pageJson, pageOf, pageQuery, pageSchema } from '../representations/page.ts';
import { scopeJson, scopeSchema, scopeWithUseJson, scopeWithUseSchema } from '../representations/scope.ts';

const identifier = z.string().describe('The identifier of the API, percent-encoded.');
const ofApi = z.object({ identifier });
const ofScope = z.object({ identifier, scope: z.string().describe('The scope, percent-encoded.') });

function assertOffered({ identifier: name, scopes }: Api, scope: string): void {
  if (scopes.includes(scope)) return;
  const offered =
    scopes.length === 0 ? 'It names none, and takes every scope of an app.' : `It offers: ${scopes.join(', ')}.`;
  throw new RefusedError('not_found', `The API '${name}' offers no scope '${scope}'. ${offered}`);
}

/** What is said of a scope, without the others. */
function described({ scopeDescriptions }: Api, scope: string, description: string | null | undefined) {
  if (description === undefined) return scopeDescriptions;
  const others = Object.entries(scopeDescriptions).filter(([name]) => name !== scope);
  return Object.fromEntries(description === null ? others : [...others, [scope, description]]);
}

/** The scopes of APIs, one by one. The ETag is that of the API, of which they are a part. */
export default [
  operation({
    method: 'GET',
    path: '/scopes',
    id: 'listScopes',
    scope: 'admin:apis:read',
    summary: 'List the scopes of all APIs, and who has them',
    query: z.object({
      ...pageQuery,
      q: z.string().max(200).optional().describe('A part of the scope or of its description.'),
      api: z.string().optional().describe('The identifier of one API.'),
    }),
    responses: { 200: { description: 'Scopes, by API and name.', body: pageSchema(scopeWithUseSchema) } },
    async handle({ query: { q, api, ...query } }, { services }) {
      const apis = (await services.apis.list()).filter((each) => api === undefined || each.identifier === api);
      const text = q?.toLowerCase() ?? '';
      const all = apis
        .flatMap((each) => each.scopes.map((scope) => scopeJson(each, scope)))
        .filter(({ scope, description }) => `${scope} ${description ?? ''}`.toLowerCase().includes(text));
      const { items, next } = pageOf(all, (each) => `${each.api} ${each.scope}`, query);
      const uses = await services.apis.findScopeUse(
        items.map((each) => ({ apiIdentifier: each.api, scope: each.scope })),
      );
      const roles = await services.roles.list();
      const found = items.map((each, i) => scopeWithUseJson(each, uses[i] ?? { apps: 0, appIds: [] }, roles));
      return { status: 200, body: pageJson(found, next) };
    },
  }),
  operation({
    method: 'GET',
    path: '/apis/{identifier}/scopes',
    id: 'listApiScopes',
    scope: 'admin:apis:read',
    summary: 'List the scopes that an API offers',
    description: 'An API that names none takes every scope of an app.',
    parameters: ofApi,
    query: z.object(pageQuery),
    responses: { 200: { description: 'Scopes, by name.', body: pageSchema(scopeSchema) } },
    async handle({ parameters, query }, { services }) {
      const api = await services.apis.get(parameters.identifier);
      const { items, next } = pageOf(api.scopes, (scope) => scope, query);
      return {
        status: 200,
        body: pageJson(
          items.map((scope) => scopeJson(api, scope)),
          next,
        ),
      };
    },
  }),
  operation({
    method: 'GET',
    path: '/apis/{identifier}/scopes/{scope}',
    id: 'getApiScope',
    scope: 'admin:apis:read',
    summary: 'Show a scope of an API',
    parameters: ofScope,
    versioned: true,
    responses: { 200: { description: 'The scope.', body: scopeSchema } },
    async handle({ parameters: { identifier: name, scope } }, { services }) {
      const api = await services.apis.get(name);
      assertOffered(api, scope);
      return { status: 200, body: scopeJson(api, scope) };
    },
  }),
  operation({
    method: 'PUT',
    path: '/apis/{identifier}/scopes/{scope}',
    id: 'putApiScope',
    scope: 'admin:apis:write',
    summary: 'Add a scope to an API, or describe it anew',
    description:
      'With its first scope, an API stops taking every scope of an app: tokens no longer have those that it does not name.',
    parameters: ofScope,
    body: z.object({
      description: z
        .string()
        .nullable()
        .optional()
        .describe('What it means to a person, such as "Read your orders"; null says nothing, and left out it stays.'),
    }),
    versioned: true,
    responses: {
      200: { description: 'The scope as it is now.', body: scopeSchema },
      201: { description: 'The new scope.', body: scopeSchema },
    },
    async handle({ parameters: { identifier: name, scope }, body }, { change }) {
      const { api, isNew } = await change(
        { table: 'apis', key: name },
        async ({ apis }) => {
          const current = await apis.get(name);
          assertOffered(current, scope);
          return scopeJson(current, scope);
        },
        async ({ apis }) => {
          const current = await apis.get(name);
          const updated = await apis.update(name, {
            scopes: [...current.scopes, scope],
            scopeDescriptions: described(current, scope, body.description),
          });
          return { api: updated.api, isNew: !current.scopes.includes(scope) };
        },
      );
      const location = `/apis/${encodeURIComponent(name)}/scopes/${encodeURIComponent(scope)}`;
      const answer = { body: scopeJson(api, scope) };
      return isNew ? { status: 201, ...answer, location } : { status: 200, ...answer };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/apis/{identifier}/scopes/{scope}',
    id: 'deleteApiScope',
    scope: 'admin:apis:write',
    summary: 'Take a scope from an API',
    description: 'Apps that have it no longer get it. The last one stays, for without any an API takes every scope.',
    parameters: ofScope,
    versioned: true,
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { identifier: name, scope } }, { change }) {
      const current = async ({ apis }: { apis: { get(of: string): Promise<Api> } }) => {
        const api = await apis.get(name);
        assertOffered(api, scope);
        return api;
      };
      await change(
        { table: 'apis', key: name },
        async (services) => scopeJson(await current(services), scope),
        async (services) => {
          const api = await current(services);
          if (api.scopes.length === 1) {
            throw new RefusedError(
              'invalid',
              `'${scope}' is the last scope of the API '${name}'. Without any it takes every scope of an app; if that is meant, change the API to have scopes [].`,
            );
          }
          await services.apis.update(name, {
            scopes: api.scopes.filter((other) => other !== scope),
            scopeDescriptions: described(api, scope, null),
          });
        },
      );
      return { status: 204 };
    },
  }),
];
