import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessTokenExpiry, DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/oauth/lifetimes.ts';

type App = Parameters<typeof accessTokenExpiry>[0];

const NOW = 1_800_000_000;
const app = (settings: Partial<App> = {}, ofApi?: number): App =>
  ({ allowLifetimeExtension: false, api: { accessTokenLifetimeSeconds: ofApi }, ...settings }) as App;
const lives = (of: App, surface?: number, requested?: number): number =>
  accessTokenExpiry(of, surface, requested === undefined ? undefined : NOW + requested, NOW) - NOW;

describe('an access token lives', () => {
  it('as long as the app says, else the surface, else the API, else a quarter of an hour', () => {
    expect(lives(app({ accessTokenLifetimeSeconds: 1 }, 3), 2)).toBe(1);
    expect(lives(app({}, 3), 2)).toBe(2);
    expect(lives(app({}, 3))).toBe(3);
    expect(lives(app())).toBe(DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS);
    expect(DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS).toBe(900);
  });
});

describe('a chosen expiry', () => {
  const refused = (code: string, text: RegExp) =>
    expect.objectContaining({ code, description: expect.stringMatching(text) });

  it('is granted exactly, refused with a reason, or was never in the future', () => {
    const settings = fc.record({
      accessTokenLifetimeSeconds: fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined }),
      allowLifetimeExtension: fc.boolean(),
      maxTokenLifetimeSeconds: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(settings, fc.integer({ min: -10, max: 30_000 }), (given, requested) => {
        const lifetime = given.accessTokenLifetimeSeconds ?? 3600;
        const longest = given.allowLifetimeExtension
          ? Math.max(lifetime, given.maxTokenLifetimeSeconds ?? Number.POSITIVE_INFINITY)
          : lifetime;
        const call = () => lives(app(given), 3600, requested);
        if (requested <= 0) expect(call).toThrow(refused('invalid_request', /future/));
        else if (requested <= longest) expect(call()).toBe(requested);
        else expect(call).toThrow(refused('access_denied', /allow_lifetime_extension|max_token_lifetime/));
      }),
    );
  });

  it('that is too late names the setting that is in the way', () => {
    expect(() => lives(app(), 3600, 3601)).toThrow(refused('access_denied', /Allow token lifetime extension/));
    const capped = app({ allowLifetimeExtension: true, maxTokenLifetimeSeconds: 4000 });
    expect(() => lives(capped, 3600, 4001)).toThrow(refused('access_denied', /4000.*max_token_lifetime/));
    const both = app({ maxTokenLifetimeSeconds: 4000 });
    expect(() => lives(both, 3600, 3601)).toThrow(refused('access_denied', /Allow token lifetime extension/));
  });
});
