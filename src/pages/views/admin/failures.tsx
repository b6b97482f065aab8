import type { ShownFailures } from '../../failure-reading.ts';
import { recordTexts } from '../../record-texts.ts';
import { displayName } from '../display.ts';
import { FailureLogCard } from '../panel/failure-log.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { AppTabs, appPath, appTrail } from './app-tabs.tsx';

export interface FailuresPageOptions extends PanelVisit {
  readonly appId: string;
  readonly appName: string;
  readonly log: ShownFailures;
}

/** The failure log of an app. */
export function failuresPage({ appId, appName, log, ...visit }: FailuresPageOptions): string {
  return panelPage({
    ...visit,
    current: '/admin/apps',
    trail: appTrail,
    title: displayName(appName),
    lead: recordTexts.failures.lead,
    tabs: <AppTabs appId={appId} current="failures" />,
    children: <FailureLogCard path={appPath(appId, 'failures')} log={log} />,
  });
}
