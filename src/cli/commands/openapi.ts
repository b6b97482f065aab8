import type { Command } from 'commander';
import { runCommand } from '../run.ts';

/** `openapi`: the document that the server publishes at `/openapi.json`. */
export function registerOpenApiCommand(program: Command): void {
  program
    .command('openapi')
    .description('print the OpenAPI document of the server, as JSON')
    .action(async (_options: unknown, command: Command) =>
      runCommand(command, async (dependencies) => {
        const { readPublishedDocument } = await import('../../server.ts');
        const document = await readPublishedDocument(dependencies);
        return { json: document, text: JSON.stringify(document, undefined, 2) };
      }),
    );
}
