import type { Command } from 'commander';
import type { Dependencies } from '../../dependencies.ts';
import type { InspectedToken } from '../../oauth/token-inspection.ts';
import { readSecretFromStdin } from '../options.ts';
import { fields, isoTime, type Result } from '../output.ts';
import { runCommand } from '../run.ts';
import { readTokenParts, type TokenParts } from '../token-parts.ts';

/** `token …`: looking at tokens. */
export function registerTokenCommands(program: Command): void {
  program
    .command('token')
    .description('tokens and secrets')
    .command('inspect')
    .description('say what a token or a secret is, whether it is live and, if not, why')
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
  const parts = readTokenParts(token);
  const verified = found.kind !== 'unknown' && parts !== undefined;
  const kind = found.kind === 'unknown' ? kindByHeader(parts) : found.kind;
  const reason = found.live ? undefined : explain(found, parts, dependencies);
  const facts = await factsOf(found, parts, dependencies);
  return {
    json: {
      kind,
      live: found.live,
      reason: reason ?? null,
      ...facts,
      ...(parts !== undefined && { signature_verified: verified, header: parts.header, claims: parts.payload }),
    },
    text: fields([
      ['kind', found.kind === 'unknown' && kind !== 'unknown' ? `${KINDS[kind]}, as it says of itself` : KINDS[kind]],
      ['live', found.live ? 'yes' : `no: ${reason}`],
      ...Object.entries(facts).map(([name, value]): [string, string] => [name.replaceAll('_', ' '), value]),
      ['signature', parts && (verified ? 'verified' : 'not verified: what follows may be made up')],
      ['header', parts && JSON.stringify(parts.header)],
      ['claims', parts && JSON.stringify(parts.payload)],
    ]),
  };
}

function kindByHeader(parts: TokenParts | undefined): InspectedToken['kind'] {
  if (parts?.header.typ === 'at+jwt') return 'access_token';
  return parts?.header.typ === 'rt+jwt' ? 'refresh_token' : 'unknown';
}

/** Why it is not live, in the words that help most. */
function explain(found: InspectedToken, parts: TokenParts | undefined, { config, keyRing }: Dependencies): string {
  const reason = found.reason ?? 'it is no token of this server';
  if (parts === undefined) return reason;
  const { kid, alg } = parts.header;
  const { iss, exp } = parts.payload;
  const knownAs = (found.kind === 'access_token' && found.claims) || (found.kind === 'refresh_token' && found.stored);
  if (knownAs) return reason;
  if (typeof iss === 'string' && iss !== config.issuer) {
    return `it was issued by ${iss}; this server is ${config.issuer}`;
  }
  if (found.kind !== 'unknown') return reason;
  if (typeof kid !== 'string') return `${reason}: it names no key`;
  const key = keyRing.list().find((candidate) => candidate.kid === kid);
  if (key?.algorithm === alg) return `${reason}: its signature is not that of the key ${kid}`;
  if (key !== undefined) return `${reason}: the key ${kid} is for ${key.algorithm}, not for ${alg}`;
  if (alg === 'HS256') return `${reason}: its signature is wrong, or the key of its API was renewed`;
  const expired = typeof exp === 'number' ? ` (it says that it expires at ${isoTime(exp)})` : '';
  return `${reason}: there is no key ${kid}, or no longer${expired}`;
}

/** What is known of it beyond doubt. */
async function factsOf(
  found: InspectedToken,
  parts: TokenParts | undefined,
  { apps, users }: Dependencies,
): Promise<Record<string, string>> {
  if (found.kind === 'unknown') return {};
  if (found.kind === 'app_secret' || found.kind === 'api_secret') {
    const { secret } = found;
    return present({
      ...(found.kind === 'app_secret'
        ? { app: found.app?.id, app_name: found.app?.name }
        : { api: found.api?.identifier }),
      secret_id: secret?.id,
      created_at: timeOf(secret?.createdAt),
      expires_at: timeOf(secret?.expiresAt),
      last_used_at: timeOf(secret?.lastUsedAt),
    });
  }
  if (found.kind === 'api_key') {
    const { key } = found;
    const appId = key !== undefined && 'appId' in key.owner ? key.owner.appId : undefined;
    const userId = key !== undefined && 'userId' in key.owner ? key.owner.userId : undefined;
    return present({
      api_key_id: key?.id,
      label: key?.label,
      user: userId === undefined ? undefined : (await users.findById(userId))?.email,
      app: appId,
      app_name: appId === undefined ? undefined : (await apps.find(appId))?.name,
      api: key?.apiIdentifier,
      scope: key?.scopes.join(' '),
      created_at: timeOf(key?.createdAt),
      expires_at: timeOf(key?.expiresAt),
      last_used_at: timeOf(key?.lastUsedAt),
    });
  }
  const { claims, family } =
    found.kind === 'access_token'
      ? { claims: found.claims, family: undefined }
      : { claims: undefined, family: found.stored?.family };
  const appId = claims?.appId ?? family?.appId;
  const userId = family?.userId ?? claims?.subject;
  const under = claims?.issuedUnder;
  return present({
    app: appId,
    app_name: appId === undefined ? undefined : (await apps.find(appId))?.name,
    user: userId === undefined ? undefined : (await users.findById(userId))?.email,
    subject: claims?.subject,
    api: claims?.audience ?? family?.apiIdentifier,
    scope: claims === undefined ? family?.scopes.join(' ') : claims.scope,
    alg: claims === undefined || parts === undefined ? undefined : String(parts.header.alg),
    issuer: claims?.issuer,
    secret_id: under?.kind === 'secret' ? under.secretId : undefined,
    connection_id: under?.kind === 'connection' ? under.connectionId : undefined,
    family_id: under?.kind === 'family' ? under.familyId : family?.id,
    signed_in_at: timeOf(family?.createdAt),
    issued_at: timeOf(claims?.issuedAt),
    expires_at: timeOf(found.kind === 'access_token' ? claims?.expiresAt : found.stored?.expiresAt),
    used_at: found.kind === 'refresh_token' ? timeOf(found.stored?.usedAt) : undefined,
    revoked_at: found.kind === 'refresh_token' ? timeOf(found.stored?.revokedAt) : undefined,
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
