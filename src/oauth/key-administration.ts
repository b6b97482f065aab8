import type { AsymmetricAlgorithm } from './model.ts';

/** How a signing key stands. */
export interface KeyStatus {
  readonly kid: string;
  readonly algorithm: AsymmetricAlgorithm;
  readonly state: 'next' | 'signing' | 'retired';
  readonly publishedAt: number;
  readonly signsFrom: number | undefined;
  readonly tokensUntil: number;
}

/** The signing keys, as far as an operator has to do with them. */
export interface KeyAdministration {
  list(): readonly KeyStatus[];
  /** Puts the next key of an algorithm to work. Undefined if a rotation is under way already. */
  rotate(algorithm: AsymmetricAlgorithm): Promise<{ readonly kid: string; readonly signsFrom: number } | undefined>;
}
