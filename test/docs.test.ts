import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram, findCommand } from '../src/cli/program.ts';
import { describeSettings } from '../src/config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.replaceAll('\\', '/')}`),
].sort();

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

// Both files are written by: npx vitest run test/docs.test.ts -u
describe('the settings', () => {
  it('are documented in docs/configuration.md as config-settings.ts describes them', async () => {
    await expect(configurationPage()).toMatchFileSnapshot('../docs/configuration.md');
  });

  it('are listed in .env.example with their defaults and sentences', async () => {
    await expect(exampleEnvironment()).toMatchFileSnapshot('../.env.example');
  });

  it('are exactly those that .env.example sets, and no secret has a value there', () => {
    const settings = describeSettings();
    expect({ ...parseEnv(read('.env.example')) }).toEqual(
      Object.fromEntries(settings.map(({ name, fallback }) => [name, fallback ?? ''])),
    );
    expect(settings.filter(({ secret, fallback }) => secret && fallback !== undefined)).toEqual([]);
  });

  it('reach the container that docker-compose.yml describes', () => {
    const { server } = parse(read('docker-compose.yml')).services;
    const names = describeSettings().map(({ name }) => name);
    expect(server.env_file).toBe('.env');
    expect(Object.keys(server.environment).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('the pages', () => {
  it('are those that a project has', () => {
    expect(PAGES).toEqual(
      expect.arrayContaining(['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md']),
    );
  });

  it('have a README of 150 lines at most that names the two commands', () => {
    const readme = read('README.md');
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
    expect(readme).toContain('npm ci && npm start');
    expect(readme).toContain('npm ci && npm test');
  });

  it.each(PAGES)('%s links to what is there', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)/g)];
    const broken = links
      .map(([, path = '', anchor]) => ({ target: path === '' ? page : join(dirname(page), path), anchor }))
      .filter(({ target, anchor }) => !existsSync(join(ROOT, target)) || !hasAnchor(target, anchor));
    expect(broken).toEqual([]);
  });

  it.each(PAGES)('%s names files that are there', (page) => {
    const named = [...read(page).matchAll(/`((?:src|test|docs|prisma|bin|bench|\.ci|\.github)\/[\w./-]*)`/g)];
    // dist and generated code are there only after a build.
    const missing = named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  it.each(PAGES)('%s calls commands that there are, with options that they have', (page) => {
    const blocks = [...read(page).matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
    const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
    const calls = lines.flatMap((line) =>
      [...line.matchAll(/npx countersign ([^|;)]*)/g)].map(([, call = '']) => call),
    );
    const program = createProgram();
    const wrong = calls.filter((call) => {
      const words = call.trim().split(/\s+/);
      const command = findCommand(program, words);
      const known = [...command.options, ...program.options].map(({ long }) => long);
      const options = words.filter((word) => /^--[a-z]/.test(word) && word !== '--help');
      return command === program ? !words.includes('--help') : options.some((option) => !known.includes(option));
    });
    expect(wrong).toEqual([]);
  });

  it('name every address that people can open', () => {
    const routes = readdirSync(join(ROOT, 'src/pages/routes')).flatMap((file) =>
      [...read(`src/pages/routes/${file}`).matchAll(/\bpath: '(\/[^']*)'/g)].map(([, path = '']) => path),
    );
    expect(routes).toContain('/oauth/authorize');
    const pages = PAGES.filter((page) => /^docs\/[^/]+$/.test(page)).map(read);
    const cells = pages.flatMap((page) => [...page.matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell));
    // What a route calls :app is ID or APP there.
    const named = cells.join().replace(/\/[A-Z]+(?=[/`])/g, '/:');
    expect(routes.filter((path) => !named.includes(`\`${path.replace(/:\w+/g, ':')}\``))).toEqual([]);
  });

  it('have a page for each surface there is', () => {
    const files = readdirSync(join(ROOT, 'src/surfaces')).filter((file) => file.endsWith('.ts'));
    const surfaces = files.map((file) => file.replace(/\.ts$/, '.md'));
    expect(readdirSync(join(ROOT, 'docs/surfaces')).sort()).toEqual(surfaces.sort());
  });
});

describe('the decision records', () => {
  const records = readdirSync(join(ROOT, 'docs/adr')).sort();

  it('are numbered without gaps, and listed in ARCHITECTURE.md', () => {
    expect(records.map((file) => file.slice(0, 4))).toEqual(
      records.map((_, index) => String(index + 1).padStart(4, '0')),
    );
    const architecture = read('ARCHITECTURE.md');
    expect(records.filter((file) => !architecture.includes(`docs/adr/${file}`))).toEqual([]);
  });

  it.each(records)('%s has 250 to 650 words and the usual parts', (file) => {
    const text = read(`docs/adr/${file}`);
    const words = text.split(/\s+/).filter((word) => /\w/.test(word)).length;
    expect(words).toBeGreaterThanOrEqual(250);
    expect(words).toBeLessThanOrEqual(650);
    const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect(parts).toEqual(['Context', 'Options', 'Decision', 'Consequences', 'Drawbacks']);
  });
});

function hasAnchor(page: string, anchor: string | undefined): boolean {
  if (anchor === undefined) return true;
  const slugs = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return slugs.includes(anchor.slice(1));
}

function configurationPage(): string {
  const rows = describeSettings().map(({ name, fallback, sentence, secret }) => {
    const value = fallback === undefined ? '' : `\`${fallback}\``;
    return `| \`${name}\`${secret ? ' (secret)' : ''} | ${value} | ${sentence.replaceAll('|', '\\|')} |`;
  });
  return `# Configuration

This page is generated from \`src/config-settings.ts\` by \`npx vitest run test/docs.test.ts -u\`. Do not edit it.

The server and the command line read their settings once, from the environment. A \`.env\` file in the working directory
adds what the environment does not set; \`.env.example\` is one with all the defaults.

- An empty variable counts as one that is not set.
- A secret may be in a file instead: \`MASTER_KEY_FILE=/run/secrets/master-key\` in place of \`MASTER_KEY\`. White space
  around it is cut off. Setting both is an error.
- All problems are reported at once, and the process ends with status 78. A variable that begins with \`COUNTERSIGN_\` is
  one of the problems: no setting does, so it would have no effect.
- Lifetimes and windows are whole numbers of seconds.

| Variable | Default | What it does |
| --- | --- | --- |
${rows.join('\n')}
`;
}

function exampleEnvironment(): string {
  const settings = describeSettings().map(({ name, fallback, sentence, secret }) => {
    const note = secret ? `\n# Secret. Or name a file that holds it: ${name}_FILE=/run/secrets/${fileName(name)}` : '';
    return `# ${sentence}${note}\n${name}=${quoted(fallback ?? '')}\n`;
  });
  return `# Every setting, with its default. Copy this file to .env and change what you need.
# An empty value counts as none. docs/configuration.md says more.

${settings.join('\n')}`;
}

/** In such a file, # begins a comment. */
function quoted(value: string): string {
  return value.includes('#') ? `"${value}"` : value;
}

function fileName(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '-');
}
