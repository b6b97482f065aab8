import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { assertMayGive } from '../oauth/admin-scopes.ts';
import { RefusedError } from '../oauth/errors.ts';
import {
  apiKeyJson,
  apiKeySchema,
  apiKeyWithValueSchema,
  issuedApiKeyJson,
  newApiKeySchema,
} from '../representations/api-key.ts';
import { findPerson, ownershipQuery, toOwnedQuery } from '../representations/ownership.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';

const parameters = z.object({ api_key_id: z.string().describe('The id of the API key.') });

/** Keys with which programs call an API, for a person or for an app. */
export default [
  operation({
    method: 'GET',
    path: '/api-keys',
    id: 'listApiKeys',
    scope: 'admin:api-keys:read',
    summary: 'List API keys',
    description:
      'Newest first, without their values. Those of a person are their own and those of the apps that they own.',
    query: z.object({ ...pageQuery, ...ownershipQuery }),
    responses: { 200: { description: 'API keys.', body: pageSchema(apiKeySchema) } },
    async handle({ query: { limit, cursor, ...query } }, { services }) {
      const owned = await toOwnedQuery(query, services);
      const { items, next } = await services.directory.apiKeys({ limit, after: cursor, ...owned });
      return {
        status: 200,
        body: pageJson(
          items.map((key) => apiKeyJson(key, key.userEmail)),
          next,
        ),
      };
    },
  }),
  operation({
    method: 'POST',
    path: '/api-keys',
    id: 'createApiKey',
    scope: 'admin:api-keys:write',
    summary: 'Make an API key for a person or for an app',
    description:
      'Its value is answered this once. A key for the admin API can only be given scopes that the caller has, too.',
    body: newApiKeySchema,
    responses: { 201: { description: 'The new API key, with its value.', body: apiKeyWithValueSchema } },
    async handle({ body }, { services, authority }) {
      const { user, app: appId, api, scopes = [], label, expires_in: expiresInSeconds } = body;
      if ((user === undefined) === (appId === undefined)) {
        throw new RefusedError(
          'invalid',
          'Say whose key it shall be: user for a person, or app for an app, and not both.',
        );
      }
      const person = user === undefined ? undefined : await findPerson(user, services.users);
      if (user !== undefined && person === undefined) {
        throw new RefusedError('invalid', `There is no user '${user}'. GET /users lists them.`, 'user');
      }
      const app = appId === undefined ? undefined : await services.apps.find(appId);
      if (appId !== undefined && app === undefined) {
        throw new RefusedError('invalid', `There is no app '${appId}'. GET /apps lists them.`, 'app');
      }
      const apiIdentifier = api ?? app?.api.identifier;
      if (apiIdentifier !== undefined) assertMayGive(authority, { apiIdentifier, scopes });
      const issued = await services.apiKeys.create({
        owner: person === undefined ? { appId: appId ?? '' } : { userId: person.id },
        apiIdentifier,
        scopes,
        label,
        expiresInSeconds,
      });
      return {
        status: 201,
        body: issuedApiKeyJson(issued, person?.email),
        location: `/api-keys/${issued.key.id}`,
      };
    },
  }),
  operation({
    method: 'GET',
    path: '/api-keys/{api_key_id}',
    id: 'getApiKey',
    scope: 'admin:api-keys:read',
    summary: 'Show an API key',
    description: 'Without its value, which nobody knows.',
    parameters,
    responses: { 200: { description: 'The API key.', body: apiKeySchema } },
    async handle({ parameters: { api_key_id } }, { services }) {
      const key = await services.apiKeys.get(api_key_id);
      return { status: 200, body: apiKeyJson(key, key.userEmail) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/api-keys/{api_key_id}',
    id: 'deleteApiKey',
    scope: 'admin:api-keys:write',
    summary: 'Delete an API key',
    description: 'It is dead at once, on every server.',
    parameters,
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { api_key_id } }, { services }) {
      await services.apiKeys.delete(api_key_id);
      return { status: 204 };
    },
  }),
];
