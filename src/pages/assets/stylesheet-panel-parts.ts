/** The panel's facts and signs, and what asks before it acts. */
export const STYLESHEET_PANEL_PARTS = `
.badge {
  white-space: nowrap;
}
.badge.plain {
  background: var(--ground);
  color: var(--muted);
}
.badge.good {
  background: var(--done-ground);
  color: var(--done);
}
.badge.bad {
  background: var(--danger-ground);
  color: var(--danger);
}
.codes code {
  margin-inline-end: 0.375rem;
}
.panel-facts {
  display: grid;
  margin-top: 0.75rem;
  font-size: 0.9375rem;
}
.panel-facts > div {
  display: grid;
  grid-template-columns: minmax(7rem, 11rem) minmax(0, 1.6fr);
  gap: 0 1rem;
  padding: 0.5rem 0;
}
.panel-facts > div + div {
  border-top: 1px solid var(--line);
}
.panel-facts dt {
  color: var(--muted);
}
.ask > summary {
  display: inline-flex;
  align-items: center;
  color: var(--accent-ink);
  font-weight: 500;
  text-decoration: underline;
  text-decoration-color: transparent;
  text-underline-offset: 0.2em;
  cursor: pointer;
}
.ask > summary:hover,
.ask[open] > summary {
  text-decoration-color: currentColor;
}
.ask > summary::before {
  content: "";
  width: 0.4375rem;
  height: 0.4375rem;
  margin-inline-end: 0.5rem;
  border: solid currentColor;
  border-width: 0 2px 2px 0;
  rotate: -45deg;
}
.ask[open] > summary::before {
  rotate: 45deg;
}
.ask > summary.danger {
  background: none;
  color: var(--danger);
}
.ask-box {
  display: grid;
  gap: 0.75rem;
  max-width: 34rem;
  margin-top: 0.5rem;
  padding: 1rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--ground);
  text-align: start;
}
.ask-box .field:first-of-type {
  margin-top: 0;
}
.ask-box button {
  margin-top: 0;
}
.ask-box .field + button {
  margin-top: 1rem;
}
.under {
  display: block;
  color: var(--muted);
  font-size: 0.875rem;
  font-weight: 400;
}
.narrowed {
  margin-top: 1rem;
}
.more {
  margin-top: 1rem;
}
.line {
  display: block;
}
.add {
  margin-top: 1.25rem;
  padding-top: 1.25rem;
  border-top: 1px solid var(--line);
}
.add .field {
  margin-top: 0.75rem;
}
.ask-list {
  display: grid;
  gap: 1rem;
  margin-top: 1rem;
}
.shown-once {
  display: grid;
  gap: 0.625rem;
  max-width: 46rem;
  margin-top: 1rem;
}
.shown-once label {
  padding: 0;
}
.copy-row {
  display: flex;
  align-items: center;
  gap: 0.75rem;
}
.copy-row:not(:has(button:not([hidden]))) {
  display: none;
}
pre {
  margin: 0.75rem 0 0;
  padding: 0.875rem 1rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--ground);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.summary ul {
  margin-top: 0.25rem;
  padding-inline-start: 1.125rem;
}
.summary a {
  color: inherit;
}
.summary dl {
  display: grid;
  gap: 0.25rem;
  margin-top: 0.25rem;
}
.summary dl > div {
  display: flex;
  flex-wrap: wrap;
  gap: 0 0.5rem;
}
.summary dt::after {
  content: ":";
}
.summary dd {
  font-weight: 600;
}
.summary p + p,
.summary ul + p {
  margin-top: 0.5rem;
}

@media (max-width: 40rem) {
  .panel-facts > div {
    grid-template-columns: minmax(0, 1fr);
  }
  .layout-panel main a:not(.button) {
    display: inline-flex;
    align-items: center;
    min-height: 2.75rem;
  }
  .ask > summary {
    min-height: 2.75rem;
  }
}
`;
