import type { ComponentChildren } from 'preact';
import type { FormFailure } from '../../panel-forms.ts';
import { panelTexts } from '../../panel-texts.ts';
import { Icon, PostForm } from '../parts.tsx';

export function Badge({
  kind,
  children,
}: {
  readonly kind?: 'good' | 'bad' | 'plain';
  readonly children: ComponentChildren;
}) {
  return <span class={`badge ${kind ?? 'plain'}`}>{children}</span>;
}

/** Names and values under each other. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="panel-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Names that machines read, such as scopes, side by side. */
export function Codes({ names, none }: { readonly names: readonly string[]; readonly none?: string }) {
  if (names.length === 0) return <span class="hint">{none ?? panelTexts.none}</span>;
  return (
    <span class="codes">
      {names.map((name) => (
        <>
          <code key={name}>{name}</code>{' '}
        </>
      ))}
    </span>
  );
}

/** The pages of one thing. */
export function Tabs({
  label,
  tabs,
  current,
}: {
  readonly label: string;
  readonly tabs: readonly { readonly href: string; readonly label: string }[];
  readonly current: string;
}) {
  return (
    <nav class="tabs" aria-label={label}>
      <ul>
        {tabs.map((tab) => (
          <li key={tab.href}>
            <a href={tab.href} aria-current={tab.href === current ? 'page' : undefined}>
              {tab.label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Something that cannot be undone: opens first, then says what it will do, and only then does it. Needs no script. */
export function Confirm(properties: {
  readonly label: string;
  /** For ears: whom or what it concerns, where several are alike. */
  readonly of?: string;
  /** What will happen, in a sentence. */
  readonly consequence: ComponentChildren;
  readonly action: string;
  readonly hidden: Readonly<Record<string, string | undefined>>;
  /** On the button that does it. */
  readonly button: string;
  /** What the button is called where several are alike. */
  readonly buttonLabel?: string;
  readonly danger?: boolean;
  /** It has been tried, and something in it is wrong. */
  readonly open?: boolean;
  readonly children?: ComponentChildren;
}) {
  const { label, of, consequence, action, hidden, button, buttonLabel, danger = true, open, children } = properties;
  return (
    <details class="ask" open={open}>
      <summary class={danger ? 'danger' : undefined}>
        {label}
        {of !== undefined && <span class="spoken"> {of}</span>}
      </summary>
      <div class="ask-box">
        <p>{consequence}</p>
        <PostForm action={action} hidden={hidden}>
          {children}
          <button type="submit" class={danger ? 'danger' : undefined} aria-label={buttonLabel}>
            {button}
          </button>
        </PostForm>
      </div>
    </details>
  );
}

/** A value that is shown this once, to be copied. */
export function ShownOnce({
  id,
  label,
  value,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string;
}) {
  const words = panelTexts.shownOnce;
  return (
    <div class="shown-once">
      <label for={id}>{label}</label>
      <textarea id={id} class="code" readonly autofocus rows={2} spellcheck={false} aria-describedby={`${id}-warning`}>
        {value}
      </textarea>
      <div class="copy-row">
        <button
          type="button"
          class="primary"
          hidden
          data-copies={id}
          data-status={`${id}-status`}
          data-done={words.copied}
        >
          {words.copy}
        </button>
        <span id={`${id}-status`} role="status" class="hint" />
      </div>
      <p class="hint" id={`${id}-warning`}>
        {words.warning}
      </p>
    </div>
  );
}

/** A card with a heading. */
export function Card({
  id,
  title,
  lead,
  actions,
  tone,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly actions?: ComponentChildren;
  /** `new`: made just now. `danger`: what it does cannot be undone. */
  readonly tone?: 'new' | 'danger' | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <section class={tone === undefined ? 'card' : `card tone-${tone}`} id={id} aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {actions}
      </div>
      {lead !== undefined && <p class="lead">{lead}</p>}
      {children}
    </section>
  );
}

/** What is wrong with a form that was sent: said at once, and linked to the fields. */
export function FailureSummary({
  failed,
  typed = [],
}: {
  readonly failed: FormFailure;
  readonly typed?: readonly { readonly label: string; readonly typed: string }[] | undefined;
}) {
  const words = panelTexts.form;
  const whole = failed.errors[''];
  const fields = Object.entries(failed.errors).filter(([name]) => name !== '');
  return (
    <div class="alert failure summary" role="alert">
      <Icon name="failure" />
      <div>
        <p>{whole ?? (failed.status === 412 ? words.stale : words.wrong)}</p>
        {fields.length > 0 && (
          <ul>
            {fields.map(([name, message]) => (
              <li key={name}>
                <a href={`#${name}`}>{message}</a>
              </li>
            ))}
          </ul>
        )}
        {typed.length > 0 && (
          <>
            <p>{words.youTyped}</p>
            <dl>
              {typed.map((one) => (
                <div key={one.label}>
                  <dt>{one.label}</dt>
                  <dd>{one.typed}</dd>
                </div>
              ))}
            </dl>
          </>
        )}
      </div>
    </div>
  );
}
