import { adminTexts } from '../../admin-texts.ts';
import { Tabs } from '../panel/parts.tsx';

export type AppTab = 'overview' | 'settings' | 'secrets' | 'failures';

/** Where the pages of an app are. */
export function appPath(appId: string, tab: AppTab = 'overview'): string {
  const path = `/admin/apps/${encodeURIComponent(appId)}`;
  return tab === 'overview' ? path : `${path}/${tab}`;
}

/** The way back up from the pages of an app. */
export const appTrail = [{ href: '/admin/apps', label: adminTexts.apps.title }] as const;

/** Between the pages of an app: for `tabs` of `panelPage`, whose title is the app's name. */
export function AppTabs({ appId, current }: { readonly appId: string; readonly current: AppTab }) {
  const words = adminTexts.app;
  const tabs = (['overview', 'settings', 'secrets', 'failures'] as const).map((tab) => ({
    href: appPath(appId, tab),
    label: words[tab],
  }));
  return <Tabs label={words.tabs} tabs={tabs} current={appPath(appId, current)} />;
}
