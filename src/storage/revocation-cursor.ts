import { OAuthError } from '../oauth/errors.ts';

/**
 * A place in the list of revocations. Transactions do not end in the order in which they began, so that a number would
 * not do: it is the list of what had ended, as PostgreSQL sees it, and in a page that was cut short its last entry.
 */
export interface RevocationCursor {
  /** Which history of the database it is a place in; undefined in a bare number. */
  readonly era: string | undefined;
  /** Everything recorded by this transaction and later ones is new. */
  readonly upTo: bigint;
  /** What these recorded is new, too: they were running. Ascending, all below `upTo`. */
  readonly running: readonly bigint[];
  /** Of what `upTo` itself recorded, only what comes after this is new. */
  readonly after: { readonly kind: string; readonly id: string } | undefined;
}

const FORM = /^(?:(\d{1,18})|([0-9a-f]{12})\.(\d{1,18})((?:-\d{1,18})*)(?:~([a-z]{1,16})\.([\w-]{0,4096}))?)$/;
// No database we know lets as many write at the same time. Of more, entries would be read again and again.
const MAX_RUNNING = 2000;

/** @throws OAuthError `invalid_request` for anything that `formatCursor` cannot have written, and is no number */
export function parseCursor(text: string): RevocationCursor {
  const [, number, era, upToText = number, distances = '', kind, id = ''] = FORM.exec(text) ?? [];
  if (upToText === undefined) throw unknownPlace();
  const upTo = BigInt(upToText);
  const running = distances
    .split('-')
    .slice(1)
    .map((distance) => upTo - BigInt(distance));
  const ascends = running.every((one, index) => one > (running[index - 1] ?? 0n) && one < upTo);
  if (running.length > MAX_RUNNING || !ascends) throw unknownPlace();
  const after = kind === undefined ? undefined : { kind, id: Buffer.from(id, 'base64url').toString('utf8') };
  if (after?.id.includes('\0')) throw unknownPlace();
  return { era, upTo, running, after };
}

function unknownPlace(): OAuthError {
  return new OAuthError(
    'invalid_request',
    "The parameter since must be 0 for everything, or the member next or seq of an answer before: a place like '0' or a whole number.",
  );
}

/** In letters, digits and marks that need no escaping in a query. Running ones are written as distances: shorter. */
export function formatCursor({ era, upTo, running, after }: RevocationCursor & { readonly era: string }): string {
  // Without them, everything since the oldest is new again.
  const [from, named] = running.length > MAX_RUNNING ? [running[0] ?? upTo, []] : [upTo, running];
  const suffix =
    after === undefined || from !== upTo ? '' : `~${after.kind}.${Buffer.from(after.id).toString('base64url')}`;
  return `${era}.${from}${named.map((one) => `-${from - one}`).join('')}${suffix}`;
}

/** The smallest transaction of which something may be new. */
export function oldestOf({ running, upTo }: RevocationCursor): bigint {
  return running[0] ?? upTo;
}

/** As PostgreSQL's `pg_snapshot`. It knows no transaction 0. */
export function snapshotOf(cursor: RevocationCursor): string {
  const atLeastOne = (value: bigint): bigint => (value < 1n ? 1n : value);
  return `${atLeastOne(oldestOf(cursor))}:${atLeastOne(cursor.upTo)}:${cursor.running.join(',')}`;
}

/** From PostgreSQL's `pg_snapshot`. */
export function parseSnapshot(snapshot: string): { readonly upTo: bigint; readonly running: readonly bigint[] } {
  const [, upTo = '', list = ''] = snapshot.split(':');
  return { upTo: BigInt(upTo), running: list === '' ? [] : list.split(',').map(BigInt) };
}
