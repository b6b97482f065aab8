import type { AuditVerification } from '../../../oauth/audit-trail.ts';
import { AUDIT_ACTIONS } from '../../audit-actions.ts';
import type { AuditFilters, ShownAudit } from '../../audit-query.ts';
import { recordTexts } from '../../record-texts.ts';
import { formatCount } from '../charts/counts.ts';
import { displayName } from '../display.ts';
import { SelectField } from '../panel/form.tsx';
import { Card } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { DataTable, Pager } from '../panel/table.tsx';
import { Alert, PostForm } from '../parts.tsx';
import { auditCells } from './audit-entry.tsx';

export type ChainState = AuditVerification;

export interface AuditPageOptions extends PanelVisit {
  readonly shown: ShownAudit;
  /** What a look at the chain has just found. */
  readonly chain: ChainState | undefined;
  readonly mostVerified: number;
}

/** Everything that was done, newest first. */
export function auditPage({ shown, chain, mostVerified, ...visit }: AuditPageOptions): string {
  const words = recordTexts.audit;
  const { columns } = words;
  const { filters, records, next, errors } = shown;
  const isFiltered = Object.values({ ...filters, after: undefined }).some((value) => value !== undefined);
  const [problem] = Object.values(errors);
  return panelPage({
    ...visit,
    current: '/admin/audit',
    title: words.title,
    lead: words.lead,
    failure: problem === undefined ? undefined : displayName(problem),
    children: (
      <>
        {chain !== undefined && <Chain chain={chain} />}
        <div class="card" id="audit-log">
          <Filters filters={filters} isFiltered={isFiltered} errors={errors} />
          <DataTable
            caption={words.caption}
            columns={[
              { label: columns.when },
              { label: columns.action },
              { label: columns.who },
              { label: columns.what },
              { label: columns.details },
            ]}
            empty={isFiltered ? words.emptyFiltered : words.empty}
            rows={records.map((record) => ({ key: String(record.seq), cells: auditCells(record) }))}
          />
          <Pager path="/admin/audit" query={{ ...filters }} next={next} />
        </div>
        <Card id="chain" title={words.chain} lead={words.chainLead}>
          <PostForm action="/admin/audit/verify" hidden={{ csrf_token: visit.csrfToken }} class="form-actions">
            <button type="submit">{words.verify}</button>
          </PostForm>
          <p class="hint">{words.verifyHint(formatCount(mostVerified))}</p>
        </Card>
      </>
    ),
  });
}

function Chain({ chain }: { readonly chain: ChainState }) {
  const words = recordTexts.audit;
  if (chain.broken !== undefined) {
    return (
      <Alert kind="failure" id="chain-state">
        {words.broken(chain.broken.seq, displayName(chain.broken.reason))}
      </Alert>
    );
  }
  return (
    <Alert kind="done" id="chain-state">
      {chain.head === undefined ? words.nothingToVerify : words.intact(formatCount(chain.events), chain.head.seq)}
    </Alert>
  );
}

function Filters({
  filters,
  isFiltered,
  errors,
}: {
  readonly filters: AuditFilters;
  readonly isFiltered: boolean;
  readonly errors: ShownAudit['errors'];
}) {
  const words = recordTexts.audit;
  const { filters: names } = words;
  const choices = (any: string, known: Readonly<Record<string, string>>) => [
    { value: '', label: any },
    ...Object.entries(known).map(([value, label]) => ({ value, label })),
  ];
  const isMore = [filters.target_kind, filters.target, filters.via, filters.from, filters.until].some(
    (value) => value !== undefined,
  );
  return (
    <search>
      <form method="get" action="/admin/audit">
        <div class="search">
          <FilterText name="q" label={names.who} value={filters.q} error={errors.q} />
          <SelectField
            name="action"
            label={names.action}
            value={filters.action}
            choices={[
              { value: '', label: names.anyAction },
              ...withChosen(AUDIT_ACTIONS, filters.action).map((action) => ({ value: action, label: action })),
            ]}
          />
          <SelectField
            name="outcome"
            label={names.outcome}
            value={filters.outcome}
            choices={choices(names.anyOutcome, words.outcomes)}
          />
          <button type="submit">{names.show}</button>
          {isFiltered && (
            <a class="button" href="/admin/audit">
              {names.clear}
            </a>
          )}
        </div>
        <details class="ask more-filters" open={isMore}>
          <summary>{names.more}</summary>
          <div class="search">
            <SelectField
              name="target_kind"
              label={names.targetKind}
              value={filters.target_kind}
              choices={choices(names.anyTarget, words.targets)}
            />
            <FilterText name="target" label={names.target} value={filters.target} />
            <SelectField name="via" label={names.via} value={filters.via} choices={choices(names.anyVia, words.vias)} />
            <FilterText name="from" label={names.from} value={filters.from} error={errors.from} date />
            <FilterText name="until" label={names.until} value={filters.until} error={errors.until} date />
          </div>
        </details>
      </form>
    </search>
  );
}

function withChosen(known: readonly string[], chosen: string | undefined): readonly string[] {
  return chosen === undefined || known.includes(chosen) ? known : [...known, chosen];
}

function FilterText({
  name,
  label,
  value,
  error,
  date = false,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly error?: string | undefined;
  readonly date?: boolean;
}) {
  const input = {
    id: name,
    name,
    // A date that is none cannot stand in its field.
    value: date && error !== undefined ? undefined : value,
    autocomplete: 'off',
    spellcheck: false,
    'aria-invalid': error === undefined ? undefined : true,
  } as const;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {date ? <input type="date" {...input} /> : <input type="text" autocapitalize="none" {...input} />}
    </div>
  );
}
