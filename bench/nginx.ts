import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './processes.ts';

const PROGRAMS = ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx'];

/** nginx as a gateway, with one worker, for the server is one process, too. */
export interface BenchNginx {
  readonly address: string;
  stop(): Promise<void>;
}

/** Where nginx asks, for each request at an address of its own. */
export const ASKS_ITSELF = '/constant';
export const ASKS_SERVER = '/verified';

/** Undefined where nginx is not installed or has no `auth_request`. */
export async function startNginx(server: string, checkPath: string): Promise<BenchNginx | undefined> {
  const program = PROGRAMS.find((path) => spawnSync(path, ['-V']).stderr?.includes('http_auth_request_module'));
  if (program === undefined) return undefined;
  const directory = await mkdtemp(join(tmpdir(), 'countersign-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(directory, 'nginx.conf'),
    `worker_processes 1;
    daemon off;
    pid nginx.pid;
    error_log stderr error;
    events { worker_connections 1024; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
      keepalive_requests 1000000000;
      upstream countersign { server ${new URL(server).host}; keepalive 64; keepalive_requests 1000000000; }
      server {
        listen 127.0.0.1:${port};
        location = ${ASKS_ITSELF} { auth_request /_constant; empty_gif; }
        location = ${ASKS_SERVER} { auth_request /_verify; empty_gif; }
        location = /_constant { internal; return 204; }
        location = /_verify {
          internal;
          proxy_pass http://countersign${checkPath};
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_pass_request_body off;
          proxy_set_header Content-Length "";
          proxy_set_header X-Original-URI $request_uri;
        }
      }
    }`,
  );
  const child = spawn(program, ['-p', directory, '-c', 'nginx.conf'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const address = `http://127.0.0.1:${port}`;
  await answering(`${address}${ASKS_ITSELF}`, child);
  return {
    address,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    const answers = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not start.');
}
