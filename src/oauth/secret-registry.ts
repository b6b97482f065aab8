import { RefusedError } from './errors.ts';
import type { Secret } from './model.ts';
import type { Clock, GeneratedKind, Secrets } from './ports.ts';
import type { NewSecret, SecretOwner, SecretStore } from './registry-ports.ts';

const MIN_OWN_SECRET_CHARACTERS = 10;
const MAX_OWN_SECRET_BYTES = 1024;
const MAX_LABEL_CHARACTERS = 100;
const MAX_LIFETIME_SECONDS = 2_147_483_647;
/** Every token request of an app compares with all of them. */
const MAX_SECRETS = 100;

/** A secret at the one moment at which its value is known. */
export interface IssuedSecret {
  readonly id: string;
  readonly rawValue: string;
  readonly expiresAt: number | undefined;
}

export interface SecretOptions {
  readonly label?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
  /** A value of the operator's own, for moving here without changing every client. */
  readonly rawValue?: string | undefined;
}

/** Secrets of apps and APIs: made, listed, replaced and deleted. */
export interface SecretRegistry {
  /** Makes a secret that is not stored yet, for storing it together with its owner. */
  draft(kind: GeneratedKind, options?: SecretOptions): { readonly issued: IssuedSecret; readonly row: NewSecret };
  create(owner: SecretOwner, kind: GeneratedKind, options?: SecretOptions): Promise<IssuedSecret>;
  list(owner: SecretOwner): Promise<readonly Secret[]>;
  /** Which of these secrets has the value, expired or not. */
  findByValue(among: readonly Secret[], rawValue: string): Secret | undefined;
  /** Kills every token issued with it, at once. */
  delete(owner: SecretOwner, id: string): Promise<void>;
  /** A new value under the same id; kills every token issued with the old one, at once. */
  regenerate(owner: SecretOwner, kind: GeneratedKind, id: string, rawValue?: string): Promise<IssuedSecret>;
  /** Changes what is said of a secret; its value, and the tokens issued with it, stay. */
  update(owner: SecretOwner, id: string, changes: SecretChanges): Promise<Secret>;
}

export interface SecretChanges {
  readonly label?: string | undefined;
  /** From now; null lets it work until it is deleted. */
  readonly expiresInSeconds?: number | null | undefined;
}

export function createSecretRegistry(store: SecretStore, secrets: Secrets, clock: Clock): SecretRegistry {
  const newValue = (kind: GeneratedKind, own: string | undefined): string => {
    if (own === undefined) return secrets.generate(kind);
    if ([...own].length < MIN_OWN_SECRET_CHARACTERS || Buffer.byteLength(own) > MAX_OWN_SECRET_BYTES) {
      throw new RefusedError(
        'invalid',
        `A secret of your own needs ${MIN_OWN_SECRET_CHARACTERS} characters at least and ${MAX_OWN_SECRET_BYTES} bytes at most; leave it out to have one generated.`,
      );
    }
    if (own.includes('\0') || !own.isWellFormed()) {
      throw new RefusedError('invalid', 'The secret has a NUL character or a lone surrogate in it.');
    }
    return own;
  };

  const missing = (id: string) =>
    new RefusedError('not_found', `There is no secret '${id}' here. The list of secrets has their ids.`);

  const draft: SecretRegistry['draft'] = (kind, { label = '', expiresInSeconds, rawValue: own } = {}) => {
    assertLabel(label);
    assertLifetime(expiresInSeconds);
    const rawValue = newValue(kind, own);
    const id = secrets.newId('secret');
    const expiresAt = expiresInSeconds === undefined ? undefined : clock.nowSeconds() + expiresInSeconds;
    return {
      issued: { id, rawValue, expiresAt },
      row: { id, label, hash: secrets.hash(rawValue), lastFour: lastFour(rawValue), expiresAt },
    };
  };

  return {
    draft,
    async create(owner, kind, options) {
      const { issued, row } = draft(kind, options);
      if ((await store.list(owner)).length >= MAX_SECRETS) {
        throw new RefusedError(
          'conflict',
          `There are ${MAX_SECRETS} secrets here already, which is the most. Delete those that nobody uses any more.`,
        );
      }
      await store.create(owner, row);
      return issued;
    },
    list: (owner) => store.list(owner),
    findByValue(among, rawValue) {
      const hash = secrets.hash(rawValue);
      return among.find((secret) => secrets.equal(secret.hash, hash));
    },
    async delete(owner, id) {
      if (!(await store.delete(owner, id))) throw missing(id);
    },
    async update(owner, id, { label, expiresInSeconds }) {
      if (label !== undefined) assertLabel(label);
      assertLifetime(expiresInSeconds ?? undefined);
      const expiresAt = typeof expiresInSeconds === 'number' ? clock.nowSeconds() + expiresInSeconds : expiresInSeconds;
      if (!(await store.update(owner, id, { label, expiresAt }))) throw missing(id);
      const secret = (await store.list(owner)).find((stored) => stored.id === id);
      if (secret === undefined) throw missing(id);
      return secret;
    },
    async regenerate(owner, kind, id, own) {
      const rawValue = newValue(kind, own);
      if (!(await store.regenerate(owner, id, secrets.hash(rawValue), lastFour(rawValue)))) throw missing(id);
      const secret = (await store.list(owner)).find((stored) => stored.id === id);
      return { id, rawValue, expiresAt: secret?.expiresAt };
    },
  };
}

function assertLabel(label: string): void {
  if (label.length <= MAX_LABEL_CHARACTERS && !/[\p{Cc}\p{Cs}]/u.test(label)) return;
  throw new RefusedError('invalid', `A label is one line of ${MAX_LABEL_CHARACTERS} characters at most.`, 'label');
}

function assertLifetime(seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_LIFETIME_SECONDS) return;
  throw new RefusedError(
    'invalid',
    `A secret works for a whole number of seconds from 1 to ${MAX_LIFETIME_SECONDS}, or until it is deleted.`,
    'expiresInSeconds',
  );
}

/** The end of a secret, to recognise it by. Too little to help a guesser only if the rest is long. */
function lastFour(rawValue: string): string {
  const characters = [...rawValue];
  return characters.length >= 20 ? characters.slice(-4).join('') : '';
}
