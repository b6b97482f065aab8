import { type Command, Option } from 'commander';
import { MAX_APPS_OF_A_MEMBER } from '../../oauth/developer-policy-registry.ts';
import { APP_SURFACES, REGISTRABLE_GRANTS } from '../../oauth/model.ts';
import type { DeveloperPolicy } from '../../oauth/usage-ports.ts';
import { developerPolicyJson } from '../../representations/developer-policy.ts';
import { collect, whole } from '../options.ts';
import { fields, listed, type Result } from '../output.ts';
import { runCommand } from '../run.ts';

interface PolicyOptions {
  readonly enable?: true;
  readonly disable?: true;
  readonly maxApps?: number;
  readonly surface?: readonly string[];
  readonly grant?: readonly string[];
  readonly scope?: readonly string[];
  readonly redirectHost?: readonly string[];
  /** False: none. */
  readonly plan?: string | false;
}

/** `policy …`: what members may do by themselves. */
export function registerPolicyCommands(program: Command): void {
  const policy = program.command('policy').description('what members may do by themselves, at /developer');

  policy
    .command('show')
    .description('show what members may do')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ policy: registry }) => toResult('', await registry.get())),
    );

  policy
    .command('set')
    .description('change what members may do from now on; what is not given stays, a given list replaces the old one')
    .addOption(new Option('--enable', 'members register apps by themselves').conflicts('disable'))
    .option('--disable', 'they no longer do; the apps they have stay')
    .option('--max-apps <number>', `how many apps a member may have, 0 to ${MAX_APPS_OF_A_MEMBER}`, whole)
    .option('--surface <surface>', `${APP_SURFACES.join(', ')} (repeatable)`, collect)
    .option('--grant <grant>', `${REGISTRABLE_GRANTS.join(', ')} (repeatable)`, collect)
    .option('--scope <scope>', "a scope that their apps may have; '' for none (repeatable)", collect)
    .option(
      '--redirect-host <host>',
      "such as app.example.com, or *.example.com for all below it; '' for none but loopback (repeatable)",
      collect,
    )
    .option('--plan <name>', 'the plan that their apps get')
    .option('--no-plan', 'their apps get no plan')
    .action((options: PolicyOptions, command: Command) => {
      if (Object.keys(options).length === 0) command.error('error: nothing to change: give at least one option');
      const { enable, disable, maxApps, surface, grant, scope, redirectHost, plan } = options;
      return runCommand(command, async ({ policy: registry }) => {
        const changed = await registry.update({
          enabled: enable ?? (disable && false),
          maxApps,
          surfaces: surface,
          grants: grant,
          scopes: scope,
          redirectHosts: redirectHost,
          planName: plan === false ? '' : plan,
        });
        return toResult('Updated what members may do.\n\n', changed);
      });
    });
}

function toResult(what: string, policy: DeveloperPolicy): Result {
  const text = fields([
    ['self-service', policy.enabled ? 'enabled' : 'disabled'],
    ['apps', `${policy.maxApps} for each member`],
    ['surfaces', listed(policy.surfaces)],
    ['grants', listed(policy.grants)],
    ['scopes', listed(policy.scopes)],
    ['redirect hosts', policy.redirectHosts.length === 0 ? 'loopback only' : listed(policy.redirectHosts)],
    ['plan', policy.planName ?? '-'],
  ]);
  return { json: developerPolicyJson(policy), text: `${what}${text}` };
}
