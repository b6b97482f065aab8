import type { Brand } from '../../http/page-contract.ts';
import { texts } from '../texts.ts';
import { displayName } from './display.ts';
import { renderDocument } from './document.tsx';
import { Alert, Icon, Monogram, PostForm } from './parts.tsx';

export interface ConsentScope {
  readonly name: string;
  readonly description: string | undefined;
  /** Not among those that were allowed before. */
  readonly isNew: boolean;
}

/** How the app gets the answer: what is known of its identity depends on it. */
export type RedirectKind = 'https' | 'loopback' | 'private-scheme' | 'embedded';

export interface ConsentPageOptions {
  readonly brand: Brand;
  readonly csrfToken: string;
  readonly flow: string;
  readonly appName: string;
  readonly appId: string;
  /** The host, or "this computer" for loopback. */
  readonly redirectHost: string | undefined;
  readonly kind: RedirectKind;
  readonly userEmail: string;
  readonly scopes: readonly ConsentScope[];
  readonly neverExpires: boolean;
}

export function consentPage(options: ConsentPageOptions): string {
  const { brand, csrfToken, flow, kind, scopes } = options;
  const words = texts.consent;
  const app = displayName(options.appName);
  const operator = displayName(brand.name);
  const forMore = scopes.some(({ isNew }) => isNew) && scopes.some(({ isNew }) => !isNew);
  const title = forMore ? words.titleForMore(app) : words.title(app, operator);
  return renderDocument({
    brand,
    title,
    children: (
      <div class="card">
        <div class="asker">
          <Monogram name={app} kind="app" />
          <h1>{title}</h1>
        </div>
        {forMore && <p class="lead">{words.leadForMore(app, operator)}</p>}
        <Warnings kind={kind} />
        <h2>{words.scopesTitle(app)}</h2>
        <Scopes scopes={scopes} markNew={forMore} />
        {options.neverExpires && <Alert kind="warning">{words.neverExpires}</Alert>}
        <Facts {...options} />
        <PostForm action="/consent" hidden={{ flow, csrf_token: csrfToken }} class="decision">
          <button type="submit" name="decision" value="deny" id="deny">
            {words.deny}
          </button>
          <button type="submit" name="decision" value="allow" id="allow" class="primary">
            {words.allow}
          </button>
        </PostForm>
        {!options.neverExpires && <p class="hint centred">{words.revocable}</p>}
      </div>
    ),
  });
}

function Warnings({ kind }: { readonly kind: RedirectKind }) {
  const words = texts.consent;
  const warning = {
    https: undefined,
    loopback: words.loopback,
    'private-scheme': words.privateScheme,
    embedded: words.embedded,
  }[kind];
  return warning === undefined ? null : <Alert kind="warning">{warning}</Alert>;
}

function Scopes({ scopes, markNew }: { readonly scopes: readonly ConsentScope[]; readonly markNew: boolean }) {
  const words = texts.consent;
  return (
    // The role says it again for Safari, which forgets it of lists without bullets.
    // biome-ignore lint/a11y/noRedundantRoles: see above.
    <ul class="scopes" role="list">
      {scopes.map(({ name, description, isNew }) => (
        <li key={name}>
          <Icon name="check" />
          <div>
            <p>
              {description ? displayName(description) : words.scopeWithoutDescription(displayName(name))}
              {markNew && isNew && (
                <>
                  {' '}
                  <strong class="badge">{words.newScope}</strong>
                </>
              )}
            </p>
            {description && <code>{name}</code>}
          </div>
        </li>
      ))}
      {scopes.length === 0 && (
        <li>
          <Icon name="check" />
          <p>{words.noScopes}</p>
        </li>
      )}
    </ul>
  );
}

function Facts({ appId, appName, redirectHost, kind, userEmail, csrfToken, flow }: ConsentPageOptions) {
  const words = texts.consent;
  const destination = {
    https: redirectHost,
    loopback: words.thisComputer,
    'private-scheme': words.thisDevice,
    embedded: undefined,
  }[kind];
  return (
    <dl class="facts">
      <div>
        <dt>{words.account}</dt>
        <dd>
          <strong>{displayName(userEmail)}</strong>
          <PostForm action="/sign-out" hidden={{ flow, csrf_token: csrfToken }}>
            {words.notYou}{' '}
            <button type="submit" id="other-account" class="link">
              {words.otherAccount}
            </button>
          </PostForm>
        </dd>
      </div>
      <div>
        <dt>{words.app}</dt>
        <dd>
          {displayName(appName)} <code>{appId}</code>
        </dd>
      </div>
      {destination !== undefined && (
        <div>
          <dt>{words.returnsTo}</dt>
          <dd>
            <strong>{destination}</strong>
            {redirectHost !== undefined && redirectHost !== destination && (
              <>
                {' '}
                <code>{redirectHost}</code>
              </>
            )}
          </dd>
        </div>
      )}
    </dl>
  );
}
