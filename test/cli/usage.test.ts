import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCli, PROGRAM } from './run-cli.ts';

// None of these gets as far as a database.
const cli = createCli({});

describe('wrong usage', () => {
  it.each([
    [['ap'], "unknown command 'ap'", 'countersign --help'],
    [['app', 'lst'], "unknown command 'lst'", 'countersign app --help'],
    [['app', 'list', '--foo'], "unknown option '--foo'", 'countersign app list --help'],
    [['app', 'list', 'one'], 'too many arguments', 'countersign app list --help'],
    [['app', 'show'], "missing required argument 'id'", 'countersign app show --help'],
    [['app', 'create', '--grant', 'x'], "required option '--name <name>'", 'countersign app create --help'],
    [['app', 'create', '--name', 'x'], "required option '--grant <grant>'", 'countersign app create --help'],
    [['app', 'create', '--name', 'x', '--grant', 'y', '--pkce', 'maybe'], 'Allowed choices are required, optional', ''],
    [['app', 'update', 'x'], 'nothing to change', 'countersign app update --help'],
    [['secret', 'create', 'x', '--expires-in', '1h'], 'whole number of seconds', 'countersign secret create --help'],
    [['secret', 'create', 'x', '--expires-in', '0'], 'from 1 to', ''],
    [['app', 'update', 'x', '--access-token-lifetime', '1e3'], 'whole number of seconds', ''],
    [['api', 'update', 'x', '--introspection-max-age', '3601'], 'from 0 to 3600', 'countersign api update --help'],
    [['key', 'rotate', '--alg', 'HS256'], 'Allowed choices are RS256, ES256, EdDSA', ''],
    [['user', 'set-password', 'x', '--password', 'y', '--password-stdin'], 'cannot be used with', ''],
    [['apply'], "required option '-f, --file <file>'", 'countersign apply --help'],
  ])('is told with status 2 and the way to the help: %j', async (args, problem, help) => {
    const { status, stdout, stderr } = await cli(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr).toContain(help);
  });

  it('is one JSON line on standard error with --json, wherever that stands', async () => {
    for (const args of [
      ['--json', 'app', 'lst'],
      ['app', 'show', '--json'],
      ['--json', 'app'],
    ]) {
      const { status, stdout, refusal } = await cli(args);
      expect({ status, stdout, code: refusal.code }).toEqual({ status: 2, stdout: '', code: 'usage' });
    }
  });

  it('shows the help when a command is left out, on standard error', async () => {
    const { status, stdout, stderr } = await cli(['secret']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('regenerate');
  });
});

describe('help and version', () => {
  it('go to standard output with status 0', async () => {
    const version = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
    expect(await cli(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
    const help = await cli(['user', 'create', '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('--password-stdin');
    expect(help.stdout).toContain('--json');
  });

  it('are not an error when the reader stops reading', async () => {
    const child = spawn(process.execPath, [PROGRAM, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.stdout.destroy();
    const [status] = await once(child, 'close');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('config check', () => {
  const SECRET = 'a master key of 32 characters or more';

  it('shows every setting with its value, and of secrets only whether they are set', async () => {
    const good = createCli({ PORT: '3456', MASTER_KEY: SECRET });
    const { status, json, stdout } = await good(['config', 'check', '--json']);
    expect(status).toBe(0);
    expect(json).toMatchObject({
      PORT: 3456,
      ISSUER: 'http://localhost:3456',
      MASTER_KEY: 'set',
      DATABASE_URL: 'not set',
      TRUST_PROXY: null,
    });
    const text = (await good(['config', 'check'])).stdout;
    expect(text).toMatch(/PORT +3456\n/);
    expect(text).toMatch(/HOST +127\.0\.0\.1 {2}\(default\)\n/);
    expect(stdout + text).not.toContain(SECRET);
  });

  it('names every problem at once, with status 78', async () => {
    const bad = createCli({ PORT: 'x', ISSUER: 'http://example.com', DATABASE_URL: 'mysql://secret@host' });
    const { status, stdout, stderr } = await bad(['config', 'check']);
    expect({ status, stdout }).toEqual({ status: 78, stdout: '' });
    for (const name of ['PORT', 'ISSUER', 'DATABASE_URL']) expect(stderr).toContain(`- ${name} must`);
    expect(stderr).not.toContain('secret@host');
    expect((await bad(['--json', 'config', 'check'])).refusal).toMatchObject({ code: 'configuration' });
  });
});

describe('a database that cannot be used', () => {
  const URL_START = 'postgres://someone:hidden-password@';
  const MASTER_KEY = 'a master key of 32 characters or more';

  it('is told in a sentence when nothing answers there, without the password and with no stack', async () => {
    const away = createCli({ DATABASE_URL: `${URL_START}127.0.0.1:1/db`, MASTER_KEY });
    const { status, stdout, stderr } = await away(['user', 'list']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^countersign: The database does not answer \(.*ECONNREFUSED.*\)/);
    expect(stderr).not.toMatch(/hidden-password|\n +at /);
  });

  it('is a matter of the configuration when its host does not exist', async () => {
    const nowhere = createCli({ DATABASE_URL: `${URL_START}nowhere.invalid/db`, MASTER_KEY });
    const { status, stdout, refusal } = await nowhere(['user', 'list', '--json']);
    expect({ status, stdout, code: refusal.code }).toEqual({ status: 78, stdout: '', code: 'configuration' });
  });
});
