import type { Inventory } from '../oauth/inventory.ts';
import { type Database, guarded } from './database.ts';
import { APP_RELATIONS, toApp, toUser } from './rows.ts';

/** In the order of bytes, which unlike that of words is no setting of the database. */
export function createInventory(database: Database): Inventory {
  return guarded<Inventory>({
    async userKeys() {
      const rows = await database.$queryRaw<{ key: string }[]>`
        SELECT email_key AS key FROM users ORDER BY email_key COLLATE "C"`;
      return rows.map(({ key }) => key);
    },

    async users(keys) {
      const rows = await database.user.findMany({ where: { emailKey: { in: [...keys] } } });
      return inOrder(keys, rows.map(toUser), ({ emailKey }) => emailKey);
    },

    async appIds() {
      const rows = await database.$queryRaw<{ id: string }[]>`SELECT id FROM apps ORDER BY id COLLATE "C"`;
      return rows.map(({ id }) => id);
    },

    async apps(ids) {
      const include = { ...APP_RELATIONS, owner: { select: { email: true } } } as const;
      const rows = await database.app.findMany({ where: { id: { in: [...ids] } }, include });
      return inOrder(
        ids,
        rows.map((row) => ({ ...toApp(row), ownerEmail: row.owner?.email })),
        ({ id }) => id,
      );
    },
  });
}

function inOrder<T>(keys: readonly string[], items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  return keys.map((key) => byKey.get(key)).filter((item) => item !== undefined);
}
