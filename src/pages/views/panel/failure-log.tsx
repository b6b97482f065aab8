import { hintFor } from '../../../oauth/failure-hints.ts';
import type { AppFailure } from '../../../oauth/usage-ports.ts';
import type { ShownFailures } from '../../failure-reading.ts';
import { insightTexts } from '../../insight-texts.ts';
import { recordTexts } from '../../record-texts.ts';
import { displayName } from '../display.ts';
import { Time } from '../parts.tsx';
import { Facets } from './facets.tsx';
import { SelectField } from './form.tsx';
import { Badge } from './parts.tsx';
import { DataTable } from './table.tsx';

/**
 * The failure log of one app, for operators and for whoever owns the app.
 * @param path where the page is; the filter goes there
 */
export function FailureLogCard({ path, log }: { readonly path: string; readonly log: ShownFailures }) {
  const words = recordTexts.failures;
  const { columns } = words;
  const { failures, codes, code, isCut } = log;
  return (
    <div class="card" id="failure-log">
      {codes.length > 0 && (
        <search>
          <form method="get" action={path} class="search">
            <SelectField
              name="code"
              label={words.filter}
              value={code}
              choices={[
                { value: '', label: words.anyCode },
                ...codes.map((one) => ({ value: one, label: codeWords(one) })),
              ]}
            />
            <button type="submit">{words.show}</button>
          </form>
        </search>
      )}
      <DataTable
        caption={words.caption}
        columns={[{ label: columns.when }, { label: columns.what }, { label: columns.where }]}
        empty={codes.length === 0 ? words.empty : words.emptyOfCode}
        rows={failures.map((failure, at) => ({ key: String(at), cells: cellsOf(failure) }))}
      />
      {isCut && <p class="hint">{words.shown(failures.length)}</p>}
    </div>
  );
}

function codeWords(code: string): string {
  const { reasons } = insightTexts;
  return Object.hasOwn(reasons, code) ? `${code}: ${reasons[code]}` : displayName(code);
}

function nameOf(names: Readonly<Record<string, string>>, key: string): string {
  return Object.hasOwn(names, key) ? (names[key] ?? key) : displayName(key);
}

function cellsOf(failure: AppFailure) {
  const words = recordTexts.failures;
  const { at, surface, grant, code, reason, address, requestId, more = 0 } = failure;
  const hint = hintFor(failure);
  const { facets: names } = words;
  const facets = [
    [names.surface, nameOf({ ...insightTexts.surfaces, ...insightTexts.endpoints }, surface)],
    [names.grant, nameOf(insightTexts.grants, grant)],
    [names.address, displayName(address)],
    [names.request, requestId === '' ? '' : <code key="request">{displayName(requestId)}</code>],
  ] as const;
  return [
    <Time key="when" date={new Date(at * 1000)} />,
    <div class="stack" key="what">
      <span>
        <Badge kind="bad">{displayName(code)}</Badge> {more > 0 && <span class="hint">{words.more(more)}</span>}
      </span>
      <strong>{displayName(reason)}</strong>
      {hint !== undefined && (
        <span>
          <span class="hint">{words.hint}</span> {hint}
        </span>
      )}
    </div>,
    <Facets key="where" facets={facets} />,
  ];
}
