import type { Actor, AuditEntry, AuditTarget } from './audit-trail.ts';
import { describeRefusal } from './errors.ts';
import type { Api, App, Plan, Role, User } from './model.ts';
import type { DeveloperPolicy } from './usage-ports.ts';

export type Details = Readonly<Record<string, unknown>>;

/** Things in the words of the wire, without anything secret. */
export interface AuditedForms {
  user(user: User): Details;
  app(app: App): Details;
  api(api: Api): Details;
  role(role: Role): Details;
  plan(plan: Plan): Details;
  policy(policy: DeveloperPolicy): Details;
}

/** As whom things are changed, and where it is written down. */
export interface Noted {
  readonly actor: Actor;
  readonly note: (entry: AuditEntry) => void;
}

export interface Auditing extends Noted {
  readonly forms: AuditedForms;
}

/** What there is to say of a change that was made. */
export interface Told {
  readonly target?: AuditTarget | undefined;
  readonly details?: Details | undefined;
  /** Nothing was changed, and this is why. */
  readonly reason?: string;
}

/**
 * Makes a change and writes down what came of it: who, what, and if it failed, why. The change decides what is answered;
 * writing about it never does.
 * @param tell undefined where nothing happened that is worth an entry
 */
export type Noting = <T>(
  action: string,
  target: AuditTarget | undefined,
  change: () => Promise<T>,
  tell?: (result: T) => Told | undefined,
) => Promise<T>;

export function createNoting({ actor, note }: Noted): Noting {
  return async (action, target, change, tell = () => ({})) => {
    let result: Awaited<ReturnType<typeof change>>;
    try {
      result = await change();
    } catch (error) {
      note({ action, outcome: 'failure', actor, target, details: { reason: describeRefusal(error).reason } });
      throw error;
    }
    const told = telling(tell, result);
    if (told?.reason !== undefined) {
      note({ action, outcome: 'failure', actor, target, details: { reason: told.reason } });
    } else if (told !== undefined) note({ action, outcome: 'success', actor, target, ...told });
    return result;
  };
}

function telling<T>(tell: (result: T) => Told | undefined, result: T): Told | undefined {
  try {
    return tell(result);
  } catch {
    return {};
  }
}

/** What a thing was before it is changed. That it cannot be read does not keep anybody from changing it. */
export async function before<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}

/** The members that are not the same, each with what it was and what it is. */
export function changesBetween(old: Details | undefined, now: Details): Details {
  const changed = Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old?.[name]));
  return Object.fromEntries(changed.map(([name, value]) => [name, { old: old?.[name] ?? null, new: value }]));
}
