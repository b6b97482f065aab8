import type { ComponentChildren } from 'preact';
import { texts } from '../texts.ts';
import { initial } from './display.ts';

/** The letter that stands for an operator or an app without a picture. */
export function Monogram({ name, kind }: { readonly name: string; readonly kind: 'operator' | 'app' }) {
  return (
    <span class={`monogram ${kind}`} aria-hidden="true">
      {initial(name)}
    </span>
  );
}

const ICONS = {
  check: 'M5 12.5l4.5 4.5L19 7.5',
  warning: 'M12 8.5v5M12 17h.01M10.3 3.9L2.4 17.5A2 2 0 0 0 4.1 20.5h15.8a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z',
  failure: 'M12 7.5v5.5M12 16.5h.01M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z',
  device: 'M4 5.5h16v10.5H4zM2 19.5h20',
  key: 'M12 15.5a4 4 0 1 1-8 0a4 4 0 0 1 8 0zM10.9 12.6L20 3.5M15.5 8l2.75 2.75M18 5.5l2.5 2.5',
} as const;

export function Icon({ name }: { readonly name: keyof typeof ICONS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path
        d={ICONS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

/** A box that stands out: a failure, something to beware of, or something done. */
export function Alert({
  kind,
  id,
  children,
}: {
  readonly kind: 'failure' | 'warning' | 'done';
  readonly id?: string;
  readonly children: ComponentChildren;
}) {
  const role = { failure: 'alert', warning: 'note', done: 'status' } as const;
  const icon = { failure: 'failure', warning: 'warning', done: 'check' } as const;
  return (
    <div class={`alert ${kind}`} role={role[kind]} id={id}>
      <Icon name={icon[kind]} />
      <p>{children}</p>
    </div>
  );
}

/** A POST form with its hidden fields. `undefined` ones are left out. */
export function PostForm({
  action,
  hidden,
  class: className,
  id,
  children,
}: {
  readonly action: string;
  readonly hidden: Readonly<Record<string, string | undefined>>;
  readonly class?: string;
  readonly id?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <form method="post" action={action} class={className} id={id}>
      {Object.entries(hidden).map(
        ([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} key={name} />,
      )}
      {children}
    </form>
  );
}

interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly kind: 'email' | 'password';
  readonly autocomplete: 'username' | 'current-password' | 'new-password';
  readonly value?: string;
  readonly autofocus?: boolean;
  readonly hint?: string | undefined;
  /** The id of the message that says what is wrong with it. */
  readonly failureId?: string | undefined;
}

/** A labelled input. Its `id` is its `name`. */
export function Field({ name, label, kind, autocomplete, value, autofocus = false, hint, failureId }: FieldOptions) {
  const hintId = hint === undefined ? undefined : `${name}-hint`;
  const describedBy = [failureId, hintId].filter((id) => id !== undefined).join(' ') || undefined;
  const input = {
    id: name,
    name,
    value,
    required: true,
    autocomplete,
    autocapitalize: 'none',
    spellcheck: false,
    autofocus,
    'aria-invalid': failureId === undefined ? undefined : true,
    'aria-describedby': describedBy,
  } as const;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {kind === 'password' ? (
        <div class="secret">
          <input type="password" {...input} />
          <ShowPassword field={name} />
        </div>
      ) : (
        // Not type=email: it would refuse addresses that servers accept, and rewrite others.
        <input type="text" inputmode="email" {...input} />
      )}
      {hint !== undefined && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** The script shows it. */
function ShowPassword({ field }: { readonly field: string }) {
  const { show, showPassword, hide, hidePassword } = texts.password;
  return (
    <button
      type="button"
      hidden
      aria-label={showPassword}
      data-shows={field}
      data-hide={hide}
      data-hide-label={hidePassword}
    >
      {show}
    </button>
  );
}

export function Time({ date }: { readonly date: Date }) {
  return <time dateTime={date.toISOString()}>{texts.dateTime(date)}</time>;
}

/** For ears only. */
export function Spoken({ children }: { readonly children: ComponentChildren }) {
  return <span class="spoken">{children}</span>;
}

/** A card of its own on a page of several. */
export function Section(properties: {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly children: ComponentChildren;
}) {
  const { id, title, lead, children } = properties;
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p class="lead">{lead}</p>
      {children}
    </section>
  );
}
