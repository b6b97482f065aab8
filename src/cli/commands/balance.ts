import type { Command } from 'commander';
import type { BalanceChange } from '../../oauth/balance-registry.ts';
import { type BalanceJson, balanceJson, topUpJson } from '../../representations/balance.ts';
import { isoTime } from '../../representations/time.ts';
import { whole } from '../options.ts';
import { fields, type Result } from '../output.ts';
import { runCommand } from '../run.ts';

/** `balance …`: the prepaid credits of apps. */
export function registerBalanceCommands(program: Command): void {
  const balance = program.command('balance').description('prepaid credits of apps with a metered plan');

  balance
    .command('show')
    .description("show an app's credits")
    .argument('<app>')
    .action((app: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ balances }) => {
        const json = balanceJson(await balances.show(app));
        return { json: { app, ...json }, text: describe(json) };
      }),
    );

  withReference(balance.command('top-up'))
    .description('add credits to an app')
    .action((app: string, credits: number, { reference }: { reference?: string }, command: Command) =>
      runCommand(command, async ({ balances }) =>
        changed(`Added ${credits} credits to the app '${app}'.`, await balances.topUp(app, credits, reference)),
      ),
    );

  withReference(balance.command('withdraw'))
    .description('take unused credits away from an app, to correct a top-up')
    .action((app: string, credits: number, { reference }: { reference?: string }, command: Command) =>
      runCommand(command, async ({ balances }) =>
        changed(`Took ${credits} credits from the app '${app}'.`, await balances.withdraw(app, credits, reference)),
      ),
    );
}

function withReference(command: Command): Command {
  return command
    .argument('<app>')
    .argument('<credits>', 'how many', whole)
    .option('--reference <text>', 'such as an invoice number; said again, the same change is not made twice');
}

function changed(what: string, { topUp, balance, repeated }: BalanceChange): Result {
  const json = balanceJson(balance);
  const done = repeated
    ? `Nothing was changed: this reference was used for the same amount at ${isoTime(topUp.createdAt)}.`
    : what;
  return { json: { ...topUpJson(topUp), repeated, balance: json }, text: `${done}\n\n${describe(json)}` };
}

function describe({ available, leased, total }: BalanceJson): string {
  return fields([
    ['total', `${total} credits`],
    ['available', String(available)],
    ['leased', `${leased} (by servers, for the next requests)`],
  ]);
}
