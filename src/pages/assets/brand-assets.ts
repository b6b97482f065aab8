import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Asset, Brand } from '../../http/page-contract.ts';
import { initial } from '../views/display.ts';
import { brandStylesheet } from './brand-stylesheet.ts';
import { inkOn } from './colour.ts';
import { ENHANCE_SCRIPT, FORM_POST_SCRIPT } from './scripts.ts';
import { STYLESHEET_BASE } from './stylesheet-base.ts';
import { STYLESHEET_CHARTS } from './stylesheet-charts.ts';
import { STYLESHEET_CHOICES } from './stylesheet-choices.ts';
import { STYLESHEET_CONTROLS } from './stylesheet-controls.ts';
import { STYLESHEET_DEVELOPER } from './stylesheet-developer.ts';
import { STYLESHEET_DOCS } from './stylesheet-docs.ts';
import { STYLESHEET_PANEL } from './stylesheet-panel.ts';
import { STYLESHEET_PANEL_FORMS } from './stylesheet-panel-forms.ts';
import { STYLESHEET_PANEL_PARTS } from './stylesheet-panel-parts.ts';
import { STYLESHEET_PANEL_TABLES } from './stylesheet-panel-tables.ts';
import { STYLESHEET_PARTS } from './stylesheet-parts.ts';
import { STYLESHEET_RECORDS } from './stylesheet-records.ts';

/** Where the documents find their assets. The names change with the content, so they may be cached for ever. */
export interface AssetPaths {
  readonly stylesheet: string;
  readonly panelStylesheet: string;
  readonly brandStylesheet: string;
  readonly formPostScript: string;
  readonly enhanceScript: string;
  readonly icon: string;
  readonly logo: string | undefined;
}

interface BrandAssets {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly paths: AssetPaths;
}

const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const SVG = 'image/svg+xml';

const IMAGE_TYPES: Readonly<Record<string, string>> = {
  '.svg': SVG,
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
};

// Made once for each brand: the logo is read from its file, everything is hashed.
const made = new WeakMap<Brand, BrandAssets>();

/**
 * What is to be served under /assets/, by path.
 * @throws when the colour or the logo cannot be used; call it at start
 */
export function assets(brand: Brand): ReadonlyMap<string, Asset> {
  return brandAssets(brand).assets;
}

export function assetPaths(brand: Brand): AssetPaths {
  return brandAssets(brand).paths;
}

function brandAssets(brand: Brand): BrandAssets {
  const known = made.get(brand);
  if (known !== undefined) return known;
  const created = makeAssets(brand);
  made.set(brand, created);
  return created;
}

function makeAssets(brand: Brand): BrandAssets {
  const collected = new Map<string, Asset>();
  const add = (name: string, extension: string, contentType: string, body: string | Buffer): string => {
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
    const path = `/assets/${name}.${hash}${extension}`;
    collected.set(path, { body, contentType });
    return path;
  };
  const logo = brand.logoPath === undefined ? undefined : readLogo(brand.logoPath);
  const logoPath = logo && add('logo', logo.extension, logo.contentType, logo.body);
  const paths: AssetPaths = {
    stylesheet: add(
      'pages',
      '.css',
      CSS,
      STYLESHEET_BASE + STYLESHEET_CONTROLS + STYLESHEET_PARTS + STYLESHEET_CHOICES,
    ),
    panelStylesheet: add(
      'panel',
      '.css',
      CSS,
      STYLESHEET_PANEL +
        STYLESHEET_PANEL_TABLES +
        STYLESHEET_PANEL_PARTS +
        STYLESHEET_PANEL_FORMS +
        STYLESHEET_CHARTS +
        STYLESHEET_RECORDS +
        STYLESHEET_DEVELOPER +
        STYLESHEET_DOCS,
    ),
    brandStylesheet: add('brand', '.css', CSS, brandStylesheet(brand.colour)),
    formPostScript: add('form-post', '.js', SCRIPT, FORM_POST_SCRIPT),
    enhanceScript: add('enhance', '.js', SCRIPT, ENHANCE_SCRIPT),
    icon: add('icon', '.svg', SVG, monogramIcon(brand)),
    logo: logoPath,
  };
  return { assets: collected, paths };
}

function readLogo(path: string): Asset & { readonly extension: string } {
  const extension = extname(path).toLowerCase();
  const contentType = IMAGE_TYPES[extension];
  if (contentType === undefined) {
    throw new Error(`The logo ${path} must be one of ${Object.keys(IMAGE_TYPES).join(', ')}.`);
  }
  return { body: readFileSync(path), contentType, extension };
}

function monogramIcon({ name, colour }: Brand): string {
  const letter = initial(name).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/><text x="16" y="22.5" font-family="system-ui,sans-serif" font-size="18" font-weight="600" text-anchor="middle" fill="${inkOn(colour)}">${letter}</text></svg>`;
}
