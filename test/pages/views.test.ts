import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Brand } from '../../src/http/page-contract.ts';
import { assets } from '../../src/pages/assets/brand-assets.ts';
import { brandStylesheet } from '../../src/pages/assets/brand-stylesheet.ts';
import { contrast } from '../../src/pages/assets/colour.ts';
import { accountPage } from '../../src/pages/views/account.tsx';
import { issuedApiKeyPage, newApiKeyPage } from '../../src/pages/views/api-key.tsx';
import { consentPage } from '../../src/pages/views/consent.tsx';
import {
  embeddedCodePage,
  errorPage,
  formPostPage,
  messagePage,
  signedOutPage,
} from '../../src/pages/views/messages.tsx';
import { signInPage } from '../../src/pages/views/sign-in.tsx';
import { readUserAgent } from '../../src/pages/views/user-agent.ts';
import { developerViews } from './support/sample-developer-views.ts';
import { panelViews } from './support/sample-panel-views.ts';
import { BRAND, sampleViews } from './support/sample-views.ts';

const views = [...sampleViews()];

/** The values of the inputs and buttons with this name. */
const valuesOf = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`<(?:input|button)[^>]* name="${name}"[^>]*>`, 'g'))].map(
    ([tag]) => / value="([^"]*)"/.exec(tag)?.[1] ?? '',
  );

const hasElement = (html: string, tag: string, ...attributes: string[]): boolean =>
  [...html.matchAll(new RegExp(`<${tag}\\b[^>]*>`, 'g'))].some(([found]) =>
    attributes.every((attribute) => found.includes(` ${attribute}`)),
  );

const form = (html: string, action: string): string =>
  new RegExp(`<form method="post" action="${action}"[^>]*>.*?</form>`, 's').exec(html)?.[0] ?? '';

describe('every view', () => {
  it.each(views)('%s is a whole document that says its language, title and size', (_name, html) => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr"><head><meta charset="utf-8"\s?\/?>/);
    expect(html).toMatch(/<title>(Error: )?[^<]+ · Northwind<\/title>/);
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1"');
    expect(html).toContain('<meta name="robots" content="noindex"');
    expect(html).toContain('<meta name="referrer" content="no-referrer"');
    expect(html.match(/<h1/g)).toHaveLength(1);
    expect(html.match(/<main>/g)).toHaveLength(1);
  });

  it.each(views)('%s has nothing that its content security policy would block', (_name, html) => {
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<iframe|<base/i);
    for (const [, attributes, body] of html.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)) {
      expect(attributes).toMatch(/^ src="\/assets\/(enhance|form-post)\.[\w-]{12}\.js" defer$/);
      expect(body).toBe('');
    }
    // Nothing but what is below our own root, or on the page itself.
    expect(html).not.toMatch(/(?:src|href)="(?![/#])|(?:src|href)="\/\//);
  });

  it.each(views)('%s links to assets that exist', (_name, html) => {
    const served = assets(BRAND);
    const linked = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(linked.length).toBeGreaterThanOrEqual(3);
    for (const path of linked) expect(served.has(path), path).toBe(true);
  });

  it.each(views)('%s has no id twice and a label for every input', (_name, html) => {
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const [tag] of html.matchAll(/<(?:input|textarea)[^>]*>/g)) {
      if (/type="hidden"|\shidden/.test(tag)) continue;
      expect(html).toContain(`<label for="${/ id="([^"]+)"/.exec(tag)?.[1]}">`);
    }
  });
});

describe('what others have chosen', () => {
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`;
  const brand: Brand = { ...BRAND, name: hostile };
  const date = new Date('2026-11-23T04:20:00Z');
  const session = {
    id: hostile,
    current: false,
    address: hostile,
    userAgent: hostile,
    createdAt: date,
    lastSeenAt: date,
  };
  const app = { appName: hostile, scopes: [hostile], createdAt: date, lastUsedAt: date };
  const scopes = [
    { name: hostile, description: hostile },
    { name: `${hostile}2`, description: undefined },
  ];
  const target = { value: hostile, apiName: hostile, apiIdentifier: hostile, appName: hostile, scopes };
  const newApiKey = {
    brand,
    csrfToken: hostile,
    formId: hostile,
    targets: [target],
    entered: { label: hostile, target: hostile, scopes: [hostile], expiry: '90' as const },
  };
  const apiKey = {
    id: hostile,
    label: hostile,
    lastFour: hostile,
    apiName: hostile,
    appName: hostile,
    scopes,
    createdAt: date,
    lastUsedAt: date,
    expiresAt: date,
    expired: true,
  };
  const consent = {
    brand,
    csrfToken: hostile,
    flow: hostile,
    appName: hostile,
    appId: hostile,
    redirectHost: hostile,
    userEmail: hostile,
    scopes: [
      { name: hostile, description: hostile, isNew: true },
      { name: `${hostile}2`, description: undefined, isNew: false },
    ],
    neverExpires: true,
  };
  const pages: readonly (readonly [string, string])[] = [
    [
      'sign-in',
      signInPage({ brand, csrfToken: hostile, flow: hostile, email: hostile, failure: 'wrong', appName: hostile }),
    ],
    ...(['https', 'loopback', 'private-scheme', 'embedded'] as const).map(
      (kind) => [`consent ${kind}`, consentPage({ ...consent, kind })] as const,
    ),
    ['error', errorPage({ brand, title: hostile, problem: hostile, advice: hostile, requestId: hostile, status: 400 })],
    ['message', messagePage({ brand, title: hostile, message: hostile, link: { path: '/account', text: hostile } })],
    ['signed out', signedOutPage({ brand })],
    ['a new API key', newApiKeyPage(newApiKey)],
    [
      'a new API key of several kinds',
      newApiKeyPage({ ...newApiKey, targets: [target, { ...target, value: 'b', appName: undefined, scopes: [] }] }),
    ],
    ['an issued API key', issuedApiKeyPage({ brand, label: hostile, rawValue: hostile })],
    ['form_post', formPostPage({ brand, action: `https://a.example/?${hostile}`, parameters: { [hostile]: hostile } })],
    ['embedded code', embeddedCodePage({ brand, code: hostile, appName: hostile })],
    [
      'account',
      accountPage({
        brand,
        csrfToken: hostile,
        user: { name: hostile, email: hostile },
        sessions: [session, { ...session, id: `${hostile}2`, current: true }],
        apps: [{ ...app, familyId: hostile }],
        connections: [{ ...app, id: hostile }],
        apiKeys: [apiKey, { ...apiKey, id: `${hostile}2`, appName: undefined, expired: false }],
        mayMakeApiKeys: true,
      }),
    ],
    ...panelViews(brand, { hostile }),
    ...developerViews(brand, { hostile }),
  ];

  it.each(pages)('is text and never markup in %s', (_name, html) => {
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<img');
    // Every quote of the name inside of an attribute is escaped: no attribute ends early.
    for (const [tag] of html.matchAll(/<[a-z][^>]*>/g)) expect(tag).not.toMatch(/\sonerror|\ssrc=x/);
    expect(html).toContain('&lt;script>alert(1)&lt;/script>&quot;');
  });

  it('cannot turn the direction of text or hide in it', () => {
    const html = consentPage({ ...consent, brand: BRAND, kind: 'https', appName: 'Safe\u202Eparc\u200B\u2066 app' });
    expect(html).toContain('<h1>Allow Safeparc app to do more?</h1>');
    expect(html).not.toMatch(/[\u202e\u200b\u2066]/);
  });

  it('cannot end the icon early', () => {
    const icon = assets({ ...BRAND, name: '<b>' });
    const svg = [...icon].find(([path]) => path.startsWith('/assets/icon.'))?.[1].body;
    expect(svg).toContain('>&#60;</text>');
  });
});

describe('the forms', () => {
  it('sign-in has the names and ids that password managers and scripts rely on', () => {
    const html = form(signInPage({ brand: BRAND, csrfToken: 'C', flow: 'F', email: 'ada@example.com' }), '/sign-in');
    expect(valuesOf(html, 'flow')).toEqual(['F']);
    expect(valuesOf(html, 'csrf_token')).toEqual(['C']);
    expect(valuesOf(html, 'email')).toEqual(['ada@example.com']);
    expect(hasElement(html, 'input', 'id="email"', 'autocomplete="username"', 'required')).toBe(true);
    expect(hasElement(html, 'input', 'id="password"', 'name="password"', 'type="password"', 'autofocus')).toBe(true);
    expect(hasElement(html, 'input', 'id="password"', 'autocomplete="current-password"')).toBe(true);
    expect(hasElement(html, 'button', 'type="submit"', 'id="sign-in"')).toBe(true);
  });

  it('sign-in has no flow when there is nothing to go on with', () => {
    const html = signInPage({ brand: BRAND, csrfToken: 'C', flow: undefined, email: undefined });
    expect(valuesOf(html, 'flow')).toEqual([]);
  });

  it.each([
    ['wrong', undefined, 'is not right'],
    ['too_many', 840, 'Try again in 14 minutes.'],
    ['too_many', undefined, 'Try again later.'],
    ['busy', 2, 'Try again in 2 seconds.'],
  ] as const)('sign-in says what failed (%s, %s)', (failure, retryAfterSeconds, words) => {
    const html = signInPage({
      brand: BRAND,
      csrfToken: 'C',
      flow: 'F',
      email: 'ada@example.com',
      failure,
      retryAfterSeconds,
    });
    expect(html).toMatch(new RegExp(`role="alert" id="sign-in-failure".*${words}`));
    expect(hasElement(html, 'input', 'id="password"', 'aria-describedby="sign-in-failure"')).toBe(true);
  });

  it('consent has both decisions, what it is about, and a way to another account', () => {
    const html = sampleViews().get('consent') ?? '';
    const decision = form(html, '/consent');
    expect(valuesOf(decision, 'decision')).toEqual(['deny', 'allow']);
    expect(valuesOf(decision, 'flow')).toEqual(['flow-0123456789']);
    expect(valuesOf(decision, 'csrf_token')).toEqual(['csrf-0123456789']);
    expect(hasElement(decision, 'button', 'id="allow"', 'value="allow"')).toBe(true);
    expect(hasElement(decision, 'button', 'id="deny"', 'value="deny"')).toBe(true);
    expect(html).toContain('app.fieldnotes.example');
    expect(html).toContain('See your projects and who works on them');
    expect(html).toContain('Use the permission “offline_access”');
    const other = form(html, '/sign-out');
    expect(valuesOf(other, 'flow')).toEqual(['flow-0123456789']);
    expect(valuesOf(other, 'csrf_token')).toEqual(['csrf-0123456789']);
  });

  it.each([
    ['consent-loopback', /role="note".*An app on this computer asks\. Continue only if you started it just now\./],
    ['consent-private-scheme', /role="note".*another app could pretend to be it/],
    ['consent-embedded', /role="note".*You will be shown a code.*role="note".*may not end by itself/],
    ['consent-more', /do more\?.*archive projects for you.*New<\/strong>/],
  ])('%s warns of what there is to know', (name, words) => {
    expect(sampleViews().get(name)).toMatch(words);
    expect(sampleViews().get('consent')).not.toMatch(/role="note"/);
  });

  it('consent names the loopback address beside the words', () => {
    const html = consentPage({
      brand: BRAND,
      csrfToken: 'C',
      flow: 'F',
      appName: 'Cursor',
      appId: 'cursor',
      kind: 'loopback',
      redirectHost: '127.0.0.1:51000',
      userEmail: 'ada@example.com',
      scopes: [],
      neverExpires: false,
    });
    expect(html).toContain('<strong>this computer</strong> <code>127.0.0.1:51000</code>');
  });

  it('account has a form with a token for everything that can be done', () => {
    const html = sampleViews().get('account') ?? '';
    expect(html.match(/<form/g)).toHaveLength(valuesOf(html, 'csrf_token').length);
    for (const name of ['current_password', 'new_password', 'new_password_again']) {
      expect(hasElement(form(html, '/account/password'), 'input', `id="${name}"`, `name="${name}"`)).toBe(true);
    }
    expect(valuesOf(html, 'session_id')).toEqual(['session-2', 'session-3']);
    expect(valuesOf(html, 'family_id')).toEqual(['family-1', 'family-2']);
    expect(valuesOf(html, 'connection_id')).toEqual(['connection-1']);
    expect(valuesOf(html, 'api_key_id')).toEqual(['key-1', 'key-2']);
    expect(form(html, '/account/sessions/end-others')).not.toBe('');
    expect(form(html, '/sign-out')).not.toBe('');
    expect(html).toContain('<time datetime="2026-11-23T04:20:00.000Z">23 Nov 2026, 04:20 UTC</time>');
  });

  it('account says at the field what is wrong with a password', () => {
    const html = sampleViews().get('account-failure') ?? '';
    expect(html).toMatch(/role="alert" id="password-failure".*not the same/);
    expect(hasElement(html, 'input', 'id="new_password_again"', 'autofocus', 'aria-invalid')).toBe(true);
    expect(hasElement(html, 'input', 'id="current_password"', 'autofocus')).toBe(false);
    expect(form(html, '/account/sessions/end-others')).not.toBe('');
  });
});

describe('the assets', () => {
  const colours = fc
    .array(fc.integer({ min: 0, max: 255 }), { minLength: 3, maxLength: 3 })
    .map((parts) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`);

  it('make every colour readable, in light and in dark mode', () => {
    fc.assert(
      fc.property(colours, (colour) => {
        const modes = brandStylesheet(colour).split('@media');
        expect(modes).toHaveLength(2);
        for (const mode of modes) {
          const of = (name: string): string => new RegExp(`--${name}:(#[0-9a-f]{6})`).exec(mode)?.[1] ?? '';
          expect(contrast(of('on-accent'), of('accent'))).toBeGreaterThanOrEqual(4.5);
          expect(contrast(of('on-accent'), of('accent-hover'))).toBeGreaterThanOrEqual(4.5);
          for (const ground of ['ground', 'surface', 'accent-tint']) {
            expect(contrast(of('accent-ink'), of(ground))).toBeGreaterThanOrEqual(4.5);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('change their names with their content, and only then', () => {
    const paths = (brand: Brand) => [...assets(brand).keys()];
    expect(paths({ ...BRAND })).toEqual(paths(BRAND));
    const other = paths({ ...BRAND, colour: '#0b7285' });
    expect(other.filter((path) => !paths(BRAND).includes(path)).map((path) => path.split('.')[0])).toEqual([
      '/assets/brand',
      '/assets/icon',
    ]);
  });

  it('include the logo of the operator, who is named by it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-logo-'));
    try {
      const logoPath = join(folder, 'logo.svg');
      await writeFile(logoPath, '<svg xmlns="http://www.w3.org/2000/svg"/>');
      const brand: Brand = { ...BRAND, logoPath };
      const [path, logo] = [...assets(brand)].find(([name]) => name.startsWith('/assets/logo.')) ?? [];
      expect(logo?.contentType).toBe('image/svg+xml');
      expect(signedOutPage({ brand })).toContain(`<img src="${path}" alt="Northwind"`);
      expect(() => assets({ ...BRAND, logoPath: join(folder, 'logo.exe') })).toThrow(/must be one of/);
      expect(() => assets({ ...BRAND, logoPath: join(folder, 'away.png') })).toThrow(/ENOENT/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuse a colour that is none', () => {
    expect(() => assets({ ...BRAND, colour: 'red;}body{display:none' })).toThrow(/#rrggbb/);
  });
});

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0', 'Firefox', 'Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36 Edg/147.0.0.0',
    'Edge',
    'Windows',
  ],
  [
    'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Mobile Safari/537.36',
    'Chrome',
    'Android',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
    'Safari',
    'macOS',
  ],
  ['curl/8.11.0', undefined, undefined],
])('reads %s as %s on %s', (userAgent, browser, system) => {
  expect(readUserAgent(userAgent)).toEqual({ browser, system });
});
