import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { AppInput } from '../../../src/oauth/app-registry.ts';
import { type CodeApp, createCodeApp } from '../../support/code-flow.ts';
import { type ListeningServer, startListeningServer } from './listening-server.ts';
import { type LoopbackApp, startLoopbackApp } from './loopback-app.ts';

/** A server, an app that listens on this computer, and a browser to visit them with. */
export interface World {
  readonly server: ListeningServer;
  readonly loopback: LoopbackApp;
  /** An app whose answers come to `loopback`; everybody is asked for consent. */
  createApp(input?: AppInput): Promise<CodeApp>;
  createUser(): Promise<{ readonly id: string; readonly email: string }>;
  /** A browser of its own; fails when a page or its policy had anything to complain about. */
  visit(look: (visit: Visit) => Promise<void>, options?: VisitOptions): Promise<void>;
  close(): Promise<void>;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
}

export interface VisitOptions extends BrowserContextOptions {
  /** What the browser must complain about; nothing when it is left out. */
  readonly provokes?: RegExp;
}

const DESKTOP = { width: 1280, height: 800 };
const STEP_MS = 20_000;
/** For tests of many steps on a machine with other things to do. */
export const PATIENCE = { timeout: 90_000 };
export const PHONE = { width: 375, height: 812 };

export async function startWorld(
  browser: Browser | undefined,
  environment: Record<string, string> = {},
): Promise<World> {
  const server = await startListeningServer({ BRAND_NAME: 'Northwind', ...environment });
  const loopback = await startLoopbackApp();
  await server.dependencies.apis.update(server.issuer, {
    scopes: ['read', 'write'],
    scopeDescriptions: {
      read: 'See your projects and who works on them',
      write: 'Create, change and archive projects for you',
    },
  });
  return {
    server,
    loopback,
    createApp: (input) =>
      createCodeApp(server, {
        name: 'Fieldnotes',
        firstParty: false,
        redirectUris: [loopback.redirectUri],
        ...input,
      }),
    createUser: () => server.createUser(`${randomUUID().slice(0, 8)}@example.com`),

    async visit(look, { provokes, ...options } = {}) {
      if (browser === undefined) throw new Error('There is no browser.');
      const context = await browser.newContext({
        baseURL: server.issuer,
        viewport: DESKTOP,
        reducedMotion: 'reduce',
        ...options,
      });
      context.setDefaultTimeout(STEP_MS);
      const complaints = listen(context);
      try {
        await look({ page: await context.newPage(), context });
        if (provokes !== undefined)
          await expect.poll(() => complaints.join('\n'), { timeout: STEP_MS }).toMatch(provokes);
        expect(complaints.filter((complaint) => provokes?.test(complaint) !== true)).toEqual([]);
      } catch (error) {
        // What the browser thinks of it often says why a step did not come to its end.
        if (error instanceof Error && complaints.length > 0) error.message += `\nThe browser: ${complaints.join('\n')}`;
        throw error;
      } finally {
        await context.close();
      }
    },

    async close() {
      await browser?.close();
      await loopback.close();
      await server.close();
    },
  };
}

/** Whatever is written to the console, thrown, refused by a policy or not found. */
function listen(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on('console', (message) => {
    // That is how the console says what the status of a response says better.
    if (message.text().startsWith('Failed to load resource: the server responded with a status of')) return;
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('response', (response) => {
    const document = response.request().resourceType() === 'document';
    // Pages may say 4xx, and a test looks at them; what a page needs may not.
    if (response.status() >= (document ? 500 : 400)) complaints.push(`${response.status()}: ${response.url()}`);
  });
  context.on('requestfailed', (request) => complaints.push(`${request.failure()?.errorText}: ${request.url()}`));
  return complaints;
}
