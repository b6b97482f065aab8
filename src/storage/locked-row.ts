import type { Database } from './database.ts';
import { Prisma } from './generated/client.ts';

const KEYS = {
  users: 'id',
  apps: 'id',
  apis: 'identifier',
  roles: 'name',
  plans: 'name',
  developer_policy: 'id',
} as const;

/** Keeps everybody else from changing a row until the transaction ends. A row that is not there is no error. */
export async function lockRow(
  transaction: Database,
  { table, key }: { readonly table: keyof typeof KEYS; readonly key: string },
): Promise<void> {
  const [quotedTable, quotedKey] = [Prisma.raw(`"${table}"`), Prisma.raw(`"${KEYS[table]}"::text`)];
  await transaction.$queryRaw`SELECT 1 FROM ${quotedTable} WHERE ${quotedKey} = ${key} FOR UPDATE`;
}
