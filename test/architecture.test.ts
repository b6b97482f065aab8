import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));
const MAX_LINES = 300;

/** What each folder may import from `src`; the table in ARCHITECTURE.md. A path with `.ts` stands for that one file. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  oauth: [],
  surfaces: ['oauth', 'http/contract.ts', 'http/description.ts'],
  endpoints: ['oauth', 'http/contract.ts', 'http/description.ts'],
  pages: ['oauth', 'http/page-contract.ts', 'http/description.ts', 'representations'],
  admin: ['oauth', 'http/operation.ts', 'representations'],
  representations: ['oauth'],
  http: ['oauth'],
  crypto: ['oauth'],
  storage: ['oauth'],
  cli: [
    'oauth',
    'representations',
    'config.ts',
    'dependencies.ts',
    'server.ts',
    // What it explains to people, and what it does to the database before there is anything to wire.
    'storage/database.ts',
    'storage/embedded-postgres.ts',
    'storage/migrations.ts',
  ],
};

/** The files in the root of `src`, which wire the rest together and may import anything. */
const ROOT_FILES = [
  'administration.ts',
  'app.ts',
  'background.ts',
  'config-settings.ts',
  'config-values.ts',
  'config.ts',
  'dependencies.ts',
  'records.ts',
  'registries.ts',
  'scan.ts',
  'server.ts',
  'stores.ts',
];

/** Files of these folders are found by scanning, and know nothing of each other. */
const SCANNED = ['oauth/grants', 'surfaces', 'endpoints', 'admin', 'pages/routes'];

/** Where a package may be imported; packages that are not listed may be imported anywhere outside the core. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'app.ts', 'server.ts'],
  '@prisma/adapter-pg': ['storage'],
  pg: ['storage'],
  'embedded-postgres': ['storage'],
  jose: ['crypto'],
  argon2: ['crypto'],
  'p-limit': ['crypto'],
  commander: ['cli'],
  zod: [
    'config.ts',
    'config-settings.ts',
    'config-values.ts',
    'cli',
    'http',
    'admin',
    'representations',
    'surfaces',
    'endpoints',
    'pages/wire',
  ],
  'd3-scale': ['pages'],
  'd3-shape': ['pages'],
  preact: ['pages'],
  'preact-render-to-string': ['pages'],
  '@fastify/cookie': ['http'],
  yaml: ['cli'],
};

/** The core must not know of the world: everything reaches it through its ports. */
const AMBIENT =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b|\bprocess\.|\bsetTimeout\b|\bfetch\(/;

interface SourceFile {
  /** Relative to `src`, with forward slashes. */
  readonly path: string;
  readonly code: string;
  readonly lines: number;
  /** Paths of our own files, relative to `src`. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const files = readSources();

describe('architecture', () => {
  it('reads the sources and their imports', () => {
    expect(files.length).toBeGreaterThan(50);
    const service = files.find(({ path }) => path === 'oauth/token-service.ts');
    expect(service?.imports).toContain('oauth/errors.ts');
    expect(files.find(({ path }) => path === 'http/registration.ts')?.packages).toContain('fastify');
  });

  it('lets a folder import only what the table allows', () => {
    const broken = files.flatMap(({ path, imports }) =>
      imports.filter((target) => !mayImport(path, target)).map((target) => `${path} imports ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('has no other files in the root of src than those that wire', () => {
    expect(files.map(({ path }) => path).filter((path) => !path.includes('/'))).toEqual(ROOT_FILES);
    const folders = new Set(files.filter(({ path }) => path.includes('/')).map(({ path }) => folderOf(path)));
    expect([...folders].sort()).toEqual(Object.keys(ALLOWED).sort());
  });

  it('keeps grants, surfaces, endpoints and routes of pages from importing each other', () => {
    const broken = files.flatMap(({ path, imports }) =>
      SCANNED.filter((folder) => dirname(path) === folder).flatMap((folder) =>
        imports.filter((target) => dirname(target) === folder).map((target) => `${path} imports ${target}`),
      ),
    );
    expect(broken).toEqual([]);
  });

  it('has no import cycles', () => {
    expect(findCycles()).toEqual([]);
  });

  it('keeps packages where they belong, and all of them out of the core', () => {
    const broken = files.flatMap(({ path, packages }) =>
      packages.filter((name) => !mayUsePackage(path, name)).map((name) => `${path} imports ${name}`),
    );
    expect(broken).toEqual([]);
  });

  it('reads the environment in config.ts alone', () => {
    const readers = files.filter(({ code }) => /\bprocess\s*\.\s*env\b|\bloadEnvFile\b/.test(code));
    expect(readers.map(({ path }) => path)).toEqual(['config.ts']);
  });

  it('gives the core no clock, randomness, process or network of its own', () => {
    const broken = files.filter(({ path, code }) => folderOf(path) === 'oauth' && AMBIENT.test(code));
    expect(broken.map(({ path }) => path)).toEqual([]);
  });

  it(`has no file over ${MAX_LINES} lines`, () => {
    const long = files.filter(({ lines }) => lines > MAX_LINES);
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it('names files in kebab-case, and none of them a drawer or a barrel', () => {
    const names = files.map(({ path }) => path);
    expect(names.filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.tsx?$/.test(path))).toEqual([]);
    expect(names.filter((path) => /^(index|utils?|helpers?|common|shared|misc)\.ts$/.test(basename(path)))).toEqual([]);
    expect(files.filter(({ code }) => /^export \* from/m.test(code)).map(({ path }) => path)).toEqual([]);
  });
});

function readSources(): SourceFile[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('storage/generated/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(SOURCE, path), 'utf8');
      const code = withoutComments(text);
      const specifiers = readImports(code);
      return {
        path,
        code,
        lines: text.trimEnd().split('\n').length,
        imports: specifiers
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) =>
            relative(SOURCE, join(SOURCE, dirname(path), specifier))
              .split(sep)
              .join('/'),
          )
          .filter((target) => !target.startsWith('storage/generated/')),
        packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
      };
    });
}

/** Whole-line comments only: enough for our sources, whose comments stand on lines of their own. */
function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\/\*|\*).*$/gm, '');
}

/** Every module that is imported: statically, as types, re-exported, or with `import('…')`. */
function readImports(code: string): string[] {
  const statements = code.matchAll(
    /^(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm,
  );
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g);
  return [...statements, ...calls].map(([, from, bare]) => from ?? bare ?? '');
}

function folderOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

/** Whether `path` is, or lies in, one of the places. */
function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

function mayImport(path: string, target: string): boolean {
  if (!path.includes('/')) return true;
  const folder = folderOf(path);
  return isIn(target, [folder, ...(ALLOWED[folder] ?? [])]);
}

function mayUsePackage(path: string, name: string): boolean {
  if (folderOf(path) === 'oauth') return false;
  return name.startsWith('node:') || isIn(path, PACKAGES[name] ?? [path]);
}

/** Each cycle once, as the files it goes through. */
function findCycles(): string[] {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const target of importsOf.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}
