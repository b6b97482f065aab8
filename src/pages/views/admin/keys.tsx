import type { ComponentChildren } from 'preact';
import type { KeyStatus } from '../../../oauth/key-administration.ts';
import { ASYMMETRIC_ALGORITHMS, type AsymmetricAlgorithm } from '../../../oauth/model.ts';
import { insightTexts } from '../../insight-texts.ts';
import { texts } from '../../texts.ts';
import { displayName } from '../display.ts';
import { Badge, Card, Confirm } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { DataTable } from '../panel/table.tsx';

export interface KeysPageOptions extends PanelVisit {
  /** In the order in which they are shown. */
  readonly keys: readonly KeyStatus[];
  /** Epoch seconds. */
  readonly now: number;
}

/** The signing keys, by algorithm. */
export function keysPage({ keys, now, ...visit }: KeysPageOptions): string {
  const words = insightTexts.keys;
  return panelPage({
    ...visit,
    current: '/admin/keys',
    title: words.title,
    lead: words.lead,
    actions: (
      <a class="button" href="/.well-known/jwks.json">
        {words.jwks}
      </a>
    ),
    children: (
      <>
        {ASYMMETRIC_ALGORITHMS.map((algorithm) => (
          <AlgorithmCard
            key={algorithm}
            algorithm={algorithm}
            keys={keys.filter((one) => one.algorithm === algorithm)}
            csrfToken={visit.csrfToken}
            now={now}
          />
        ))}
        <p class="hint">
          {words.hs256} <a href="/admin/apis">{words.hs256Link}</a>.
        </p>
      </>
    ),
  });
}

function AlgorithmCard({
  algorithm,
  keys,
  csrfToken,
  now,
}: {
  readonly algorithm: AsymmetricAlgorithm;
  readonly keys: readonly KeyStatus[];
  readonly csrfToken: string;
  readonly now: number;
}) {
  const words = insightTexts.keys;
  const { columns } = words;
  const coming = keys.find(({ state, signsFrom }) => state === 'next' && signsFrom !== undefined);
  return (
    <Card id={algorithm.toLowerCase()} title={algorithm} lead={words.algorithms[algorithm]}>
      <DataTable
        caption={words.caption(algorithm)}
        columns={[
          { label: columns.kid },
          { label: columns.state },
          { label: columns.signs },
          { label: columns.until },
          { label: columns.pem },
        ]}
        empty=""
        rows={keys.map((key) => ({ key: key.kid, cells: cellsOf(key, now) }))}
      />
      {coming?.signsFrom === undefined ? (
        <Confirm
          label={words.rotate}
          of={words.rotateOf(algorithm)}
          consequence={words.rotateConsequence}
          action="/admin/keys/rotate"
          hidden={{ csrf_token: csrfToken, algorithm }}
          button={words.rotateButton(algorithm)}
          danger={false}
        />
      ) : (
        <p class="hint">{words.underWay(timeText(coming.signsFrom))}</p>
      )}
    </Card>
  );
}

function cellsOf(key: KeyStatus, now: number): readonly ComponentChildren[] {
  const { kid, state, signsFrom, publishedAt, tokensUntil } = key;
  const words = insightTexts.keys;
  return [
    <div class="stack" key="kid">
      <code>{displayName(kid)}</code>
      <span class="hint">{words.published(timeText(publishedAt))}</span>
    </div>,
    <Badge key="state" kind={state === 'signing' ? 'good' : 'plain'}>
      {words.states[state]}
    </Badge>,
    signsText(state, signsFrom),
    // Before it has signed anything, the end is set to when it was made.
    tokensUntil <= publishedAt ? words.noTokens : timeText(tokensUntil),
    // Once its last token has expired it is published no more.
    state === 'retired' && tokensUntil <= now ? (
      ''
    ) : (
      <a key="pem" href={`/admin/keys/${encodeURIComponent(kid)}/pem`} aria-label={words.downloadOf(kid)}>
        {words.download}
      </a>
    ),
  ];
}

function signsText(state: KeyStatus['state'], signsFrom: number | undefined): string {
  const words = insightTexts.keys;
  if (signsFrom === undefined) return words.waits;
  if (state === 'retired') return words.signed(timeText(signsFrom));
  return state === 'next' ? words.willSign(timeText(signsFrom)) : words.signsFrom(timeText(signsFrom));
}

function timeText(seconds: number): string {
  return texts.dateTime(new Date(seconds * 1000));
}
