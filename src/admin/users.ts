import { z } from 'zod';
import { type OperationContext, operation } from '../http/operation.ts';
import { assertMayChangeAdministrator, assertMayGive, EVERY_ADMIN_SCOPE, giftOf } from '../oauth/admin-scopes.ts';
import type { Administration } from '../oauth/administration.ts';
import { RefusedError } from '../oauth/errors.ts';
import type { User } from '../oauth/model.ts';
import { flagQuery, pageJson, pageQuery, pageSchema, searchQuery } from '../representations/page.ts';
import {
  newPasswordSchema,
  newUserSchema,
  toUserChanges,
  userChangesSchema,
  userJson,
  userSchema,
  userWithPasswordSchema,
} from '../representations/user.ts';

const APPS_AT_ONCE = 200;
const parameters = z.object({ user_id: z.string().describe('The id of the user.') });

const getUser = async ({ users }: Pick<Administration, 'users'>, id: string): Promise<User> => {
  const user = await users.findById(id);
  if (user !== undefined) return user;
  const hint = id.includes('@')
    ? `Users go by their ids here: GET /users?email= finds theirs.`
    : 'GET /users lists them.';
  throw new RefusedError('not_found', `There is no user '${id}'. ${hint}`);
};

/**
 * To be asked before a caller changes how somebody gets in. Whoever signs in as the owner of an app can give it another
 * secret, and so have what it has of the admin API.
 * @throws OAuthError `insufficient_scope`
 */
async function assertMayLetIn(
  user: User,
  { services, authority }: Pick<OperationContext, 'services' | 'authority'>,
): Promise<void> {
  assertMayChangeAdministrator(authority, user);
  if (authority.granted.includes(EVERY_ADMIN_SCOPE)) return;
  const owned = { ownerId: user.id, apiIdentifier: authority.adminApi, limit: APPS_AT_ONCE };
  let after: string | undefined;
  do {
    const { items, next } = await services.directory.apps({ ...owned, after });
    for (const app of items) assertMayGive(authority, giftOf(app));
    after = next;
  } while (after !== undefined);
}

/** People who sign in. */
export default [
  operation({
    method: 'GET',
    path: '/users',
    id: 'listUsers',
    scope: 'admin:users:read',
    summary: 'List and find users',
    description:
      'Newest first. Whoever has exactly the id or e-mail address that is searched for comes before all others.',
    query: z.object({
      ...pageQuery,
      q: searchQuery
        .optional()
        .describe('Beginnings of words of the e-mail address or the name, all of which must be there.'),
      email: z.string().optional().describe('Whoever signs in with this address.'),
      enabled: flagQuery.optional().describe('Only those who can sign in, or only those who cannot.'),
      admin: flagQuery.optional().describe('Only administrators, or only others.'),
    }),
    responses: { 200: { description: 'Users.', body: pageSchema(userSchema) } },
    async handle({ query: { limit, cursor, q, email, enabled, admin } }, { services }) {
      const filter = { limit, after: cursor, search: q, email, enabled, isAdmin: admin };
      const { items, next } = await services.directory.users(filter);
      return { status: 200, body: pageJson(items.map(userJson), next) };
    },
  }),
  operation({
    method: 'POST',
    path: '/users',
    id: 'createUser',
    scope: 'admin:users:write',
    summary: 'Make a user',
    description:
      'Without a password one is made, and answered this once. An administrator can only be made by somebody who may do everything (`admin:*`).',
    body: newUserSchema,
    versioned: true,
    responses: { 201: { description: 'The new user.', body: userWithPasswordSchema } },
    async handle({ body }, { services, authority }) {
      const { email, name, is_admin: isAdmin = false, profile_img_url: profileImageUrl, password } = body;
      assertMayChangeAdministrator(authority, { isAdmin });
      const rawPassword = password ?? services.users.newPassword();
      const user = await services.users.create({ email, name, rawPassword, isAdmin, profileImageUrl });
      const made = password === undefined ? { password: rawPassword } : {};
      const json = userJson(user);
      return { status: 201, body: { ...json, ...made }, version: json, location: `/users/${user.id}` };
    },
  }),
  operation({
    method: 'GET',
    path: '/users/{user_id}',
    id: 'getUser',
    scope: 'admin:users:read',
    summary: 'Show a user',
    parameters,
    versioned: true,
    responses: { 200: { description: 'The user.', body: userSchema } },
    async handle({ parameters: { user_id } }, { services }) {
      return { status: 200, body: userJson(await getUser(services, user_id)) };
    },
  }),
  operation({
    method: 'PATCH',
    path: '/users/{user_id}',
    id: 'updateUser',
    scope: 'admin:users:write',
    summary: 'Change, disable or enable a user',
    description:
      'What is left out stays. Disabling ends every session, token, connection and API key of the person at once, and enabling does not bring them back. The last administrator who can sign in can be neither disabled nor made a member. How an administrator gets in can only be changed by somebody who may do everything (`admin:*`), and how the owner of an app gets in that has scopes of the admin API only by somebody who has them.',
    parameters,
    body: userChangesSchema,
    versioned: true,
    responses: { 200: { description: 'The user as it is now.', body: userSchema } },
    async handle({ parameters: { user_id: id }, body }, { change, ...context }) {
      const { disabled, ...settings } = body;
      const { authority, services: outside } = context;
      // Before the transaction, which has one connection. Everybody may switch off who does harm.
      if (body.email !== undefined || disabled === false) await assertMayLetIn(await getUser(outside, id), context);
      const user = await change(
        { table: 'users', key: id },
        async (services) => userJson(await getUser(services, id)),
        async (services) => {
          const before = await getUser(services, id);
          if (body.email !== undefined || body.is_admin !== undefined || disabled !== undefined) {
            assertMayChangeAdministrator(authority, before, { isAdmin: body.is_admin ?? false });
          }
          const hasSettings = Object.values(settings).some((value) => value !== undefined);
          const updated = hasSettings ? await services.users.update(before.email, toUserChanges(body)) : before;
          const staysAsIs = disabled === undefined || disabled === !before.enabled;
          return staysAsIs ? updated : services.users.setEnabled(updated.email, !disabled);
        },
      );
      return { status: 200, body: userJson(user) };
    },
  }),
  operation({
    method: 'PUT',
    path: '/users/{user_id}/password',
    id: 'setPassword',
    scope: 'admin:users:write',
    summary: 'Give a user another password',
    description:
      'Ends every session and every refresh and access token of the person at once. Without a password one is made, and answered this once. For an administrator only somebody who may do everything (`admin:*`) can do this, and for the owner of an app that has scopes of the admin API only somebody who has them.',
    parameters,
    body: newPasswordSchema,
    responses: {
      200: { description: 'The user, and the password if it was made here.', body: userWithPasswordSchema },
    },
    async handle({ parameters: { user_id }, body: { password } }, context) {
      const { services } = context;
      const user = await getUser(services, user_id);
      await assertMayLetIn(user, context);
      const rawPassword = password ?? services.users.newPassword();
      await services.users.setPassword(user.email, rawPassword);
      const made = password === undefined ? { password: rawPassword } : {};
      return { status: 200, body: { ...userJson(user), ...made } };
    },
  }),
];
