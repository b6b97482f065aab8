/** The panel's tables, which become lists of cards on a phone, and what finds their rows. */
export const STYLESHEET_PANEL_TABLES = `
.table-frame {
  margin: 1rem -0.75rem -0.5rem;
  overflow-x: auto;
}
table.data {
  width: 100%;
  border-collapse: collapse;
  font-size: 0.9375rem;
}
.data th,
.data td {
  padding: 0.75rem;
  border-top: 1px solid var(--line);
  text-align: start;
  vertical-align: top;
}
/* Words stay whole; what machines read, and addresses, may break where they must. */
.data td,
.badge {
  overflow-wrap: break-word;
}
.data td code,
.data .long {
  overflow-wrap: anywhere;
}
.data .long {
  display: inline-block;
  min-width: min(11rem, 100%);
}
.data thead th {
  padding-block: 0.375rem;
  border-top: 0;
  color: var(--muted);
  font-size: 0.8125rem;
  font-weight: 600;
  white-space: nowrap;
}
.data tbody th {
  min-width: 11rem;
  font-weight: 600;
}
.data tbody th > code {
  font-weight: 400;
}
.data tbody th > a + code,
.data tbody th > span + code {
  display: block;
  margin-top: 0.125rem;
}
.data tbody tr:hover:not(:has([open])) {
  background: var(--ground);
}
.data time {
  white-space: nowrap;
}
.data .numeric {
  text-align: end;
  font-variant-numeric: tabular-nums;
}
.data td:has(> .ask) {
  width: 1%;
  white-space: nowrap;
}
.data td:has(> .ask[open]) {
  min-width: 17rem;
  white-space: normal;
}
.data .ask + .ask {
  margin-top: 0.375rem;
}
.empty {
  margin-top: 1rem;
  padding: 2.25rem 1.5rem;
  border: 1px dashed var(--line);
  border-radius: var(--radius);
  color: var(--muted);
  text-align: center;
  text-wrap: balance;
}
/* One of several cards on a page. */
section.card > .empty {
  margin-top: 0.5rem;
  padding: 0;
  border: 0;
  text-align: start;
}
.pager {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
  margin-top: 1.5rem;
}
.search {
  display: flex;
  flex-wrap: wrap;
  align-items: end;
  gap: 0.75rem;
}
.search .field {
  flex: 1 1 9rem;
  margin-top: 0;
}
.search .field:first-child {
  flex: 3 1 15rem;
}
.search input,
.search select,
.search button {
  min-height: 2.9375rem;
}
.search + .table-frame,
search + .table-frame {
  margin-top: 1.25rem;
}

@media (max-width: 40rem) {
  .table-frame {
    margin-inline: 0;
    overflow-x: visible;
  }
  table.data,
  .data tbody,
  .data tbody th,
  .data tbody td {
    display: block;
  }
  .data thead {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  .data tr {
    display: grid;
    gap: 0.25rem;
    padding: 0.875rem 0;
    border-top: 1px solid var(--line);
  }
  .data tbody tr:hover:not(:has([open])) {
    background: none;
  }
  .data th,
  .data td {
    min-width: 0;
    padding: 0;
    border: 0;
  }
  .data tbody td:has(> .ask) {
    width: auto;
    white-space: normal;
  }
  .data tbody td:empty {
    display: none;
  }
  .data td[data-label]:not([data-label=""])::before {
    content: attr(data-label) ": ";
    color: var(--muted);
  }
  .data td:has(> .ask)::before {
    display: none;
  }
  .data .numeric {
    text-align: start;
  }
  .data .secondary {
    display: none;
  }
}
`;
