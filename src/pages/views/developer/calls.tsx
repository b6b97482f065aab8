import type { AppCall } from '../../app-calls.ts';
import { developerTexts } from '../../developer-texts.ts';
import { Card } from '../panel/parts.tsx';
import { Alert } from '../parts.tsx';
import { type DeveloperAppPageOptions, developerAppPage } from './app-page.tsx';
import { CallList } from './call-list.tsx';

export interface DeveloperCallsPageOptions extends DeveloperAppPageOptions {
  readonly calls: readonly AppCall[];
  readonly checks: readonly AppCall[];
  /** Whether it must prove itself and has nothing to do so with. */
  readonly lacksSecret: boolean;
}

/** How to call an app's way to its tokens, and how to check what came of it. */
export function developerCallsPage(options: DeveloperCallsPageOptions): string {
  const { app, calls, checks, lacksSecret } = options;
  const words = developerTexts.calls;
  return developerAppPage({
    ...options,
    tab: 'calls',
    children: (
      <>
        {lacksSecret && <Alert kind="warning">{words.noSecret}</Alert>}
        <Card id="calls" title={words.title} lead={app.isPublic ? words.publicLead : words.lead}>
          {calls.length === 0 ? <p class="empty">{words.nothing}</p> : <CallList calls={calls} />}
        </Card>
        <Card id="checks" title={words.checkTitle} lead={words.checkLead}>
          <CallList calls={checks} />
        </Card>
      </>
    ),
  });
}
