import type { ComponentChildren } from 'preact';

/** What is wrong with a form, by the name of the field; '' for the form as a whole. */
export type FormErrors = Readonly<Record<string, string>>;

interface ControlOptions {
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly errors?: FormErrors | undefined;
}

/** Label, control, what is wrong with it, and what it is for: tied together for those who hear it. */
function Labelled({ name, label, hint, errors, children }: ControlOptions & { readonly children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <Notes name={name} hint={hint} errors={errors} />
      {children}
    </div>
  );
}

/** Above the control, where it is read before something is typed and is not covered by what a browser suggests. */
function Notes({ name, hint, errors }: Omit<ControlOptions, 'label'>) {
  const error = errors?.[name];
  return (
    <>
      {hint !== undefined && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p class="field-error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </>
  );
}

/** Of several fields that are wrong, the first has the cursor. */
function describing({ name, hint, errors }: Omit<ControlOptions, 'label'>) {
  const failed = errors?.[name] !== undefined;
  const ids = [failed && `${name}-error`, hint !== undefined && `${name}-hint`].filter(Boolean).join(' ');
  return {
    'aria-invalid': failed || undefined,
    'aria-describedby': ids || undefined,
    autofocus: (failed && Object.keys(errors ?? {})[0] === name) || undefined,
  } as const;
}

export function TextField(
  options: ControlOptions & {
    readonly value?: string | undefined;
    readonly required?: boolean;
    readonly kind?: 'text' | 'number' | 'email' | 'password' | 'url';
    readonly placeholder?: string;
    readonly maxLength?: number;
    readonly readonly?: boolean;
    readonly autofocus?: boolean;
    readonly autocomplete?: 'off' | 'email' | 'name' | 'new-password' | 'url';
  },
) {
  const {
    name,
    value,
    required = false,
    kind = 'text',
    placeholder,
    maxLength,
    readonly,
    autocomplete = 'off',
  } = options;
  // Never type=number or email: they hide or rewrite what was typed, where the answer should say what is wrong with it.
  const mode = { text: 'text', number: 'numeric', email: 'email', url: 'url', password: 'text' } as const;
  const { autofocus = options.autofocus, ...described } = describing(options);
  const input = {
    id: name,
    name,
    value,
    required,
    placeholder,
    maxlength: maxLength,
    readonly,
    autocomplete,
    inputmode: mode[kind],
    autocapitalize: 'none',
    spellcheck: false,
    autofocus,
    class: kind === 'number' ? 'short' : undefined,
    ...described,
  } as const;
  return (
    <Labelled {...options}>
      {kind === 'password' ? <input type="password" {...input} /> : <input type="text" {...input} />}
    </Labelled>
  );
}

/** Several values, one a line. */
export function LinesField(options: ControlOptions & { readonly values: readonly string[]; readonly rows?: number }) {
  const { name, values, rows = 3 } = options;
  return (
    <Labelled {...options}>
      <textarea
        id={name}
        name={name}
        rows={Math.min(Math.max(rows, values.length + 1), 14)}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        class="code"
        {...describing(options)}
      >
        {values.join('\n')}
      </textarea>
    </Labelled>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
  /** The label is a name that machines read. */
  readonly code?: boolean;
}

export function SelectField(
  options: ControlOptions & { readonly choices: readonly Choice[]; readonly value: string | undefined },
) {
  const { name, choices, value } = options;
  return (
    <Labelled {...options}>
      <select id={name} name={name} {...describing(options)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} selected={choice.value === (value ?? '')}>
            {choice.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** On or off. Sends `on` when it is on, and nothing else. */
export function Switch(options: ControlOptions & { readonly checked: boolean }) {
  const { name, label, hint, checked, errors } = options;
  return (
    <div class="switch">
      <div class="switch-row">
        {/* Looks like a switch, and is heard as the checkbox that it is. */}
        <input type="checkbox" id={name} name={name} value="on" checked={checked} {...describing(options)} />
        <label for={name}>{label}</label>
      </div>
      <Notes name={name} hint={hint} errors={errors} />
    </div>
  );
}

interface ChoicesOptions extends ControlOptions {
  readonly choices: readonly Choice[];
}

/** Any number of these. Each sends its value under the one name. */
export function ChoicesField(options: ChoicesOptions & { readonly values: readonly string[] }) {
  return <Boxes {...options} type="checkbox" />;
}

/** One of these. */
export function RadioField(options: ChoicesOptions & { readonly value: string | undefined }) {
  return <Boxes {...options} type="radio" values={options.value === undefined ? [] : [options.value]} />;
}

function Boxes(options: ChoicesOptions & { readonly type: 'checkbox' | 'radio'; readonly values: readonly string[] }) {
  const { name, label, hint, choices, values, errors, type } = options;
  const { autofocus, 'aria-invalid': _invalid, ...described } = describing(options);
  const withHints = choices.some((choice) => choice.hint !== undefined);
  return (
    <fieldset class="choices" id={name} {...described}>
      <legend>{label}</legend>
      <Notes name={name} hint={hint} errors={errors} />
      <div class={withHints ? 'choice-list' : 'choice-list narrow-choices'}>
        {choices.map((choice, at) => {
          const id = `${name}-${at}`;
          return (
            <div class="choice" key={choice.value}>
              <input
                type={type}
                id={id}
                name={name}
                value={choice.value}
                checked={values.includes(choice.value)}
                autofocus={at === 0 ? autofocus : undefined}
              />
              <label for={id}>
                {choice.code === true ? <code>{choice.label}</code> : <span class="name">{choice.label}</span>}
                {choice.hint !== undefined && <span class="hint">{choice.hint}</span>}
              </label>
            </div>
          );
        })}
      </div>
    </fieldset>
  );
}

/** Fields that belong together, under a heading. */
export function FieldGroup({
  title,
  lead,
  children,
}: {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <fieldset class="group">
      <legend>{title}</legend>
      <div class="group-fields">
        {lead !== undefined && <p class="lead">{lead}</p>}
        {children}
      </div>
    </fieldset>
  );
}

/** The buttons at the end of a form. */
export function FormActions({
  submit,
  id,
  cancel,
}: {
  readonly submit: string;
  readonly id: string;
  /** Where to go without doing anything. */
  readonly cancel?: { readonly href: string; readonly label: string };
}) {
  return (
    <div class="form-actions">
      <button type="submit" id={id} class="primary">
        {submit}
      </button>
      {cancel !== undefined && (
        <a class="button" href={cancel.href}>
          {cancel.label}
        </a>
      )}
    </div>
  );
}
