import type { Command } from 'commander';
import type { Dependencies } from '../../dependencies.ts';
import { type TokenFacts, tokenFacts } from '../../oauth/token-facts.ts';
import type { InspectedJwt, InspectedToken } from '../../oauth/token-inspection.ts';
import { isoTime } from '../../representations/time.ts';
import { readSecretFromStdin } from '../options.ts';
import { fields, type Result } from '../output.ts';
import { runCommand } from '../run.ts';

/** `token …`: looking at tokens. */
export function registerTokenCommands(program: Command): void {
  program
    .command('token')
    .description('tokens and secrets')
    .command('inspect')
    .description('say what a token or a secret is, whether it is live and, if not, why and since when')
    .argument('<token>', "the token, or '-' to read it from standard input")
    .action(async (argument: string, _options: unknown, command: Command) => {
      const token = (argument === '-' ? await readSecretFromStdin() : argument).trim();
      await runCommand(command, (dependencies) => inspect(token, dependencies));
    });
}

const KINDS: Readonly<Record<InspectedToken['kind'], string>> = {
  access_token: 'an access token',
  refresh_token: 'a refresh token',
  app_secret: 'the secret of an app',
  api_secret: 'the secret of an API',
  api_key: 'an API key',
  unknown: 'unknown',
};

async function inspect(token: string, dependencies: Dependencies): Promise<Result> {
  const found = await dependencies.inspection.inspect(token);
  const { jwt } = found;
  const kind = found.kind === 'unknown' ? kindByHeader(jwt) : found.kind;
  const facts = wireFacts(await tokenFacts(found, dependencies));
  const since = timeOf(found.since);
  return {
    json: {
      kind,
      live: found.live,
      reason: found.reason ?? null,
      ...(since !== undefined && { since }),
      ...facts,
      ...(jwt !== undefined && { signature_verified: jwt.verified, header: jwt.header, claims: jwt.payload }),
    },
    text: fields([
      ['kind', found.kind === 'unknown' && kind !== 'unknown' ? `${KINDS[kind]}, as it says of itself` : KINDS[kind]],
      ['live', found.live ? 'yes' : `no: ${found.reason}`],
      ['since', since],
      ...Object.entries(facts).map(([name, value]): [string, string] => [name.replaceAll('_', ' '), value]),
      ['signature', jwt && (jwt.verified ? 'verified' : 'not verified: what follows may be made up')],
      ['header', jwt && JSON.stringify(jwt.header)],
      ['claims', jwt && JSON.stringify(jwt.payload)],
    ]),
  };
}

function kindByHeader(jwt: InspectedJwt | undefined): InspectedToken['kind'] {
  if (jwt?.header.typ === 'at+jwt') return 'access_token';
  return jwt?.header.typ === 'rt+jwt' ? 'refresh_token' : 'unknown';
}

/** What is known of it, by the names of the wire. */
function wireFacts(facts: TokenFacts): Record<string, string> {
  return present({
    api_key_id: facts.apiKeyId,
    label: facts.apiKeyId === undefined ? undefined : facts.label,
    app: facts.appId,
    app_name: facts.appName,
    user: facts.userEmail,
    subject: facts.subject,
    api: facts.apiIdentifier,
    scope: facts.scope,
    alg: facts.algorithm,
    issuer: facts.issuer,
    secret_id: facts.secretId,
    connection_id: facts.connectionId,
    family_id: facts.familyId,
    signed_in_at: timeOf(facts.signedInAt),
    created_at: timeOf(facts.createdAt),
    issued_at: timeOf(facts.issuedAt),
    expires_at: timeOf(facts.expiresAt),
    last_used_at: timeOf(facts.lastUsedAt),
    used_at: timeOf(facts.usedAt),
    revoked_at: timeOf(facts.revokedAt),
  });
}

function timeOf(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : isoTime(seconds);
}

function present(facts: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== ''),
  );
}
