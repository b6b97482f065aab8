import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { RefusedError } from '../oauth/errors.ts';
import { familyJson, familySchema } from '../representations/family.ts';
import { ownershipQuery, toOwnedQuery } from '../representations/ownership.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';

/** What people allowed apps to do for them, with the tokens that came of it. */
export default [
  operation({
    method: 'GET',
    path: '/families',
    id: 'listFamilies',
    scope: 'admin:families:read',
    summary: 'List families',
    description: 'Those that live, newest first.',
    query: z.object({ ...pageQuery, ...ownershipQuery }),
    responses: { 200: { description: 'Families.', body: pageSchema(familySchema) } },
    async handle({ query: { limit, cursor, ...query } }, { services }) {
      const owned = await toOwnedQuery(query, services);
      const { items, next } = await services.directory.families({ limit, after: cursor, ...owned });
      return { status: 200, body: pageJson(items.map(familyJson), next) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/families/{family_id}',
    id: 'revokeFamily',
    scope: 'admin:families:write',
    summary: 'Revoke a family',
    description:
      'Its refresh tokens and access tokens are dead at once, on every server. What was remembered of the person’s consent goes with it, so that the app must ask again.',
    parameters: z.object({ family_id: z.string().describe('The id of the family.') }),
    responses: { 204: { description: 'It is revoked.' } },
    async handle({ parameters: { family_id } }, { services }) {
      if (await services.families.revoke(family_id)) return { status: 204 };
      throw new RefusedError(
        'not_found',
        `There is no live family '${family_id}'. GET /families lists those that live.`,
      );
    },
  }),
];
