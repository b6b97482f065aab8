/** A field that was changed, with its values as JSON has them. */
export interface FieldChange {
  readonly field: string;
  /** Secrets and passwords have no values here. */
  readonly from?: unknown;
  readonly to?: unknown;
}

/** What became of one thing that the file describes. */
export interface Outcome {
  readonly type: 'policy' | 'api' | 'role' | 'plan' | 'user' | 'app' | 'top-up';
  readonly id: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
  readonly changes: readonly FieldChange[];
  /** What was made and is shown only this once. */
  readonly issued: Issued;
}

export interface Issued {
  readonly secret?: { readonly id: string; readonly value: string };
  readonly password?: string;
  readonly key?: string;
}

export function created(type: Outcome['type'], id: string, issued: Issued = {}): Outcome {
  return { type, id, outcome: 'created', changes: [], issued };
}

/** Makes an outcome of a thing that was there: unchanged where nothing was. */
export function updated(
  type: Outcome['type'],
  id: string,
  changes: readonly FieldChange[],
  issued: Issued = {},
): Outcome {
  return { type, id, outcome: changes.length === 0 ? 'unchanged' : 'updated', changes, issued };
}

/** What is stated, with the defaults themselves where null says to go back to them. */
export function withDefaults<T extends object>(stated: T, defaults: { readonly [F in keyof T]?: Readonly<T[F]> }): T {
  const entries = Object.entries(stated).map(([field, value]) => [
    field,
    value === null ? (defaults[field as keyof T] ?? null) : value,
  ]);
  return Object.fromEntries(entries) as T;
}

/** The stated fields whose value is another one now. The order in a list means nothing, and '' is nothing, like null. */
export function differences(
  stated: Readonly<Record<string, unknown>>,
  current: Readonly<Record<string, unknown>>,
): FieldChange[] {
  return Object.entries(stated)
    .filter(([field, to]) => to !== undefined && field in current && !isSame(to, current[field]))
    .map(([field, to]) => ({ field, from: current[field], to }));
}

function isSame(left: unknown, right: unknown): boolean {
  if (isRecord(left) && isRecord(right)) return isSame(pairs(left), pairs(right));
  if (!Array.isArray(left) || !Array.isArray(right))
    return (left === '' ? null : left) === (right === '' ? null : right);
  const [one, other] = [new Set(left), new Set(right)];
  return one.size === other.size && [...one].every((value) => other.has(value));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pairs(record: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(record).map((pair) => JSON.stringify(pair));
}
