import { z } from 'zod';
import { type Operation, type OperationContext, operation } from '../http/operation.ts';
import { assertMayGive, giftOf } from '../oauth/admin-scopes.ts';
import type { Administration } from '../oauth/administration.ts';
import { getConfidentialApp } from '../oauth/confidential-app.ts';
import { RefusedError } from '../oauth/errors.ts';
import type { GeneratedKind } from '../oauth/ports.ts';
import type { SecretOwner } from '../oauth/registry-ports.ts';
import { pageJson, pageOf, pageQuery, pageSchema } from '../representations/page.ts';
import {
  newSecretSchema,
  secretChangesSchema,
  secretJson,
  secretSchema,
  secretWithValueSchema,
  toSecretOptions,
} from '../representations/secret.ts';

/** Whose secrets a group of operations is about. */
interface Owners {
  /** Of the path, before `/secrets`. */
  readonly collection: 'apps' | 'apis';
  readonly parameter: string;
  readonly about: string;
  /** In the names of operations. */
  readonly noun: 'App' | 'Api';
  readonly what: string;
  readonly kind: GeneratedKind;
  /** @throws RefusedError when there is no such owner, or it can have no secret */
  find(services: Administration, name: string): Promise<SecretOwner>;
  /** The same for somebody who is about to learn a value. @throws OAuthError */
  findToGive(context: OperationContext, name: string): Promise<SecretOwner>;
}

const APPS: Owners = {
  collection: 'apps',
  parameter: 'app_id',
  about: 'The id of the app.',
  noun: 'App',
  what: 'an app',
  kind: 'app-secret',
  find: async (services, id) => ({ appId: (await getConfidentialApp(id, services)).id }),
  async findToGive({ services, authority }, id) {
    const app = await getConfidentialApp(id, services);
    assertMayGive(authority, giftOf(app));
    return { appId: app.id };
  },
};

const findApi = async ({ apis }: Administration, identifier: string): Promise<SecretOwner> => ({
  apiIdentifier: (await apis.get(identifier)).identifier,
});

const APIS: Owners = {
  collection: 'apis',
  parameter: 'identifier',
  about: 'The identifier of the API, percent-encoded.',
  noun: 'Api',
  what: 'an API',
  kind: 'api-secret',
  find: findApi,
  // With it, one learns about tokens; one does not get any.
  findToGive: ({ services }, identifier) => findApi(services, identifier),
};

function secretOperations({ collection, parameter, about, noun, what, kind, find, findToGive }: Owners): Operation[] {
  const path = `/${collection}/{${parameter}}/secrets`;
  const owner = { [parameter]: z.string().describe(about) };
  const ofOwner = z.object(owner);
  const ofSecret = z.object({ ...owner, secret_id: z.string().describe('The id of the secret.') });
  const nameIn = (parameters: Readonly<Record<string, unknown>>): string => String(parameters[parameter]);
  const reading = { scope: `admin:${collection}:read` } as const;
  const writing = { scope: `admin:${collection}:write` } as const;

  const getSecret = async ({ secrets }: Pick<Administration, 'secrets'>, of: SecretOwner, id: string) => {
    const secret = (await secrets.list(of)).find((stored) => stored.id === id);
    if (secret !== undefined) return secretJson(secret);
    throw new RefusedError('not_found', `There is no secret '${id}' here. The ids are in the list of its secrets.`);
  };

  return [
    operation({
      ...reading,
      method: 'GET',
      path,
      id: `list${noun}Secrets`,
      summary: `List the secrets of ${what}`,
      parameters: ofOwner,
      query: z.object(pageQuery),
      responses: {
        200: { description: 'Secrets without their values, oldest first.', body: pageSchema(secretSchema) },
      },
      async handle({ parameters, query }, { services }) {
        const all = await services.secrets.list(await find(services, nameIn(parameters)));
        const page = pageOf(all, ({ createdAt, id }) => `${String(createdAt).padStart(12, '0')}.${id}`, query);
        return { status: 200, body: pageJson(page.items.map(secretJson), page.next) };
      },
    }),
    operation({
      ...writing,
      method: 'POST',
      path,
      id: `create${noun}Secret`,
      summary: `Give ${what} one more secret`,
      description: 'The others keep working, so that clients can be moved one by one.',
      parameters: ofOwner,
      body: newSecretSchema,
      responses: { 201: { description: 'The new secret, and its value.', body: secretWithValueSchema } },
      async handle({ parameters, body }, context) {
        const name = nameIn(parameters);
        const of = await findToGive(context, name);
        // Of two who make one at once, both are counted.
        const { id, rawValue } = await context.change(
          { table: collection, key: name },
          async () => undefined,
          ({ secrets }) => secrets.create(of, kind, toSecretOptions(body)),
        );
        return {
          status: 201,
          body: { ...(await getSecret(context.services, of, id)), value: rawValue },
          location: `/${collection}/${encodeURIComponent(name)}/secrets/${id}`,
        };
      },
    }),
    operation({
      ...reading,
      method: 'GET',
      path: `${path}/{secret_id}`,
      id: `get${noun}Secret`,
      summary: `Show a secret of ${what}`,
      parameters: ofSecret,
      responses: { 200: { description: 'The secret without its value.', body: secretSchema } },
      async handle({ parameters }, { services }) {
        const of = await find(services, nameIn(parameters));
        return { status: 200, body: await getSecret(services, of, String(parameters.secret_id)) };
      },
    }),
    operation({
      ...writing,
      method: 'PATCH',
      path: `${path}/{secret_id}`,
      id: `update${noun}Secret`,
      summary: `Change the label or the end of a secret of ${what}`,
      description: 'Its value stays, and so do tokens that were issued with it.',
      parameters: ofSecret,
      body: secretChangesSchema,
      responses: { 200: { description: 'The secret as it is now.', body: secretSchema } },
      async handle({ parameters, body }, context) {
        const of = await findToGive(context, nameIn(parameters));
        const changes = { label: body.label, expiresInSeconds: body.expires_in };
        const secret = await context.services.secrets.update(of, String(parameters.secret_id), changes);
        return { status: 200, body: secretJson(secret) };
      },
    }),
    operation({
      ...writing,
      method: 'POST',
      path: `${path}/{secret_id}/regenerate`,
      id: `regenerate${noun}Secret`,
      summary: `Give a secret of ${what} another value`,
      description: 'The old value no longer works, and tokens that were issued with it are dead, at once.',
      parameters: ofSecret,
      body: z.object({ value: newSecretSchema.shape.value }),
      responses: { 200: { description: 'The secret, and its new value.', body: secretWithValueSchema } },
      async handle({ parameters, body }, context) {
        const of = await findToGive(context, nameIn(parameters));
        const { secrets } = context.services;
        const { id, rawValue } = await secrets.regenerate(of, kind, String(parameters.secret_id), body.value);
        return { status: 200, body: { ...(await getSecret(context.services, of, id)), value: rawValue } };
      },
    }),
    operation({
      ...writing,
      method: 'DELETE',
      path: `${path}/{secret_id}`,
      id: `delete${noun}Secret`,
      summary: `Delete a secret of ${what}`,
      description: 'It no longer works, and tokens that were issued with it are dead, at once.',
      parameters: ofSecret,
      responses: { 204: { description: 'It is gone.' } },
      async handle({ parameters }, { services }) {
        await services.secrets.delete(await find(services, nameIn(parameters)), String(parameters.secret_id));
        return { status: 204 };
      },
    }),
  ];
}

/** What confidential apps prove themselves with, and what APIs ask for introspection with. */
export default [APPS, APIS].flatMap(secretOperations);
