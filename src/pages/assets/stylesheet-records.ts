/** Logs, the token inspector, and what people have allowed. */
export const STYLESHEET_RECORDS = `
.data .badge {
  white-space: nowrap;
}
.data th .hint {
  font-weight: 400;
}
.stack {
  display: grid;
  gap: 0.125rem;
  justify-items: start;
}
.stack strong {
  font-weight: 600;
}
.facets {
  display: grid;
  gap: 0.125rem;
}
.facets > div {
  display: flex;
  flex-wrap: wrap;
  gap: 0 0.375rem;
}
.facets dt {
  color: var(--muted);
}
.facets dt::after {
  content: ":";
}
.data td:has(> .facets) {
  min-width: 12rem;
}
.card > .ask,
.card > .hint {
  margin-top: 0.875rem;
}
.card > .lead + search {
  display: block;
  margin-top: 1.25rem;
}
.onward ul {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem 1.5rem;
  margin-top: 1.25rem;
  padding: 1rem 0 0;
  border-top: 1px solid var(--line);
  list-style: none;
}
.more-filters {
  margin-top: 0.75rem;
}
.more-filters > .search {
  margin-top: 0.75rem;
}
.entry .panel-facts {
  min-width: 14rem;
  gap: 0.375rem;
  margin: 0.25rem 0 0.75rem;
}
.entry .panel-facts > div {
  grid-template-columns: minmax(0, 1fr);
  padding: 0.25rem 0;
}
.change del {
  color: var(--muted);
}
.change ins {
  font-weight: 600;
  text-decoration: none;
}
#inspect > .field {
  max-width: none;
  margin-top: 0;
}
@media (max-width: 40rem) {
  .onward a,
  .layout-panel main > .hint > a {
    display: inline-flex;
    align-items: center;
    min-height: 2.75rem;
  }
}
`;
