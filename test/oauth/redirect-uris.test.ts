/*
 * Which redirect URIs an app may be registered with.
 *
 * AUT-07  nothing but the loopback hosts, spelled as they are, may be http
 * AUT-08  http for the loopback interface only
 * AUT-09  no fragment; a query is kept
 * AUT-10  no scheme that a browser would run or open by itself
 * X12     private schemes have a dot, but for well-known editors
 */
import { describe, expect, it } from 'vitest';
import { assertRegistrableRedirectUri } from '../../src/oauth/redirect-uris.ts';

describe('may be registered', () => {
  it.each([
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com/callback?tenant=1&x=%20',
    'https://app.example.com:8443/callback',
    'https://claude.ai/api/mcp/auth_callback',
    'https://xn--bcher-kva.example/callback',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:33418/',
    'http://127.0.0.1',
    'http://[::1]/callback',
    'http://[::1]:8080/callback',
    'http://localhost:8787/callback',
    'http://localhost/callback?a=1',
    'http://localhost?a=1',
    'com.example.app:/callback',
    'com.example.app://callback',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vendor.extension/callback',
  ])('%s', (uri) => {
    expect(() => assertRegistrableRedirectUri(uri)).not.toThrow();
  });
});

describe('cannot be registered, and the refusal names it', () => {
  it.each([
    // No absolute URI.
    '',
    '/callback',
    '//app.example.com/callback',
    'app.example.com/callback',
    'https://',
    'https:///callback',
    'https:app.example.com/callback',
    'https:/app.example.com/callback',
    'http://localhost:99999/callback',
    // Fragments, also empty ones.
    'https://app.example.com/callback#x',
    'https://app.example.com/callback#',
    'http://127.0.0.1/callback#x',
    // http elsewhere, or on what a parser takes for the loopback interface.
    'http://app.example.com/callback',
    'http://localhost.evil.test/callback',
    'http://127.0.0.1.evil.test/callback',
    'http://evil.test/127.0.0.1',
    'http://127.0.0.2/callback',
    'http://0.0.0.0/callback',
    'http://2130706433/callback',
    'http://0x7f.1/callback',
    'http://127.1/callback',
    'http://017700000001/callback',
    'http://127.0.0.1./callback',
    'http://[::ffff:127.0.0.1]/callback',
    'http://[0:0:0:0:0:0:0:1]/callback',
    'http://LOCALHOST/callback',
    'HTTP://localhost/callback',
    'http:localhost/callback',
    'http:/localhost/callback',
    'http:///localhost/callback',
    'http://localhost:/callback',
    // Whose host is it?
    'http://127.0.0.1:80@evil.test/callback',
    'http://127.0.0.1@evil.test/callback',
    'https://user@app.example.com/callback',
    'https://user:password@app.example.com/callback',
    'https://app.example.com\\@evil.test/callback',
    'http://localhost\\.evil.test/callback',
    'https:\\\\app.example.com\\callback',
    // Wildcards, blanks, control characters, text that is not percent-encoded.
    'https://*.example.com/callback',
    'https://app.example.com/*',
    'https://app.example.com/call back',
    ' https://app.example.com/callback',
    'https://app.example.com/callback\n',
    'https://app.example.com/call\tback',
    'https://app.example.com/\0',
    'https://app.example.com/é',
    'https://bücher.example/callback',
    'https://app.example.com/\u202e',
    // Schemes that run, read or open something, or that anybody claims.
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\nscript:alert(1)',
    'javascript://app.example.com/%0aalert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'blob:https://app.example.com/x',
    'about:blank',
    'ftp://app.example.com/callback',
    'ws://localhost/callback',
    'wss://app.example.com/callback',
    'mailto:a@example.com',
    'myapp://callback',
    'urn:ietf:wg:oauth:2.0:oob',
  ])('%j', (uri) => {
    expect(() => assertRegistrableRedirectUri(uri)).toThrow(
      expect.objectContaining({ name: 'RefusedError', code: 'invalid', message: expect.stringContaining(uri) }),
    );
  });
});
