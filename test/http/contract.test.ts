import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basicCredentials, bearerToken, encodeOAuthError, type WireRequest } from '../../src/http/contract.ts';
import { OAuthError } from '../../src/oauth/errors.ts';
import { basic, formEncode } from '../support/answers.ts';

const request = (authorization?: string): WireRequest => ({
  id: 'x',
  method: 'POST',
  authorization,
  headers: {},
  query: {},
  parameters: {},
  caller: { once: () => undefined, destroyed: false },
  address: '',
});

describe('Basic credentials', () => {
  it('of any id and secret come back when they were form-encoded, as the first reading', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((each) => each.isWellFormed() && !each.includes('\0'));
    fc.assert(
      fc.property(text, text, (appId, rawSecret) => {
        const [first] = basicCredentials(basic(formEncode(appId), formEncode(rawSecret))) ?? [];
        expect(first).toEqual({ appId, rawSecret });
      }),
    );
  });

  it('have a plain reading, too, when that differs, split at the first colon', () => {
    expect(basicCredentials(basic('app', 'a+b%3Ac%20d'))).toEqual([
      { appId: 'app', rawSecret: 'a b:c d' },
      { appId: 'app', rawSecret: 'a+b%3Ac%20d' },
    ]);
    expect(basicCredentials(basic('app', '100%'))).toEqual([{ appId: 'app', rawSecret: '100%' }]);
    expect(basicCredentials(basic('app', 'plain'))).toEqual([{ appId: 'app', rawSecret: 'plain' }]);
  });

  it('have a last reading for ids with colons of their own, as those of APIs are', () => {
    expect(basicCredentials(basic('https://api.example.com', 'secret'))).toEqual([
      { appId: 'https', rawSecret: '//api.example.com:secret' },
      { appId: 'https://api.example.com', rawSecret: 'secret' },
    ]);
  });

  it('never hold a NUL, in no reading: PostgreSQL takes none', () => {
    for (const header of [basic('a\0', 'b'), basic('a%00', 'b'), basic('a', 'b%00'), basic('a', '%00%zz\0')]) {
      expect(() => basicCredentials(header)).toThrow(expect.objectContaining({ code: 'invalid_client' }));
    }
  });

  it('are none of another scheme', () => {
    for (const header of [undefined, '', 'Bearer x', 'Basically x', 'JWT x']) {
      expect(basicCredentials(header)).toBeUndefined();
    }
  });
});

describe('a bearer token', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc'])('is read from %j', (header) => {
    expect(bearerToken(request(header))).toBe('abc');
  });

  it.each([undefined, '', 'Basic abc', 'JWT abc', 'Bearerabc'])('is missing in %j', (header) => {
    expect(() => bearerToken(request(header))).toThrow(expect.objectContaining({ code: 'missing_token' }));
  });

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer "abc"', 'Bearer a,b', 'Bearer ä'])('cannot be %j', (header) => {
    expect(() => bearerToken(request(header))).toThrow(expect.objectContaining({ code: 'invalid_token' }));
  });
});

describe('the challenge of a refused token', () => {
  it('quotes a text that cannot break out of the quotes', () => {
    const { headers } = encodeOAuthError(new OAuthError('invalid_token', 'a"b\\c\r\nd'), {});
    expect(headers?.['www-authenticate']).toBe(
      'Bearer realm="countersign", error="invalid_token", error_description="a?b?c??d"',
    );
  });
});
