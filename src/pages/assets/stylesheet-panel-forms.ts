/** The forms of the panel: groups, switches, what is wrong with a field. */
export const STYLESHEET_PANEL_FORMS = `
.layout-panel textarea {
  resize: vertical;
}
.layout-panel .field {
  max-width: 38rem;
}
.layout-panel .field > label {
  padding-bottom: 0.125rem;
}
.layout-panel .field > .hint {
  margin: 0 0 0.375rem;
}
.layout-panel .field > label + input,
.layout-panel .field > label + textarea,
.layout-panel .field > label + select {
  margin-top: 0.25rem;
}
.layout-panel .choices > .hint {
  margin: -0.125rem 0 0.5rem;
}
input.short {
  max-width: 14rem;
}
.fields > .field:first-child,
.group-fields > .field:first-child,
.group-fields > .switch:first-child,
.group-fields > .choices:first-child {
  margin-top: 0;
}
.group {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  min-width: 0;
  margin: 0;
  padding: 1.75rem 0;
  border: 0;
  border-top: 1px solid var(--line);
}
form > .group:first-of-type {
  padding-top: 0.25rem;
  border-top: 0;
}
.group > legend {
  float: inline-start;
  width: 100%;
  padding: 0 0 1rem;
  font-size: 1.0625rem;
  font-weight: 650;
}
.group-fields {
  clear: both;
  min-width: 0;
}
.group-fields > .lead {
  margin: -0.75rem 0 1rem;
}
.choice-list {
  display: grid;
  gap: 0.5rem;
  max-width: 38rem;
}
.choice-list > .choice {
  margin: 0;
}
.narrow-choices {
  grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr));
  max-width: 46rem;
}
.choice > label code {
  color: inherit;
  font-size: 0.875rem;
}
.choice > label > .hint {
  flex-basis: 100%;
}

.switch {
  max-width: 38rem;
  margin-top: 1rem;
}
.switch-row {
  position: relative;
  min-height: 2.75rem;
}
.switch-row > input {
  position: absolute;
  inset: 0;
  height: 100%;
  min-height: 0;
  margin: 0;
  padding: 0;
  border-color: transparent;
  background: none;
  appearance: none;
  cursor: pointer;
}
.switch-row > label {
  display: flex;
  align-items: center;
  min-height: 2.75rem;
  padding: 0;
  padding-inline-start: 3.625rem;
  pointer-events: none;
}
.switch-row > label::before,
.switch-row > label::after {
  content: "";
  position: absolute;
  inset-block-start: 50%;
  border-radius: 1rem;
  translate: 0 -50%;
  transition: background-color 120ms, translate 120ms;
}
.switch-row > label::before {
  inset-inline-start: 0;
  width: 2.75rem;
  height: 1.5rem;
  border: 1px solid var(--edge);
  background: var(--field);
}
.switch-row > label::after {
  inset-inline-start: 0.25rem;
  width: 1rem;
  height: 1rem;
  background: var(--edge);
}
.switch-row > :checked + label::before {
  border-color: var(--accent-ink);
  background: var(--accent-ink);
}
.switch-row > :checked + label::after {
  background: var(--surface);
  translate: 1.25rem -50%;
}
[dir="rtl"] .switch-row > :checked + label::after {
  translate: -1.25rem -50%;
}
.switch > .hint,
.switch > .field-error {
  margin: -0.25rem 0 0;
  padding-inline-start: 3.625rem;
}
.field-error {
  margin: 0.125rem 0 0.375rem;
  color: var(--danger);
  font-size: 0.9375rem;
  font-weight: 600;
}
textarea[aria-invalid],
select[aria-invalid] {
  border-color: var(--danger);
}
.offer {
  display: block;
}
.beside {
  display: flex;
  flex-wrap: wrap;
  gap: 0 1rem;
}
/* However long the hints are, the controls stand side by side. */
.beside > .field {
  display: flex;
  flex: 1 1 12rem;
  flex-direction: column;
}
.layout-panel .beside > .field > input,
.layout-panel .beside > .field > select {
  margin-top: auto;
}
.layout-panel .beside > .field > label + input,
.layout-panel .beside > .field > label + select {
  margin-top: auto;
}
.form-actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
  margin-top: 1.5rem;
}
.group + .form-actions {
  margin-top: 0;
  padding-top: 1.5rem;
  border-top: 1px solid var(--line);
}
@media (max-width: 40rem) {
  .form-actions > * {
    flex: 1 1 100%;
  }
}
@media (forced-colors: active) {
  .switch-row > label::after {
    background: ButtonText;
    forced-color-adjust: none;
  }
  .switch-row > :checked + label::before {
    background: Highlight;
    forced-color-adjust: none;
  }
}
`;
