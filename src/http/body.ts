import { isUtf8 } from 'node:buffer';
import formbody from '@fastify/formbody';
import { parse as parseQuery } from 'fast-querystring';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createScanner } from 'jsonc-parser';
import { OAuthError } from '../oauth/errors.ts';
import type { Parameters } from '../oauth/parameters.ts';
import type { BodyFormat } from './contract.ts';

// RFC 8707 section 2 lets a request name several resources.
const REPEATABLE = 'resource';

/** Leaves a scope exactly one parser, so that any other media type is refused. */
export function installBodyParser(scope: FastifyInstance, format: BodyFormat): void {
  scope.removeAllContentTypeParsers();
  if (format === 'none') {
    scope.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume();
      done(null);
    });
    return;
  }
  if (format === 'form') void scope.register(formbody, { parser: parseForm });
  else {
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
      parseJson(body),
    );
  }
  scope.addContentTypeParser('*', async (request: FastifyRequest) => {
    // Many HTTP libraries name a media type though they send no body.
    if (!hasBody(request)) return undefined;
    throw mediaTypeError(format);
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What to say about a media type that a scope does not take. */
export function mediaTypeError(format: BodyFormat): OAuthError {
  return new OAuthError(
    'invalid_request',
    format === 'json'
      ? 'Send the parameters as a JSON object with Content-Type: application/json.'
      : 'Send the parameters as a form with Content-Type: application/x-www-form-urlencoded, not as JSON.',
  );
}

/**
 * The parameters of a parsed body.
 * @throws OAuthError `invalid_request` when one is repeated, or holds what no text of ours can hold
 */
export function readParameters(body: unknown, format: BodyFormat): Parameters {
  if (body === undefined || body === null || format === 'none') return {};
  if (body === MALFORMED_FORM) {
    throw new OAuthError('invalid_request', 'The body is not a form in UTF-8. Percent-encode names and values.');
  }
  const parameters = body as Record<string, unknown>;
  for (const name of Object.keys(parameters)) {
    const value = parameters[name];
    const isList = Array.isArray(value);
    if (format === 'form' && isList && name !== REPEATABLE) {
      throw new OAuthError('invalid_request', `The parameter ${name} is repeated. Send it once.`);
    }
    if (isUnfit(name) || (isList ? value.some(isUnfit) : isUnfit(value))) {
      throw new OAuthError('invalid_request', 'A parameter has a NUL character or a lone surrogate in it.');
    }
  }
  return parameters;
}

/** Text that no column and no JSON document can hold. */
function isUnfit(value: unknown): boolean {
  return typeof value === 'string' && (value.includes('\0') || !value.isWellFormed());
}

/** Stands for a body that is no form: the plugin's parser must not throw, for nobody would catch it. */
const MALFORMED_FORM = {};

function parseForm(text: string): Record<string, unknown> {
  // A byte that is no UTF-8 has become U+FFFD, which a form has only percent-encoded.
  if (text.includes('\uFFFD')) return MALFORMED_FORM;
  if (!text.includes('%')) return parseQuery(text);
  try {
    // Throws for what is no percent-encoded UTF-8; the parser below would let it pass as it stands.
    decodeURIComponent(text);
  } catch {
    return MALFORMED_FORM;
  }
  return parseQuery(text);
}

function parseJson(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let value: unknown;
  const text = isUtf8(body) ? body.toString('utf8') : undefined;
  try {
    value = text === undefined ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (text === undefined || value === undefined) {
    throw new OAuthError('invalid_request', 'The body is not valid JSON in UTF-8.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OAuthError('invalid_request', 'The body must be a JSON object.');
  }
  const repeated = repeatedMember(text);
  if (repeated !== undefined) {
    throw new OAuthError('invalid_request', `The member ${repeated} is repeated. Send it once.`);
  }
  return value as Record<string, unknown>;
}

// The scanner's kinds of tokens. The package has them as a const enum, which cannot be imported from a module.
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, colon: 6, string: 10, end: 17 };

/**
 * JSON.parse keeps the last of two members with one name, others the first (RFC 8259 section 4): refuse both. A loop over
 * the scanner's tokens, for what calls itself at every bracket runs out of stack in 64 KiB of them.
 * @param text valid JSON
 */
function repeatedMember(text: string): string | undefined {
  const scanner = createScanner(text, true);
  const open: (Set<string> | undefined)[] = [];
  let name = '';
  for (let token: number = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    if (token === TOKEN.openBrace) open.push(new Set());
    else if (token === TOKEN.openBracket) open.push(undefined);
    else if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) open.pop();
    // Decoded, for one name has many spellings: a is \u0061, too.
    else if (token === TOKEN.string) name = scanner.getTokenValue();
    else if (token === TOKEN.colon) {
      // A colon follows the name of a member and nothing else.
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
