import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hintFor } from '../../src/oauth/failure-hints.ts';

const FOLDER = fileURLToPath(new URL('../../src/oauth', import.meta.url));

/** What is refused before there is an app, or where no app is told of it: pages, the feed, the admin API. */
const ELSEWHERE = [
  'account-service.ts',
  'admin-access.ts',
  'admin-scopes.ts',
  'authorization-request.ts',
  'authorization-service.ts',
  'revocation-feed.ts',
  'revocation-readings.ts',
  'session-service.ts',
  'token-inspection.ts',
  'token-explanation.ts',
  'audited.ts',
  'noting.ts',
  'failure-hints.ts',
  'developer-service.ts',
  'api-key-registry.ts',
  'plan-registry.ts',
];

/** Only the audit trail has it. */
const NO_FAILURE = 'signed out';

/** The ends of codes and refresh tokens that are no success, as ports.ts has them. */
const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  'code ': ['unknown', 'foreign', 'expired', 'wrong_proof', 'replayed', 'person_changed'],
  'refresh token ': ['unknown', 'expired', 'revoked', 'foreign', 'reused'],
};

const STRING = String.raw`'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|\x60((?:[^\x60\\]|\\.)*)\x60`;

interface Reason {
  readonly file: string;
  readonly text: string;
}

function filled(template: string): string[] {
  const outcomes = OUTCOMES[template.slice(0, template.indexOf('$'))];
  if (template.includes('.outcome}') && outcomes !== undefined) {
    return outcomes.map((outcome) => template.replace(/\$\{[^}]*\}/, outcome));
  }
  // What stands for a list of options or a description of the API, a number is as good as any.
  return [template.replace(/\$\{[^}]*\}/g, '7')];
}

function strings(code: string): string[] {
  return [...code.matchAll(new RegExp(STRING, 'g'))].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The text from behind an opening bracket to its closing one. */
function argumentsAt(code: string, from: number): string {
  let depth = 1;
  let at = from;
  for (let quote = ''; depth > 0 && at < code.length; at++) {
    const character = code[at] ?? '';
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (`'"\``.includes(character)) quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
  }
  return code.slice(from, at - 1);
}

/** Every reason that the core can give for a failure, read from its sources. */
function readReasons(): Reason[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !ELSEWHERE.includes(file),
  );
  return [...files, '../crypto/passwords.ts'].flatMap((file) => {
    const code = readFileSync(`${FOLDER}/${file}`, 'utf8').replace(/^\s*(\/\/|\/\*|\*).*$/gm, '');
    const found: string[] = [];
    const calls =
      /(?:new (?:OAuthError|BusyError)|\b(?:refused|wrong|dead|invalidToken|perMinute))\(|(?:\breason: |\breturn |const UNKNOWN_APP = )(?=['"`])|\b(?:const reason|detail) = (?=['"`\w])/g;
    const reads = (text: string): string[] => strings(text).filter((one) => /[a-z] [a-z$]/i.test(one));
    for (const call of code.matchAll(calls)) {
      const from = call.index + call[0].length;
      if (!call[0].endsWith('(')) {
        found.push(...reads(code.slice(from, code.indexOf(';', from))));
        continue;
      }
      const all = argumentsAt(code, from);
      // What has a detail is told with the detail, and the description goes over the wire only.
      const [, detail] = /\bdetail\b(?:: ([\s\S]*))?/.exec(all) ?? [undefined, all];
      const told = /,\s*status\.reason\s*$/.test(all) ? [] : reads(detail ?? '');
      found.push(...(call[0] === 'invalidToken(' ? told.slice(-1) : told));
    }
    const whole = found.filter((text) => text !== NO_FAILURE && !text.startsWith('$'));
    return [...new Set(whole)].flatMap(filled).map((text) => ({ file, text }));
  });
}

const reasons = readReasons();

describe('hints for failed requests', () => {
  it('are asked for of every reason there is', () => {
    const texts = reasons.map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(60);
    for (const known of [
      'unknown app',
      'wrong or expired secret for app 7',
      'refresh token reused',
      'code wrong_proof',
      'it has expired',
      'its family was revoked',
      'the rate of its plan is spent',
      'This app may not use the 7 surface.',
      'wrong password',
      'costs 7 credits, 7 are left',
      'password queue full (7)',
    ]) {
      expect(texts).toContain(known);
    }
  });

  it.each(reasons.map(({ text, file }) => [text, file] as const))('say how to put right: %s (%s)', (reason) => {
    const hint = hintFor({ reason });
    expect(hint).toMatch(/^[A-Z'].{15,}\.$/);
  });

  it('say nothing of what they do not know', () => {
    expect(hintFor({ reason: 'something else' })).toBeUndefined();
    expect(hintFor({ reason: '' })).toBeUndefined();
  });
});
