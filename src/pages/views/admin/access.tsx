import { ACCESS_KINDS, type ShownAccess } from '../../access-lists.ts';
import { recordTexts } from '../../record-texts.ts';
import { displayName } from '../display.ts';
import { TextField } from '../panel/form.tsx';
import { Card, Tabs } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address, DataTable, Pager } from '../panel/table.tsx';
import { accessRows } from './access-rows.tsx';

export interface AccessPageOptions extends PanelVisit {
  readonly shown: ShownAccess;
  /** Epoch seconds. */
  readonly now: number;
  /** The session of whoever looks. */
  readonly ownSessionId: string;
}

/** Families, connections, sessions or API keys of everybody, or of one person or app. */
export function accessPage({ shown, now, ownSessionId, ...visit }: AccessPageOptions): string {
  const words = recordTexts.access;
  const { list, next, query } = shown;
  const { kind } = list;
  const pathOf = (one: string): string => address('/admin/access', { kind: one, user: query.user, app: query.app });
  const isNarrowed = query.user !== undefined || query.app !== undefined;
  const { columns, rows } = accessRows(list, { csrfToken: visit.csrfToken, query, now, ownSessionId });
  return panelPage({
    ...visit,
    current: '/admin/access',
    title: words.title,
    lead: words.lead,
    failure: problemOf(shown),
    tabs: (
      <Tabs
        label={words.tabs}
        tabs={ACCESS_KINDS.map((one) => ({ href: pathOf(one), label: words.kinds[one] }))}
        current={pathOf(kind)}
      />
    ),
    children: (
      <Card id="access" title={words.kinds[kind]} lead={words.leads[kind]}>
        <search>
          <form method="get" action="/admin/access" class="search">
            <input type="hidden" name="kind" value={kind} />
            <TextField name="user" label={words.person} value={query.user} kind="email" />
            {kind !== 'sessions' && <TextField name="app" label={words.app} value={query.app} />}
            <button type="submit">{words.search}</button>
          </form>
        </search>
        <DataTable
          caption={words.captions[kind]}
          columns={columns}
          empty={isNarrowed ? words.emptyFiltered : words.empty[kind]}
          rows={rows}
        />
        <Pager path="/admin/access" query={{ kind, ...query }} next={next} />
      </Card>
    ),
  });
}

function problemOf({ unknown, query }: ShownAccess): string | undefined {
  const words = recordTexts.access;
  if (unknown === 'user') return words.unknownPerson(displayName(query.user ?? ''));
  return unknown === 'app' ? words.unknownApp(displayName(query.app ?? '')) : undefined;
}
