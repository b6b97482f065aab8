import type { KeyRing } from './crypto/key-ring.ts';
import type { LockedRow } from './http/operation.ts';
import type { Administration, Registries } from './oauth/administration.ts';
import type { Actor, AuditEntry } from './oauth/audit-trail.ts';
import { auditAuthorizations, auditRegistries } from './oauth/audited.ts';
import type { SessionStore } from './oauth/authorization-ports.ts';
import type { Inventory } from './oauth/inventory.ts';
import type { AuditedForms } from './oauth/noting.ts';
import type { Clock } from './oauth/ports.ts';
import type { TokenInspection } from './oauth/token-inspection.ts';
import { keepingAnAdministrator } from './oauth/user-registry.ts';
import type { Records } from './records.ts';
import { apiJson } from './representations/api.ts';
import { appJson } from './representations/app.ts';
import { developerPolicyJson } from './representations/developer-policy.ts';
import { planJson } from './representations/plan.ts';
import { roleJson } from './representations/role.ts';
import { userJson } from './representations/user.ts';
import { type Database, guarding } from './storage/database.ts';
import { createInventory } from './storage/inventory.ts';
import { lockRow } from './storage/locked-row.ts';
import type { Stores } from './stores.ts';

/** How things stand in the audit trail: as everywhere else. */
const AUDITED_FORMS: AuditedForms = {
  user: userJson,
  app: (app) => appJson(app, app.ownerId ?? null),
  api: apiJson,
  role: roleJson,
  plan: planJson,
  policy: developerPolicyJson,
};

/** Who administers, and how: as somebody, and in one transaction where it must be. */
export interface Administrations {
  as(actor: Actor): Administration;
  /** Changes what hangs on one row while nobody else does: all of it or, when `work` throws, nothing. */
  changing<T>(actor: Actor, row: LockedRow, work: (administration: Administration) => Promise<T>): Promise<T>;
  /** The registries alone, for whoever may do anything. */
  registriesAs(actor: Actor): Registries;
  /** Makes any number of changes in one transaction: all of them or, when `work` throws, none. */
  together<T>(actor: Actor, work: (registries: Registries) => Promise<T>): Promise<T>;
  /** Reads everything as of one moment, however much it is. */
  snapshot<T>(work: (registries: Registries, inventory: Inventory) => Promise<T>): Promise<T>;
}

interface Parts {
  readonly database: Database;
  readonly registries: Registries;
  /** The same on a transaction. */
  readonly registriesOn: (client: Database) => Registries;
  readonly stores: Pick<Stores, 'families' | 'connections' | 'directory'> & { readonly sessions: SessionStore };
  readonly keyRing: KeyRing;
  readonly inspection: TokenInspection;
  readonly clock: Clock;
  readonly records: Records;
  /** Resolves when this replica has heard of what was committed. */
  readonly settled: () => Promise<void>;
}

const TRANSACTION_TIMEOUT_MS = 10_000;
const LONG_TRANSACTION_TIMEOUT_MS = 600_000;

type Note = (entry: AuditEntry) => void;

export function createAdministrations(parts: Parts): Administrations {
  const { database, registries, registriesOn, stores, keyRing, inspection, records, clock, settled } = parts;
  const { families, connections, sessions, directory } = stores;
  const { note } = records.trail;

  const on = (registries: Registries, actor: Actor, noteChange: Note): Administration => ({
    ...auditRegistries(
      {
        ...registries,
        // At the command line somebody can always make another administrator.
        users: actor.via === 'cli' ? registries.users : keepingAnAdministrator(registries.users),
      },
      { actor, note: noteChange, forms: AUDITED_FORMS },
    ),
    ...auditAuthorizations(
      {
        families: { revoke: (id) => families.revokeWithConsent(id, 'revoked_by_operator', clock.nowSeconds()) },
        connections: { disconnect: connections.disconnectWithConsent },
        sessions,
        keys: keyRing,
      },
      // Past the transaction, if there is one: what is ended stays so.
      { actor, note },
    ),
    directory,
    inspection,
    trail: records.trail,
    usage: records.usage,
    failures: records.failures,
  });

  return {
    as: (actor) => on(registries, actor, note),

    async changing(actor, row, work) {
      const result = await whenCommitted(note, (noteLater) =>
        guarding(() =>
          database.$transaction(
            async (transaction) => {
              await lockRow(transaction as Database, row);
              return work(on(registriesOn(transaction as Database), actor, noteLater));
            },
            { maxWait: TRANSACTION_TIMEOUT_MS, timeout: TRANSACTION_TIMEOUT_MS },
          ),
        ),
      );
      await settled();
      return result;
    },

    registriesAs: (actor) => auditRegistries(registries, { actor, note, forms: AUDITED_FORMS }),

    together: (actor, work) =>
      whenCommitted(note, (noteLater) =>
        database.$transaction(
          (transaction) =>
            work(
              auditRegistries(registriesOn(transaction as Database), { actor, note: noteLater, forms: AUDITED_FORMS }),
            ),
          { maxWait: LONG_TRANSACTION_TIMEOUT_MS, timeout: LONG_TRANSACTION_TIMEOUT_MS },
        ),
      ),

    snapshot: (work) =>
      database.$transaction(
        (transaction) => work(registriesOn(transaction as Database), createInventory(transaction as Database)),
        {
          isolationLevel: 'RepeatableRead',
          maxWait: LONG_TRANSACTION_TIMEOUT_MS,
          timeout: LONG_TRANSACTION_TIMEOUT_MS,
        },
      ),
  };
}

/** Notes what a transaction has changed when that holds; of one that came to nothing only what it failed by. */
async function whenCommitted<T>(note: Note, transaction: (noteLater: Note) => Promise<T>): Promise<T> {
  const entries: AuditEntry[] = [];
  try {
    const result = await transaction((entry) => entries.push(entry));
    entries.forEach(note);
    return result;
  } catch (error) {
    entries.filter(({ outcome }) => outcome === 'failure').forEach(note);
    throw error;
  }
}
