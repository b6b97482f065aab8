import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AUDIT_ACTIONS } from '../../src/pages/audit-actions.ts';
import { relativeTime } from '../../src/pages/relative-time.ts';
import { insightViews, NOW } from './support/sample-insight.ts';
import { BRAND } from './support/sample-views.ts';

const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;\u202e`;
const view = (name: string): string => new Map(insightViews(BRAND)).get(name) ?? '';
const textOf = (html: string): string =>
  html
    .slice(html.indexOf('<main>'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('names, reasons, claims and addresses that others have chosen', () => {
  it.each(insightViews(BRAND, (text) => `${hostile}${text}`))('are text and never markup in %s', (_name, html) => {
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<img');
    // In what is shown; what goes back to us in a form is as it was.
    expect(html.replace(/<(?:"[^"]*"|[^">])*>/g, '')).not.toContain('\u202e');
    for (const [tag] of html.matchAll(/<[a-z](?:"[^"]*"|[^">])*>/g)) {
      expect(tag.replace(/"[^"]*"/g, '""')).not.toMatch(/\sonerror|\ssrc=x/);
    }
  });
});

describe('the dashboard', () => {
  it('says every number that it draws in a table, too', () => {
    const html = view('admin-dashboard');
    expect(html.match(/<svg class="drawing/g)).toHaveLength(15);
    expect(html.match(/<details class="ask numbers"/g)).toHaveLength(5);
    expect(html).toContain('<caption class="spoken">Tokens by grant</caption>');
    expect(textOf(html)).toMatch(/Unknown app, or a wrong secret 412/);
  });

  it('links apps that there are, and not those that were deleted', () => {
    const html = view('admin-dashboard');
    expect(html).toContain('<a href="/admin/apps/ledger-sync">Ledger Sync</a>');
    expect(html).toContain('href="/admin/apps/ledger-sync/failures"');
    expect(html).not.toContain('/admin/apps/gone-app');
    expect(textOf(html)).toContain('gone-app deleted 77');
  });

  it('does not say of families that all of them can be refreshed: those that lie unused count, too', () => {
    expect(textOf(view('admin-dashboard'))).toContain('whose longest time is not over, used or not');
  });

  it('says what would be here where there is nothing', () => {
    const words = textOf(view('admin-dashboard-empty'));
    expect(words).toContain('No token was issued in this time.');
    expect(words).toContain('No request failed in this time.');
    expect(words).toContain('Live families – not counted yet');
  });
});

describe('the token inspector', () => {
  it('says why a token is not live, and since when', () => {
    expect(textOf(view('admin-inspector-dead'))).toContain(
      'It is not live: the secret it was issued with was regenerated. Since 23 Nov 2026, 11:18 UTC (3 hours ago) .',
    );
  });

  it('says in words what the times in claims are, and shows what is no time as it is', () => {
    expect(textOf(view('admin-inspector-live'))).toContain('Expires: 23 Nov 2026, 15:00 UTC (in 40 minutes)');
    expect(textOf(view('admin-inspector-foreign'))).toContain('1e+300');
  });

  it('warns of what nobody has verified, and claims no time of death for it', () => {
    const words = textOf(view('admin-inspector-foreign'));
    expect(words).toContain('Access token, as it says of itself');
    expect(words).toContain('Anybody can have written what follows.');
    expect(words).not.toContain('Since when');
  });

  it('shows no secret that is in a claim, and no token', () => {
    const html = view('admin-inspector-live');
    expect(html).not.toContain('cs_app_');
    expect(html).toContain('[concealed]');
    expect(html).toMatch(/<textarea id="token"[^>]*><\/textarea>/);
  });

  it('leads to what there is about the app, the secret, the family and the person', () => {
    const html = view('admin-inspector-live');
    for (const path of [
      '/admin/apps/ledger-sync/failures',
      '/admin/audit?target_kind=family&amp;target=fam_Zk3v',
      '/admin/access?kind=families&amp;user=grace%40northwind.example',
    ]) {
      expect(html).toContain(`href="${path}"`);
    }
  });
});

describe('the failure log', () => {
  it('says of each failure when, where, why, and how to fix it', () => {
    const words = textOf(view('admin-failures'));
    expect(words).toMatch(/23 Nov 2026, 14:19 UTC invalid_client and 41 more at that moment wrong or expired secret/);
    expect(words).toContain('How to fix it: Look whether the secret has expired or was regenerated');
    expect(words).toContain('Surface Verify');
    expect(words).toContain('Request k3v9-1f');
  });

  it('says what would be here, and tells it from a filter that finds nothing', () => {
    expect(textOf(view('admin-failures-empty'))).toContain('Nothing has failed lately.');
    expect(textOf(view('admin-failures-none-of-code'))).toContain('No request has failed with this error lately.');
  });
});

describe('the audit log', () => {
  it('says what was and what is', () => {
    const html = view('admin-audit');
    expect(html).toMatch(/<del><span class="spoken">was <\/span>false<\/del>.*?<ins>.*?true<\/ins>/);
    expect(html).toMatch(/<del><span class="spoken">was <\/span>nothing<\/del>/);
  });

  it('offers every action that is written down by its name', () => {
    const read = (path: string) => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8');
    const written = [
      'oauth/audited.ts',
      'oauth/audited-apps.ts',
      'oauth/account-service.ts',
      'storage/audit-trail.ts',
      'storage/audit-store.ts',
    ]
      .flatMap((path) => [...read(path).matchAll(/'([a-z_]+\.[a-z_]+)'/g)])
      .map(([, action]) => action);
    expect(written.length).toBeGreaterThan(30);
    expect(written.filter((action) => !AUDIT_ACTIONS.includes(action ?? ''))).toEqual([]);
    expect([...AUDIT_ACTIONS].sort()).toEqual(AUDIT_ACTIONS);
  });

  it('says that the chain is broken, where and why', () => {
    expect(textOf(view('admin-audit-broken'))).toContain('The chain is broken at entry 4112: It does not say what');
  });
});

describe('the signing keys', () => {
  it('offer no rotation while one is under way', () => {
    const forms = (html: string) =>
      [...html.matchAll(/name="algorithm" value="(\w+)"/g)].map(([, algorithm]) => algorithm);
    expect(forms(view('admin-keys'))).toEqual(['RS256', 'ES256', 'EdDSA']);
    expect(forms(view('admin-keys-rotated'))).toEqual(['ES256', 'EdDSA']);
    expect(textOf(view('admin-keys-rotated'))).toContain('the next key signs from 23 Nov 2026, 15:10 UTC');
  });
});

describe('access', () => {
  it('asks before it ends anything, and says whose it is to those who hear it', () => {
    const html = view('admin-access');
    expect(html).toContain('aria-label="Revoke this family: of grace@northwind.example, Ledger Sync"');
    expect(html.match(/<details class="ask">/g)).toHaveLength(2);
  });

  it('says which session is the one that looks', () => {
    expect(view('admin-access-sessions').match(/This session/g)).toHaveLength(1);
  });
});

describe('how long ago something was', () => {
  it.each([
    [0, 'just now'],
    [-59, '59 seconds ago'],
    [-3599, '59 minutes ago'],
    [-86_399, '23 hours ago'],
    [-200_000, '2 days ago'],
    [90, 'in 1 minute'],
  ])('is said in the biggest unit that fits (%i)', (seconds, words) => {
    expect(relativeTime(NOW + seconds, NOW)).toBe(words);
  });
});
