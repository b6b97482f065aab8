import { z } from 'zod';
import type { BodyFormat, Route } from './contract.ts';
import { type ResponseDescription, type RouteDescription, TAGS } from './description.ts';
import type {
  JsonSchema,
  OpenApiMedia,
  OpenApiOperation,
  OpenApiParameter,
  OpenApiResponse,
} from './openapi-document.ts';
import type { SchemaWriter } from './openapi-schemas.ts';
import type { PageRoute } from './page-contract.ts';

/** A method and an address, with what is published of them. */
export interface PublishedRoute {
  /** In lower case. */
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly operation: OpenApiOperation;
}

/** All methods for which OpenAPI has a place. */
const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'] as const;
const FORM = 'application/x-www-form-urlencoded';

/** What a surface or an endpoint publishes. */
export function publishDialect(
  { body, routes }: { readonly body: BodyFormat; readonly routes: readonly Route[] },
  writer: SchemaWriter,
): readonly PublishedRoute[] {
  const mediaType = body === 'form' ? FORM : 'application/json';
  return routes.flatMap(({ method, path, description }) => {
    const operation = writeOperation(description, mediaType, writer);
    if (method !== 'ANY') return [{ method: method.toLowerCase(), path, operation }];
    return METHODS.map((each, index) => ({
      method: each,
      path,
      operation:
        index === 0
          ? { ...operation, 'x-any-method': true as const }
          : { ...operation, operationId: `${description.id}${capitalized(each)}` },
    }));
  });
}

const html = z.string();
const PAGE_RESPONSES: RouteDescription['responses'] = {
  200: { description: 'A page.', content: { 'text/html': html } },
  303: {
    description: 'The next page.',
    headers: { Location: { description: 'Its address.', required: true } },
  },
};
const PAGE_FAILURE: ResponseDescription = {
  description: 'A page that says what is wrong.',
  content: { 'text/html': html },
};

/** Pages are for people: those that programs call say more of themselves, files only what they are. */
export function publishPages(routes: readonly PageRoute[], writer: SchemaWriter): readonly PublishedRoute[] {
  const published = new Map<string, PublishedRoute>();
  for (const route of routes) {
    const method = route.method.toLowerCase();
    const path = (route.publishedPath ?? route.path).replace(/:(\w+)/g, '{$1}');
    const description = route.description ?? pageDescription(route, path);
    const operation = writeOperation(description, FORM, writer, pathParameters(path));
    const failure = writeResponse(PAGE_FAILURE, writer);
    published.set(`${method} ${path}`, {
      method,
      path,
      operation: { ...operation, responses: { default: failure, ...operation.responses } },
    });
  }
  return [...published.values()];
}

function pageDescription({ method, crossSite }: PageRoute, path: string): RouteDescription {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const id = `${method === 'GET' ? 'show' : 'submit'}${words.map(capitalized).join('') || 'Root'}`;
  const form = z.looseObject(crossSite === true ? {} : { csrf_token: z.string().describe('From the page.') });
  return {
    id: `${id}Page`,
    tag: 'pages',
    summary: method === 'GET' ? `The page ${path}` : `A form for ${path}`,
    ...(method === 'POST' && { body: { schema: form, examples: {} } }),
    responses: PAGE_RESPONSES,
  };
}

function pathParameters(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return names.length === 0
    ? undefined
    : z.object(
        Object.fromEntries(names.map((name) => [name, z.string().describe('As the links of the pages have it.')])),
      );
}

/** Puts a description into the words of OpenAPI. */
export function writeOperation(
  description: Omit<RouteDescription, 'tag'> & { readonly tag: string },
  mediaType: string,
  writer: SchemaWriter,
  path?: z.ZodObject,
): OpenApiOperation {
  const { id, tag, summary, security = [], query, headers, body, responses } = description;
  const parameters = [
    ...writeParameters('path', path, writer),
    ...writeParameters('query', query, writer),
    ...writeParameters('header', headers, writer),
  ];
  return {
    operationId: id,
    tags: [tag in TAGS ? TAGS[tag as keyof typeof TAGS].name : tag],
    summary,
    description: description.description ?? `${summary}.`,
    security: security.map((alternative) => ({ ...alternative })),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: body.required ?? true,
        content: { [mediaType]: writeBody(body, writer) },
      },
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, writeResponse(response, writer)]),
    ),
  };
}

function writeBody({ schema, examples }: NonNullable<RouteDescription['body']>, writer: SchemaWriter): OpenApiMedia {
  return {
    schema: writer.write(schema, 'input'),
    ...(Object.keys(examples).length > 0 && { examples }),
  };
}

function writeParameters(
  place: OpenApiParameter['in'],
  schema: z.ZodObject | undefined,
  writer: SchemaWriter,
): OpenApiParameter[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = writer.write(schema, 'input');
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name: place === 'header' ? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name,
    in: place,
    ...(description !== undefined && { description }),
    required: required.includes(name),
    schema: rest,
  }));
}

const TEXT: JsonSchema = { type: 'string' };

export function writeResponse(
  { description, content, headers }: ResponseDescription,
  writer: SchemaWriter,
): OpenApiResponse {
  return {
    description,
    ...(headers !== undefined && {
      headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, { ...header, schema: TEXT }])),
    }),
    ...(content !== undefined && {
      content: Object.fromEntries(
        Object.entries(content).map(([mediaType, schema]) => [mediaType, { schema: writer.write(schema, 'output') }]),
      ),
    }),
  };
}

function capitalized(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
