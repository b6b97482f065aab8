import type { Brand } from '../../http/page-contract.ts';
import type { DescribedScope } from '../../oauth/scopes.ts';
import { texts } from '../texts.ts';
import { displayName } from './display.ts';
import { renderDocument } from './document.tsx';
import { Alert, Icon, PostForm } from './parts.tsx';

export type ApiKeyFailure = keyof typeof texts.apiKey.failures;
export type ApiKeyExpiry = keyof typeof texts.apiKey.expiries;
export const API_KEY_EXPIRIES: readonly ApiKeyExpiry[] = ['30', '90', '365', 'never'];

/** Something that the person may make a key for. */
export interface ApiKeyTarget {
  /** What the form sends for it, alone and before the name of each of its scopes. */
  readonly value: string;
  readonly apiName: string;
  readonly apiIdentifier: string;
  readonly appName: string | undefined;
  readonly scopes: readonly DescribedScope[];
}

export interface NewApiKeyPageOptions {
  readonly brand: Brand;
  readonly csrfToken: string;
  readonly formId: string;
  readonly targets: readonly ApiKeyTarget[];
  /** What was entered before. */
  readonly entered: {
    readonly label: string;
    readonly target: string | undefined;
    readonly scopes: readonly string[];
    readonly expiry: ApiKeyExpiry;
  };
  readonly failure?: ApiKeyFailure | undefined;
}

const FAILURE_ID = 'api-key-failure';

/** The form with which a person makes a key. What belongs to a target is shown when that is chosen. */
export function newApiKeyPage(options: NewApiKeyPageOptions): string {
  const { brand, csrfToken, formId, targets, entered, failure } = options;
  const words = texts.apiKey;
  return renderDocument({
    brand,
    title: words.newTitle,
    failed: failure !== undefined,
    children: (
      <div class="card">
        <h1>{words.newTitle}</h1>
        <p class="lead">{targets.length === 0 ? words.nothing : words.newLead}</p>
        {failure !== undefined && (
          <Alert kind="failure" id={FAILURE_ID}>
            {words.failures[failure]}
          </Alert>
        )}
        {targets.length > 0 && (
          <PostForm action="/account/api-keys" hidden={{ csrf_token: csrfToken, form_id: formId }} id="new-api-key">
            <LabelField value={entered.label} failed={failure === 'label'} />
            <Targets targets={targets} entered={entered} />
            <ExpiryField chosen={entered.expiry} />
            <button type="submit" id="make-api-key" class="primary">
              {words.make}
            </button>
          </PostForm>
        )}
        <BackToAccount />
      </div>
    ),
  });
}

function LabelField({ value, failed }: { readonly value: string; readonly failed: boolean }) {
  const words = texts.apiKey;
  return (
    <div class="field">
      <label for="label">{words.label}</label>
      <input
        type="text"
        id="label"
        name="label"
        value={value}
        required
        maxLength={100}
        autocomplete="off"
        autofocus
        aria-invalid={failed ? true : undefined}
        aria-describedby={failed ? `${FAILURE_ID} label-hint` : 'label-hint'}
      />
      <p class="hint" id="label-hint">
        {words.labelHint}
      </p>
    </div>
  );
}

function Targets({ targets, entered }: Pick<NewApiKeyPageOptions, 'targets' | 'entered'>) {
  const words = texts.apiKey;
  const [only] = targets;
  const chosen = targets.find(({ value }) => value === entered.target) ?? only;
  if (targets.length === 1 && only !== undefined) {
    return (
      <>
        <input type="hidden" name="target" value={only.value} />
        <dl class="facts">
          <div>
            <dt>{words.target}</dt>
            <dd>
              <TargetName target={only} />
            </dd>
          </div>
        </dl>
        <Scopes target={only} index={0} entered={entered.scopes} />
      </>
    );
  }
  return (
    <fieldset class="choices">
      <legend>{words.target}</legend>
      {targets.map((target, index) => (
        <div class="target" key={target.value}>
          <div class="choice">
            <input
              type="radio"
              id={`target-${index}`}
              name="target"
              value={target.value}
              checked={target === chosen}
              required
            />
            <label for={`target-${index}`}>
              <TargetName target={target} />
            </label>
          </div>
          <Scopes target={target} index={index} entered={entered.scopes} />
        </div>
      ))}
    </fieldset>
  );
}

function TargetName({ target }: { readonly target: ApiKeyTarget }) {
  const words = texts.apiKey;
  const apiName = displayName(target.apiName);
  const { appName } = target;
  return (
    <>
      <span class="name">{appName === undefined ? apiName : words.forApp(displayName(appName))}</span>{' '}
      {appName === undefined ? (
        <code>{displayName(target.apiIdentifier)}</code>
      ) : (
        <span class="hint">{words.forAppAt(apiName)}</span>
      )}
    </>
  );
}

function Scopes(properties: {
  readonly target: ApiKeyTarget;
  readonly index: number;
  readonly entered: readonly string[];
}) {
  const { target, index, entered } = properties;
  const words = texts.apiKey;
  if (target.scopes.length === 0) {
    return <p class="hint of-target">{target.appName === undefined ? words.noScopes : words.noScopesOfApp}</p>;
  }
  return (
    <fieldset class="choices of-target">
      <legend>{words.scopes}</legend>
      <p class="hint">{words.scopesHint}</p>
      {target.scopes.map(({ name, description }, position) => {
        const id = `scope-${index}-${position}`;
        const value = `${target.value} ${name}`;
        return (
          <div class="choice" key={name}>
            <input type="checkbox" id={id} name="scope" value={value} checked={entered.includes(value)} />
            <label for={id}>
              {description !== undefined && <span class="name">{displayName(description)}</span>} <code>{name}</code>
            </label>
          </div>
        );
      })}
    </fieldset>
  );
}

function ExpiryField({ chosen }: { readonly chosen: ApiKeyExpiry }) {
  const words = texts.apiKey;
  return (
    <div class="field">
      <label for="expiry">{words.expiry}</label>
      <select id="expiry" name="expiry">
        {API_KEY_EXPIRIES.map((expiry) => (
          <option value={expiry} selected={expiry === chosen} key={expiry}>
            {words.expiries[expiry]}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface IssuedApiKeyPageOptions {
  readonly brand: Brand;
  readonly label: string;
  readonly rawValue: string;
}

/** The one moment at which a key can be copied. */
export function issuedApiKeyPage({ brand, label, rawValue }: IssuedApiKeyPageOptions): string {
  const words = texts.apiKey;
  return renderDocument({
    brand,
    title: words.issuedTitle,
    script: 'enhance',
    children: (
      <div class="card">
        <p class="sign done">
          <Icon name="key" />
        </p>
        <h1>{words.issuedTitle}</h1>
        <p class="lead">{words.issuedLead(displayName(label))}</p>
        <div class="field">
          <label for="api-key">{words.value}</label>
          <textarea
            id="api-key"
            class="code"
            rows={2}
            readonly
            autofocus
            spellcheck={false}
            aria-describedby="api-key-warning"
          >
            {rawValue}
          </textarea>
        </div>
        <button
          type="button"
          class="primary"
          id="copy"
          hidden
          data-copies="api-key"
          data-status="copied"
          data-done={words.copied}
        >
          {words.copy}
        </button>
        <p class="hint centred" id="copied" role="status" />
        <Alert kind="warning" id="api-key-warning">
          {words.warning}
        </Alert>
        <div class="reference">
          <p class="hint">{words.usage}</p>
          <p>
            <code>X-API-Key: {rawValue.slice(0, 'cs_key_'.length)}…</code>
          </p>
        </div>
        <BackToAccount />
      </div>
    ),
  });
}

function BackToAccount() {
  return (
    <p class="actions centred">
      <a href="/account" class="back">
        {texts.apiKey.back}
      </a>
    </p>
  );
}
