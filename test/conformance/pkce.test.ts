/**
 * Proof Key for Code Exchange (RFC 7636, OAuth 2.1 sections 4.1.1 and 4.1.3).
 *
 * | clause | tests |
 * | --- | --- |
 * | X1, X2, CODE-10 required of public apps always, of confidential ones unless switched off | who must use it |
 * | X24, CODE-11 only S256, said in so many words | the challenge |
 * | CODE-12 lengths and characters | the challenge; the verifier |
 * | X17, CODE-07, CODE-08 a missing or wrong verifier: invalid_grant | the verifier |
 * | X17, CODE-09 a verifier without a challenge: invalid_request | downgrades |
 * | CODE-13 nothing of the challenge in the code | the challenge |
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectOAuthError } from '../support/answers.ts';
import { answerOf, authorizeUrl, challengeOf, newPkce } from '../support/browser-session.ts';
import {
  type CodeApp,
  createCodeApp,
  createPerson,
  obtainCode,
  type Person,
  redeem,
  requestOf,
} from '../support/code-flow.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let person: Person;
let publicApp: CodeApp;
let confidential: CodeApp;
let optional: CodeApp;

beforeAll(async () => {
  server = await startTestServer();
  person = await createPerson(server);
  publicApp = await createCodeApp(server);
  confidential = await createCodeApp(server, { isPublic: false });
  optional = await createCodeApp(server, { isPublic: false, pkceRequired: false });
});
afterAll(() => server.close());

async function ask(app: CodeApp, parameters: Record<string, string>): Promise<URLSearchParams> {
  const url = authorizeUrl({ ...requestOf(app, newPkce().challenge), ...parameters });
  return answerOf(await person.browser.request('GET', url));
}

const none = { code_challenge: '', code_challenge_method: '' };

describe('who must use it', () => {
  it('a public app, and a confidential one unless its operator says otherwise', async () => {
    for (const app of [publicApp, confidential]) {
      const answer = await ask(app, none);
      expect(answer.get('error')).toBe('invalid_request');
      expect(answer.get('error_description')).toContain('PKCE');
      expect(answer.get('code')).toBeNull();
    }
    expect((await ask(optional, none)).get('code')).toMatch(/^cs_code_/);
  });

  it('nobody can switch it off for a public app, in any order of changes', async () => {
    await expect(createCodeApp(server, { pkceRequired: false })).rejects.toMatchObject({ code: 'invalid' });
    const { apps, secrets } = server.dependencies;
    await expect(apps.update(publicApp.id, { pkceRequired: false })).rejects.toMatchObject({ code: 'invalid' });
    const app = await createCodeApp(server, { isPublic: false, pkceRequired: false });
    for (const { id } of await secrets.list({ appId: app.id })) await secrets.delete({ appId: app.id }, id);
    await expect(apps.update(app.id, { isPublic: true })).rejects.toMatchObject({ code: 'invalid' });
    expect((await ask(publicApp, none)).get('error')).toBe('invalid_request');
  });

  it('whoever may do without may do with it, and is then held to it', async () => {
    const { code } = await obtainCode(optional, person);
    expectOAuthError(await redeem(server, optional, { code }), 400, 'invalid_grant');
  });
});

describe('the challenge', () => {
  it.each([
    ['the method plain', { code_challenge_method: 'plain' }],
    ['no method, which means plain', { code_challenge_method: '' }],
    ['a method that does not exist', { code_challenge_method: 'S512' }],
    ['the method in lower case', { code_challenge_method: 's256' }],
    ['a method without a challenge', { code_challenge: '' }],
    ['42 characters', { code_challenge: 'a'.repeat(42) }],
    ['44 characters', { code_challenge: 'a'.repeat(44) }],
    ['128 characters', { code_challenge: 'a'.repeat(128) }],
    ['padding', { code_challenge: `${'a'.repeat(43)}=` }],
    ['a plus', { code_challenge: `${'a'.repeat(42)}+` }],
    ['a slash', { code_challenge: `${'a'.repeat(42)}/` }],
    ['a line end', { code_challenge: `${'a'.repeat(43)}\n` }],
  ])(
    'with %s is refused: invalid_request, from public and confidential apps and where it is optional',
    async (_name, parameters) => {
      for (const app of [publicApp, confidential, optional]) {
        expect((await ask(app, parameters)).get('error')).toBe('invalid_request');
      }
    },
  );

  it('leaves no trace in the code', async () => {
    const challenge = newPkce().challenge;
    const code = (await ask(publicApp, { code_challenge: challenge })).get('code') ?? '';
    expect(code).not.toContain(challenge);
    expect(code).not.toContain(challenge.slice(0, 12));
  });
});

describe('the verifier', () => {
  it.each([43, 64, 128])('of %i characters is taken, with every character there may be', async (length) => {
    const verifier = '-._~AZaz09'.repeat(13).slice(0, length);
    const code = (await ask(publicApp, { code_challenge: challengeOf(verifier) })).get('code') ?? '';
    expect((await redeem(server, publicApp, { code, verifier })).status).toBe(200);
  });

  it.each([
    ['too short', 'a'.repeat(42)],
    ['too long', 'a'.repeat(129)],
    ['padded', `${'a'.repeat(43)}=`],
    ['with a plus', `${'a'.repeat(43)}+`],
    ['with a space', `${'a'.repeat(43)} `],
    ['with an accent', `${'a'.repeat(43)}é`],
  ])('that is %s is refused, though its hash is the challenge', async (_name, verifier) => {
    const code = (await ask(publicApp, { code_challenge: challengeOf(verifier) })).get('code') ?? '';
    expectOAuthError(await redeem(server, publicApp, { code, verifier }), 400, 'invalid_grant');
  });

  it('that is wrong or missing is invalid_grant, and the right one works afterwards', async () => {
    for (const app of [publicApp, confidential]) {
      const { code, verifier } = await obtainCode(app, person);
      expectOAuthError(await redeem(server, app, { code }), 400, 'invalid_grant');
      expectOAuthError(await redeem(server, app, { code, verifier: '' }), 400, 'invalid_grant');
      expectOAuthError(await redeem(server, app, { code, verifier: newPkce().verifier }), 400, 'invalid_grant');
      expectOAuthError(await redeem(server, app, { code, verifier: challengeOf(verifier) }), 400, 'invalid_grant');
      expectOAuthError(await redeem(server, app, { code, verifier: `${verifier}a` }), 400, 'invalid_grant');
      expect((await redeem(server, app, { code, verifier })).status).toBe(200);
    }
  });

  it('that is the challenge itself is refused: nothing is ever plain', async () => {
    const { challenge } = newPkce();
    const code = (await ask(publicApp, { code_challenge: challenge })).get('code') ?? '';
    expectOAuthError(await redeem(server, publicApp, { code, verifier: challenge }), 400, 'invalid_grant');
  });
});

describe('downgrades', () => {
  it('a verifier for a code without a challenge is invalid_request, and does not burn the code', async () => {
    const code = (await ask(optional, none)).get('code') ?? '';
    const { redirectUri: redirect_uri } = optional;
    const { verifier } = newPkce();
    expectOAuthError(await redeem(server, optional, { code, verifier }, { redirect_uri }), 400, 'invalid_request');
    expect((await redeem(server, optional, { code }, { redirect_uri })).status).toBe(200);
  });

  it('without a challenge the redirect URI must be sent, and be the right one', async () => {
    const code = (await ask(optional, none)).get('code') ?? '';
    expectOAuthError(await redeem(server, optional, { code }), 400, 'invalid_grant');
    expectOAuthError(
      await redeem(server, optional, { code }, { redirect_uri: 'https://evil.test/' }),
      400,
      'invalid_grant',
    );
    expect((await redeem(server, optional, { code }, { redirect_uri: optional.redirectUri })).status).toBe(200);
  });

  it('a code without a challenge is worth nothing to another app that has its own', async () => {
    const code = (await ask(optional, none)).get('code') ?? '';
    expectOAuthError(await redeem(server, confidential, { code, verifier: newPkce().verifier }), 400, 'invalid_grant');
  });
});
