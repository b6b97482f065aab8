import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/oauth/audit-trail.ts';
import { createEventTrail } from '../../src/oauth/event-trail.ts';
import type { AuditEvent } from '../../src/oauth/ports.ts';
import { createTestClock } from '../support/server.ts';

function start() {
  const clock = createTestClock();
  const entries: AuditEntry[] = [];
  const events = createEventTrail({ note: (entry) => entries.push(entry) }, clock);
  return { clock, entries, events };
}

const failure = (address: string, userId?: string, action = 'sign_in'): AuditEvent => ({
  action,
  outcome: 'failure',
  requestId: 'r',
  trail: {
    action,
    actor: { kind: 'anonymous', id: '', name: '', via: 'surface', address, requestId: 'r' },
    target: userId === undefined ? undefined : { kind: 'user', id: userId },
    details: { reason: 'wrong password' },
  },
});

describe('events on their way into the audit trail', () => {
  it('are noted one by one where they succeed, and not at all where they are for the log alone', () => {
    const { entries, events } = start();
    const success = { ...failure('a', 'u'), outcome: 'success' } as const;
    for (let index = 0; index < 5; index++) events.record(success);
    events.record({ action: 'token.issue', outcome: 'success', requestId: 'r' });
    expect(entries).toHaveLength(5);
  });

  it('that fail become two entries a minute for each account, wherever they come from', () => {
    const { clock, entries, events } = start();
    for (let index = 0; index < 500; index++) events.record(failure(`address ${index}`, 'u'));
    events.settle();
    expect(entries).toHaveLength(1);
    clock.advance(60);
    events.settle();
    expect(entries.map(({ details }) => details)).toEqual([
      { reason: 'wrong password' },
      { reason: 'wrong password', more: 499 },
    ]);
    events.settle(true);
    expect(entries).toHaveLength(2);
  });

  it('that fail for different accounts, addresses without an account, or in different ways are told apart', () => {
    const { entries, events } = start();
    events.record(failure('a', 'u'));
    events.record(failure('a', 'v'));
    events.record(failure('a'));
    events.record(failure('b'));
    events.record(failure('a', 'u', 'password.change'));
    events.record(failure('a'));
    expect(entries).toHaveLength(5);
  });

  it('that fail everywhere at once do not flood the trail or the memory, and all are counted', () => {
    const { entries, events } = start();
    for (let index = 0; index < 100_000; index++) events.record(failure(`address ${index}`));
    expect(entries).toHaveLength(1_001);
    expect(entries.at(-1)).toMatchObject({ actor: { address: '' }, target: undefined });
    events.settle(true);
    expect(entries).toHaveLength(1_002);
    expect(entries.at(-1)?.details).toEqual({ reason: 'wrong password', more: 100_000 - 1_001 });
  });

  it('are told of in time, too, when the clock was set back', () => {
    const { clock, entries, events } = start();
    for (let index = 0; index < 3; index++) events.record(failure('a', 'u'));
    clock.advance(-3600);
    events.settle();
    expect(entries.map(({ details }) => details?.more)).toEqual([undefined, 2]);
    events.record(failure('a', 'u'));
    expect(entries).toHaveLength(3);
  });

  it('are settled at the end', () => {
    const { entries, events } = start();
    for (let index = 0; index < 3; index++) events.record(failure('a'));
    events.settle(true);
    expect(entries.at(-1)?.details).toMatchObject({ more: 2 });
  });
});
