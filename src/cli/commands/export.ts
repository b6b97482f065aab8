import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Dependencies } from '../../dependencies.ts';
import { RefusedError } from '../../oauth/errors.ts';
import { builtInApis } from '../apply/built-in-apis.ts';
import { policyEntry, sectionsOf } from '../export/entries.ts';
import { type Format, JSON_FORMAT, type Write, writeDocument, YAML_FORMAT } from '../export/write-document.ts';
import { printResult } from '../output.ts';
import { withDependencies } from '../run.ts';

/** `export`: everything that `apply` can make, in the format of its file. */
export function registerExportCommand(program: Command): void {
  program
    .command('export')
    .description(
      "write all that 'apply' can make as a YAML file, or as JSON with --json: no passwords, secrets and keys",
    )
    .option('-o, --output <file>', 'where to write it; standard output by default')
    .action(({ output }: { output?: string }, command: Command) => {
      const format = command.optsWithGlobals().json === true ? JSON_FORMAT : YAML_FORMAT;
      return withDependencies(async (dependencies) => {
        if (output === undefined || output === '-') {
          await writeAll(dependencies, format, toStdout);
          return;
        }
        const counts = await toFile(output, (write) => writeAll(dependencies, format, write));
        const said = Object.entries(counts).map(
          ([section, count]) => `${count} ${section === 'apis' ? 'APIs' : section}`,
        );
        await printResult(command, {
          json: { file: output, ...counts },
          text: `Wrote ${said.join(', ')} to ${output}.`,
        });
      });
    });
}

/** As of one moment, however long it takes to write. */
export async function writeAll(
  { administrations, config }: Pick<Dependencies, 'administrations' | 'config'>,
  format: Format,
  write: Write,
): Promise<Readonly<Record<string, number>>> {
  const builtIn = builtInApis(config.issuer);
  return administrations.snapshot(async (registries, inventory) =>
    writeDocument(await policyEntry(registries, builtIn), sectionsOf(registries, inventory, builtIn), format, write),
  );
}

async function toStdout(text: string): Promise<void> {
  if (text === '') return;
  await new Promise<void>((resolve, reject) =>
    process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
  );
}

/** The whole file or, when something fails, the one that was there before. Only its owner can read it: it names people. */
async function toFile<T>(file: string, work: (write: Write) => Promise<T>): Promise<T> {
  const target = await realpath(file).catch(() => file);
  const known = await stat(file).catch(() => undefined);
  if (known?.isFile() === false) {
    // A device or a pipe would be gone, and a file of that name there in its place.
    throw new RefusedError('invalid', `'${file}' is no ordinary file. Leave -o out to write to standard output.`);
  }
  const draft = `${target}.${process.pid}.part`;
  const handle = await open(draft, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new RefusedError('invalid', `Cannot write to '${file}': ${error.message}`);
  });
  try {
    const result = await work(async (text) => {
      // Where a disk is full, `write` may take a part of it and be content.
      await handle.appendFile(text);
    });
    await handle.close();
    await rename(draft, target);
    return result;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}
