import { RefusedError } from '../oauth/errors.ts';
import type { UserStore } from '../oauth/registry-ports.ts';
import { type Database, isDuplicate } from './database.ts';
import { toUser } from './rows.ts';

/** People in PostgreSQL. Triggers end their families when a password changes or an account is disabled. */
export function createUserStore(database: Database): UserStore {
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
        if (isDuplicate(error)) {
          throw new RefusedError('conflict', `There is already a user with the e-mail address '${user.email}'.`);
        }
        throw error;
      }
    },

    async update(id, changes) {
      await database.user.update({ where: { id }, data: changes });
    },

    async changePassword(id, fromHash, toHash) {
      const { count } = await database.user.updateMany({
        where: { id, passwordHash: fromHash, disabledAt: null },
        data: { passwordHash: toHash },
      });
      return count > 0;
    },

    async setEnabled(id, enabled, now) {
      await database.user.update({ where: { id }, data: { disabledAt: enabled ? null : now } });
    },
  };
}
