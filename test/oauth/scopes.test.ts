import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedScopes, grantScopes, isScopeToken, parseScope } from '../../src/oauth/scopes.ts';

const role = (name: string, ...scopes: string[]) => ({ name, scopes });
const scopeToken = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0x7e })
    .filter((code) => code !== 0x22 && code !== 0x5c)
    .map((code) => String.fromCharCode(code)),
  minLength: 1,
});

describe('a scope', () => {
  it('is any of the printable ASCII characters but blank, quote and backslash', () => {
    for (let code = 0; code < 0x200; code++) {
      const allowed = code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c;
      expect([code, isScopeToken(String.fromCharCode(code))]).toEqual([code, allowed]);
    }
    expect(isScopeToken('')).toBe(false);
    expect(isScopeToken('read\n')).toBe(false);
  });
});

describe('a scope parameter', () => {
  it('of well-formed scopes comes back in its order, each once', () => {
    fc.assert(
      fc.property(fc.array(scopeToken, { minLength: 1 }), (scopes) => {
        expect(parseScope(scopes.join(' '))).toEqual([...new Set(scopes)]);
      }),
    );
  });

  it.each(['', ' ', 'a ', ' a', 'a  b', 'a\tb', 'a\u00a0b', 'a"b', 'a\\b', 'é'])('is refused as %j', (scope) => {
    expect(() => parseScope(scope)).toThrow(expect.objectContaining({ code: 'invalid_scope' }));
  });
});

describe('granting', () => {
  it('without a request gives all that is allowed', () => {
    expect(grantScopes(undefined, ['b', 'a'])).toEqual(['b', 'a']);
    expect(grantScopes(undefined, [])).toEqual([]);
  });

  it('gives exactly what was asked, or refuses: never less and never more', () => {
    fc.assert(
      fc.property(fc.uniqueArray(scopeToken), fc.uniqueArray(scopeToken, { minLength: 1 }), (allowed, asked) => {
        const fits = asked.every((scope) => allowed.includes(scope));
        if (fits) expect(grantScopes(asked.join(' '), allowed)).toEqual(asked);
        else expect(() => grantScopes(asked.join(' '), allowed)).toThrow(/not allowed/);
      }),
    );
  });

  it('takes no scope for another because of case or a common beginning', () => {
    for (const asked of ['READ', 'rea', 'reads', 'read:all', '*']) {
      expect(() => grantScopes(asked, ['read'])).toThrow(expect.objectContaining({ code: 'invalid_scope' }));
    }
  });
});

describe('what an app may have', () => {
  it('is its own and those of its roles, each once', () => {
    const app = { scopes: ['a', 'b'], roles: [role('r', 'b', 'c'), role('s', 'a', 'd')] };
    expect(allowedScopes(app, { scopes: [] })).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is never more than its API offers, if that says what it offers', () => {
    const app = { scopes: ['a', 'b'], roles: [role('r', 'c', 'd')] };
    expect(allowedScopes(app, { scopes: ['d', 'a', 'z'] })).toEqual(['a', 'd']);
    expect(allowedScopes(app, { scopes: ['z'] })).toEqual([]);
  });
});
