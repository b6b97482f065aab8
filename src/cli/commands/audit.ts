import { once } from 'node:events';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { Dependencies } from '../../dependencies.ts';
import type { AuditHead, AuditRecord, AuditVerification } from '../../oauth/audit-trail.ts';
import { auditEventJson, auditFilters, auditVerificationJson, toAuditFilter } from '../../representations/audit.ts';
import { whole } from '../options.ts';
import { fields, type Result, table } from '../output.ts';
import { runCommand, withDependencies } from '../run.ts';

interface FilterOptions {
  readonly action?: string;
  readonly actor?: string;
  readonly targetKind?: string;
  readonly target?: string;
  readonly via?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly until?: string;
}

const MOST_LISTED = 10_000;

/** `audit …`: who did what. */
export function registerAuditCommands(program: Command): void {
  const audit = program.command('audit').description('who did what to what, when and through which way in');

  withFilters(audit.command('list'))
    .description('list entries of the audit trail, newest first')
    .option('--limit <count>', 'how many at most', limit, 50)
    .action((options: FilterOptions & { limit: number }, command: Command) =>
      runCommand(command, async ({ records: { trail } }) => {
        const records = await trail.list({ ...readFilters(options), limit: options.limit });
        const rows = records.map((record) => [
          String(record.seq),
          record.at.toISOString(),
          record.action + (record.outcome === 'failure' ? ' (failed)' : ''),
          nameOf(record),
          record.target === undefined ? '-' : `${record.target.kind} ${record.target.id}`,
          record.actor.via,
          record.actor.address || '-',
        ]);
        const headings = ['seq', 'at', 'action', 'by', 'to', 'via', 'from'];
        return { json: records.map(auditEventJson), text: table(headings, rows, 'There are no such entries.') };
      }),
    );

  withFilters(audit.command('export'))
    .description('print entries, oldest first, one JSON document a line, each with its hash')
    .action((options: FilterOptions) =>
      withDependencies((dependencies) => exportTo(process.stdout, options, dependencies)),
    );

  audit
    .command('verify')
    .description('look through the whole trail for entries that were changed, added or removed past the server')
    .option(
      '--expect-head <seq:hash>',
      'a head that was noted down before: otherwise nobody can tell whether the end was cut off',
      readHead,
    )
    .action(({ expectHead }: { expectHead?: AuditHead }, command: Command) =>
      runCommand(command, async ({ records }) => verified(await records.trail.verify(expectHead))),
    );
}

function withFilters(command: Command): Command {
  return command
    .option('--action <action>', "only this action, such as app.update; 'app.*' is all of apps")
    .option('--actor <actor>', 'only what this user, app or operator did: the id, or the e-mail address or name')
    .addOption(
      new Option('--target-kind <kind>', 'only what was done to such things').choices(choicesOf('target_kind')),
    )
    .option('--target <id>', 'only what was done to this')
    .addOption(new Option('--via <way>', 'only through this way in').choices(choicesOf('via')))
    .addOption(new Option('--outcome <outcome>', 'only what came out so').choices(choicesOf('outcome')))
    .option('--from <time>', 'not before this time, such as 2027-01-31T12:00:00Z', time)
    .option('--until <time>', 'before this time', time);
}

function choicesOf(name: 'target_kind' | 'via' | 'outcome'): readonly string[] {
  return auditFilters[name].unwrap().options;
}

function readFilters({ targetKind, ...options }: FilterOptions) {
  return toAuditFilter(z.object(auditFilters).parse({ ...options, target_kind: targetKind }));
}

function time(text: string): string {
  if (!auditFilters.from.safeParse(text).success) {
    throw new InvalidArgumentError('It must be a time such as 2027-01-31T12:00:00Z.');
  }
  return text;
}

function limit(text: string): number {
  const number = whole(text);
  if (number < 1 || number > MOST_LISTED) throw new InvalidArgumentError(`It must be 1 to ${MOST_LISTED}.`);
  return number;
}

function readHead(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (seq === undefined || hash === undefined) {
    throw new InvalidArgumentError(
      "It must be a number, a colon and 64 hexadecimal digits, as 'audit verify' prints it.",
    );
  }
  return { seq: Number(seq), hash };
}

/** As fast as whoever reads takes it, and no more of it in memory. */
async function exportTo(
  output: NodeJS.WriteStream,
  options: FilterOptions,
  { records }: Pick<Dependencies, 'records'>,
): Promise<void> {
  for await (const record of records.trail.readAll(readFilters(options))) {
    const line = JSON.stringify({ ...auditEventJson(record), hash: record.hash });
    if (!output.write(`${line}\n`)) await once(output, 'drain');
  }
  // The process ends right after.
  await new Promise<void>((resolve) => output.write('', () => resolve()));
}

function verified(found: AuditVerification): Result {
  const { intact, events, head, broken } = found;
  const headText = head && `${head.seq}:${head.hash}`;
  return {
    json: auditVerificationJson(found),
    text: intact
      ? `The audit trail is intact: ${events} entries.\n\n${fields([['head', headText ?? 'none yet']])}\n\nNote the head down where whoever can change the database cannot, and give it to --expect-head next time.`
      : `The audit trail is broken at entry ${broken?.seq}: ${broken?.reason}\n\n${fields([
          ['entries before it', `${events}, intact`],
          ['last intact', headText ?? '-'],
        ])}`,
    exitCode: intact ? 0 : 1,
  };
}

function nameOf({ actor }: AuditRecord): string {
  return actor.name || actor.id || actor.kind;
}
