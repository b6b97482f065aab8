import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AppInput } from '../../src/oauth/app-registry.ts';
import { answerOf, authorizeUrl, newPkce, openBrowser, type TestBrowser } from './browser-session.ts';
import { ISSUER, PASSWORD, type TestResponse, type TestServer } from './server.ts';

export const REDIRECT_URI = 'https://app.example.com/callback';

export interface CodeApp {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
  /** HTTP Basic of a confidential app. */
  readonly basic: readonly [string, string] | undefined;
}

/** An app that acts for people: public and the operator's own, so that nobody is asked, unless `input` says otherwise. */
export async function createCodeApp(server: TestServer, input: AppInput & { id?: string } = {}): Promise<CodeApp> {
  const { id, secret } = await server.createApp({
    grants: ['authorization_code', 'refresh_token'],
    isPublic: true,
    firstParty: true,
    redirectUris: [REDIRECT_URI],
    scopes: ['read', 'write'],
    ...input,
  });
  return {
    id,
    secret,
    redirectUri: input.redirectUris?.[0] ?? REDIRECT_URI,
    basic: secret === '' ? undefined : [id, secret],
  };
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly browser: TestBrowser;
}

/** Somebody new, signed in at a browser. */
export async function createPerson(server: TestServer): Promise<Person> {
  const { id, email } = await server.createUser(`${randomUUID()}@example.com`);
  return { id, email, browser: await signIn(server, email) };
}

/** Another browser of a person. */
export async function signIn(server: TestServer, email: string, password = PASSWORD): Promise<TestBrowser> {
  const browser = openBrowser(server);
  const page = await browser.signIn(await browser.open('/sign-in'), email, password);
  expect([page.status, page.url]).toEqual([200, '/account']);
  return browser;
}

/** The parameters of a good request. */
export function requestOf(app: CodeApp, challenge: string): Record<string, string> {
  return {
    response_type: 'code',
    client_id: app.id,
    redirect_uri: app.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
}

export interface ObtainedCode {
  readonly code: string;
  readonly verifier: string;
}

/** A code for an app that asks nobody. */
export async function obtainCode(
  app: CodeApp,
  { browser }: Pick<Person, 'browser'>,
  parameters: Record<string, string> = {},
): Promise<ObtainedCode> {
  const { verifier, challenge } = newPkce();
  const page = await browser.open(authorizeUrl({ ...requestOf(app, challenge), ...parameters }));
  const answer = answerOf(page);
  expect(answer.get('error_description')).toBeNull();
  return { code: answer.get('code') ?? '', verifier };
}

/** Redeems a code on the standard surface. */
export function redeem(
  server: TestServer,
  app: CodeApp,
  { code, verifier }: Partial<ObtainedCode>,
  parameters: Record<string, string> = {},
): Promise<TestResponse> {
  return server.postForm(
    '/oauth/token',
    {
      grant_type: 'authorization_code',
      ...(code !== undefined && { code }),
      ...(verifier !== undefined && { code_verifier: verifier }),
      ...(app.basic === undefined && { client_id: app.id }),
      ...parameters,
    },
    app.basic,
  );
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly scope: string;
}

/** The whole way: a person lets an app have tokens. */
export async function obtainTokens(
  server: TestServer,
  app: CodeApp,
  person: Pick<Person, 'browser'>,
  parameters: Record<string, string> = {},
): Promise<Tokens> {
  const response = await redeem(server, app, await obtainCode(app, person, parameters));
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response.body;
}

export function refresh(
  server: TestServer,
  app: CodeApp,
  token: string,
  parameters: Record<string, string> = {},
): Promise<TestResponse> {
  return server.postForm(
    '/oauth/token',
    {
      grant_type: 'refresh_token',
      refresh_token: token,
      ...(app.basic === undefined && { client_id: app.id }),
      ...parameters,
    },
    app.basic,
  );
}

/** Lets the default API ask about tokens. */
export async function createIntrospector(
  server: TestServer,
): Promise<(token: string) => Promise<TestResponse['body']>> {
  const { rawValue } = await server.dependencies.secrets.create({ apiIdentifier: ISSUER }, 'api-secret');
  return async (token) => {
    const response = await server.postForm('/oauth/introspect', { token }, [encodeURIComponent(ISSUER), rawValue]);
    expect(response.status).toBe(200);
    return response.body;
  };
}
