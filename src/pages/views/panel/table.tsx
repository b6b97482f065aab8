import type { ComponentChildren } from 'preact';
import { panelTexts } from '../../panel-texts.ts';

export interface Column {
  readonly label: string;
  /** Numbers stand under each other at the end of the line. */
  readonly numeric?: boolean;
  /** Left out where there is no room: it is on the thing's own page, too. */
  readonly secondary?: boolean;
  /** What the cells hold says enough by itself, such as buttons: the label is for ears only. */
  readonly quiet?: boolean;
}

/** A table that becomes a list of cards on a phone. The first cell of a row names the thing. */
export function DataTable(properties: {
  /** Says what the rows are; for ears only, for there is a heading. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[];
  /** Said in place of the table when there are no rows. */
  readonly empty: ComponentChildren;
}) {
  const { caption, columns, rows, empty } = properties;
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const classOf = ({ numeric, secondary }: Column) =>
    [numeric && 'numeric', secondary && 'secondary'].filter(Boolean).join(' ') || undefined;
  return (
    <div class="table-frame">
      {/* The roles say again what display: grid makes some browsers forget. */}
      {/* biome-ignore lint/a11y/noRedundantRoles: see above. */}
      <table class="data" role="table">
        <caption class="spoken">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.label} scope="col" class={classOf(column)}>
                {column.quiet === true ? <span class="spoken">{column.label}</span> : column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, at) => {
                const column = columns[at] ?? { label: '' };
                return at === 0 ? (
                  <th key={column.label} scope="row" class={classOf(column)}>
                    {cell}
                  </th>
                ) : (
                  <td
                    key={column.label}
                    class={classOf(column)}
                    data-label={column.quiet === true ? undefined : column.label}
                  >
                    {cell}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Leads to the next part of a list, keeping what was searched for. */
export function Pager({
  path,
  query,
  next,
}: {
  readonly path: string;
  /** What the address holds besides: search and filters. */
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly next: string | undefined;
}) {
  const isLater = query.after !== undefined;
  if (next === undefined && !isLater) return null;
  const words = panelTexts.list;
  return (
    <nav class="pager" aria-label={words.pages}>
      {isLater && (
        <a class="button" href={address(path, { ...query, after: undefined })}>
          {words.first}
        </a>
      )}
      {next !== undefined && (
        <a class="button" rel="next" href={address(path, { ...query, after: next })}>
          {words.next}
        </a>
      )}
    </nav>
  );
}

/** A path with a query; what is undefined or empty is left out. */
export function address(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  const text = new URLSearchParams(pairs).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Search and filters above a list: a GET form, so that what is found has an address. */
export function SearchForm({
  action,
  label,
  value,
  children,
}: {
  readonly action: string;
  /** What the text is compared with. */
  readonly label: string;
  readonly value: string | undefined;
  /** Filters. */
  readonly children?: ComponentChildren;
}) {
  const words = panelTexts.list;
  return (
    <search>
      <form method="get" action={action} class="search">
        <div class="field">
          <label for="q">{label}</label>
          <input type="search" id="q" name="q" value={value} autocomplete="off" spellcheck={false} />
        </div>
        {children}
        <button type="submit">{words.search}</button>
      </form>
    </search>
  );
}
