import type { AsymmetricAlgorithm } from '../oauth/model.ts';
import type { SigningKeyStore, StoredSigningKey } from '../oauth/ports.ts';
import type { Database } from './database.ts';
import type { InputJsonObject } from './generated/internal/prismaNamespace.ts';
import { fromSeconds, toSeconds } from './rows.ts';

/** The key ring's rows. */
export function createSigningKeyStore(database: Database): SigningKeyStore {
  return {
    async load() {
      const [rows, apis] = await Promise.all([
        database.signingKey.findMany({ orderBy: { publishedAt: 'asc' } }),
        database.api.findMany({
          where: { algorithm: 'HS256' },
          select: { identifier: true, hmacKeyId: true, hmacKeySealed: true },
        }),
      ]);
      return {
        keys: rows.map((row) => ({
          kid: row.kid,
          algorithm: row.algorithm as AsymmetricAlgorithm,
          publicJwk: row.publicJwk as Record<string, unknown>,
          privateSealed: row.privateSealed,
          publishedAt: toSeconds(row.publishedAt),
          signsFrom: row.signsFrom === null ? undefined : toSeconds(row.signsFrom),
          tokensUntil: toSeconds(row.tokensUntil),
        })),
        apiKeys: apis.flatMap(({ identifier, hmacKeyId, hmacKeySealed }) =>
          hmacKeyId === null || hmacKeySealed === null
            ? []
            : [{ kid: hmacKeyId, apiIdentifier: identifier, sealed: hmacKeySealed }],
        ),
      };
    },

    async add(keys) {
      await database.signingKey.createMany({ data: keys.map(toColumns) });
    },

    rotate: (successor, now, leadSeconds) =>
      database.$transaction(async (transaction) => {
        // A key that was published together with the first of all need not wait: nobody has a JWKS without it.
        // The row lock makes two operators who rotate at once take turns; the second finds a rotation under way.
        const promoted = await transaction.$queryRaw<{ kid: string; signs_from: Date }[]>`
          UPDATE signing_keys
             SET signs_from = CASE
                   WHEN published_at <= (SELECT min(published_at) FROM signing_keys WHERE algorithm = ${successor.algorithm})
                   THEN ${fromSeconds(now)}::timestamptz
                   ELSE greatest(${fromSeconds(now)}::timestamptz, published_at + make_interval(secs => ${leadSeconds}::int))
                 END
           WHERE algorithm = ${successor.algorithm} AND signs_from IS NULL
          RETURNING kid, signs_from`;
        const row = promoted[0];
        if (row === undefined) return undefined;
        await transaction.signingKey.create({ data: toColumns(successor) });
        return { kid: row.kid, signsFrom: toSeconds(row.signs_from) };
      }),

    async extendTokensUntil(kid, tokensUntil) {
      const count = await database.$executeRaw`
        UPDATE signing_keys SET tokens_until = greatest(tokens_until, ${fromSeconds(tokensUntil)}::timestamptz)
         WHERE kid = ${kid}`;
      if (count === 0) throw new Error(`The signing key ${kid} was removed.`);
    },

    async delete(kids) {
      await database.signingKey.deleteMany({ where: { kid: { in: [...kids] } } });
    },
  };
}

function toColumns(key: StoredSigningKey) {
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    publicJwk: key.publicJwk as InputJsonObject,
    privateSealed: new Uint8Array(key.privateSealed),
    publishedAt: fromSeconds(key.publishedAt),
    signsFrom: key.signsFrom === undefined ? null : fromSeconds(key.signsFrom),
    tokensUntil: fromSeconds(key.tokensUntil),
  };
}
