import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** What a gateway's tests need of this machine. */
export interface Needs {
  /** As `CI_REQUIRE_GATEWAYS` names it. */
  readonly gateway: string;
  readonly program: string;
  /** Files that its packages bring. */
  readonly files?: readonly string[];
  readonly packages: readonly string[];
}

// Where Debian keeps servers, and where an ordinary user's PATH does not look.
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** The program's path; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * A suite that runs where the gateway is installed. Elsewhere it is skipped and says what to install, or fails when
 * `CI_REQUIRE_GATEWAYS` asks for this gateway: a list of names, or 1 for all.
 */
export function describeGateway(title: string, needs: Needs, suite: (program: string) => void): void {
  const program = findProgram(needs.program);
  const missing = [
    ...(program === undefined ? [needs.program] : []),
    ...(needs.files ?? []).filter((file) => !existsSync(file)),
  ];
  if (program !== undefined && missing.length === 0) {
    describe(title, () => suite(program));
    return;
  }
  const reason = `There is no ${missing.join(', no ')}. Install it with: apt-get install ${needs.packages.join(' ')}`;
  if (isRequired(needs.gateway)) {
    it(`${title}: is installed, as CI_REQUIRE_GATEWAYS demands`, () => {
      throw new Error(reason);
    });
    return;
  }
  process.stderr.write(`${title}: not tested. ${reason}\n`);
  describe.skip(`${title} (not tested: ${reason})`, () => {
    it('is not installed', () => {});
  });
}

function isRequired(gateway: string): boolean {
  const required = (process.env.CI_REQUIRE_GATEWAYS ?? '').split(',').map((name) => name.trim());
  return required.includes('1') || required.includes(gateway);
}
