import type { Command } from 'commander';
import type { PlanInput } from '../../oauth/plan-registry.ts';
import { type PlanJson, planJson } from '../../representations/plan.ts';
import { whole } from '../options.ts';
import { fields, listed, table } from '../output.ts';
import { runCommand } from '../run.ts';

interface PlanOptions {
  readonly requestsPerMinute?: number;
  readonly metered?: boolean;
  readonly tokenCost?: number;
}

/** `plan …`: how much apps may use, and whether they pay for it. */
export function registerPlanCommands(program: Command): void {
  const plan = program.command('plan').description('plans: rates and prepaid credits, for apps');

  withSettings(plan.command('create'))
    .description('add a plan')
    .argument('<name>')
    .action((name: string, options: PlanOptions, command: Command) =>
      runCommand(command, async ({ plans }) => {
        const json = planJson(await plans.create(name, toInput(options)));
        return { json, text: `Created the plan '${name}'. Give it to apps with 'app update ID --plan ${name}'.` };
      }),
    );

  plan
    .command('list')
    .description('list all plans')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ plans }) => {
        const all = (await plans.list()).map(planJson);
        const rows = all.map((one) => [one.name, describeRate(one), describePrice(one)]);
        return { json: all, text: table(['name', 'requests', 'credits'], rows, 'There are no plans yet.') };
      }),
    );

  plan
    .command('show')
    .description('show one plan with the apps that have it')
    .argument('<name>')
    .action((name: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ plans, apps }) => {
        const json = planJson(await plans.get(name));
        const users = (await apps.list()).filter((app) => app.plan?.name === name).map(({ id }) => id);
        return {
          json: { ...json, apps: users },
          text: describe(json, users),
        };
      }),
    );

  withSettings(plan.command('update'))
    .description('change a plan for every app that has it, at once; what is not given stays')
    .argument('<name>')
    .option('--no-metered', 'requests cost no credits any more')
    .action((name: string, options: PlanOptions, command: Command) => {
      if (Object.keys(options).length === 0) command.error('error: nothing to change: give at least one option');
      return runCommand(command, async ({ plans }) => {
        const json = planJson(await plans.update(name, toInput(options)));
        return { json, text: `Updated the plan '${name}'.\n\n${describe(json)}` };
      });
    });

  plan
    .command('delete')
    .description('remove a plan that no app has any more')
    .argument('<name>')
    .action((name: string, _options: unknown, command: Command) =>
      runCommand(command, async ({ plans }) => {
        await plans.delete(name);
        return { json: { name, deleted: true }, text: `Deleted the plan '${name}'.` };
      }),
    );
}

function withSettings(command: Command): Command {
  return command
    .option('--requests-per-minute <number>', 'how many requests, over all servers; 0 for no limit', whole)
    .option('--metered', 'requests cost credits, which are paid for in advance')
    .option('--token-cost <credits>', 'what a token costs at the token endpoints, when metered; 0 by default', whole);
}

/** What is metered no more costs nothing. */
function toInput({ requestsPerMinute, metered, tokenCost }: PlanOptions): PlanInput {
  return { requestsPerMinute, metered, tokenCost: tokenCost ?? (metered === false ? 0 : undefined) };
}

function describe(plan: PlanJson, appIds?: readonly string[]): string {
  return fields([
    ['name', plan.name],
    ['requests', describeRate(plan)],
    ['credits', describePrice(plan)],
    ['apps', appIds && listed(appIds)],
  ]);
}

function describeRate({ requests_per_minute }: PlanJson): string {
  return requests_per_minute === null ? 'no limit' : `${requests_per_minute} a minute`;
}

function describePrice({ metered, token_cost }: PlanJson): string {
  if (!metered) return 'not metered';
  return token_cost === 0 ? 'metered' : `metered, ${token_cost} for a token`;
}
