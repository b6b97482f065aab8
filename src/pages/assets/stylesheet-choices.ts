/** What is ticked, and what opens. */
export const STYLESHEET_CHOICES = `
.choices {
  min-width: 0;
  margin: 1.5rem 0 0;
  padding: 0;
  border: 0;
}
legend {
  padding: 0 0 0.375rem;
  font-size: 0.9375rem;
  font-weight: 600;
}
/* The whole row is the box that is ticked; the label draws the mark, for the colours of a brand. */
.choice {
  position: relative;
}
.choice + .choice,
.target + .target,
.hint + .choice {
  margin-top: 0.5rem;
}
.choice > input {
  position: absolute;
  inset: 0;
  height: 100%;
  margin: 0;
  padding: 0;
  background: none;
  appearance: none;
  cursor: pointer;
}
.choice > label {
  display: flex;
  flex-wrap: wrap;
  gap: 0 0.5rem;
  align-items: baseline;
  align-content: center;
  min-height: 2.75rem;
  padding: 0.625rem 0.875rem 0.625rem 2.75rem;
  font-weight: 400;
}
.choice > label::before {
  content: "";
  position: absolute;
  inset-block-start: 0.8125rem;
  inset-inline-start: 0.875rem;
  width: 1.125rem;
  height: 1.125rem;
  border: 1px solid var(--edge);
  border-radius: 0.3125rem;
  background: var(--field);
}
.choice > label::after {
  content: "";
  position: absolute;
  display: none;
}
.choice > [type="radio"] + label::before {
  border-radius: 50%;
}
.choice > :checked {
  border-color: var(--accent-ink);
  background: var(--accent-tint);
}
.choice > :checked + label {
  position: relative;
  pointer-events: none;
}
.choice > :checked + label::before {
  border-color: var(--accent);
  background: var(--accent);
}
.choice > :checked + label::after {
  display: block;
}
.choice > [type="checkbox"] + label::after {
  inset-block-start: 0.9375rem;
  inset-inline-start: 1.25rem;
  width: 0.375rem;
  height: 0.6875rem;
  border: solid var(--on-accent);
  border-width: 0 2px 2px 0;
  transform: rotate(45deg);
}
.choice > [type="radio"] + label::after {
  inset-block-start: 1.1875rem;
  inset-inline-start: 1.25rem;
  width: 0.375rem;
  height: 0.375rem;
  border-radius: 50%;
  background: var(--on-accent);
}
.target > .of-target {
  margin: 0.875rem 0 1.25rem 0.875rem;
  padding-inline-start: 0.875rem;
  border-inline-start: 2px solid var(--line);
}
/* A browser that cannot do this shows all of them, each below what it belongs to. */
.target:not(:has(> .choice > :checked)) > .of-target {
  display: none;
}
.facts + .of-target {
  margin-top: 1.25rem;
}

select {
  padding-inline-end: 2.5rem;
  appearance: none;
  background-image:
    linear-gradient(45deg, transparent 50%, var(--muted) 50%),
    linear-gradient(135deg, var(--muted) 50%, transparent 50%);
  background-position:
    right 1.3125rem center,
    right 1rem center;
  background-size: 0.3125rem 0.3125rem;
  background-repeat: no-repeat;
  cursor: pointer;
}
[dir="rtl"] select {
  background-position:
    left 1rem center,
    left 1.3125rem center;
}

summary {
  list-style: none;
}
summary::-webkit-details-marker {
  display: none;
}
.confirm[open] {
  position: relative;
  flex-basis: 100%;
  padding: 1rem;
  border: 1px solid var(--danger-line);
  border-radius: var(--radius);
}
.confirm[open] .closed,
.confirm:not([open]) .opened {
  display: none;
}
/* What opened it comes first for browsers, and stands beside what it led to. */
.confirm[open] > summary {
  position: absolute;
  inset-block-end: 1rem;
  inset-inline-end: 1rem;
  border-color: var(--edge);
  color: var(--ink);
}
.confirm form > button {
  margin-top: 0.75rem;
}
.permissions .permission {
  margin: 0;
  font-size: 0.875rem;
}
.permissions code.permission {
  font-size: 0.8125rem;
}
.permission ~ .permission::before {
  content: "·";
  margin-inline: 0.125rem 0.375rem;
  color: var(--muted);
}
.back {
  display: inline-block;
  padding: 0.625rem 0.5rem;
}
@media (max-width: 30rem) {
  .confirm,
  .confirm > summary,
  .actions > .button {
    width: 100%;
  }
  .confirm[open] > summary,
  .rows .confirm form > button {
    width: calc(50% - 1.375rem);
  }
  .rows .confirm form > button {
    width: calc(50% - 0.375rem);
    padding-inline: 0.5rem;
  }
}
@media (forced-colors: active) {
  .choice > :checked + label::before {
    background: Highlight;
    forced-color-adjust: none;
  }
}
`;
