import { arch, cpus, platform } from 'node:os';
import { type Measurement, median } from './load.ts';
import type { Limits } from './scenario.ts';

/** Loads that are measured for comparison. */
export const BARE_POST = 'bare Fastify POST';
export const BARE_GET = 'bare Fastify GET, headers as for verify';
export const NGINX_ALONE = 'nginx auth_request against a constant answer of its own, one worker';
export const NGINX_ASKS = 'nginx auth_request against /verify, one worker';

export function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function percent(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value * 100)} %`;
}

/** The first columns of a row of measurements. */
export function describe(name: string, { perSecond, p50, p99, errors, cpuMicroseconds }: Measurement): string {
  const cpu = cpuMicroseconds === undefined ? '' : Math.round(cpuMicroseconds);
  return `| ${name} | ${Math.round(perSecond)} | ${p50} | ${p99} | ${errors} | ${cpu} |`;
}

/** The head of the report: what the machine can do, and the head of the table of the server. */
export function describeLimits(
  limits: Limits,
  measured: ReadonlyMap<string, readonly Measurement[]>,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): string[] {
  const compared = [BARE_POST, BARE_GET, NGINX_ALONE, NGINX_ASKS].map((name) => {
    const all = measured.get(name);
    return all === undefined ? `| ${name} | not installed | | | | | | |` : `${describe(name, median(all))} | |`;
  });
  return [
    `${rounds} rounds of ${seconds} s, medians; Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} cores.`,
    '',
    '| limit of the machine | per second |',
    '| --- | ---: |',
    `| RSA-2048 signatures, all cores | ${Math.round(middle(limits.rsa))} |`,
    `| RSA-2048 verifications, all cores | ${Math.round(middle(limits.rsaVerify))} |`,
    `| the same with node:crypto, past WebCrypto | ${Math.round(middle(limits.rsaVerifyBare))} |`,
    `| the SQL of a rotation, bare client, 8 connections | ${Math.round(middle(limits.rotation))} |`,
    `| the SQL of a code redemption, bare client, 8 connections | ${Math.round(middle(limits.redemption))} |`,
    '',
    '| path | per second | p50 ms | p99 ms | errors | CPU µs | of its limit | bar |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...compared,
  ];
}
