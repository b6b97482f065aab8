/** What is remembered of inspections, and for how long. That the server is right with it is verify-robustness.test.ts's. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createInspectionMemo } from '../../src/crypto/inspection-memo.ts';
import { rememberInspections } from '../../src/oauth/inspection-memory.ts';
import type { AccessTokenClaims, IssuedUnder } from '../../src/oauth/model.ts';
import type { TokenStatus } from '../../src/oauth/ports.ts';

const NOW = 1_000_000;

let now: number;
let generation: number | undefined;
let status: TokenStatus;
let inspected: string[];
let duringInspection: () => void;
let uses: string[];
let inspect: ReturnType<typeof rememberInspections>;

const live = (expiresAt: number | undefined, issuedUnder: IssuedUnder): TokenStatus => {
  const claims: AccessTokenClaims = {
    issuer: 'i',
    audience: 'a',
    subject: 's',
    appId: undefined,
    tokenId: 't',
    issuedAt: NOW,
    expiresAt,
    scope: undefined,
    issuedUnder,
  };
  return { live: true, claims, app: undefined };
};

beforeEach(() => {
  now = NOW;
  generation = 7;
  status = live(NOW + 10, { kind: 'family', familyId: 'f' });
  inspected = [];
  uses = [];
  duringInspection = () => undefined;
  inspect = rememberInspections(
    async (token) => {
      inspected.push(token);
      const found = status;
      duringInspection();
      return found;
    },
    {
      memo: createInspectionMemo(),
      lookups: { generation: () => generation },
      audit: {
        connectionUsed: (id, at) => uses.push(`${id} ${at}`),
        apiKeyUsed: (id, at) => uses.push(`${id} ${at}`),
      },
      clock: { nowSeconds: () => now, now: () => new Date(now * 1000) },
    },
  );
});

describe('a live token', () => {
  it('is inspected once, and known at once from then on', async () => {
    expect(await inspect('x')).toBe(status);
    expect(inspect('x')).toBe(status);
    expect(inspect('x')).toBe(status);
    expect(inspected).toEqual(['x']);
    await inspect('y');
    expect(inspected).toEqual(['x', 'y']);
  });

  it('is inspected anew when anything has changed since', async () => {
    await inspect('x');
    generation = 8;
    status = { live: false, reason: 'it was revoked', claims: undefined };
    expect(await inspect('x')).toBe(status);
  });

  it('is inspected anew when anything changed while it was inspected', async () => {
    duringInspection = () => {
      generation = 8;
      status = { live: false, reason: 'it was revoked', claims: undefined };
    };
    expect((await inspect('x')).live).toBe(true);
    expect((await inspect('x')).live).toBe(false);
  });

  it('is inspected each time while memory is not trusted, and what was found then is not kept', async () => {
    generation = undefined;
    for (let i = 0; i < 3; i++) await inspect('x');
    generation = 7;
    await inspect('x');
    generation = undefined;
    await inspect('x');
    expect(inspected).toHaveLength(5);
  });

  it('is inspected anew from the second of its expiry on', async () => {
    await inspect('x');
    now = NOW + 9;
    expect(inspect('x')).toBe(status);
    now = NOW + 10;
    await inspect('x');
    expect(inspected).toHaveLength(2);
  });

  it.each<[string, IssuedUnder]>([
    ['con_1', { kind: 'connection', connectionId: 'con_1' }],
    ['key_1', { kind: 'api-key', apiKeyId: 'key_1' }],
  ])('without an end stays known, and each use is noted: %s', async (id, issuedUnder) => {
    status = live(undefined, issuedUnder);
    await inspect('x');
    uses = [];
    now = NOW + 1_000_000;
    expect(inspect('x')).toBe(status);
    expect(uses).toEqual([`${id} ${now}`]);
    expect(inspected).toHaveLength(1);
  });
});

it('remembers nothing of a token that is not live', async () => {
  status = { live: false, reason: 'it is no token of this server', claims: undefined };
  await inspect('x');
  await inspect('x');
  expect(inspected).toHaveLength(2);
});

it('remembers the twenty thousand tokens that came last, and no more', async () => {
  for (let i = 0; i <= 20_000; i++) await inspect(String(i));
  await inspect('20000');
  expect(inspected).toHaveLength(20_001);
  await inspect('0');
  expect(inspected).toHaveLength(20_002);
});
