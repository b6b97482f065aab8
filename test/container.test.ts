import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeSettings } from '../src/config.ts';

// What can be known of an image without a container engine: that its instructions fit this checkout.

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(read('package.json'));

interface Instruction {
  readonly name: string;
  readonly text: string;
}
interface Stage {
  readonly from: string;
  readonly alias: string | undefined;
  readonly instructions: readonly Instruction[];
}

const stages = readStages();
const last = stages.at(-1) as Stage;

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function readStages(): Stage[] {
  const lines = read('Dockerfile')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const found: { from: string; alias: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', text = ''] = /^\s*([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    const [from = '', , alias] = text.split(/\s+/);
    if (name === 'FROM') found.push({ from, alias, instructions: [] });
    else found.at(-1)?.instructions.push({ name, text: text.trim() });
  }
  return found;
}

function all(stage: Stage, name: string): string[] {
  return stage.instructions.filter((instruction) => instruction.name === name).map(({ text }) => text);
}

function environmentOf(stage: Stage): Record<string, string> {
  const pairs = all(stage, 'ENV').flatMap((text) => [...text.matchAll(/(\w+)=(\S+)/g)]);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

/** What COPY takes from the checkout. */
function copiedSources(stage: Stage): string[] {
  return all(stage, 'COPY')
    .filter((text) => !text.includes('--from='))
    .flatMap((text) => text.split(/\s+/).slice(0, -1));
}

/** Whether a file of the checkout reaches the builder; the last pattern that fits it or a folder above it decides. */
function isSent(path: string): boolean {
  let sent = true;
  const parts = path.split('/');
  const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  for (const line of read('.dockerignore').split('\n')) {
    const pattern = line.trim();
    if (pattern === '' || pattern.startsWith('#')) continue;
    const bare = pattern.replace(/^!/, '');
    if (above.some((candidate) => candidate === bare || (bare === '*' && !candidate.includes('/')))) {
      sent = pattern.startsWith('!');
    }
  }
  return sent;
}

describe('the Dockerfile', () => {
  it('is built in stages from a tagged Node image that package.json allows', () => {
    expect(stages).toHaveLength(3);
    for (const { from } of stages) expect(from).toMatch(/^node:(20|22|24|26)-bookworm-slim$/);
    expect(new Set(stages.map(({ from }) => from)).size).toBe(1);
    expect(manifest.engines.node).toBe('>=20.19');
  });

  it('uses nothing that only BuildKit understands', () => {
    const text = read('Dockerfile');
    expect(text).not.toMatch(/^#\s*(syntax|check)\s*=/m);
    expect(text).not.toMatch(/<<-?['"]?[A-Z]+/);
    for (const { instructions } of stages) {
      for (const { name, text: rest } of instructions) {
        if (name === 'RUN') expect(rest).not.toMatch(/^--/);
        if (name === 'COPY') expect(rest.replace(/^--(from|chown)=\S+\s*/, '')).not.toMatch(/^--/);
        expect(name).not.toBe('ADD');
      }
    }
  });

  it('copies only what is in the checkout and passes .dockerignore', () => {
    const sources = stages.flatMap(copiedSources);
    expect(sources).not.toHaveLength(0);
    expect(sources.filter((source) => !existsSync(join(ROOT, source)) || !isSent(source))).toEqual([]);
  });

  it('copies from stages that come before', () => {
    stages.forEach((stage, index) => {
      const from = all(stage, 'COPY').flatMap((text) => /--from=(\S+)/.exec(text)?.[1] ?? []);
      const before = stages.slice(0, index).map(({ alias }) => alias);
      for (const name of from) expect(before).toContain(name);
    });
  });

  it('runs npm scripts that there are', () => {
    const scripts = stages.flatMap((stage) =>
      all(stage, 'RUN').flatMap((text) => [...text.matchAll(/npm run (\S+)/g)].map(([, script]) => script)),
    );
    expect(scripts).toEqual(['build']);
    for (const script of scripts) expect(manifest.scripts).toHaveProperty(String(script));
  });

  it('gives the image production dependencies only', () => {
    const dependencies = stages.find(({ alias }) => alias === 'dependencies') as Stage;
    expect(all(dependencies, 'RUN').join()).toContain('npm ci --omit=dev');
    const copies = all(last, 'COPY').filter((text) => text.includes('node_modules'));
    expect(copies).toEqual(['--from=dependencies /app/node_modules node_modules']);
  });

  it('installs every package that the server imports', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.tsx?$/.test(file) && !file.startsWith(join('storage', 'generated')),
    );
    const packages = sources.flatMap((file) =>
      [
        ...read(join('src', file)).matchAll(/\bfrom '((?:@[\w-]+\/)?[\w-]+)(?:\/[\w./-]+)?'|\bimport\('([\w@/-]+)'\)/g),
      ].map(([, from, lazy]) => from ?? lazy ?? ''),
    );
    expect(packages).toContain('preact-render-to-string');
    const missing = new Set(packages.filter((name) => !(name in manifest.dependencies)));
    expect([...missing]).toEqual([]);
  });

  it('has what the server reads when it runs', () => {
    const targets = all(last, 'COPY').join(' ');
    for (const needed of ['dist', 'prisma/migrations', 'bin', 'package.json', 'node_modules']) {
      expect(targets).toContain(needed);
    }
  });

  it('prepares the built-in PostgreSQL with code that there is', () => {
    const [run = ''] = all(last, 'RUN');
    const [, module = ''] = /import\('\/app\/dist\/([\w/-]+)\.js'\)/.exec(run) ?? [];
    expect(read(`src/${module}.ts`)).toContain('export async function findBinaries()');
    expect(run).toContain('.findBinaries()');
  });

  it('runs as an ordinary user, by number', () => {
    const [user = ''] = all(last, 'USER');
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(last.instructions.findLastIndex(({ name }) => name === 'RUN' || name === 'COPY')).toBeLessThan(
      last.instructions.findIndex(({ name }) => name === 'USER'),
    );
  });

  it('lets Node have the signals', () => {
    const [entrypoint = ''] = all(last, 'ENTRYPOINT');
    expect(JSON.parse(entrypoint)).toEqual(['node', '/app/bin/countersign.js']);
    expect(all(last, 'CMD').map((text) => JSON.parse(text))).toEqual([['serve']]);
  });

  it('listens on every interface and keeps its data in the volume', () => {
    const environment = environmentOf(last);
    expect(environment).toEqual({ HOST: '0.0.0.0', PORT: '3000', DATA_DIR: '/data' });
    const names = describeSettings().map(({ name }) => name);
    expect(Object.keys(environment).filter((name) => !names.includes(name))).toEqual([]);
    expect(all(last, 'VOLUME')).toEqual([environment.DATA_DIR]);
    expect(all(last, 'EXPOSE')).toEqual([environment.PORT]);
    expect(all(last, 'RUN').join()).toContain(`mkdir ${environment.DATA_DIR}`);
  });

  it('is labelled with the version and licence of package.json', () => {
    const labels = all(last, 'LABEL').join(' ');
    expect(labels).toContain(`org.opencontainers.image.version="${manifest.version}"`);
    expect(labels).toContain(`org.opencontainers.image.licenses="${manifest.license}"`);
    expect(labels).toContain(`org.opencontainers.image.description="${manifest.description}"`);
  });

  it('tells a healthy server from a failing and from a missing one', async () => {
    let status = 200;
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      expect(await healthCheck(port)).toBe(0);
      expect(asked).toEqual(['/healthz']);
      status = 503;
      expect(await healthCheck(port)).toBe(1);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    expect(await healthCheck(port)).toBe(1);
  });
});

/** Runs the command of HEALTHCHECK as the container would, and resolves to its exit status. */
function healthCheck(port: number): Promise<number | null> {
  const [, command = ''] = /CMD (\[.*\])$/.exec(all(last, 'HEALTHCHECK')[0] ?? '') ?? [];
  const [program, ...args] = JSON.parse(command) as string[];
  expect(program).toBe('node');
  const child = spawn(process.execPath, args, { env: { PORT: String(port) }, stdio: 'ignore' });
  return new Promise((resolve) => {
    child.on('exit', resolve);
  });
}

describe('.dockerignore', () => {
  it.each([
    '.env',
    '.git',
    'data/master.key',
    'node_modules/pg',
    'dist/server.js',
    'src/storage/generated/client.ts',
    'test/docs.test.ts',
  ])('keeps %s from the builder', (path) => {
    expect(isSent(path)).toBe(false);
  });
});

describe('docker-compose.yml', () => {
  const { services, volumes } = parse(read('docker-compose.yml'));
  const { server, postgres } = services;

  it('starts the server when PostgreSQL is healthy', () => {
    expect(Object.keys(services)).toEqual(['server', 'postgres']);
    expect(server.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(postgres.healthcheck.test.slice(0, 2)).toEqual(['CMD', 'pg_isready']);
    expect(postgres.image).toMatch(/^postgres:1[5-8]$/);
    expect(server.image).toBe(`countersign:${manifest.version}`);
  });

  it('holds no secret, and says which ones are missing', () => {
    expect(server.environment.MASTER_KEY).toMatch(/^\$\{MASTER_KEY:\?.+\}$/);
    expect(postgres.environment.POSTGRES_PASSWORD).toMatch(/^\$\{POSTGRES_PASSWORD:\?.+\}$/);
    expect(server.environment.DATABASE_URL).toMatch(
      /^postgresql:\/\/countersign:\$\{POSTGRES_PASSWORD:\?[^}]+\}@postgres:5432\/countersign$/,
    );
    expect(postgres.environment).toMatchObject({ POSTGRES_DB: 'countersign', POSTGRES_USER: 'countersign' });
  });

  it('keeps the data in a named volume, where PostgreSQL 18 puts them', () => {
    expect(postgres.volumes).toEqual(['postgres-data:/var/lib/postgresql']);
    expect(volumes).toHaveProperty('postgres-data');
  });

  it('locks both down', () => {
    for (const service of [server, postgres]) {
      expect(service.read_only).toBe(true);
      expect(service.security_opt).toContain('no-new-privileges:true');
      expect(service.tmpfs).toContain('/tmp');
      expect(service.privileged).toBeUndefined();
    }
    expect(server.cap_drop).toEqual(['ALL']);
    expect(postgres.tmpfs).toContain('/run/postgresql');
  });

  it('publishes the server on the loopback interface only, and PostgreSQL nowhere', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose fills it in.
    expect(server.ports).toEqual(['127.0.0.1:${PORT:-3000}:${PORT:-3000}']);
    expect(postgres.ports).toBeUndefined();
  });

  it('gives the server longer to stop than its own timeout', () => {
    const timeout = Number(describeSettings().find(({ name }) => name === 'SHUTDOWN_TIMEOUT')?.fallback);
    expect(Number.parseInt(server.stop_grace_period, 10)).toBeGreaterThan(timeout);
  });
});
