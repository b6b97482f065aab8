import { z } from 'zod';
import { operation } from '../http/operation.ts';
import type { Administration } from '../oauth/administration.ts';
import { RefusedError } from '../oauth/errors.ts';
import type { User } from '../oauth/model.ts';
import { ownershipQuery, toOwnedQuery } from '../representations/ownership.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';
import { sessionJson, sessionSchema } from '../representations/session.ts';

const userId = z.string().describe('The id of the user.');

const getUser = async ({ users }: Pick<Administration, 'users'>, id: string): Promise<User> => {
  const user = await users.findById(id);
  if (user === undefined) throw new RefusedError('not_found', `There is no user '${id}'. GET /users lists them.`);
  return user;
};

/** Browsers in which people are signed in. */
export default [
  operation({
    method: 'GET',
    path: '/sessions',
    id: 'listSessions',
    scope: 'admin:sessions:read',
    summary: 'List sessions',
    description: 'Those that live, by when the person signed in, the last one first.',
    query: z.object({ ...pageQuery, user: ownershipQuery.user }),
    responses: { 200: { description: 'Sessions.', body: pageSchema(sessionSchema) } },
    async handle({ query: { limit, cursor, user } }, { services }) {
      const { userId } = await toOwnedQuery({ user }, services);
      const { items, next } = await services.directory.sessions({ limit, after: cursor, userId });
      return { status: 200, body: pageJson(items.map(sessionJson), next) };
    },
  }),
  operation({
    method: 'GET',
    path: '/users/{user_id}/sessions',
    id: 'listSessionsOfUser',
    scope: 'admin:sessions:read',
    summary: 'List the sessions of a user',
    parameters: z.object({ user_id: userId }),
    query: z.object(pageQuery),
    responses: { 200: { description: 'Sessions, the last sign-in first.', body: pageSchema(sessionSchema) } },
    async handle({ parameters: { user_id }, query: { limit, cursor } }, { services }) {
      const { id } = await getUser(services, user_id);
      const { items, next } = await services.directory.sessions({ limit, after: cursor, userId: id });
      return { status: 200, body: pageJson(items.map(sessionJson), next) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/users/{user_id}/sessions',
    id: 'endSessionsOfUser',
    scope: 'admin:sessions:write',
    summary: 'Sign a user out of every browser',
    description: 'At once. What apps were allowed goes on: revoke families and connections to end that, too.',
    parameters: z.object({ user_id: userId }),
    responses: {
      200: {
        description: 'They are gone.',
        body: z.object({ ended: z.number().int().describe('How many there were.') }).meta({ id: 'EndedSessions' }),
      },
    },
    async handle({ parameters: { user_id } }, { services }) {
      const { id } = await getUser(services, user_id);
      return { status: 200, body: { ended: await services.sessions.endAll(id) } };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/users/{user_id}/sessions/{session_id}',
    id: 'endSession',
    scope: 'admin:sessions:write',
    summary: 'Sign a user out of one browser',
    description: 'At once.',
    parameters: z.object({ user_id: userId, session_id: z.string().describe('The id of the session.') }),
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { user_id, session_id } }, { services }) {
      const { id, email } = await getUser(services, user_id);
      if (await services.sessions.end(id, session_id)) return { status: 204 };
      throw new RefusedError(
        'not_found',
        `${email} has no session '${session_id}'. GET /users/${id}/sessions lists those that live.`,
      );
    },
  }),
];
