import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createCli, operatorEnvironment } from './run-cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

it('openapi prints what the server publishes, with and without --json', async () => {
  const published = (await server.app.inject('/openapi.json')).json();
  const cli = createCli(operatorEnvironment(server.database.url));
  for (const args of [['openapi'], ['openapi', '--json']]) {
    const { status, stdout, stderr } = await cli(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual(published);
  }
});
