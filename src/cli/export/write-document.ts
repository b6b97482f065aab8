import { stringify } from 'yaml';
import type { Entry, Section } from './entries.ts';

/** Takes the next piece of the file; resolves when there is room for more. */
export type Write = (text: string) => Promise<void>;

export interface Format {
  begin(policy: Entry): string;
  /** The beginning of a list. `isEmpty`: nothing follows. */
  open(section: string, isEmpty: boolean): string;
  entry(entry: Entry, isFirst: boolean): string;
  /** The end of a list that is not empty. */
  readonly close: string;
  readonly end: string;
}

const HEAD = `# What 'countersign apply -f' makes of a server. Passwords, secrets and keys are not in it.
`;

// Long lines stay whole, and nothing refers to anything else in the file.
const YAML_STYLE = { lineWidth: 0, aliasDuplicateObjects: false } as const;

export const YAML_FORMAT: Format = {
  begin: (policy) => HEAD + stringify({ policy }, YAML_STYLE),
  open: (section, isEmpty) => `${section}:${isEmpty ? ' []' : ''}\n`,
  entry: (entry) => indented(stringify([entry], YAML_STYLE), '  '),
  close: '',
  end: '',
};

export const JSON_FORMAT: Format = {
  begin: (policy) => `{\n${indented(`"policy": ${JSON.stringify(policy, undefined, 2)}`, '  ')}`,
  open: (section, isEmpty) => `,\n  "${section}": [${isEmpty ? ']' : ''}`,
  entry: (entry, isFirst) => `${isFirst ? '' : ','}\n${indented(JSON.stringify(entry, undefined, 2), '    ')}`,
  close: '\n  ]',
  end: '\n}\n',
};

/** Writes the file piece by piece. @returns how many entries each list has */
export async function writeDocument(
  policy: Entry,
  sections: readonly Section[],
  format: Format,
  write: Write,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  await write(format.begin(policy));
  for (const { name, entries } of sections) {
    let count = 0;
    for await (const entry of entries) {
      const opening = count === 0 ? format.open(name, false) : '';
      await write(opening + format.entry(entry, count === 0));
      count++;
    }
    await write(count === 0 ? format.open(name, true) : format.close);
    counts[name] = count;
  }
  await write(format.end);
  return counts;
}

function indented(text: string, by: string): string {
  // By hand: a regular expression would take U+2028, which may be in a name, for the end of a line.
  return text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');
}
