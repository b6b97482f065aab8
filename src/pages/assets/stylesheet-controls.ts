/** What is pressed and filled in. */
export const STYLESHEET_CONTROLS = `
button,
.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 2.75rem;
  padding: 0.5rem 1.125rem;
  border: 1px solid var(--edge);
  border-radius: var(--radius);
  background: var(--surface);
  color: var(--ink);
  font: inherit;
  font-weight: 600;
  line-height: 1.25;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
  transition: background-color 120ms, border-color 120ms;
}
button:hover,
.button:hover {
  border-color: var(--ink);
  background: var(--ground);
}
button.primary {
  width: 100%;
  border-color: transparent;
  background: var(--accent);
  color: var(--on-accent);
}
button.primary:hover {
  border-color: transparent;
  background: var(--accent-hover);
}
.danger {
  border-color: var(--danger-line);
  color: var(--danger);
}
.danger:hover {
  border-color: var(--danger);
  background: var(--danger-ground);
}
button.link {
  min-height: 0;
  padding: 0;
  border: 0;
  border-radius: 0.25rem;
  background: none;
  color: var(--accent-ink);
  font-weight: 500;
  text-decoration: underline;
  text-underline-offset: 0.2em;
}
button.link:hover {
  text-decoration-thickness: 2px;
}
:focus-visible {
  outline: 3px solid var(--accent-ink);
  outline-offset: 2px;
}

.field {
  margin-top: 1.25rem;
}
label {
  display: block;
  padding-bottom: 0.375rem;
  font-size: 0.9375rem;
  font-weight: 600;
}
/* A small word, a target of 44 pixels. */
button.link::after {
  content: "";
  position: absolute;
  inset: -0.75rem -0.5rem;
}
input,
select,
textarea {
  display: block;
  width: 100%;
  min-height: 2.875rem;
  padding: 0.625rem 0.875rem;
  border: 1px solid var(--edge);
  border-radius: var(--radius);
  background: var(--field);
  color: var(--ink);
  font: inherit;
  transition: border-color 120ms;
}
.secret {
  position: relative;
}
.secret > button {
  position: absolute;
  inset-block: 0;
  inset-inline-end: 0;
  min-width: 4.25rem;
  border-color: transparent;
  background: none;
  color: var(--accent-ink);
  font-size: 0.875rem;
}
.secret > button:hover {
  border-color: transparent;
  text-decoration: underline;
  text-underline-offset: 0.2em;
}
.secret > button:focus-visible {
  outline-offset: -4px;
}
.secret:has(> button:not([hidden])) > input {
  padding-inline-end: 4.5rem;
}
textarea {
  resize: none;
}
textarea.code {
  font-size: 0.9375rem;
  word-break: break-all;
}
input:hover,
select:hover,
textarea:hover {
  border-color: var(--ink);
}
input:focus-visible,
select:focus-visible,
textarea:focus-visible {
  outline-offset: -1px;
  border-color: var(--accent-ink);
}
input[aria-invalid] {
  border-color: var(--danger);
}
.field .hint {
  margin-top: 0.375rem;
}
.field + button {
  margin-top: 1.5rem;
}
.lead + form > button {
  margin-top: 1.5rem;
}
.narrow {
  max-width: 24rem;
}
`;
