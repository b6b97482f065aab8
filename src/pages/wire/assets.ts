import { z } from 'zod';
import type { RouteDescription } from '../../http/description.ts';

const file = z.string();

export const ASSET: RouteDescription = {
  id: 'getAsset',
  tag: 'pages',
  summary: 'A file of the pages',
  description: 'Stylesheets, scripts and the logo. Their names change with their content.',
  responses: {
    200: {
      description: 'The file.',
      content: {
        'text/css': file,
        'text/javascript': file,
        'image/svg+xml': file,
        'image/png': file,
        'image/jpeg': file,
        'image/webp': file,
        'image/gif': file,
        'image/x-icon': file,
        'font/woff2': file,
      },
      headers: { 'Cache-Control': { description: 'For ever.', required: true } },
    },
  },
};
