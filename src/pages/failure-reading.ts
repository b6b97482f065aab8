import type { PageRequest } from '../http/page-contract.ts';
import type { AppFailure, FailureLog } from '../oauth/usage-ports.ts';
import { queryOf } from './panel-routes.ts';

const MOST_READ = 500;
const MOST_SHOWN = 100;

/** The failure log of an app as it is shown, narrowed to one error if the address says so. */
export interface ShownFailures {
  /** Newest first. */
  readonly failures: readonly AppFailure[];
  /** Whether there are more than are shown. */
  readonly isCut: boolean;
  /** The errors that there are, by code. */
  readonly codes: readonly string[];
  readonly code: string | undefined;
}

export async function readFailures(
  log: Pick<FailureLog, 'list'>,
  appId: string,
  request: PageRequest,
): Promise<ShownFailures> {
  const { code } = queryOf(request, ['code']);
  const all = await log.list(appId, MOST_READ);
  const wanted = code === undefined ? all : all.filter((failure) => failure.code === code);
  return {
    failures: wanted.slice(0, MOST_SHOWN),
    isCut: wanted.length > MOST_SHOWN,
    codes: [...new Set(all.map((failure) => failure.code))].sort(),
    code,
  };
}
