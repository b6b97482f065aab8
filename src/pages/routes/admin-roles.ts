import type { Pages } from '../../http/page-contract.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { roleJson } from '../../representations/role.ts';
import { thingsTexts } from '../admin-things-texts.ts';
import { namedThingRoutes } from '../named-things.ts';
import { typedLines, typedText } from '../panel-forms.ts';
import { newRolePage, ROLES, rolePage, rolesPage } from '../views/admin/roles.tsx';

/** Named sets of scopes. */
const roles: Pages = (context) =>
  namedThingRoutes(context, {
    things: ROLES,
    table: 'roles',
    fields: { name: 'name', scopes: 'scopes' },
    labels: { scopes: thingsTexts.roles.scopes },
    list: ({ roles }) => roles.list(),
    async get({ roles }, name) {
      const role = await roles.find(name);
      if (role === undefined) throw new RefusedError('not_found', `There is no role '${name}'.`);
      return role;
    },
    jsonOf: roleJson,
    valuesOf: ({ name, scopes }) => ({ name, scopes }),
    read: (parameters) => ({ name: typedText(parameters, 'name'), scopes: typedLines(parameters, 'scopes') }),
    create: ({ roles }, values) => roles.create(values),
    update: ({ roles }, values) => roles.update(values),
    delete: ({ roles }, name) => roles.delete(name),
    views: { list: rolesPage, make: newRolePage, edit: rolePage },
  });

export default roles;
