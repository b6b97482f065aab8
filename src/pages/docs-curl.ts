import type { JsonSchema, OpenApiDocument, OpenApiOperation } from '../http/page-contract.ts';
import { shellWord } from './shell-commands.ts';

const FORM = 'application/x-www-form-urlencoded';

/** A command to paste that makes a good request, once the words in capitals are replaced. */
export function curlOf(document: OpenApiDocument, path: string, method: string, operation: OpenApiOperation): string {
  const server = document.servers[0]?.url ?? '';
  const { parameters = [], requestBody, security } = operation;
  const address = path.replace(/\{(\w+)\}/g, (_all, name: string) => placeholder(name));
  const query = parameters
    .filter(({ in: place, required }) => place === 'query' && required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(exampleOf(schema, document, name)))}`);
  const url = shellWord(`${server}${address}${query.length > 0 ? `?${query.join('&')}` : ''}`);
  const verb = method.toUpperCase();
  const options = [
    ...(verb === 'GET' || (verb === 'POST' && requestBody !== undefined) ? [] : [`-X ${verb}`]),
    ...credentialsOf(security),
    ...bodyOf(requestBody, document),
  ];
  return [`curl -sS ${url}`, ...options].join(' \\\n  ');
}

/** `app_id` is APP_ID. */
function placeholder(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
}

function credentialsOf(security: OpenApiOperation['security']): string[] {
  const first = security[0] ?? {};
  if ('adminToken' in first) return ["-H 'Authorization: Bearer ADMIN_TOKEN'"];
  if ('accessToken' in first) return ["-H 'Authorization: Bearer TOKEN'"];
  return [];
}

function bodyOf(requestBody: OpenApiOperation['requestBody'], document: OpenApiDocument): string[] {
  const body = exampleBody(requestBody, document);
  if (body === undefined) return [];
  if (body.mediaType === FORM) {
    return Object.entries(body.value).map(([name, value]) => `--data-urlencode ${shellWord(`${name}=${value}`)}`);
  }
  return ["-H 'Content-Type: application/json'", `-d ${shellWord(JSON.stringify(body.value))}`];
}

/** A body that fits: the first example, or what the schema says with its required members. */
export function exampleBody(
  requestBody: OpenApiOperation['requestBody'],
  document: OpenApiDocument,
): { readonly mediaType: string; readonly value: Readonly<Record<string, unknown>> } | undefined {
  const [mediaType, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (mediaType === undefined || media === undefined) return undefined;
  const [example] = Object.values(media.examples ?? {});
  const value = example?.value ?? exampleOf(media.schema, document, 'body');
  return { mediaType, value: value as Readonly<Record<string, unknown>> };
}

/** A value that fits a schema. */
export function exampleOf(schema: JsonSchema, document: OpenApiDocument, name: string): unknown {
  const { $ref, examples, const: constant, enum: choices, anyOf, oneOf, type } = schema;
  if ($ref !== undefined) return exampleOf(resolve(schema, document), document, name);
  if (examples?.[0] !== undefined) return examples[0];
  if (constant !== undefined) return constant;
  if (choices?.[0] !== undefined) return choices[0];
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  const [choice] = anyOf ?? oneOf ?? [];
  if (choice !== undefined) return exampleOf(choice, document, name);
  const kind = Array.isArray(type) ? type.find((each) => each !== 'null') : type;
  if (kind === 'object') return exampleObject(schema, document);
  if (kind === 'array') return [exampleOf(schema.items ?? {}, document, name.replace(/s$/, ''))];
  if (kind === 'integer' || kind === 'number') return exampleNumber(schema);
  if (kind === 'boolean') return true;
  return exampleText(schema, name);
}

/** The required members; where none is, the first, for a change of nothing says nothing. */
function exampleObject({ properties = {}, required = [] }: JsonSchema, document: OpenApiDocument): object {
  const names = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name] ?? {}, document, name)]));
}

function exampleNumber({ minimum, exclusiveMinimum }: JsonSchema): number {
  if (typeof exclusiveMinimum === 'number') return exclusiveMinimum + 1;
  return typeof minimum === 'number' ? Math.max(minimum, 1) : 1;
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  email: 'ada@example.com',
  uri: 'https://app.example.com/callback',
  'date-time': '2032-05-08T10:49:37Z',
};
const BY_NAME: Readonly<Record<string, string>> = {
  email: 'ada@example.com',
  identifier: 'https://api.example.com',
  api: 'https://api.example.com',
  redirect_uri: 'https://app.example.com/callback',
  scope: 'orders:read',
};

function exampleText({ format }: JsonSchema, name: string): string {
  return BY_FORMAT[format ?? ''] ?? BY_NAME[name] ?? placeholder(name);
}

/** What a reference stands for. */
export function resolve(schema: JsonSchema, document: OpenApiDocument): JsonSchema {
  const name = nameOf(schema);
  return name === undefined ? schema : (document.components.schemas[name] ?? schema);
}

/** The name of a schema that is a component. */
export function nameOf({ $ref }: JsonSchema): string | undefined {
  return $ref?.split('/').at(-1);
}
