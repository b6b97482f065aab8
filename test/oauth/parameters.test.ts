import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../src/oauth/errors.ts';
import { optionalParameter, requiredParameter } from '../../src/oauth/parameters.ts';

describe('a parameter', () => {
  it.each([undefined, null, ''])('counts as left out when it is %j', (value) => {
    expect(optionalParameter({ scope: value }, 'scope')).toBeUndefined();
    expect(() => requiredParameter({ scope: value }, 'scope')).toThrow(
      'The request is missing a required parameter: scope.',
    );
  });

  it.each([0, 1, false, true, [], ['read'], {}])('must be a string, not %j', (value) => {
    for (const read of [optionalParameter, requiredParameter]) {
      expect(() => read({ scope: value }, 'scope')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
  });

  it('is never one that every object inherits', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(optionalParameter({}, name)).toBeUndefined();
      expect(optionalParameter(JSON.parse(`{"${name}":"own"}`), name)).toBe('own');
    }
  });

  it('keeps blanks: only the empty text is left out', () => {
    expect(requiredParameter({ scope: ' ' }, 'scope')).toBe(' ');
  });
});

describe('the text of an error', () => {
  it('has the characters of RFC 6749 section 5.2 only, whatever it quotes', () => {
    const all = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)).join('');
    const { description } = new OAuthError('invalid_request', all);
    expect(description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E?]+$/);
    expect(description).not.toContain('"');
    expect(description).not.toContain('\\');
  });
});
