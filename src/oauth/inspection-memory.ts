import type { AccessTokens } from './access-tokens.ts';
import type { InspectionMemo } from './gateway-ports.ts';
import type { AccessTokenClaims } from './model.ts';
import type { Audit, Clock, Lookups, TokenStatus } from './ports.ts';

interface Dependencies {
  readonly memo: InspectionMemo;
  readonly lookups: Pick<Lookups, 'generation'>;
  readonly audit: Pick<Audit, 'connectionUsed' | 'apiKeyUsed'>;
  readonly clock: Clock;
}

/**
 * Inspections that remember what they found live, for gateways present the same token again and again. What was found
 * counts for as long as nothing has changed that it was concluded from, and until the token expires; what is not live is
 * not remembered, so that made-up tokens push nothing out.
 */
export function rememberInspections(
  inspect: AccessTokens['inspect'],
  { memo, lookups, audit, clock }: Dependencies,
): AccessTokens['inspect'] {
  const noteUse = ({ issuedUnder }: AccessTokenClaims, now: number): void => {
    if (issuedUnder.kind === 'connection') audit.connectionUsed(issuedUnder.connectionId, now);
    else if (issuedUnder.kind === 'api-key') audit.apiKeyUsed(issuedUnder.apiKeyId, now);
  };

  const inspectAnew = async (token: string, key: string, generation: number): Promise<TokenStatus> => {
    const status = await inspect(token);
    if (status.live) memo.remember(key, { generation, status });
    return status;
  };

  return (token) => {
    // As it is before the inspection begins: what changes during one makes its outcome old already.
    const generation = lookups.generation();
    if (generation === undefined) return inspect(token);
    const key = memo.keyOf(token);
    const known = memo.find(key);
    if (known === undefined || known.generation !== generation) return inspectAnew(token, key, generation);
    const { claims } = known.status;
    const now = clock.nowSeconds();
    if (claims.expiresAt !== undefined && claims.expiresAt <= now) return inspectAnew(token, key, generation);
    noteUse(claims, now);
    return known.status;
  };
}
