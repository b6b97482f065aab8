import type { ComponentChildren } from 'preact';
import type { Actor, AuditRecord, AuditTarget } from '../../../oauth/audit-trail.ts';
import { concealSecrets } from '../../../oauth/concealed-text.ts';
import { recordTexts } from '../../record-texts.ts';
import { displayName } from '../display.ts';
import { Badge, Facts } from '../panel/parts.tsx';
import { address } from '../panel/table.tsx';
import { Time } from '../parts.tsx';
import { appPath } from './app-tabs.tsx';

const LONGEST_VALUE_CHARACTERS = 400;

/** An entry of the audit log, as the cells of its row. */
export function auditCells(record: AuditRecord): readonly ComponentChildren[] {
  const { seq, at, action, outcome, actor, target } = record;
  const words = recordTexts.audit;
  return [
    <Time key="when" date={at} />,
    <>
      <code>{displayName(action)}</code> {outcome === 'failure' && <Badge kind="bad">{words.outcomes.failure}</Badge>}
    </>,
    <Who key="who" actor={actor} />,
    target === undefined ? '' : <What key="what" target={target} />,
    <details class="ask entry" key="details">
      <summary>
        {words.details}
        <span class="spoken"> {words.detailsOf(seq)}</span>
      </summary>
      <EntryDetails record={record} />
    </details>,
  ];
}

function nameOf(names: Readonly<Record<string, string>>, key: string): string {
  return Object.hasOwn(names, key) ? (names[key] ?? key) : displayName(key);
}

function Who({ actor: { kind, id, name, via } }: { readonly actor: Actor }) {
  const words = recordTexts.audit;
  // Where nobody has a name there is still a kind of somebody.
  const shown = displayName(name) || displayName(id) || nameOf(words.actors, kind);
  return (
    <div class="stack">
      {id === '' ? <span>{shown}</span> : <a href={address('/admin/audit', { q: id })}>{shown}</a>}
      <span class="hint">{nameOf(words.vias, via)}</span>
    </div>
  );
}

/** Where a thing has a page of its own. */
function pathOf({ kind, id }: AuditTarget): string | undefined {
  if (kind === 'app' || kind === 'balance') return appPath(id);
  // What failed may name an address in place of an id.
  if (kind === 'user' && id.startsWith('usr_')) return `/admin/users/${encodeURIComponent(id)}`;
  return { key: '/admin/keys', role: '/admin/roles', plan: '/admin/plans', policy: '/admin/policy' }[kind as string];
}

function What({ target }: { readonly target: AuditTarget }) {
  const path = pathOf(target);
  const id = <code>{displayName(target.id)}</code>;
  return (
    <div class="stack">
      <span class="hint">{nameOf(recordTexts.audit.targets, target.kind)}</span>
      {path === undefined ? id : <a href={path}>{id}</a>}
    </div>
  );
}

function EntryDetails({ record: { seq, actor, details = {} } }: { readonly record: AuditRecord }) {
  const words = recordTexts.audit;
  const { kind, id, address: from, requestId } = actor;
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ...Object.entries(details).map(([name, value]) => [displayName(name), <Value key={name} value={value} />] as const),
    [nameOf(words.actors, kind), id === '' ? undefined : <code key="id">{displayName(id)}</code>],
    [words.from, displayName(from)],
    [words.request, requestId === '' ? undefined : <code key="request">{displayName(requestId)}</code>],
    [words.entry, String(seq)],
  ];
  return <Facts facts={facts.filter(([, value]) => value !== undefined && value !== '')} />;
}

/** What something is or, where it was changed, was and is. */
function Value({ value }: { readonly value: unknown }) {
  const words = recordTexts.audit;
  if (!isChange(value)) return <span>{valueText(value)}</span>;
  return (
    <span class="change">
      <del>
        <span class="spoken">{words.changedFrom} </span>
        {valueText(value.old)}
      </del>
      <span aria-hidden="true"> → </span>
      <ins>
        <span class="spoken"> {words.changedTo} </span>
        {valueText(value.new)}
      </ins>
    </span>
  );
}

function isChange(value: unknown): value is { readonly old: unknown; readonly new: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).length === 2 && 'old' in value && 'new' in value;
}

function valueText(value: unknown): string {
  const isNothing =
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  if (isNothing) return recordTexts.audit.nothing;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return valueText(value.join(', '));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return displayName(concealSecrets(text, LONGEST_VALUE_CHARACTERS));
}
