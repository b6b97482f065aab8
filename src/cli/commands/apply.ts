import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { RefusedError } from '../../oauth/errors.ts';
import { applyDocument } from '../apply/apply-document.ts';
import { builtInApis } from '../apply/built-in-apis.ts';
import { parseApplyDocument } from '../apply/document.ts';
import type { FieldChange, Outcome } from '../apply/outcome.ts';
import { decodeText, readStdin } from '../options.ts';
import { printable, SHOWN_ONCE } from '../output.ts';
import { runCommand } from '../run.ts';

const TYPES: Readonly<Record<Outcome['type'], string>> = {
  policy: 'policy',
  api: 'API',
  role: 'role',
  plan: 'plan',
  user: 'user',
  app: 'app',
  'top-up': 'top-up',
};

/** `apply`: makes everything as a file describes it. */
export function registerApplyCommand(program: Command): void {
  program
    .command('apply')
    .description(
      'make APIs, roles, plans, users, apps and the policy as a YAML or JSON file describes them; deletes nothing',
    )
    .requiredOption('-f, --file <file>', "the file, or '-' for standard input")
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(async ({ file, dryRun = false }: { file: string; dryRun?: boolean }, command: Command) => {
      const document = parseApplyDocument(await readSource(file));
      await runCommand(command, async ({ together, config }) => {
        const outcomes = await applyDocument(document, together, builtInApis(config.issuer), dryRun);
        return { json: toJson(outcomes, dryRun), text: toText(outcomes, dryRun) };
      });
    });
}

async function readSource(file: string): Promise<string> {
  if (file === '-') return readStdin();
  const bytes = await readFile(file).catch(({ code, message }: NodeJS.ErrnoException) => {
    throw new RefusedError(
      'not_found',
      code === 'ENOENT' ? `There is no file '${file}'.` : `Cannot read it: ${message}`,
    );
  });
  return decodeText(bytes, `The file '${file}'`);
}

function toJson(outcomes: readonly Outcome[], dryRun: boolean) {
  return {
    dry_run: dryRun,
    changed: outcomes.filter(({ outcome }) => outcome !== 'unchanged').length,
    objects: outcomes.map(({ issued, ...said }) => ({ ...said, ...(dryRun ? {} : issued) })),
  };
}

function toText(outcomes: readonly Outcome[], dryRun: boolean): string {
  const lines = outcomes.flatMap((outcome) => [headline(outcome), ...details(outcome, dryRun)]);
  const count = (which: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === which).length;
  const sum = `${count('created')} created, ${count('updated')} updated, ${count('unchanged')} unchanged.`;
  const isChange = count('created') + count('updated') > 0;
  const verdict = dryRun
    ? 'A dry run: nothing was changed. It would be: '
    : isChange
      ? ''
      : 'Nothing had to be changed: ';
  return [...lines, ...(lines.length > 0 ? [''] : []), `${verdict}${sum}`].join('\n');
}

function headline({ type, id, outcome }: Outcome): string {
  return `${outcome.padEnd(9)}  ${TYPES[type].padEnd(6)}  ${printable(id)}`;
}

function details({ changes, issued }: Outcome, dryRun: boolean): string[] {
  const { secret, password, key } = issued;
  const once = (name: string, value: string) =>
    dryRun ? `${name}: would be made and shown` : `${name}: ${value}  (${SHOWN_ONCE})`;
  return [
    ...changes.map(describeChange),
    ...(secret === undefined ? [] : [once('secret', secret.value)]),
    ...(password === undefined ? [] : [once('password', password)]),
    ...(key === undefined ? [] : [once('key', key)]),
  ].map((line) => `           ${line}`);
}

function describeChange({ field, from, to }: FieldChange): string {
  if (field === 'password') return 'password: changed';
  if (field === 'secret') return 'secret: added';
  return `${field}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : printable(value.join(', '));
  if (value === null || value === '') return 'none';
  if (typeof value === 'object') return valueText(Object.entries(value).map(([name, text]) => `${name}=${text}`));
  return printable(String(value));
}
