import type { Command } from 'commander';

/** What a command has to say when it is done. */
export interface Result {
  /** The one document that `--json` prints. */
  readonly json: unknown;
  /** The same for people. */
  readonly text: string;
  /** Where being done is not all there is to say. */
  readonly exitCode?: number;
}

export const SHOWN_ONCE = 'shown only this once';

/** Whether the person asked for JSON, before or after the name of the command. */
function wantsJson(command: Command): boolean {
  return command.optsWithGlobals().json === true;
}

/** Prints a result to standard output, which nothing else writes to. */
export async function printResult(command: Command, { json, text, exitCode }: Result): Promise<void> {
  const document = wantsJson(command) ? JSON.stringify(json, undefined, 2) : text;
  if (exitCode !== undefined) process.exitCode = exitCode;
  await new Promise<void>((resolve) => process.stdout.write(`${document}\n`, () => resolve()));
}

/** Names and values, one pair a line, aligned. Pairs without a value are left out. */
export function fields(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

/** Rows under headings, aligned; `nothing` where there are none. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], nothing: string): string {
  if (rows.length === 0) return nothing;
  const lines = [headings.map((heading) => heading.toUpperCase()), ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A list as people read it; `-` when it is empty. */
export function listed(values: readonly string[]): string {
  return values.length === 0 ? '-' : values.join(', ');
}

/** What somebody else wrote, without the characters that steer a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
