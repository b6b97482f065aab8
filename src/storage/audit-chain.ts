import type { AuditEntry, AuditRecord, AuditTarget, Via } from '../oauth/audit-trail.ts';
import { concealSecrets } from '../oauth/concealed-text.ts';

/** HMAC-SHA-256 under a key that the database does not have. */
export type ChainMac = (text: string) => Uint8Array<ArrayBuffer>;

/** A row as it is written, but for its place in the chain. */
export interface AuditRow {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly action: string;
  readonly outcome: string;
  readonly via: string;
  readonly actorKind: string;
  readonly actorId: string;
  readonly actorName: string;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly address: string;
  readonly requestId: string;
  /** JSON. */
  readonly details: string;
}

/** A row in its place. */
export interface ChainedRow extends AuditRow {
  readonly seq: number;
  readonly previousHash: Uint8Array<ArrayBuffer>;
  readonly hash: Uint8Array<ArrayBuffer>;
}

/** What the first row follows. */
export const NO_HASH: Uint8Array<ArrayBuffer> = new Uint8Array(32);

const LONGEST_NAME_CHARACTERS = 300;
const LONGEST_DETAILS_CHARACTERS = 20_000;
const MOST_FIELDS = 50;

/** The mark of a row: of everything it says, of its place, and of the row before. Times as they stand, even impossible ones. */
export function hashRow(row: AuditRow, seq: number, previousHash: Uint8Array, mac: ChainMac): Uint8Array<ArrayBuffer> {
  // A list in JSON: no text can be moved from one column to the next without showing.
  return mac(
    JSON.stringify([
      'countersign audit 1',
      seq,
      String(row.at),
      row.action,
      row.outcome,
      row.via,
      row.actorKind,
      row.actorId,
      row.actorName,
      row.targetKind,
      row.targetId,
      row.address,
      row.requestId,
      row.details,
      Buffer.from(previousHash).toString('hex'),
    ]),
  );
}

/** Puts rows behind a place in the chain. */
export function chainRows(
  rows: readonly AuditRow[],
  behind: { readonly seq: number; readonly hash: Uint8Array<ArrayBuffer> },
  mac: ChainMac,
): ChainedRow[] {
  let { seq, hash: previousHash } = behind;
  return rows.map((row) => {
    seq++;
    const hash = hashRow(row, seq, previousHash, mac);
    const chained = { ...row, seq, previousHash, hash };
    previousHash = hash;
    return chained;
  });
}

/** An entry as a row: nothing that looks secret, nothing that PostgreSQL cannot hold, nothing endless. */
export function toRow({ action, outcome, actor, target, details }: AuditEntry, at: Date): AuditRow {
  return {
    at: at.getTime(),
    action: storable(action),
    outcome,
    via: actor.via,
    actorKind: actor.kind,
    actorId: storable(actor.id),
    actorName: storable(actor.name),
    targetKind: target?.kind ?? null,
    targetId: target === undefined ? null : storable(target.id),
    address: storable(actor.address),
    requestId: storable(actor.requestId),
    details: detailsText(details),
  };
}

function storable(text: string): string {
  return concealSecrets(text.toWellFormed().replaceAll('\0', ' '), LONGEST_NAME_CHARACTERS);
}

function detailsText(details: AuditEntry['details']): string {
  if (details === undefined) return '{}';
  const text = JSON.stringify(details, (_name, value: unknown) =>
    typeof value === 'string' ? concealSecrets(value) : value,
  );
  if (text.length <= LONGEST_DETAILS_CHARACTERS) return text;
  return JSON.stringify({ too_long: text.length, fields: Object.keys(details).slice(0, MOST_FIELDS).map(storable) });
}

/** The columns of a row as statements of ours name them. */
export interface AuditColumns {
  readonly seq: string;
  /** Exactly, even where no date can hold it. */
  readonly at_ms: number;
  readonly action: string;
  readonly outcome: string;
  readonly via: string;
  readonly actor_kind: string;
  readonly actor_id: string;
  readonly actor_name: string;
  readonly target_kind: string | null;
  readonly target_id: string | null;
  readonly address: string;
  readonly request_id: string;
  readonly details: string;
  readonly previous_hash: Buffer<ArrayBuffer>;
  readonly hash: Buffer<ArrayBuffer>;
}

export function toChained(columns: AuditColumns): ChainedRow {
  return {
    seq: Number(columns.seq),
    at: columns.at_ms,
    action: columns.action,
    outcome: columns.outcome,
    via: columns.via,
    actorKind: columns.actor_kind,
    actorId: columns.actor_id,
    actorName: columns.actor_name,
    targetKind: columns.target_kind,
    targetId: columns.target_id,
    address: columns.address,
    requestId: columns.request_id,
    details: columns.details,
    previousHash: columns.previous_hash,
    hash: columns.hash,
  };
}

/** For reading. What somebody has put into a row by hand is shown as far as it can be; `verify` tells that they did. */
export function toRecord(row: ChainedRow): AuditRecord {
  return {
    seq: row.seq,
    at: toDate(row.at),
    action: row.action,
    outcome: row.outcome as AuditEntry['outcome'],
    actor: {
      kind: row.actorKind as AuditEntry['actor']['kind'],
      id: row.actorId,
      name: row.actorName,
      via: row.via as Via,
      address: row.address,
      requestId: row.requestId,
    },
    target:
      row.targetKind === null ? undefined : { kind: row.targetKind as AuditTarget['kind'], id: row.targetId ?? '' },
    details: readDetails(row.details),
  };
}

function toDate(milliseconds: number): Date {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

/** Undefined for what is no object. */
export function readDetails(text: string): Record<string, unknown> | undefined {
  try {
    const details: unknown = JSON.parse(text);
    return typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
