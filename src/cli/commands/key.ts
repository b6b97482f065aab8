import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Dependencies } from '../../dependencies.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { inOrder, rotateKeys } from '../../oauth/key-rotation.ts';
import { ASYMMETRIC_ALGORITHMS, type AsymmetricAlgorithm } from '../../oauth/model.ts';
import { rotatedKeyJson, signingKeyJson } from '../../representations/signing-key.ts';
import { isoTime } from '../../representations/time.ts';
import { table } from '../output.ts';
import { runCommand } from '../run.ts';

type KeyStatus = ReturnType<Dependencies['keyRing']['list']>[number];

/** `key …`: the keys that sign tokens. HS256 keys belong to one API each: `api update --renew-key`. */
export function registerKeyCommands(program: Command): void {
  const key = program.command('key').description('keys that sign tokens');

  key
    .command('list')
    .description('list the signing keys')
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ keyRing }) => {
        const keys = inOrder(keyRing.list());
        const rows = keys.map((status) => [
          status.kid,
          status.algorithm,
          status.state,
          status.signsFrom === undefined ? 'the next rotation' : isoTime(status.signsFrom),
          isoTime(status.publishedAt),
        ]);
        return {
          json: keys.map(signingKeyJson),
          text: table(['kid', 'alg', 'state', 'signs from', 'published'], rows, 'There are no keys.'),
        };
      }),
    );

  key
    .command('rotate')
    .description('let the next key sign, and publish one to follow it; running servers take part at once')
    .addOption(new Option('--alg <algorithm>', 'only the keys of this algorithm').choices(ASYMMETRIC_ALGORITHMS))
    .action(({ alg }: { alg?: AsymmetricAlgorithm }, command: Command) =>
      runCommand(command, async ({ keyRing }) => {
        const rotated = (await rotateKeys(keyRing, alg)).map(rotatedKeyJson);
        const rows = rotated.map(({ alg: algorithm, kid, signs_from }) => [algorithm, kid, signs_from]);
        return {
          json: rotated,
          text: `Rotated. Tokens that older keys have signed stay valid until they expire.\n\n${table(['alg', 'new kid', 'signs from'], rows, '')}`,
        };
      }),
    );

  key
    .command('export')
    .description('write public keys as PEM, for gateways that cannot read JWKS; the next key is among them already')
    .argument('[kid]', 'only this key')
    .addOption(new Option('--alg <algorithm>', 'only the keys of this algorithm').choices(ASYMMETRIC_ALGORITHMS))
    .option('--out <directory>', 'write each key into a file of its own there, KID.pem, instead of printing it')
    .action((kid: string | undefined, { alg, out }: { alg?: AsymmetricAlgorithm; out?: string }, command: Command) =>
      runCommand(command, async ({ keyRing }) => {
        const exported = exportKeys(keyRing, kid, alg);
        if (out === undefined) {
          // What stands between the keys is skipped by whatever reads PEM (RFC 7468 section 2).
          const titled = exported.map((one) => (exported.length > 1 ? `${titleOf(one)}\n${one.pem}` : one.pem));
          return { json: exported, text: titled.join('\n') };
        }
        const written = await writeKeys(exported, out);
        const rows = written.map(({ alg: algorithm, state, file }) => [algorithm, state, file]);
        return { json: written, text: table(['alg', 'state', 'file'], rows, '') };
      }),
    );
}

interface ExportedKey {
  readonly kid: string;
  readonly alg: AsymmetricAlgorithm;
  readonly state: KeyStatus['state'];
  /** SubjectPublicKeyInfo (RFC 7468 section 13), without the last line feed. */
  readonly pem: string;
}

/** What JWKS publishes, as PEM, in the order of `key list`. @throws RefusedError when nothing is left of it */
function exportKeys(
  keyRing: Dependencies['keyRing'],
  kid: string | undefined,
  algorithm: AsymmetricAlgorithm | undefined,
): ExportedKey[] {
  const published = new Map(keyRing.publicKeys().map((jwk) => [jwk.kid, jwk]));
  const keys = inOrder(keyRing.list()).flatMap((status) => {
    const jwk = published.get(status.kid);
    if (jwk === undefined || (kid ?? status.kid) !== status.kid) return [];
    if ((algorithm ?? status.algorithm) !== status.algorithm) return [];
    const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    return [{ kid: status.kid, alg: status.algorithm, state: status.state, pem: pem.toString().trimEnd() }];
  });
  if (keys.length === 0) {
    const which = kid === undefined ? `${algorithm ?? 'signing'} key` : `key '${kid}'`;
    throw new RefusedError('not_found', `There is no ${which} that is published. 'key list' shows all there are.`);
  }
  return keys;
}

async function writeKeys(keys: readonly ExportedKey[], directory: string): Promise<(ExportedKey & { file: string })[]> {
  try {
    await mkdir(directory, { recursive: true });
    const written: (ExportedKey & { file: string })[] = [];
    for (const key of keys) {
      const file = join(directory, `${key.kid}.pem`);
      await writeFile(file, `${key.pem}\n`);
      written.push({ ...key, file });
    }
    return written;
  } catch (error) {
    throw new RefusedError('invalid', `Cannot write the keys to '${directory}': ${(error as Error).message}`);
  }
}

function titleOf({ kid, alg, state }: ExportedKey): string {
  return `${alg} key ${kid}, ${state}`;
}
