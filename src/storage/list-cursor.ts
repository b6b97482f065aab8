import { RefusedError } from '../oauth/errors.ts';

/** A list that is read part by part. A cursor is good for its own list only. */
export type ListName = 'apps' | 'users' | 'families' | 'connections' | 'api-keys' | 'sessions';

/** The keys of the last row of a part, in the order in which the list is sorted; none before the first row. */
type Keys = readonly (string | number)[];

/** A place in a list whose newest come first. */
export interface TimePlace {
  readonly createdAt: Date;
  readonly id: string;
}

const MAX_CURSOR_CHARACTERS = 1000;
// From the year 1 on: before it, PostgreSQL and its driver write dates in ways of their own.
const MIN_DATE_MS = -62_135_596_800_000;
const MAX_DATE_MS = 8_640_000_000_000_000;

/** The opaque text by which a caller asks for what comes behind `keys`. */
export function writeCursor(list: ListName, keys: Keys): string {
  return Buffer.from(JSON.stringify([list, ...keys])).toString('base64url');
}

/**
 * The place in a list that is sorted by id; undefined before the first row.
 * @throws RefusedError `invalid` for what `writeCursor` has not written for this list
 */
export function readIdCursor(list: ListName, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const keys = readKeys(list, cursor);
  const [id] = keys;
  if (keys.length === 0) return undefined;
  if (keys.length === 1 && isId(id)) return id;
  throw foreign();
}

/** The same for a list that is sorted by the time at which its things were made. */
export function readTimeCursor(list: ListName, cursor: string | undefined): TimePlace | undefined {
  if (cursor === undefined) return undefined;
  const keys = readKeys(list, cursor);
  const [time, id] = keys;
  if (keys.length === 0) return undefined;
  if (keys.length === 2 && isTime(time) && isId(id)) return { createdAt: new Date(time), id };
  throw foreign();
}

function readKeys(list: ListName, cursor: string): readonly unknown[] {
  if (cursor.length > MAX_CURSOR_CHARACTERS) throw foreign();
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw foreign();
  }
  if (!Array.isArray(content) || content[0] !== list) throw foreign();
  const keys = content.slice(1);
  // Decoding is lenient; what we have written is the same when it is written again.
  if (writeCursor(list, keys) !== cursor) throw foreign();
  return keys;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0') && value.isWellFormed();
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= MIN_DATE_MS && value <= MAX_DATE_MS;
}

function foreign(): RefusedError {
  return new RefusedError(
    'invalid',
    'The cursor is none of this list. Take the next_cursor of the part before, or leave it out to begin at the start.',
  );
}
