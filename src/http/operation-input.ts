import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Operation, OperationInput } from './operation.ts';
import { InvalidInputError, type InvalidPart } from './problem-details.ts';

type Place = InvalidPart['in'];

/**
 * Makes what passes the requests of an operation through its schemas. What is not declared is refused everywhere: a
 * parameter that is not understood could be a filter that nobody applies.
 * @returns a function that throws InvalidInputError, which names every part that is wrong
 */
export function inputReader(operation: Operation): (request: FastifyRequest) => OperationInput {
  const schemas = {
    path: operation.parameters,
    query: (operation.query ?? z.object({})).strict(),
    body: operation.body?.strict(),
  };
  return (request) => {
    const wrong = malformedQuery(request.url);
    const pass = (place: Place, value: unknown): unknown => {
      const schema = schemas[place];
      if (schema === undefined) return undefined;
      const unfit = unfitParts(place, value);
      const result = unfit.length === 0 ? schema.safeParse(value) : undefined;
      if (result?.success === true) return result.data;
      wrong.push(...unfit, ...(result?.error.issues ?? []).flatMap((issue) => explain(place, schema, value, issue)));
      return undefined;
    };
    const input = {
      parameters: pass('path', request.params),
      query: pass('query', request.query),
      body: pass('body', request.body ?? {}),
    };
    if (wrong.length > 0) throw new InvalidInputError(wrong);
    return input;
  };
}

/** The parser keeps what is no percent-encoded UTF-8 as it stands: it would be looked for, and never found. */
function malformedQuery(url: string): InvalidPart[] {
  const start = url.indexOf('?');
  if (start < 0) return [];
  try {
    decodeURIComponent(url.slice(start));
    return [];
  } catch {
    return [{ in: 'query', name: '', detail: 'It is no percent-encoded UTF-8. Encode names and values.' }];
  }
}

/** Text that no column and no JSON document can hold, however deep it is. No recursion, for that is the caller's choice. */
function unfitParts(place: Place, value: unknown): InvalidPart[] {
  const unfit: InvalidPart[] = [];
  const open: { readonly name: string; readonly value: unknown }[] = [{ name: '', value }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name } = next;
    if (isUnfit(next.value)) {
      unfit.push({ in: place, name, detail: 'It has a NUL character or a lone surrogate in it. Leave that out.' });
    } else if (typeof next.value === 'object' && next.value !== null) {
      for (const [key, member] of Object.entries(next.value)) {
        const below = name === '' ? key : `${name}.${key}`;
        if (isUnfit(key))
          unfit.push({
            in: place,
            name,
            detail: 'The name of a member has a NUL character or a lone surrogate in it.',
          });
        else open.push({ name: below, value: member });
      }
    }
  }
  return unfit;
}

function isUnfit(value: unknown): boolean {
  return typeof value === 'string' && (value.includes('\0') || !value.isWellFormed());
}

/** What to do about what a schema found. */
function explain(place: Place, schema: z.ZodObject, value: unknown, issue: z.core.$ZodIssue): InvalidPart[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 ? Object.keys(schema.shape) : [];
    const thing = place === 'body' ? 'member' : 'parameter';
    const others = known.length === 0 ? 'Leave it out.' : `There are: ${known.join(', ')}.`;
    return issue.keys.map((key) => ({
      in: place,
      name: [...path, key].join('.'),
      detail: `There is no such ${thing} here. ${others}`,
    }));
  }
  const found = valueAt(value, path);
  return [{ in: place, name: path.join('.'), detail: sentenceOf(place, found, issue) }];
}

function sentenceOf(place: Place, found: unknown, issue: z.core.$ZodIssue): string {
  if (place === 'query' && Array.isArray(found)) return 'It is repeated. Send it once.';
  const isWrongType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
  if (found === undefined && (isWrongType || issue.code === 'invalid_value')) {
    return issue.code === 'invalid_type' ? `It is required. Send ${nameOfType(issue.expected)}.` : 'It is required.';
  }
  // A message of our own says more.
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input:')) {
    return `Send ${nameOfType(issue.expected)}.`;
  }
  return issue.message.endsWith('.') ? issue.message : `${issue.message}.`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function nameOfType(expected: string): string {
  return TYPES[expected] ?? expected;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined),
    value,
  );
}
