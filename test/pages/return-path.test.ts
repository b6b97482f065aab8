import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { returnPath, signInPath } from '../../src/pages/return-path.ts';

describe('where signing in leads back to', () => {
  it.each([
    ['/admin', '/admin'],
    ['/admin/apps?q=a%20b&state=disabled', '/admin/apps?q=a%20b&state=disabled'],
    [
      '/admin/apis/edit?identifier=https%3A%2F%2Fapi.example.com',
      '/admin/apis/edit?identifier=https%3A%2F%2Fapi.example.com',
    ],
    ['/developer/keys', '/developer/keys'],
    ['/account/api-keys/new', '/account/api-keys/new'],
    ['/admin/../developer', '/developer'],
  ])('may be %s', (text, path) => {
    expect(returnPath(text)).toBe(path);
  });

  it.each([
    undefined,
    '',
    'admin',
    'https://evil.example/admin',
    '//evil.example/admin',
    '///evil.example/admin',
    '/\\evil.example/admin',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example/admin',
    ' /admin',
    '/admin\r\nlocation: https://evil.example',
    '/admin\u0000',
    '/administrator',
    '/adminx/apps',
    '/sign-out',
    '/oauth/authorize?client_id=a',
    '/admin/../oauth/authorize?client_id=a',
    '/admin/%2e%2e/sign-in',
    '/.//evil.example/admin',
    '/admin/..//evil.example',
    'javascript:alert(1)',
    'data:text/html,/admin',
    `/admin/${'a'.repeat(2000)}`,
  ])('is never %j', (text) => {
    expect(returnPath(text)).toBeUndefined();
    if (text !== undefined) expect(signInPath(text)).toBe('/sign-in');
  });

  it('is on this server for a browser, whatever was given', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '..',
      '.',
      '@',
      ':',
      '?',
      '#',
      '%2f',
      '%5c',
      'admin',
      'evil.example',
      '\t',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const path = returnPath(`/${parts.join('')}`);
        if (path === undefined) return;
        const url = new URL(path, 'https://auth.example.com/sign-in');
        expect(url.origin).toBe('https://auth.example.com');
        expect(url.pathname).toMatch(/^\/(admin|developer|account)(\/|$)/);
      }),
      { numRuns: 2000 },
    );
  });

  it('goes into the address of the sign-in page as one parameter', () => {
    const path = '/admin/apps?q=a&state=disabled';
    expect(new URL(signInPath(path), 'https://auth.example.com').searchParams.get('return_to')).toBe(path);
  });
});
