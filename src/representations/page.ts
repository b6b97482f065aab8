import { z } from 'zod';

const MOST_ITEMS = 200;
// A cursor may be the identifier of an API and a scope of it, as long as they are.
const MOST_CURSOR_CHARACTERS = 4000;

/** What every list takes: how many, and where to go on. */
export const pageQuery = {
  limit: z.coerce
    .number<string>()
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(MOST_ITEMS, `must be ${MOST_ITEMS} or less`)
    .default(50)
    .describe('How many at most.'),
  cursor: z.string().max(MOST_CURSOR_CHARACTERS).optional().describe('The `next_cursor` of the part before.'),
} as const;

/** Yes or no in a query. */
export const flagQuery = z.enum(['true', 'false'], 'must be true or false').transform((flag) => flag === 'true');

/** What lists take that can be searched. */
export const searchQuery = z.string().max(200, 'must have 200 characters or less');

/** Part of a list. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().describe('Where the next part begins; null at the end.'),
  });
}

export function pageJson<T>(items: readonly T[], next: string | undefined) {
  return { items, next_cursor: next ?? null };
}

/** Part of a list that is small enough to be read whole, in the order of its keys. The cursor is the last key. */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  query: { limit: number; cursor?: string | undefined },
) {
  const sorted = [...all].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const rest = query.cursor === undefined ? sorted : sorted.filter((item) => keyOf(item) > (query.cursor ?? ''));
  const items = rest.slice(0, query.limit);
  const last = items.at(-1);
  return { items, next: rest.length > items.length && last !== undefined ? keyOf(last) : undefined };
}
