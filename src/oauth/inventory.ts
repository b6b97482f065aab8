import type { App, User } from './model.ts';

/**
 * Everybody and every app, in an order that is the same on every server: first all keys, which are short, and then as many
 * at once as the caller likes.
 */
export interface Inventory {
  /** The keys of all users: their addresses in the form in which they are compared. */
  userKeys(): Promise<readonly string[]>;
  /** In the order of the keys. */
  users(keys: readonly string[]): Promise<readonly User[]>;
  appIds(): Promise<readonly string[]>;
  /** In the order of the ids. */
  apps(ids: readonly string[]): Promise<readonly (App & { readonly ownerEmail: string | undefined })[]>;
}
