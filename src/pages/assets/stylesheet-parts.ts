/** What stands on the pages to be read: signs, boxes and lists. */
export const STYLESHEET_PARTS = `
.icon {
  flex: none;
  display: block;
  width: 1.25rem;
  height: 1.25rem;
}
.monogram {
  flex: none;
  display: grid;
  place-items: center;
  width: 2.5rem;
  height: 2.5rem;
  border-radius: 0.75rem;
  font-size: 1.125rem;
  font-weight: 650;
  line-height: 1;
}
.monogram.operator {
  background: var(--accent);
  color: var(--on-accent);
}
.monogram.app {
  border: 1px solid var(--line);
  background: var(--accent-tint);
  color: var(--accent-ink);
}
.asker {
  display: flex;
  align-items: center;
  gap: 1rem;
}
.asker .monogram {
  align-self: flex-start;
  width: 3.25rem;
  height: 3.25rem;
  border-radius: 1rem;
  font-size: 1.375rem;
}
.asker h1 {
  font-size: 1.375rem;
}
.asker + .lead {
  margin-top: 1rem;
}
.sign {
  display: grid;
  place-items: center;
  width: 3rem;
  height: 3rem;
  margin-bottom: 1.25rem;
  border-radius: 50%;
}
.sign .icon {
  width: 1.5rem;
  height: 1.5rem;
}
.sign.failure {
  background: var(--danger-ground);
  color: var(--danger);
}
.sign.done {
  background: var(--done-ground);
  color: var(--done);
}

.alert {
  display: flex;
  gap: 0.75rem;
  padding: 0.75rem 0.875rem;
  border: 1px solid;
  border-radius: var(--radius);
  font-size: 0.9375rem;
  line-height: 1.5;
}
.alert .icon {
  margin-top: 0.0625rem;
}
.alert.failure {
  border-color: var(--danger-line);
  background: var(--danger-ground);
  color: var(--danger);
}
.alert.warning {
  border-color: var(--warning-line);
  background: var(--warning-ground);
  color: var(--warning);
}
.alert.done {
  border-color: var(--done-line);
  background: var(--done-ground);
  color: var(--done);
}
.card > .alert {
  margin-top: 1.25rem;
}

.scopes,
.rows {
  padding: 0;
  list-style: none;
}
.card > h2:not(:first-child) {
  margin-top: 1.5rem;
}
.scopes {
  margin-top: 0.75rem;
}
.scopes li {
  display: flex;
  gap: 0.75rem;
  padding: 0.375rem 0;
}
.scopes .icon {
  margin-top: 0.1875rem;
  color: var(--accent-ink);
}
.badge {
  display: inline-block;
  padding: 0 0.5rem;
  border-radius: 1rem;
  background: var(--accent-tint);
  color: var(--accent-ink);
  font-size: 0.8125rem;
  font-weight: 600;
  line-height: 1.375rem;
}
.facts {
  display: grid;
  gap: 0.625rem;
  margin-top: 1.25rem;
  padding-top: 1.25rem;
  border-top: 1px solid var(--line);
  font-size: 0.9375rem;
}
.facts > div {
  display: grid;
  grid-template-columns: 6.5rem 1fr;
  gap: 0 0.75rem;
}
.facts dt {
  color: var(--muted);
}
.facts strong {
  font-weight: 600;
}
.facts button {
  position: relative;
}
.decision {
  display: grid;
  grid-template-columns: 1fr 1fr;
  gap: 0.75rem;
  margin-top: 1.5rem;
}
.decision + .hint {
  margin-top: 1rem;
}
.reference {
  margin-top: 1.5rem;
  padding-top: 1.25rem;
  border-top: 1px solid var(--line);
  font-size: 0.9375rem;
}
.reference code {
  color: var(--ink);
  font-size: 0.875rem;
  user-select: all;
}
.actions {
  margin-top: 1.5rem;
}

.rows {
  margin-top: 1rem;
}
.rows li {
  display: flex;
  flex-wrap: wrap;
  align-items: flex-start;
  gap: 0.75rem 1rem;
  padding: 1.125rem 0;
  border-top: 1px solid var(--line);
}
.rows li:last-child {
  padding-bottom: 0;
}
.rows .about {
  flex: 1 1 11rem;
  min-width: 0;
}
.rows + form {
  margin-top: 1.5rem;
}
.permissions {
  padding: 0.125rem 0;
}
.permissions code {
  margin-right: 0.375rem;
}
@media (max-width: 30rem) {
  .facts > div {
    grid-template-columns: 1fr;
  }
  .rows form,
  .rows form button,
  .rows + form button {
    width: 100%;
  }
}
@media (prefers-reduced-motion: reduce) {
  * {
    transition: none !important;
  }
}
@media (forced-colors: active) {
  button.primary {
    border-color: ButtonText;
  }
}
`;
