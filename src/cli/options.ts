import { InvalidArgumentError } from 'commander';
import { RefusedError } from '../oauth/errors.ts';

const MAX_SECONDS = 2_147_483_647;

/** For options that may be given several times, one value each. An empty value stands for none. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return value === '' ? previous : [...previous, value];
}

/** For options that may be given several times, a name and a text each: `name=text`. An empty value stands for none. */
export function collectPairs(
  value: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  if (value === '') return previous;
  const [, name, text] = /^([^=]+)=(.+)$/s.exec(value) ?? [];
  if (name === undefined || text === undefined) throw new InvalidArgumentError('It must be a name, = and a text.');
  return { ...previous, [name]: text };
}

/** For options that take a number of seconds. */
export function seconds(min: number, max: number = MAX_SECONDS): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number of seconds from ${min} to ${max}.`);
    }
    return number;
  };
}

/** For options and arguments that are a whole number of 0 or more. */
export function whole(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('It must be a whole number.');
  return number;
}

/** All of standard input. @throws RefusedError when it is not UTF-8. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return decodeText(Buffer.concat(chunks), 'Standard input');
}

/** @throws RefusedError when it is not UTF-8: whatever else it is, it would become other names and passwords. */
export function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RefusedError('invalid', `${source} is not UTF-8 text.`);
  }
}

/** A password, secret or token from standard input, without the line end that `echo` adds. */
export async function readSecretFromStdin(): Promise<string> {
  const value = (await readStdin()).replace(/\r?\n$/, '');
  if (value === '') throw new RefusedError('invalid', 'Standard input was empty.');
  return value;
}
