import { displayName } from './display.ts';
import { readUserAgent } from './user-agent.ts';

const LONGEST_CHARACTERS = 60;

/** What a person would call the program behind a User-Agent header, in the words of the page. */
export function programName(
  userAgent: string | undefined,
  words: { readonly browserOn: (browser: string, system: string) => string; readonly unknownProgram: string },
): string {
  const { browser, system } = readUserAgent(userAgent ?? '');
  if (browser !== undefined && system !== undefined) return words.browserOn(browser, system);
  const shown = browser ?? system ?? displayName(userAgent ?? '').slice(0, LONGEST_CHARACTERS);
  return shown === '' ? words.unknownProgram : shown;
}
