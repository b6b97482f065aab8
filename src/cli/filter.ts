import type { Command } from 'commander';
import type { Dependencies } from '../dependencies.ts';

/** What people allowed apps to do is listed for one of them, or all. */
export interface FilterOptions {
  readonly user?: string;
  readonly app?: string;
}

export function withFilter(command: Command): Command {
  return command.option('--user <email>', 'only those of this person').option('--app <id>', 'only those of this app');
}

/** @throws RefusedError when there is no such person or app, which is not the same as having none */
export async function toFilter(
  { user, app }: FilterOptions,
  { users, apps }: Pick<Dependencies, 'users' | 'apps'>,
): Promise<{ readonly userId?: string; readonly appId?: string }> {
  return {
    ...(user !== undefined && { userId: (await users.get(user)).id }),
    ...(app !== undefined && { appId: (await apps.get(app)).id }),
  };
}
