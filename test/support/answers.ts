import { decodeProtectedHeader } from 'jose';
import { expect } from 'vitest';
import { type TestResponse, type TestServer, toTestResponse } from './server.ts';

export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

// RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E.
const ERROR_TEXT = /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/;

/** A request of any method, with any headers and body. */
export async function send(
  server: TestServer,
  method: string,
  url: string,
  headers: Record<string, string> = {},
  payload?: string | Buffer,
): Promise<TestResponse> {
  const response = await server.app.inject({
    method: method as 'POST',
    url,
    headers,
    ...(payload !== undefined && { payload }),
  });
  return toTestResponse(response);
}

/** `Authorization: Basic` of the two texts as they stand. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** As RFC 6749 appendix B encodes the two halves of Basic credentials. */
export function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** What every answer must have, whatever came. */
export function expectCommonHeaders(response: TestResponse): void {
  expect(response.headers['x-request-id']).toMatch(/^[\w-]+$/);
  expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(response.headers['cache-control']).toBe('no-store');
}

/** The whole of an RFC 6749 section 5.2 error: status, headers, members, characters. Returns its description. */
export function expectOAuthError(response: TestResponse, status: number, error: string): string {
  expect(response.text).not.toBe('');
  const { body } = response;
  expect({ status: response.status, error: body.error, why: body.error_description }).toEqual({
    status,
    error,
    why: expect.stringMatching(ERROR_TEXT),
  });
  expect(Object.keys(body)).toEqual(['error', 'error_description']);
  expectCommonHeaders(response);
  return body.error_description;
}

/** The whole of an error of the enveloped surface. Returns its description. */
export function expectEnvelopedError(response: TestResponse, status: number): string {
  const { body } = response;
  expect({ status: response.status, body }).toEqual({
    status,
    body: { success: false, message: { description: expect.stringMatching(ERROR_TEXT) } },
  });
  expectCommonHeaders(response);
  return body.message.description;
}

/** Status, body and all headers but those that name the request and the time: what a caller can tell answers apart by. */
export function visibleParts(response: TestResponse): unknown {
  const { 'x-request-id': _id, date: _date, ...headers } = response.headers;
  return { status: response.status, headers, text: response.text };
}

/** Header and claims of a JWT, unverified. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into claims of every type.
export function decodeToken(token: string): { header: Record<string, unknown>; claims: any } {
  return {
    header: { ...decodeProtectedHeader(token) },
    claims: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')),
  };
}
