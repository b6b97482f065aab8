# The image of the server: docker build -t countersign .
# It runs as an ordinary user, keeps everything in DATA_DIR, and needs no other writable place.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package of ours needs its install script; the build is run by name below.
RUN npm ci --ignore-scripts
COPY prisma.config.ts tsconfig.json tsconfig.build.json ./
COPY prisma prisma
COPY src src
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# @prisma/client names the Prisma CLI and TypeScript as optional peers. npm keeps such peers of a package even with
# --omit=dev, which would be 250 MB of tools: without devDependencies, and without peers, it takes neither.
RUN npm pkg delete devDependencies && npm ci --omit=dev --legacy-peer-deps --ignore-scripts

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.description="A self-hostable OAuth 2.1 authorization server for API companies" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY prisma/migrations prisma/migrations
COPY bin bin
COPY package.json LICENSE ./
# The built-in PostgreSQL needs symlinks, which npm archives cannot hold. The server makes them where they are missing,
# but a read-only file system would not let it: so they are made here, by the same code.
RUN node --input-type=module -e "await (await import('/app/dist/storage/embedded/binaries.js')).findBinaries()" \
 && ln -s /app/bin/countersign.js /usr/local/bin/countersign \
 && mkdir /data \
 && chown node:node /data
ENV HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
VOLUME /data
EXPOSE 3000
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process and gets SIGTERM. Commands go in place of `serve`: docker run … countersign app list
ENTRYPOINT ["node", "/app/bin/countersign.js"]
CMD ["serve"]
