/** The migrated database that `createTestDatabase` clones. */
export const TEMPLATE_DATABASE = 'countersign_template';

/** The same server and user, another database. */
export function withDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}
