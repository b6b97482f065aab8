import type { Dependencies, Registries } from '../../dependencies.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { applyApi, applyApp, applyPlan, applyRole, applyUser } from './apply-things.ts';
import { type ApplyDocument, refusal } from './document.ts';
import type { Outcome } from './outcome.ts';

/** Thrown to leave the transaction without keeping what was done in it. */
class Undone extends Error {
  readonly outcomes: readonly Outcome[];
  constructor(outcomes: readonly Outcome[]) {
    super('a dry run');
    this.outcomes = outcomes;
  }
}

/**
 * Makes everything as the file describes it, in one transaction: all of it or nothing. A dry run does the same and then
 * takes it back, so that it tells exactly what would happen.
 * @throws RefusedError that names every problem
 */
export async function applyDocument(
  document: ApplyDocument,
  together: Dependencies['together'],
  dryRun: boolean,
): Promise<readonly Outcome[]> {
  try {
    return await together(async (registries) => {
      const outcomes = await applyAll(document, registries);
      if (dryRun) throw new Undone(outcomes);
      return outcomes;
    });
  } catch (error) {
    if (error instanceof Undone) return error.outcomes;
    throw error;
  }
}

/** In the order in which one names the other: an app its API, its roles, its plan and its owner. */
async function applyAll(document: ApplyDocument, registries: Registries): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const problems: string[] = [];
  const each = async <T>(
    section: string,
    entries: readonly T[],
    nameOf: (entry: T) => string,
    apply: (entry: T, registries: Registries) => Promise<Outcome>,
  ): Promise<void> => {
    for (const [at, entry] of entries.entries()) {
      try {
        outcomes.push(await apply(entry, registries));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        problems.push(`${section}[${at}] (${nameOf(entry)}): ${error.message}`);
      }
    }
  };
  await each('apis', document.apis, ({ identifier }) => identifier, applyApi);
  await each('roles', document.roles, ({ name }) => name, applyRole);
  await each('plans', document.plans, ({ name }) => name, applyPlan);
  await each('users', document.users, ({ email }) => email, applyUser);
  await each('apps', document.apps, ({ id }) => id, applyApp);
  if (problems.length > 0) throw refusal(problems);
  return outcomes;
}
