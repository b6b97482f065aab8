import type { Dependencies, Registries } from '../../dependencies.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { applyPlan, applyPolicy, applyRole, applyTopUp, applyUser } from './apply-things.ts';
import { applyApi, applyApp } from './apply-with-secrets.ts';
import { type BuiltInApis, DEFAULT_API } from './built-in-apis.ts';
import { type ApplyDocument, doublesAmong, refusal, topUpName } from './document.ts';
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
  builtIn: BuiltInApis,
  dryRun: boolean,
): Promise<readonly Outcome[]> {
  const resolved = withIdentifiers(document, builtIn);
  try {
    return await together(async (registries) => {
      const outcomes = await applyAll(resolved, registries);
      if (dryRun) throw new Undone(outcomes);
      return outcomes;
    });
  } catch (error) {
    if (error instanceof Undone) return error.outcomes;
    throw error;
  }
}

/** The file with identifiers in place of the names of built-in APIs. @throws RefusedError */
function withIdentifiers(document: ApplyDocument, { identifierOf }: BuiltInApis): ApplyDocument {
  const apis = document.apis.map((api) => ({ ...api, identifier: identifierOf(api.identifier) }));
  const twice = doublesAmong(
    'apis',
    apis.map(({ identifier }) => identifier),
  );
  if (twice.length > 0) throw refusal(twice);
  const apps = document.apps.map((app) =>
    app.api === undefined ? app : { ...app, api: identifierOf(app.api || DEFAULT_API) },
  );
  return { ...document, apis, apps };
}

/** In the order in which one names the other: an app its API, its roles, its plan and its owner. */
async function applyAll(document: ApplyDocument, registries: Registries): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const problems: string[] = [];
  const attempt = async (place: string, work: () => Promise<Outcome>): Promise<void> => {
    try {
      outcomes.push(await work());
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      problems.push(`${place}: ${error.message}`);
    }
  };
  const each = async <T>(
    section: string,
    entries: readonly T[],
    nameOf: (entry: T) => string,
    apply: (entry: T, registries: Registries) => Promise<Outcome>,
  ): Promise<void> => {
    for (const [at, entry] of entries.entries()) {
      await attempt(`${section}[${at}] (${nameOf(entry)})`, () => apply(entry, registries));
    }
  };
  const { policy } = document;
  await each('apis', document.apis, ({ identifier }) => identifier, applyApi);
  await each('roles', document.roles, ({ name }) => name, applyRole);
  await each('plans', document.plans, ({ name }) => name, applyPlan);
  if (policy) await attempt('policy', () => applyPolicy(policy, registries));
  await each('users', document.users, ({ email }) => email, applyUser);
  await each('apps', document.apps, ({ id }) => id, applyApp);
  await each('top_ups', document.top_ups, topUpName, applyTopUp);
  if (problems.length > 0) throw refusal(problems);
  return outcomes;
}
