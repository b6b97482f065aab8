import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { IDENTITY_HEADERS } from './support/guarantees.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/gateways/', import.meta.url));

const read = (file: string) => readFileSync(join(EXAMPLES, file), 'utf8');
const FILES = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(conf|cfg|lua|yml|yaml)$|file$/.test(file),
);

/** What a gateway, or envsubst for it, makes of a file. */
function fill(text: string): string {
  return text.replace(/\{\{ env "(\w+)" \}\}|\$\{(\w+)\}/g, (_, inTemplate, inFile) => exampleOf(inTemplate ?? inFile));
}

function exampleOf(name: string): string {
  return name.endsWith('_PORT') ? '8080' : `${name.toLowerCase()}.example`;
}

describe('the values that examples/gateways/README.md lets one set', () => {
  it('are those that the configurations use, and each is explained', () => {
    const used = FILES.flatMap((file) => {
      const names = read(file).matchAll(/\$\{([A-Z]\w+)\}|\{\$([A-Z]\w+)\}|env "([A-Z]\w+)"|getenv\("([A-Z]\w+)"\)/g);
      return [...names].map((found) => found.slice(1).find((name) => name !== undefined) ?? '');
    });
    const defined = FILES.flatMap((file) => [...read(file).matchAll(/^Define (\w+)/gm)].map(([, name]) => name));
    const needed = new Set(used.filter((name) => name !== 'NAME' && !defined.includes(name)));
    const explained = [...read('README.md').matchAll(/^\| `([A-Z_0-9]+)`/gm)].map(([, name]) => name);
    expect([...needed].sort()).toEqual([...explained].sort());
  });
});

// Neither can be had here as a package. Both files were read by the gateway's own code: see docs/gateways/.
describe('the configuration of Traefik', () => {
  const { http } = parse(fill(read('traefik/dynamic.yml')), { merge: true });

  it('checks on every route, after it has taken away what the caller calls an identity', () => {
    const checks = Object.values<{ middlewares: string[] }>(http.routers).map(({ middlewares }) => middlewares);
    expect(checks).toEqual([
      ['strip-identity', 'check-orders-write', 'drop-credentials'],
      ['strip-identity', 'check-live', 'drop-credentials'],
    ]);
    for (const name of checks.flat()) expect(http.middlewares).toHaveProperty(name);
  });

  it('asks /verify with a query of its own, and hands on the identity that it answers', () => {
    const [live, write] = ['check-live', 'check-orders-write'].map((name) => http.middlewares[name].forwardAuth);
    expect(live.address).toBe('http://auth_server.example/verify?statuses=full&audience=api_audience.example');
    expect(write).toEqual({ ...live, address: `${live.address}&scope=orders:write` });
    expect(live.trustForwardHeader).toBe(false);
    expect(live.authResponseHeaders.map((name: string) => name.toLowerCase())).toEqual(IDENTITY_HEADERS);
    const stripped = Object.keys(http.middlewares['strip-identity'].headers.customRequestHeaders);
    const underscored = IDENTITY_HEADERS.map((name) => name.replaceAll('-', '_'));
    expect(stripped.map((name) => name.toLowerCase())).toEqual(expect.arrayContaining(underscored));
  });
});

describe('the configurations of Envoy', () => {
  const managerOf = (file: string) =>
    parse(fill(read(file))).static_resources.listeners[0].filter_chains[0].filters[0].typed_config;

  it.each(['envoy/verify.yaml', 'envoy/jwt.yaml'])(
    '%s reads paths in one way, and removes identities first',
    (file) => {
      const manager = managerOf(file);
      expect(manager).toMatchObject({
        normalize_path: true,
        merge_slashes: true,
        path_with_escaped_slashes_action: 'REJECT_REQUEST',
        common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
      });
      const [{ typed_config: early }] = manager.early_header_mutation_extensions;
      const removed = early.mutations.map(({ remove }: { remove: string }) => remove);
      expect(removed).toEqual([...IDENTITY_HEADERS, 'x-auth-status']);
      const [encoded] = manager.route_config.virtual_hosts[0].routes;
      const refused = new RegExp(`^(?:${encoded.match.safe_regex.regex})$`);
      for (const path of ['/%6frders/7', '/%4Frders', '/a%2e%2E', '/%7e', '/%30']) expect(path).toMatch(refused);
      for (const path of ['/orders/7', '/a%20b', '/%C3%A9', '/a%2Fb', '/a%40b']) expect(path).not.toMatch(refused);
    },
  );

  it('ask /verify at a fixed address, and let nothing through without its answer', () => {
    const manager = managerOf('envoy/verify.yaml');
    const [{ typed_config: check }] = manager.http_filters;
    expect(check).toMatchObject({ failure_mode_allow: false, clear_route_cache: false });
    const address = '/verify?statuses=full&audience=api_audience.example';
    expect(check.http_service).toMatchObject({ path_override: address });
    expect(check.http_service).not.toHaveProperty('path_prefix');
    const [, orders] = manager.route_config.virtual_hosts[0].routes;
    const override = orders.typed_per_filter_config['envoy.filters.http.ext_authz'].check_settings.http_service;
    expect(override).toEqual({ ...check.http_service, path_override: `${address}&scope=orders:write` });
  });

  it('check issuer, audience and expiry of JWTs, and the scope as a word', () => {
    const [jwt, rbac] = managerOf('envoy/jwt.yaml').http_filters;
    expect(jwt.typed_config.providers.countersign).toMatchObject({
      issuer: 'issuer.example',
      audiences: ['api_audience.example'],
      require_expiration: true,
    });
    const [principal] = rbac.typed_config.rules.policies.orders.principals;
    const { regex } = principal.sourced_metadata.metadata_matcher.value.string_match.safe_regex;
    const granted = new RegExp(`^(?:${regex})$`);
    for (const scope of ['orders:write', 'a orders:write', 'orders:write b']) expect(scope).toMatch(granted);
    for (const scope of ['orders:writer', 'my-orders:write', 'orders:read', '']) expect(scope).not.toMatch(granted);
  });
});
