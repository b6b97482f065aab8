import { defineConfig } from 'prisma/config';

// The Prisma CLI downloads a native schema engine even for `generate`, which does not use one.
// Naming any existing executable stops the download; migrations are applied by the server itself.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Only `prisma migrate deploy` (an operator's choice) needs an address; `generate` does not.
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
