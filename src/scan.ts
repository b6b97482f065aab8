import { readdir } from 'node:fs/promises';

/**
 * The default exports of every module in a folder, by file name. A file that has none stops the start: it was meant to
 * be found.
 *
 * Our own loader, because one from a package loads second copies of our modules under vitest, whose `instanceof` fails.
 */
export async function scanFolder<T>(folder: string): Promise<readonly T[]> {
  const directory = new URL(`./${folder}/`, import.meta.url);
  const files = (await readdir(directory)).filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith('.d.ts')).sort();
  return Promise.all(
    files.map(async (file) => {
      const module = (await import(new URL(file, directory).href)) as { default?: T };
      if (module.default === undefined) throw new Error(`${folder}/${file} has no default export.`);
      return module.default;
    }),
  );
}
