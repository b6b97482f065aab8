import { createHash } from 'node:crypto';
import { ADMIN_SCOPES, adminApiIdentifier } from '../oauth/admin-scopes.ts';
import { browserCookies } from './browser-cookies.ts';
import type { BodyFormat, Route } from './contract.ts';
import { TAGS } from './description.ts';
import type { OpenApiDocument, OpenApiOperation, PublishedDocument } from './openapi-document.ts';
import { publishOperations, publishProblems, tagsOf } from './openapi-operations.ts';
import { publishDialect, publishPages } from './openapi-routes.ts';
import { createSchemaWriter } from './openapi-schemas.ts';
import type { Operation } from './operation.ts';
import type { PageRoute } from './page-contract.ts';

/** Everything that answers. */
export interface Published {
  readonly issuer: string;
  readonly version: string;
  readonly dialects: readonly { readonly body: BodyFormat; readonly routes: readonly Route[] }[];
  readonly operations: readonly Operation[];
  readonly adminBasePath: string;
  readonly pages: readonly PageRoute[];
}

/** Makes the document of a whole server: what validates requests and what tests check answers against. */
export function publish(published: Published): PublishedDocument {
  const { issuer, version, dialects, operations, adminBasePath, pages } = published;
  const writer = createSchemaWriter();
  const routes = [
    ...dialects.flatMap((dialect) => publishDialect(dialect, writer)),
    ...publishOperations(operations, adminBasePath, writer),
    ...publishPages(pages, writer),
  ];
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const { method, path, operation } of routes) paths[path] = { ...paths[path], [method]: operation };
  const responses = publishProblems(writer);
  const { pages: forPeople, ...others } = TAGS;

  const document: OpenApiDocument = {
    openapi: '3.1.1',
    info: {
      title: 'Countersign',
      version,
      summary: 'An OAuth 2.1 authorization server.',
      description: DESCRIPTION,
      contact: { name: 'The operator of this server', url: `${issuer}/docs` },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: issuer, description: 'This server.' }],
    tags: [...Object.values(others), ...tagsOf(operations), forPeople],
    paths,
    components: {
      schemas: sorted(writer.components),
      responses,
      securitySchemes: securitySchemes(issuer),
    },
  };
  const text = JSON.stringify(document);
  return { document, text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` };
}

const DESCRIPTION = `Every endpoint of this server. Those of the surfaces have fixed shapes, which clients that exist depend on.

Every answer has an \`X-Request-Id\`, by which the operator finds the request in the log. Bodies are at most 64 KiB. Where \
there is GET there is HEAD, but for pages. A method that an address does not take is answered with 405, which says in \
\`Allow\` those it takes. Members of answers that a program does not know are to be passed over: there may be more one day.

The admin API takes tokens for the API \`ISSUER/admin\`: those of an app with the grant \`client_credentials\` and scopes \
\`admin:…\`, or of an administrator. Its errors are problem details (RFC 9457), whose \`detail\` says how to put things right.`;

function securitySchemes(issuer: string): OpenApiDocument['components']['securitySchemes'] {
  const { session } = browserCookies(issuer.startsWith('https:'));
  return {
    adminToken: {
      type: 'oauth2',
      description: `An access token for the API \`${adminApiIdentifier(issuer)}\`, as \`Authorization: Bearer\`. An API key for it will do, too.`,
      flows: {
        clientCredentials: {
          tokenUrl: `${issuer}/oauth/token`,
          scopes: Object.fromEntries(ADMIN_SCOPES.map((scope) => [scope, describeScope(scope)])),
        },
      },
    },
    accessToken: { type: 'http', scheme: 'bearer', description: 'An access token of any kind.' },
    apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
    appBasic: {
      type: 'http',
      scheme: 'basic',
      description:
        'The id and the secret of an app or an API (RFC 6749 section 2.3.1). They may be in the form instead, as `client_id` and `client_secret`.',
    },
    session: { type: 'apiKey', in: 'cookie', name: session, description: 'An administrator who is signed in.' },
    csrfToken: {
      type: 'apiKey',
      in: 'header',
      name: 'X-CSRF-Token',
      description: 'Goes with the session, from a page of the panel.',
    },
  };
}

function describeScope(scope: string): string {
  const [, topic, action] = scope.split(':');
  return action === undefined ? 'Everything.' : `${action === 'read' ? 'Read' : 'Read and change'} ${topic}.`;
}

function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
