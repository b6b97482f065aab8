import { describe, expect, it } from 'vitest';
import { createAccountService } from '../../src/oauth/account-service.ts';
import type { Actor } from '../../src/oauth/audit-trail.ts';
import type { AuditEvent } from '../../src/oauth/ports.ts';
import { createTestClock } from '../support/server.ts';

const PERSON: Actor = { kind: 'user', id: 'u', name: 'ada@example.com', via: 'account', address: '', requestId: 'r' };

/** @param end what ending a family or a connection comes to */
function start(end: () => Promise<boolean>) {
  const events: AuditEvent[] = [];
  const service = createAccountService({
    families: { list: async () => [{ id: 'f', appId: 'a' }], revoke: end },
    connections: { list: async () => [{ id: 'c', appId: 'a' }], disconnect: end },
    consents: { forget: async () => undefined },
    audit: { record: (event: AuditEvent) => events.push(event) },
    clock: createTestClock(),
  } as unknown as Parameters<typeof createAccountService>[0]);
  return { events, service };
}

describe('what a person ends', () => {
  it('is written down when it was ended', async () => {
    const { events, service } = start(async () => true);
    expect([await service.disconnectApp(PERSON, 'f'), await service.disconnectConnection(PERSON, 'c')]).toEqual([
      true,
      true,
    ]);
    expect(events.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['family.revoke', 'success'],
      ['connection.end', 'success'],
    ]);
  });

  it('is not said to be ended when it was not', async () => {
    const away = start(() => Promise.reject(new Error('the database is away')));
    await expect(away.service.disconnectApp(PERSON, 'f')).rejects.toThrow();
    await expect(away.service.disconnectConnection(PERSON, 'c')).rejects.toThrow();
    const late = start(async () => false);
    await late.service.disconnectApp(PERSON, 'f');
    await late.service.disconnectConnection(PERSON, 'c');
    expect([...away.events, ...late.events]).toEqual([]);
  });
});
