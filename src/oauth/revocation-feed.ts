import { OAuthError } from './errors.ts';
import type { Clock, Signer } from './ports.ts';
import type { After, Caller, RevocationLog, RevocationNews, RevocationPage, RevokedKind } from './revocation-ports.ts';
import { createPageReader, type Reading } from './revocation-readings.ts';

/** `typ` in the header, so that the list is taken for nothing else, and nothing else for the list. */
const STATEMENT_TYPE = 'revocations+jwt';
/** The claim by which a token shows that an entry concerns it. */
const CLAIMS: Readonly<Record<RevokedKind, string>> = {
  token: 'jti',
  family: 'family_id',
  secret: 'secret',
  app: 'client_id',
};
// Whoever checks the age of an answer sees one that is hardly older than the question.
const STATEMENT_SECONDS = 5;
// Revocations often come together; this much later, all who wait are told of all of them at once.
const COALESCE_MS = 25;
// How often those who wait look at the database itself while nobody says that something has changed.
const DISTRUST_MS = 500;
const HEARTBEAT_MS = 15_000;
const MAX_WAITING = 1000;
const RETRY_SECONDS = 1;

export const LONGEST_WAIT_SECONDS = 60;

export interface FeedQuestion {
  /** `0` for everything, or `next` of an answer before. */
  readonly since: string;
  /** What the reader has already, as `tag` of an answer before. */
  readonly isKnown: (tag: string) => boolean;
  /** How long to wait for something new, in seconds; 0 answers at once. */
  readonly waitSeconds: number;
  readonly caller: Caller;
}

export interface FeedAnswer {
  /** The signed list: a JWT. */
  readonly statement: string;
  /** The same for the same entries. */
  readonly tag: string;
  readonly next: string;
  /** More can be had at once. */
  readonly more: boolean;
  /** The reader has it already. */
  readonly known: boolean;
}

interface Found extends FeedAnswer {
  readonly isNews: boolean;
}

/** What is revoked and has not expired, for gateways that verify tokens by themselves. */
export interface RevocationFeed {
  /**
   * Everything, or what came after a place; waits for it if asked to.
   * @throws OAuthError `invalid_request` for an unknown form of place, `temporarily_unavailable` when the database is
   *   away or too many wait
   */
  read(question: FeedQuestion): Promise<FeedAnswer>;
  /**
   * The same and then, as long as the caller listens, each change; now and then undefined, as a sign of life. Ends when
   * the database goes away, for silence would mean that nothing is revoked. Throws as `read` does before it begins.
   */
  follow(question: Pick<FeedQuestion, 'since' | 'caller'>): Promise<AsyncIterable<FeedAnswer | undefined>>;
  /** Answers all who wait and ends what they follow, now and from now on. */
  close(): void;
}

interface Dependencies {
  readonly issuer: string;
  readonly signer: Pick<Signer, 'signStatement'>;
  readonly revocationLog: RevocationLog;
  readonly revocationNews: RevocationNews;
  readonly clock: Clock;
  readonly after: After;
}

/** A caller who may go at any time. */
interface Attendance {
  gone: boolean;
  wake: () => void;
}

export function createRevocationFeed(dependencies: Dependencies, maxWaiting = MAX_WAITING): RevocationFeed {
  const { issuer, signer, revocationLog, revocationNews: news, clock, after } = dependencies;
  const readPage = createPageReader(revocationLog, news.generation, clock);
  const sleeping = new Set<() => void>();
  let waiting = 0;
  let closed = false;
  // Counts how often everybody was woken.
  let rounds = 0;
  let roundIsDue = false;
  let watching = false;

  const wakeAll = (): void => {
    rounds++;
    for (const wake of [...sleeping]) wake();
  };

  news.subscribe(() => {
    if (roundIsDue) return;
    roundIsDue = true;
    after(COALESCE_MS, () => {
      roundIsDue = false;
      wakeAll();
    });
  });

  /** While nobody would tell of changes, everybody looks by themselves. */
  const watch = (): void => {
    if (watching || sleeping.size === 0) return;
    watching = true;
    after(DISTRUST_MS, () => {
      watching = false;
      if (news.generation() === undefined) wakeAll();
      watch();
    });
  };

  /** Resolves in the next round, when the time is over or the caller has gone. */
  const sleep = (milliseconds: number, attendance: Attendance): Promise<void> =>
    new Promise((resolve) => {
      if (attendance.gone || closed) return resolve();
      const wake = (): void => {
        cancel();
        sleeping.delete(wake);
        resolve();
      };
      const cancel = after(milliseconds, wake);
      attendance.wake = wake;
      sleeping.add(wake);
      watch();
    });

  const attend = (caller: Caller): Attendance => {
    const attendance: Attendance = { gone: caller.destroyed, wake: () => undefined };
    caller.once('close', () => {
      attendance.gone = true;
      attendance.wake();
    });
    return attendance;
  };

  /** @returns what gives the place back, which may be called again */
  const takePlace = (): (() => void) => {
    if (waiting >= maxWaiting) {
      throw new OAuthError(
        'temporarily_unavailable',
        'Too many wait for revocations here. Ask without wait, or try again shortly.',
        { retryAfterSeconds: RETRY_SECONDS },
      );
    }
    waiting++;
    let taken = true;
    return () => {
      if (taken) waiting--;
      taken = false;
    };
  };

  /** Readers of the same page share a signature. */
  const stateOf = (reading: Reading, page: RevocationPage, since: string): Promise<string> => {
    const now = clock.nowSeconds();
    if (reading.statement === undefined || now - reading.statement.at >= STATEMENT_SECONDS) {
      const claims = claimsOf(page, since);
      reading.statement = { at: now, jwt: signer.signStatement(STATEMENT_TYPE, { iss: issuer, iat: now, ...claims }) };
    }
    return reading.statement.jwt;
  };

  const answer = async (since: string, isKnown: FeedQuestion['isKnown']): Promise<Found> => {
    const reading = readPage(since);
    const page = await reading.page;
    const known = isKnown(page.fingerprint);
    return {
      statement: known ? '' : await stateOf(reading, page, since),
      tag: page.fingerprint,
      next: page.next,
      more: page.more,
      known,
      isNews: !known && (page.fromStart || page.more || page.entries.length > 0),
    };
  };

  const unknown = (): boolean => false;

  const wait = async ({ since, isKnown, waitSeconds, caller }: FeedQuestion): Promise<FeedAnswer> => {
    const attendance = attend(caller);
    let over = false;
    const cancel = after(waitSeconds * 1000, () => {
      over = true;
      attendance.wake();
    });
    try {
      // What has just changed is read once for all, in the round that is due.
      if (roundIsDue) await sleep(COALESCE_MS, attendance);
      for (;;) {
        const round = rounds;
        const found = await answer(since, isKnown);
        if (found.isNews || over || closed || attendance.gone) return found;
        if (round === rounds) await sleep(waitSeconds * 1000, attendance);
      }
    } finally {
      cancel();
    }
  };

  async function* changes(
    first: Found,
    firstRound: number,
    attendance: Attendance,
    leave: () => void,
  ): AsyncGenerator<FeedAnswer | undefined> {
    let isQuiet = false;
    const whenQuiet = (): (() => void) =>
      after(HEARTBEAT_MS, () => {
        isQuiet = true;
        attendance.wake();
      });
    let cancel = whenQuiet();
    try {
      yield first;
      let { next: since, more } = first;
      let round = firstRound;
      for (;;) {
        if (round === rounds && !more && !isQuiet) await sleep(HEARTBEAT_MS, attendance);
        if (closed || attendance.gone) return;
        round = rounds;
        // Before a sign of life, too: when the database cannot be asked there is none.
        const found = await answer(since, unknown);
        if (!found.isNews && !isQuiet) continue;
        if (found.isNews) ({ next: since, more } = found);
        cancel();
        isQuiet = false;
        cancel = whenQuiet();
        yield found.isNews ? found : undefined;
      }
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
    } finally {
      cancel();
      leave();
    }
  }

  return {
    async read(question) {
      if (question.waitSeconds === 0) return answer(question.since, question.isKnown);
      const leave = takePlace();
      try {
        return await wait(question);
      } finally {
        leave();
      }
    },

    async follow({ since, caller }) {
      const leave = takePlace();
      try {
        const attendance = attend(caller);
        caller.once('close', leave);
        const round = rounds;
        const first = await answer(since, unknown);
        // Nobody takes the first piece of it then.
        if (attendance.gone) leave();
        return changes(first, round, attendance, leave);
      } catch (error) {
        leave();
        throw error;
      }
    },

    close() {
      closed = true;
      wakeAll();
    },
  };
}

function claimsOf(page: RevocationPage, since: string): Record<string, unknown> {
  const revoked: Record<string, [string, number][]> = { jti: [], family_id: [], secret: [], client_id: [] };
  const restored: string[] = [];
  for (const { kind, id, until, restored: isRestored } of page.entries) {
    if (isRestored) restored.push(id);
    else revoked[CLAIMS[kind]]?.push([id, until]);
  }
  return {
    seq: page.sequence,
    since: page.fromStart ? '0' : since,
    next: page.next,
    more: page.more,
    revoked: Object.fromEntries(Object.entries(revoked).map(([claim, ids]) => [claim, Object.fromEntries(ids)])),
    restored: { client_id: restored },
  };
}
