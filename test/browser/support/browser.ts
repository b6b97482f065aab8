import { type Browser, chromium } from 'playwright-core';
import { unpackChromium } from './chromium.ts';

/** A real Chromium, or why there is none. */
export type OpenedBrowser =
  | { readonly browser: Browser; readonly reason: undefined }
  | { readonly browser: undefined; readonly reason: string };

// Nothing but the pages under test may cause traffic, and nothing of the screenshots may depend on the machine.
const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-quic',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
  '--no-zygote',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
];

/**
 * Starts the Chromium of the npm package, or the one that CHROMIUM_PATH names. It runs without its sandbox, as it must
 * for root and in containers; it only ever sees our own pages.
 * @throws when none starts and CI_REQUIRE_BROWSER=1
 */
export async function openBrowser(): Promise<OpenedBrowser> {
  try {
    return { browser: await launch(), reason: undefined };
  } catch (error) {
    const reason = `no Chromium starts here: ${explain(error)}`;
    if (process.env.CI_REQUIRE_BROWSER === '1') throw new Error(reason, { cause: error });
    process.stderr.write(`\nBrowser tests are skipped, ${reason}\n`);
    return { browser: undefined, reason };
  }
}

async function launch(): Promise<Browser> {
  const installed = process.env.CHROMIUM_PATH;
  if (installed) return chromium.launch({ executablePath: installed, args: FLAGS, chromiumSandbox: false });
  const { executablePath, environment } = await unpackChromium();
  return chromium.launch({
    executablePath,
    args: FLAGS,
    chromiumSandbox: false,
    env: { ...(process.env as Record<string, string>), ...environment },
  });
}

// Playwright's message carries the whole command line; what helps is the line in which Chromium says what it lacks.
function explain(error: unknown): string {
  const lines = error instanceof Error ? error.message.split('\n') : [String(error)];
  const telling = lines.find((line) => /error while loading|cannot open|not found|\bFATAL\b/i.test(line));
  return (telling ?? lines[0] ?? '').replace(/^.*\[err\]\s*/, '').trim();
}
