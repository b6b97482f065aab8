import { z } from 'zod';
import { operation } from '../http/operation.ts';
import type { Administration } from '../oauth/administration.ts';
import type { ApiWithKey } from '../oauth/api-registry.ts';
import {
  apiChangesSchema,
  apiJson,
  apiSchema,
  apiWithKeySchema,
  hmacKeyText,
  newApiSchema,
  toApiInput,
} from '../representations/api.ts';
import { pageJson, pageOf, pageQuery, pageSchema } from '../representations/page.ts';

const parameters = z.object({
  identifier: z.string().describe('The identifier of the API, percent-encoded: `https%3A%2F%2Fapi.example.com%2Fv1`.'),
});

const jsonOf = async ({ apis }: Pick<Administration, 'apis'>, identifier: string) =>
  apiJson(await apis.get(identifier));

/** The ETag is of the API alone, for nobody ever gets the key again. */
function answer({ api, hmacKey }: ApiWithKey) {
  const version = apiJson(api);
  return { version, body: { ...version, ...(hmacKey !== undefined && { key: hmacKeyText(hmacKey) }) } };
}

/** Resource servers. */
export default [
  operation({
    method: 'GET',
    path: '/apis',
    id: 'listApis',
    scope: 'admin:apis:read',
    summary: 'List APIs',
    query: z.object(pageQuery),
    responses: { 200: { description: 'APIs, by identifier.', body: pageSchema(apiSchema) } },
    async handle({ query }, { services }) {
      const { items, next } = pageOf(await services.apis.list(), ({ identifier }) => identifier, query);
      return { status: 200, body: pageJson(items.map(apiJson), next) };
    },
  }),
  operation({
    method: 'POST',
    path: '/apis',
    id: 'createApi',
    scope: 'admin:apis:write',
    summary: 'Make an API',
    description: 'One with HS256 gets a key of its own, which is shown only this once.',
    body: newApiSchema,
    versioned: true,
    responses: { 201: { description: 'The new API.', body: apiWithKeySchema } },
    async handle({ body: { identifier, ...settings } }, { services }) {
      const created = await services.apis.create(identifier, toApiInput(settings));
      return { status: 201, ...answer(created), location: `/apis/${encodeURIComponent(identifier)}` };
    },
  }),
  operation({
    method: 'GET',
    path: '/apis/{identifier}',
    id: 'getApi',
    scope: 'admin:apis:read',
    summary: 'Show an API',
    parameters,
    versioned: true,
    responses: { 200: { description: 'The API.', body: apiSchema } },
    async handle({ parameters: { identifier } }, { services }) {
      return { status: 200, body: await jsonOf(services, identifier) };
    },
  }),
  operation({
    method: 'PATCH',
    path: '/apis/{identifier}',
    id: 'updateApi',
    scope: 'admin:apis:write',
    summary: 'Change an API',
    description:
      'What is left out stays, a list replaces the old one, and null goes back to the default. One that becomes HS256 gets a key of its own, which is shown only this once.',
    parameters,
    body: apiChangesSchema,
    versioned: true,
    responses: { 200: { description: 'The API as it is now.', body: apiWithKeySchema } },
    async handle({ parameters: { identifier }, body }, { change }) {
      const updated = await change(
        { table: 'apis', key: identifier },
        (services) => jsonOf(services, identifier),
        ({ apis }) => apis.update(identifier, toApiInput(body)),
      );
      return { status: 200, ...answer(updated) };
    },
  }),
  operation({
    method: 'POST',
    path: '/apis/{identifier}/renew-key',
    id: 'renewApiHmacKey',
    scope: 'admin:apis:write',
    summary: 'Give an HS256 API another key',
    description: 'Every token of the old one is dead. The key is shown only this once.',
    parameters,
    versioned: true,
    responses: { 200: { description: 'The API, and its new key.', body: apiWithKeySchema } },
    async handle({ parameters: { identifier } }, { change }) {
      const renewed = await change(
        { table: 'apis', key: identifier },
        (services) => jsonOf(services, identifier),
        ({ apis }) => apis.update(identifier, {}, true),
      );
      return { status: 200, ...answer(renewed) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/apis/{identifier}',
    id: 'deleteApi',
    scope: 'admin:apis:write',
    summary: 'Delete an API',
    description: 'Refused while an app uses it.',
    parameters,
    versioned: true,
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { identifier } }, { change }) {
      await change(
        { table: 'apis', key: identifier },
        (services) => jsonOf(services, identifier),
        ({ apis }) => apis.delete(identifier),
      );
      return { status: 204 };
    },
  }),
];
