import { z } from 'zod';
import { ADMIN_TOPICS, type AdminScope, type AdminTopic } from '../oauth/admin-scopes.ts';
import { failures, json, type ResponseDescription } from './description.ts';
import type { OpenApiResponse, OpenApiTag } from './openapi-document.ts';
import { type PublishedRoute, writeOperation, writeResponse } from './openapi-routes.ts';
import type { SchemaWriter } from './openapi-schemas.ts';
import { isVersioned, type Operation } from './operation.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEM_TYPE_PREFIX, PROBLEMS } from './problem-details.ts';

const problemSchema = z
  .object({
    type: z
      .enum(Object.keys(PROBLEMS).map((code) => `${PROBLEM_TYPE_PREFIX}${code}`))
      .describe('Its name, for programs.'),
    title: z.string().describe('The same for people.'),
    status: z.int(),
    detail: z.string().describe('What is wrong, and how to put it right.'),
    instance: z.string().describe('The request: it ends with the `X-Request-Id` of the answer, which is in the log.'),
    errors: z
      .array(
        z.object({
          in: z.enum(['path', 'query', 'body']),
          name: z.string().describe('Of the parameter or member, with dots between levels; empty for all of it.'),
          detail: z.string().describe('How to put it right.'),
        }),
      )
      .optional()
      .describe('Every part that is wrong, where parts are.'),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });

const WORDS: Readonly<Record<number, string>> = {
  400: 'The request is malformed: `errors` names every part that is wrong.',
  401: 'There is no token, or it is not live or not meant for the admin API.',
  403: 'The token lacks a scope, the person is no administrator, or the CSRF token of the page is missing.',
  404: 'There is no such thing.',
  409: 'It is in conflict with something that is there.',
  412: 'It has been changed since you read it.',
  413: 'The body is larger than 64 KiB.',
  415: 'The body is no JSON.',
  422: 'The request is well-formed, but cannot be done.',
  429: 'Too many requests that could not be authenticated came from this address.',
};

/** The problems that operations share, as components: `Problem400` and so on. */
export function publishProblems(writer: SchemaWriter): Readonly<Record<string, OpenApiResponse>> {
  const responses = failures({ [PROBLEM_MEDIA_TYPE]: problemSchema }, WORDS);
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [`Problem${status}`, writeResponse(response, writer)]),
  );
}

/** Which problems an operation may have. */
function problemsOf({ method, parameters, versioned }: Operation): readonly number[] {
  const changes = method !== 'GET';
  return [
    400,
    401,
    403,
    ...(parameters !== undefined || changes ? [404] : []),
    ...(changes ? [409] : []),
    ...(changes || versioned === true ? [412] : []),
    ...(changes ? [413, 415] : []),
    422,
    429,
    500,
    503,
  ];
}

const ETAG = { description: 'The version, for `If-Match` and `If-None-Match`.', required: true };

/** What the admin API publishes. */
export function publishOperations(
  operations: readonly Operation[],
  basePath: string,
  writer: SchemaWriter,
): readonly PublishedRoute[] {
  return operations.map((operation) => {
    const { method, path, id, scope, summary, description, parameters, query, body, versioned } = operation;
    const changes = method !== 'GET';
    const headers = {
      ...(isVersioned(operation) &&
        changes && {
          'if-match': z
            .string()
            .optional()
            .describe('The `ETag` of what you have read: refused with 412 if somebody has changed it since.'),
        }),
      ...(versioned === true &&
        !changes && {
          'if-none-match': z
            .string()
            .optional()
            .describe('The `ETag` of an answer before: 304 if it is still the same.'),
        }),
    };
    const written = writeOperation(
      {
        id,
        tag: tagOf(scope),
        summary,
        ...(description !== undefined && { description }),
        security: [{ adminToken: [scope] }, changes ? { session: [], csrfToken: [] } : { session: [] }],
        ...(query !== undefined && { query }),
        headers: z.object(headers),
        ...(body !== undefined && { body: { schema: body.strict(), examples: {} } }),
        responses: responsesOf(operation),
      },
      'application/json',
      writer,
      parameters,
    );
    const problems = problemsOf(operation).map((status) => [
      status,
      { $ref: `#/components/responses/Problem${status}` },
    ]);
    return {
      method: method.toLowerCase(),
      path: `${basePath}${path}`,
      operation: { ...written, responses: { ...written.responses, ...Object.fromEntries(problems) } },
    };
  });
}

function responsesOf({ method, responses, versioned }: Operation): Record<number, ResponseDescription> {
  const written = Object.entries(responses).map(([key, { description, body }]): [number, ResponseDescription] => {
    const status = Number(key);
    const headers = {
      ...(versioned === true && body !== undefined && { ETag: ETAG }),
      ...(status === 201 && {
        Location: { description: 'The address of what was made, if it has one.', required: false },
      }),
    };
    return [status, { description, headers, ...(body !== undefined && { content: json(body) }) }];
  });
  return {
    ...Object.fromEntries(written),
    ...(versioned === true &&
      method === 'GET' && {
        304: { description: 'It is still the same.', headers: { ETag: ETAG } },
      }),
  };
}

const TOPICS: Readonly<Record<AdminTopic, OpenApiTag>> = {
  users: { name: 'Admin API: users', description: 'People who sign in.' },
  apps: { name: 'Admin API: apps', description: 'What OAuth calls clients, with their secrets.' },
  apis: { name: 'Admin API: APIs', description: 'What tokens are meant for, and the scopes that there are.' },
  roles: { name: 'Admin API: roles', description: 'Named sets of scopes.' },
  plans: { name: 'Admin API: plans', description: 'How much apps may use, and whether they pay for it.' },
  balances: { name: 'Admin API: balances', description: 'Prepaid credits of apps.' },
  'api-keys': { name: 'Admin API: API keys', description: 'What programs call APIs with, for a person or an app.' },
  families: { name: 'Admin API: families', description: 'Apps that people have allowed, with all their tokens.' },
  connections: { name: 'Admin API: connections', description: 'The same, until it is disconnected.' },
  sessions: { name: 'Admin API: sessions', description: 'Browsers in which people are signed in.' },
  keys: { name: 'Admin API: signing keys', description: 'The keys that sign tokens.' },
  audit: { name: 'Admin API: audit', description: 'Who did what to what, when and from where.' },
  usage: { name: 'Admin API: usage', description: 'Tokens, checks and failures, in numbers and one by one.' },
  policy: { name: 'Admin API: self-service', description: 'What members may do by themselves.' },
};

function tagOf(scope: AdminScope): string {
  return TOPICS[scope.split(':')[1] as AdminTopic].name;
}

/** Where operations stand in the reference. */
export function tagsOf(operations: readonly Operation[]): readonly OpenApiTag[] {
  const used = new Set(operations.map(({ scope }) => tagOf(scope)));
  return ADMIN_TOPICS.map((topic) => TOPICS[topic]).filter(({ name }) => used.has(name));
}
