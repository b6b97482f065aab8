import type { ComponentChildren } from 'preact';
import { concealSecrets } from '../../../oauth/concealed-text.ts';
import type { InspectedJwt } from '../../../oauth/token-inspection.ts';
import { insightTexts } from '../../insight-texts.ts';
import { displayName } from '../display.ts';
import { Moment } from '../panel/moment.tsx';
import { Badge, Card } from '../panel/parts.tsx';
import { DataTable } from '../panel/table.tsx';
import { Alert } from '../parts.tsx';

const MOST_CLAIMS = 60;
const LONGEST_VALUE_CHARACTERS = 500;
/** Claims that are times (RFC 7519 section 2, NumericDate). */
const TIMES = ['exp', 'iat', 'nbf', 'auth_time', 'updated_at'];

interface JwtProps {
  readonly jwt: InspectedJwt;
  /** Epoch seconds. */
  readonly now: number;
}

/** Header and claims of a JWT as it says them of itself; what is not verified is said not to be. */
export function JwtCards({ jwt, now }: JwtProps) {
  const words = insightTexts.inspector;
  const badge = jwt.verified ? (
    <Badge kind="good">{words.signature.verified}</Badge>
  ) : (
    <Badge kind="bad">{words.signature.unverified}</Badge>
  );
  return (
    <>
      <Card id="header" title={words.header} actions={badge}>
        {!jwt.verified && <Alert kind="warning">{words.unverified}</Alert>}
        <Members caption={words.header} members={jwt.header} now={now} />
      </Card>
      <Card id="claims" title={words.claims}>
        <Members caption={words.claims} members={jwt.payload} now={now} />
      </Card>
    </>
  );
}

function Members({
  caption,
  members,
  now,
}: {
  readonly caption: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly now: number;
}) {
  const words = insightTexts.inspector;
  const { claimMeanings: meanings, claimColumns: columns } = words;
  const all = Object.entries(members);
  return (
    <>
      <DataTable
        caption={caption}
        columns={[{ label: columns.name }, { label: columns.value }, { label: columns.meaning }]}
        empty={words.mayNothing}
        rows={all.slice(0, MOST_CLAIMS).map(([name, value]) => ({
          key: name,
          cells: [
            <code key="name">{shorten(name)}</code>,
            <code key="value">{valueText(value)}</code>,
            meaningOf(name, value, now, Object.hasOwn(meanings, name) ? meanings[name] : undefined),
          ],
        }))}
      />
      {all.length > MOST_CLAIMS && <p class="hint">{words.moreClaims(all.length - MOST_CLAIMS)}</p>}
    </>
  );
}

function meaningOf(name: string, value: unknown, now: number, meaning: string | undefined): ComponentChildren {
  if (!TIMES.includes(name) || typeof value !== 'number') return meaning ?? '';
  return (
    <>
      {meaning !== undefined && `${meaning}: `}
      <Moment at={value} now={now} />
    </>
  );
}

function valueText(value: unknown): string {
  return shorten(typeof value === 'string' ? value : JSON.stringify(value));
}

/** As much as can be read, without what would be a secret by itself. */
function shorten(text: string): string {
  return displayName(concealSecrets(text, LONGEST_VALUE_CHARACTERS));
}
