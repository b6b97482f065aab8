import fc from 'fast-check';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { installBodyParser, readParameters } from '../../src/http/body.ts';
import type { BodyFormat } from '../../src/http/contract.ts';
import { toOAuthError } from '../../src/http/registration.ts';

/** A server that answers with the parameters it has read. */
function createEcho(format: BodyFormat) {
  const app = Fastify({ bodyLimit: 64 * 1024 });
  installBodyParser(app, format);
  app.setErrorHandler((error, _request, reply) => {
    const { code, description } = toOAuthError(error, format);
    return reply.code(400).send({ code, description });
  });
  app.post('/', async (request) => ({ read: readParameters(request.body, format) }));
  return async (payload: string | Buffer, type: string) =>
    (await app.inject({ method: 'POST', url: '/', headers: { 'content-type': type }, payload })).json();
}

describe('a form', () => {
  const echo = createEcho('form');
  const read = (body: string | Buffer) => echo(body, 'application/x-www-form-urlencoded');

  it('is read as URLSearchParams writes it, whatever the names and values', async () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0') && each.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.dictionary(text, text), async (parameters) => {
        const body = new URLSearchParams(Object.entries(parameters)).toString();
        expect(await read(body)).toEqual({ read: { ...parameters } });
      }),
      { numRuns: 200 },
    );
  });

  it('has a list for resource, and for nothing else', async () => {
    expect(await read('resource=a&resource=b')).toEqual({ read: { resource: ['a', 'b'] } });
    expect(await read('scope=a&scope=b')).toMatchObject({ code: 'invalid_request' });
  });

  it('of thousands of parameters loses none', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `p${i}`);
    const { read: parameters } = await read(names.map((name) => `${name}=1`).join('&'));
    expect(Object.keys(parameters).length).toBe(5000);
    expect(await read(`${names.map((name) => `${name}=1`).join('&')}&p0=2`)).toMatchObject({ code: 'invalid_request' });
  });

  it('may have names without a value, and empty pieces', async () => {
    expect(await read('a&b=&&=c&d==')).toEqual({ read: { a: '', b: '', '': 'c', d: '=' } });
  });
});

describe('JSON', () => {
  const echo = createEcho('json');
  const read = (body: string) => echo(body, 'application/json');

  it('is read as JSON.parse reads it, when no member is repeated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (value) => {
        const body = JSON.stringify(value);
        // These are refused on purpose.
        if (/\\u0000|\\ud[89a-f]/.test(body)) return;
        expect(await read(body)).toEqual({ read: JSON.parse(body) });
      }),
      { numRuns: 200 },
    );
  });

  it('with a member repeated anywhere, in any spelling, is refused', async () => {
    const spelling = (name: string) =>
      fc
        .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
        .map((escaped) =>
          [...name]
            .map((character, i) =>
              escaped[i] ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character,
            )
            .join(''),
        );
    const around = fc.constantFrom<(inner: string) => string>(
      (inner) => inner,
      (inner) => `{"x":${inner}}`,
      (inner) => `{"x":[1,"{",${inner},"]"]}`,
      (inner) => `{"a":1,"x":{"a":2,"y":${inner}}}`,
    );
    await fc.assert(
      fc.asyncProperty(spelling('name'), spelling('name'), around, async (first, second, wrap) => {
        expect(await read(wrap(`{"${first}":1,"other":":","${second}":2}`))).toMatchObject({ code: 'invalid_request' });
        expect(await read(wrap(`{"${first}":1,"other":":","${second}x":2}`))).toHaveProperty('read');
      }),
      { numRuns: 200 },
    );
  });

  it('with a member called __proto__ changes no prototype', async () => {
    expect(await read('{"__proto__":{"scope":"admin"}}')).not.toHaveProperty('read.scope');
    expect(({} as Record<string, unknown>).scope).toBeUndefined();
  });
});

describe('no body', () => {
  it.each(['form', 'json'] as const)('is no parameters for a %s, whatever media type is named', async (format) => {
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded', 'image/png']) {
      expect(await createEcho(format)('', type)).toEqual({ read: {} });
    }
  });

  it('is what a route without one makes of any', async () => {
    for (const [body, type] of [
      ['{', 'application/json'],
      ['x'.repeat(100_000), 'text/plain'],
    ] as const) {
      expect(await createEcho('none')(body, type)).toEqual({ read: {} });
    }
  });
});
