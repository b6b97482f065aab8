import { RefusedError } from '../oauth/errors.ts';
import type { UserStore } from '../oauth/registry-ports.ts';
import { type Database, inTransaction, isDuplicate } from './database.ts';
import { toUser } from './rows.ts';

// Any number that nothing else in the database uses.
const ADMINISTRATORS_LOCK = 7_201_414;

/** People in PostgreSQL. Triggers end their families when a password changes or an account is disabled. */
export function createUserStore(database: Database): UserStore {
  /** Changes somebody who must not be the last administrator. */
  const besidesAnother = (id: string, change: (client: Database) => Promise<unknown>): Promise<void> =>
    inTransaction(database, async (client) => {
      await assertAnotherAdministrator(client, id);
      await change(client);
    });

  return {
    async findById(id) {
      const row = await database.user.findUnique({ where: { id } });
      return row === null ? undefined : toUser(row);
    },

    async findByEmail(emailKey) {
      const row = await database.user.findUnique({ where: { emailKey } });
      return row === null ? undefined : toUser(row);
    },

    async list() {
      const rows = await database.user.findMany({ orderBy: { emailKey: 'asc' } });
      return rows.map(toUser);
    },

    async create(user) {
      try {
        await database.user.create({ data: user });
      } catch (error) {
        throw isDuplicate(error) ? takenEmail(user.email) : error;
      }
    },

    async update(id, changes, { stays = false } = {}) {
      try {
        const asked = { where: { id }, data: changes };
        if (stays && changes.isAdmin === false) {
          await besidesAnother(id, (client) => client.user.update(asked));
        } else await database.user.update(asked);
      } catch (error) {
        throw isDuplicate(error) ? takenEmail(changes.email ?? '') : error;
      }
    },

    async changePassword(id, fromHash, toHash) {
      const { count } = await database.user.updateMany({
        where: { id, passwordHash: fromHash, disabledAt: null },
        data: { passwordHash: toHash },
      });
      return count > 0;
    },

    async setEnabled(id, enabled, now, { stays = false } = {}) {
      const asked = { where: { id }, data: { disabledAt: enabled ? null : now } };
      if (stays && !enabled) await besidesAnother(id, (client) => client.user.update(asked));
      else await database.user.update(asked);
    },
  };
}

/**
 * Of two who take away the last two administrators from each other, the second one finds the first one's change: whoever
 * holds the lock waits for no row, for the one that matters is locked before.
 * @throws RefusedError `conflict` when nobody else could administer
 */
async function assertAnotherAdministrator(transaction: Database, id: string): Promise<void> {
  const isOne = { isAdmin: true, disabledAt: null };
  await transaction.$queryRaw`SELECT 1 FROM users WHERE id = ${id} FOR UPDATE`;
  if ((await transaction.user.count({ where: { id, ...isOne } })) === 0) return;
  await transaction.$queryRaw`SELECT 1 FROM (SELECT pg_advisory_xact_lock(${ADMINISTRATORS_LOCK}::bigint)) AS locked`;
  const others = await transaction.user.count({ where: { id: { not: id }, ...isOne }, take: 1 });
  if (others > 0) return;
  throw new RefusedError(
    'conflict',
    'This is the last administrator who can sign in. Make somebody else an administrator first.',
  );
}

function takenEmail(email: string): RefusedError {
  return new RefusedError('conflict', `There is already a user with the e-mail address '${email}'.`, 'email');
}
