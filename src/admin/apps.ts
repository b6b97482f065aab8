import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { assertMayGive, type Gift, giftOf } from '../oauth/admin-scopes.ts';
import type { Administration } from '../oauth/administration.ts';
import { RefusedError } from '../oauth/errors.ts';
import { type AppJson, appJson, appSchema, appWithOwner } from '../representations/app.ts';
import { appChangesSchema, newAppSchema, toAppInput } from '../representations/app-input.ts';
import { pageJson, pageQuery, pageSchema } from '../representations/page.ts';
import { issuedSecretJson, toSecretOptions } from '../representations/secret.ts';

const parameters = z.object({ app_id: z.string().describe('The id of the app.') });

const newAppAnswer = z
  .object({
    ...appSchema.shape,
    secret: z
      .object({
        id: z.string(),
        value: z.string().describe('Shown only this once.'),
        expires_at: z.string().nullable(),
      })
      .nullable()
      .describe('Its first secret; null for a public app, which has none.'),
  })
  .meta({ id: 'AppWithSecret' });

const jsonOf = async (services: Administration, id: string): Promise<AppJson> =>
  appWithOwner(await services.apps.get(id), services.users);

/** What an app would get with these settings. */
async function giftOfSettings(
  { roles }: Pick<Administration, 'roles'>,
  settings: { readonly apiIdentifier: string; readonly scopes: readonly string[]; readonly roles: readonly string[] },
): Promise<Gift> {
  const scopes = [...settings.scopes];
  // One by one, for a transaction has one connection.
  for (const name of settings.roles) scopes.push(...((await roles.find(name))?.scopes ?? []));
  return { apiIdentifier: settings.apiIdentifier, scopes };
}

/** The id of an owner whom somebody names by e-mail address or id. */
async function findOwnerId({ users }: Pick<Administration, 'users'>, owner: string): Promise<string> {
  const found = owner.includes('@') ? await users.find(owner) : await users.findById(owner);
  if (found !== undefined) return found.id;
  throw new RefusedError('invalid', `There is no user '${owner}'. Name the owner by e-mail address or id.`);
}

/** What OAuth calls clients. */
export default [
  operation({
    method: 'GET',
    path: '/apps',
    id: 'listApps',
    scope: 'admin:apps:read',
    summary: 'List apps',
    description: 'All filters together; without any, all apps.',
    query: z.object({
      ...pageQuery,
      q: z.string().max(200).optional().describe('Beginnings of words of the id or the name.'),
      owner: z.string().optional().describe('The e-mail address or id of the user who owns them.'),
      api: z.string().optional().describe('The identifier of their API.'),
      plan: z.string().optional().describe('The plan that they have.'),
      role: z.string().optional().describe('A role that they have.'),
      enabled: z.enum(['true', 'false']).optional().describe('Only those that are, or are not.'),
    }),
    responses: { 200: { description: 'Apps, by id.', body: pageSchema(appSchema) } },
    async handle({ query }, { services }) {
      const { items, next } = await services.directory.apps({
        limit: query.limit,
        after: query.cursor,
        search: query.q,
        ownerId: query.owner === undefined ? undefined : await findOwnerId(services, query.owner),
        apiIdentifier: query.api,
        planName: query.plan,
        role: query.role,
        enabled: query.enabled === undefined ? undefined : query.enabled === 'true',
      });
      const apps = items.map((app) => appJson(app, app.ownerEmail ?? null));
      return { status: 200, body: pageJson(apps, next) };
    },
  }),
  operation({
    method: 'POST',
    path: '/apps',
    id: 'createApp',
    scope: 'admin:apps:write',
    summary: 'Register an app',
    description:
      'A confidential app gets its first secret with it. Scopes of the admin API can only be given by somebody who has them.',
    body: newAppSchema,
    versioned: true,
    responses: { 201: { description: 'The new app, and the value of its secret.', body: newAppAnswer } },
    async handle({ body }, { services, authority }) {
      const { id, secret: said, ...settings } = body;
      const input = toAppInput(settings);
      const { apiIdentifier = '', scopes = [], roles = [] } = input;
      assertMayGive(authority, await giftOfSettings(services, { apiIdentifier, scopes, roles }));
      const { app, secret } = await services.apps.create(id, input, toSecretOptions(said));
      const version = await appWithOwner(app, services.users);
      return {
        status: 201,
        body: { ...version, secret: secret === undefined ? null : issuedSecretJson(secret) },
        version,
        location: `/apps/${encodeURIComponent(app.id)}`,
      };
    },
  }),
  operation({
    method: 'GET',
    path: '/apps/{app_id}',
    id: 'getApp',
    scope: 'admin:apps:read',
    summary: 'Show an app',
    parameters,
    versioned: true,
    responses: { 200: { description: 'The app.', body: appSchema } },
    async handle({ parameters: { app_id: id } }, { services }) {
      return { status: 200, body: await jsonOf(services, id) };
    },
  }),
  operation({
    method: 'PATCH',
    path: '/apps/{app_id}',
    id: 'updateApp',
    scope: 'admin:apps:write',
    summary: 'Change, disable or enable an app',
    description:
      'What is left out stays, a list replaces the old one, and null goes back to the default. A disabled app and all its tokens are refused, until it is enabled again. An app that has scopes of the admin API, or gets some, can only be changed by somebody who has them.',
    parameters,
    body: appChangesSchema,
    versioned: true,
    responses: { 200: { description: 'The app as it is now.', body: appSchema } },
    async handle({ parameters: { app_id: id }, body }, { change, authority }) {
      const { disabled, ...said } = body;
      const changes = toAppInput(said);
      const hasSettings = Object.values(changes).some((value) => value !== undefined);
      const app = await change(
        { table: 'apps', key: id },
        (services) => jsonOf(services, id),
        async (services) => {
          const { apps, users } = services;
          const before = await apps.get(id);
          // Everybody may switch off what does harm.
          if (hasSettings || disabled !== true) {
            assertMayGive(authority, giftOf(before));
            assertMayGive(authority, await giftOfSettings(services, await apps.preview(id, changes)));
          }
          const updated = hasSettings ? await apps.update(id, changes) : before;
          const staysAsIs = disabled === undefined || (disabled ?? false) === !before.enabled;
          return appWithOwner(staysAsIs ? updated : await apps.setEnabled(id, disabled !== true), users);
        },
      );
      return { status: 200, body: app };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/apps/{app_id}',
    id: 'deleteApp',
    scope: 'admin:apps:write',
    summary: 'Delete an app',
    description: 'With its secrets; all its tokens are dead.',
    parameters,
    versioned: true,
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { app_id: id } }, { change }) {
      await change(
        { table: 'apps', key: id },
        (services) => jsonOf(services, id),
        ({ apps }) => apps.delete(id),
      );
      return { status: 204 };
    },
  }),
];
