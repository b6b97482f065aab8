import type { Pages } from '../../http/page-contract.ts';
import { assets } from '../assets/brand-assets.ts';
import { ASSET } from '../wire/assets.ts';

/** Stylesheets, scripts and the logo. Their names change with their content, so browsers may keep them for ever. */
const assetFiles: Pages = ({ brand }) =>
  [...assets(brand)].map(([path, { body, contentType }]) => ({
    method: 'GET',
    path,
    publishedPath: '/assets/{file}',
    description: ASSET,
    impersonal: true,
    async handle() {
      return {
        status: 200,
        file: { body, contentType },
        headers: { 'cache-control': 'public, max-age=31536000, immutable' },
      };
    },
  }));

export default assetFiles;
