import type { ComponentChildren } from 'preact';
import type { App } from '../../../oauth/model.ts';
import { developerTexts } from '../../developer-texts.ts';
import { Tabs } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { Alert } from '../parts.tsx';

const TABS = ['overview', 'calls', 'secrets', 'usage', 'failures', 'settings'] as const;
export type DeveloperAppTab = (typeof TABS)[number];

/** Where the pages of a member's app are. */
export function developerAppPath(appId: string, tab: DeveloperAppTab = 'overview'): string {
  const path = `/developer/apps/${encodeURIComponent(appId)}`;
  return tab === 'overview' ? path : `${path}/${tab}`;
}

export interface DeveloperAppPageOptions extends PanelVisit {
  readonly app: App;
}

/** One of the pages of an app: its name, the way between its pages, and whether it is switched off. */
export function developerAppPage(
  options: DeveloperAppPageOptions & { readonly tab: DeveloperAppTab; readonly children: ComponentChildren },
): string {
  const { app, tab, children } = options;
  const words = developerTexts.app;
  return panelPage({
    ...options,
    current: '/developer',
    title: app.name,
    trail: [{ href: '/developer', label: developerTexts.overview.title }],
    tabs: (
      <Tabs
        label={words.tabs}
        tabs={TABS.map((one) => ({ href: developerAppPath(app.id, one), label: words[one] }))}
        current={developerAppPath(app.id, tab)}
      />
    ),
    children: (
      <>
        {!app.enabled && <Alert kind="warning">{words.disabledLead}</Alert>}
        {children}
      </>
    ),
  });
}

/** What an app is to its maker. */
export function kindOf(app: App): keyof typeof developerTexts.kinds {
  if (app.isPublic) return 'device';
  return app.grants.includes('authorization_code') ? 'web' : 'service';
}
