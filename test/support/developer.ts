import { randomUUID } from 'node:crypto';
import { createDeveloperService, type DeveloperService } from '../../src/oauth/developer-service.ts';
import type { User } from '../../src/oauth/model.ts';
import type { DeveloperPolicy, UsageNumbers } from '../../src/oauth/usage-ports.ts';
import { ISSUER, type TestServer } from './server.ts';

/** A policy that leaves room, unless `changes` say otherwise. */
export async function openSelfService(server: TestServer, changes: Partial<DeveloperPolicy> = {}): Promise<void> {
  const { planName, ...policy } = changes;
  await server.dependencies.policy.update({
    enabled: true,
    maxApps: 5,
    surfaces: ['standard', 'enveloped', 'app-secret', 'connection'],
    grants: ['client_credentials', 'authorization_code', 'refresh_token'],
    scopes: ['read', 'write'],
    redirectHosts: ['app.example.com', '*.sites.example.com'],
    planName: planName ?? '',
    ...policy,
  });
}

/** Somebody new, with what they may do. */
export async function createMember(server: TestServer): Promise<{ member: User; developer: DeveloperService }> {
  const { id } = await server.createUser(`${randomUUID()}@example.com`);
  const member = await server.dependencies.users.findById(id);
  if (member === undefined) throw new Error('There must be a user.');
  return { member, developer: developerFor(server, member) };
}

export function developerFor({ dependencies }: TestServer, member: User): DeveloperService {
  const { administrations, randomSecrets } = dependencies;
  const actor = {
    kind: 'user',
    id: member.id,
    name: member.email,
    via: 'developer',
    address: '203.0.113.9',
    requestId: 'a-test',
  } as const;
  return createDeveloperService({
    member,
    services: administrations.as(actor),
    changing: (row, work) => administrations.changing(actor, row, work),
    deriveId: randomSecrets.deriveId,
    defaultApiIdentifier: ISSUER,
  });
}

/** The number of a form. */
export function newFormId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 22);
}

/** Writes what was counted, which happens by itself only now and then. */
export async function writeNumbers({ dependencies }: Pick<TestServer, 'dependencies'>): Promise<void> {
  const nobody = { kind: 'server', id: '', name: '', via: 'server', address: '', requestId: '' } as const;
  await (dependencies.administrations.as(nobody).usage as UsageNumbers).flush();
}
