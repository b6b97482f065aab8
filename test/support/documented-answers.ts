import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type {
  JsonSchema,
  OpenApiDocument,
  OpenApiOperation,
  OpenApiResponse,
} from '../../src/http/openapi-document.ts';
import { complain } from './complaints.ts';

/** Whether an answer is what the document says: its status, its headers, its media type and its body. */
export type AnswerCheck = (answer: Answer) => string | undefined;

export interface Answer {
  /** As routes have it: `/api/admin/v1/roles/:role`. Undefined where there is none. */
  readonly route: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Undefined for a stream. */
  readonly body: string | undefined;
}

// One document for all servers with one issuer: they have the same routes.
const checks = new Map<string, AnswerCheck>();

/** Compares every answer of a server with `GET /openapi.json` of the same server. */
export async function checkAnswers(app: FastifyInstance, issuer: string): Promise<void> {
  let check = checks.get(issuer);
  app.addHook('onSend', async (request, reply, payload) => {
    const complaint = check?.(answerOf(request, reply, payload));
    if (complaint !== undefined) complain(complaint);
    return payload;
  });
  // The one answer that is not compared.
  check ??= createAnswerCheck((await app.inject('/openapi.json')).json() as OpenApiDocument);
  checks.set(issuer, check);
}

function answerOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): Answer {
  return {
    route: request.is404 ? undefined : request.routeOptions.url,
    method: request.method,
    url: request.url,
    status: reply.statusCode,
    headers: reply.getHeaders(),
    body: typeof payload === 'string' || Buffer.isBuffer(payload) ? String(payload) : payload == null ? '' : undefined,
  };
}

const REFUSAL = { error: 'OAuthError', problem: 'Problem' };

export function createAnswerCheck(document: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
  // Its types say that it is a module, where Node has the function.
  (addFormatsModule as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema(closed(document) as object, 'document');
  const validators = new Map<string, ValidateFunction>();
  const validatorAt = (...names: readonly string[]): ValidateFunction => {
    const pointer = names.map((name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `document#/${pointer}` });
    validators.set(pointer, known);
    return known;
  };

  const problemsWith = (validate: ValidateFunction, value: unknown): string | undefined =>
    validate(value) ? undefined : `its body does not fit: ${ajv.errorsText(validate.errors, { dataVar: 'body' })}`;

  const compare = (answer: Answer, path: string, method: string, operation: OpenApiOperation): string | undefined => {
    const status = String(answer.status);
    const key = status in operation.responses ? status : 'default';
    const found = operation.responses[key];
    if (found === undefined) return `no such status is published, only ${Object.keys(operation.responses).join(', ')}`;
    const name = '$ref' in found ? found.$ref.slice('#/components/responses/'.length) : undefined;
    const response = name === undefined ? (found as OpenApiResponse) : document.components.responses[name];
    const at = name === undefined ? ['paths', path, method, 'responses', key] : ['components', 'responses', name];
    for (const [header, { required }] of Object.entries(response?.headers ?? {})) {
      if (required && answer.headers[header.toLowerCase()] === undefined) return `it has no header ${header}`;
    }
    const mediaType = mediaTypeOf(answer);
    const content = response?.content;
    if (content === undefined) return answer.body === '' ? undefined : 'it has a body, and none is published';
    if (mediaType === undefined || !(mediaType in content)) {
      return `its media type is ${mediaType}, and published is ${Object.keys(content).join(' or ')}`;
    }
    if (answer.body === undefined || answer.method === 'HEAD') return undefined;
    const value: unknown = mediaType.endsWith('json') ? JSON.parse(answer.body) : answer.body;
    return problemsWith(validatorAt(...at, 'content', mediaType, 'schema'), value);
  };

  /** Methods that an address does not take, and addresses that are nobody's. */
  const refuses = (answer: Answer, ...statuses: readonly number[]): string | undefined => {
    if (answer.method === 'OPTIONS' && answer.status === 204) return undefined;
    if (!statuses.includes(answer.status))
      return `it is published nowhere, so that it must be ${statuses.join(' or ')}`;
    if (answer.status === 405 && answer.headers.allow === undefined) return 'it has no header Allow';
    const mediaType = mediaTypeOf(answer);
    if (mediaType === 'text/html' || answer.method === 'HEAD' || answer.status === 404) return undefined;
    const body = JSON.parse(answer.body ?? '') as Readonly<Record<string, unknown>>;
    // Each dialect has its own shape for it.
    if ('success' in body) return undefined;
    return problemsWith(
      validatorAt('components', 'schemas', mediaType === 'application/problem+json' ? REFUSAL.problem : REFUSAL.error),
      body,
    );
  };

  return (answer) => {
    const { route, method, url, status } = answer;
    const complaint = (() => {
      if (route === undefined) return refuses(answer, 404, 405, 400);
      const path = route.startsWith('/assets/') ? '/assets/{file}' : route.replace(/:(\w+)/g, '{$1}');
      const methods = document.paths[path];
      const name = method.toLowerCase();
      const key = methods?.[name] === undefined && name === 'head' ? 'get' : name;
      const operation = methods?.[key];
      // Of methods that OpenAPI has no words for, too.
      if (methods !== undefined && Object.values(methods).some((each) => each['x-any-method'])) {
        const any = methods.get as OpenApiOperation;
        return compare(answer, path, 'get', any);
      }
      return operation === undefined ? refuses(answer, 405) : compare(answer, path, key, operation);
    })();
    if (complaint === undefined) return undefined;
    return `${method} ${url.split('?', 1)[0]} answered ${status}, but ${complaint}.\nThe answer: ${answer.body?.slice(0, 500)}`;
  };
}

function mediaTypeOf({ headers }: Answer): string | undefined {
  const type = headers['content-type'];
  return typeof type === 'string' ? type.split(';', 1)[0] : undefined;
}

/** The same document, with objects that have no other members than those that are published. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  const { type, properties, additionalProperties } = value as JsonSchema;
  const isClosed = type === 'object' && properties !== undefined && additionalProperties === undefined;
  return isClosed ? { ...copy, additionalProperties: false } : copy;
}
