import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { RefusedError } from '../oauth/errors.ts';
import { connectionJson, connectionSchema } from '../representations/connection.ts';
import { ownershipQuery, toOwnedQuery } from '../representations/ownership.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';

/** Authorizations that last until they are disconnected, with one token each. */
export default [
  operation({
    method: 'GET',
    path: '/connections',
    id: 'listConnections',
    scope: 'admin:connections:read',
    summary: 'List connections',
    description: 'Newest first.',
    query: z.object({ ...pageQuery, ...ownershipQuery }),
    responses: { 200: { description: 'Connections.', body: pageSchema(connectionSchema) } },
    async handle({ query: { limit, cursor, ...query } }, { services }) {
      const owned = await toOwnedQuery(query, services);
      const { items, next } = await services.directory.connections({ limit, after: cursor, ...owned });
      return { status: 200, body: pageJson(items.map(connectionJson), next) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/connections/{connection_id}',
    id: 'revokeConnection',
    scope: 'admin:connections:write',
    summary: 'Revoke a connection',
    description:
      'Its token is dead at once, on every server. What was remembered of the person’s consent goes with it, so that the app must ask again.',
    parameters: z.object({ connection_id: z.string().describe('The id of the connection.') }),
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { connection_id } }, { services }) {
      if (await services.connections.disconnect(connection_id)) return { status: 204 };
      throw new RefusedError('not_found', `There is no connection '${connection_id}'. GET /connections lists them.`);
    },
  }),
];
