/* CLI-12, where a test from outside would have to measure times. */
import { describe, expect, it, vi } from 'vitest';
import { createSecrets } from '../../src/crypto/secrets.ts';
import { createAppAuthentication, findMatchingSecret } from '../../src/oauth/app-authentication.ts';
import type { App, Secret } from '../../src/oauth/model.ts';

const NOW = 1_800_000_000;
const real = createSecrets('a master key for tests, of 32 characters or more');
const stored = (id: string, rawValue: string, expiresAt?: number): Secret => ({
  id,
  generation: 1,
  label: '',
  hash: real.hash(rawValue),
  lastFour: '',
  createdAt: NOW,
  expiresAt,
  lastUsedAt: undefined,
});

describe('comparing secrets', () => {
  it('looks at every stored one, whichever fits, so that time does not tell which', () => {
    const all = ['one', 'two', 'three', 'four'].map((value) => stored(value, value));
    for (const presented of ['one', 'four', 'none']) {
      const equal = vi.fn(real.equal);
      const found = findMatchingSecret(all, presented, { ...real, equal }, NOW);
      expect(found?.id).toBe(presented === 'none' ? undefined : presented);
      expect(equal).toHaveBeenCalledTimes(4);
    }
  });

  it('takes a secret up to the second before its expiry', () => {
    const secrets = [stored('a', 'value', NOW)];
    expect(findMatchingSecret(secrets, 'value', real, NOW - 1)?.id).toBe('a');
    expect(findMatchingSecret(secrets, 'value', real, NOW)).toBeUndefined();
  });

  it('compares hashes of one length in constant time, and of other lengths not at all', () => {
    expect(real.equal(new Uint8Array(32), new Uint8Array(32))).toBe(true);
    expect(real.equal(new Uint8Array(32), new Uint8Array(31))).toBe(false);
    expect(real.equal(new Uint8Array(), new Uint8Array(32))).toBe(false);
  });
});

describe('an unknown app', () => {
  it('costs as many hashes as a known one, and throws the same', async () => {
    const known = { id: 'known', isPublic: false, secrets: [stored('a', 'right')] } as unknown as App;
    const hash = vi.fn(real.hash);
    const authentication = createAppAuthentication({
      lookups: { findApp: (id) => (id === 'known' ? known : undefined), findUser: () => undefined },
      secrets: { ...real, hash },
      audit: { secretUsed: () => undefined },
      clock: { nowSeconds: () => NOW, now: () => new Date(NOW * 1000) },
    });
    const attempt = async (appId: string) => {
      hash.mockClear();
      const error = await authentication
        .authenticate({ method: 'secret', candidates: [{ appId, rawSecret: 'wrong' }] })
        .catch((thrown) => thrown);
      return { hashes: hash.mock.calls.length, code: error.code, description: error.description };
    };
    expect(await attempt('unknown')).toEqual(await attempt('known'));
    expect((await attempt('unknown')).hashes).toBe(1);
  });
});
