import { z } from 'zod';
import { operation } from '../http/operation.ts';
import { assertMayGive } from '../oauth/admin-scopes.ts';
import type { Administration } from '../oauth/administration.ts';
import { RefusedError } from '../oauth/errors.ts';
import { pageJson, pageOf, pageQuery, pageSchema } from '../representations/page.ts';
import { roleJson, roleSchema } from '../representations/role.ts';

const parameters = z.object({ role: z.string().describe('The name of the role.') });
const scopes = z.array(z.string()).describe('At least one.');

const getRole = async ({ roles }: Pick<Administration, 'roles'>, name: string) => {
  const role = await roles.find(name);
  if (role === undefined)
    throw new RefusedError('not_found', `There is no role '${name}'. The names are in the list of roles.`);
  return roleJson(role);
};

/** Named sets of scopes. */
export default [
  operation({
    method: 'GET',
    path: '/roles',
    id: 'listRoles',
    scope: 'admin:roles:read',
    summary: 'List roles',
    query: z.object(pageQuery),
    responses: { 200: { description: 'Roles, by name.', body: pageSchema(roleSchema) } },
    async handle({ query }, { services }) {
      const { items, next } = pageOf(await services.roles.list(), ({ name }) => name, query);
      return { status: 200, body: pageJson(items.map(roleJson), next) };
    },
  }),
  operation({
    method: 'POST',
    path: '/roles',
    id: 'createRole',
    scope: 'admin:roles:write',
    summary: 'Make a role',
    body: z.object({ name: z.string(), scopes }),
    responses: { 201: { description: 'The new role.', body: roleSchema } },
    async handle({ body }, { services, authority }) {
      assertMayGive(authority, { apiIdentifier: undefined, scopes: body.scopes });
      const role = await services.roles.create(body);
      return { status: 201, body: roleJson(role), location: `/roles/${encodeURIComponent(role.name)}` };
    },
  }),
  operation({
    method: 'GET',
    path: '/roles/{role}',
    id: 'getRole',
    scope: 'admin:roles:read',
    summary: 'Show a role',
    parameters,
    versioned: true,
    responses: { 200: { description: 'The role.', body: roleSchema } },
    async handle({ parameters: { role } }, { services }) {
      return { status: 200, body: await getRole(services, role) };
    },
  }),
  operation({
    method: 'PATCH',
    path: '/roles/{role}',
    id: 'updateRole',
    scope: 'admin:roles:write',
    summary: 'Change a role',
    description: 'For every app that has it, at once.',
    parameters,
    body: z.object({ scopes }),
    versioned: true,
    responses: { 200: { description: 'The role as it is now.', body: roleSchema } },
    async handle({ parameters: { role: name }, body }, { change, authority }) {
      const role = await change(
        { table: 'roles', key: name },
        (services) => getRole(services, name),
        async (services) => {
          const current = await getRole(services, name);
          const added = body.scopes.filter((scope) => !current.scopes.includes(scope));
          // What is taken away and given back later would find an app that somebody has got a secret of meanwhile.
          const taken = current.scopes.filter((scope) => !body.scopes.includes(scope));
          assertMayGive(authority, { apiIdentifier: undefined, scopes: [...added, ...taken] });
          return services.roles.update({ name, scopes: body.scopes });
        },
      );
      return { status: 200, body: roleJson(role) };
    },
  }),
  operation({
    method: 'DELETE',
    path: '/roles/{role}',
    id: 'deleteRole',
    scope: 'admin:roles:write',
    summary: 'Delete a role',
    description: 'Refused while an app has it.',
    parameters,
    versioned: true,
    responses: { 204: { description: 'It is gone.' } },
    async handle({ parameters: { role: name } }, { change }) {
      await change(
        { table: 'roles', key: name },
        (services) => getRole(services, name),
        (services) => services.roles.delete(name),
      );
      return { status: 204 };
    },
  }),
];
