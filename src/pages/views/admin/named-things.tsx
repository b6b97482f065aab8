import type { ComponentChildren } from 'preact';
import { thingsTexts } from '../../admin-things-texts.ts';
import { FormActions } from '../panel/form.tsx';
import { Card, Confirm } from '../panel/parts.tsx';
import { type PanelVisit, panelPage } from '../panel/shell.tsx';
import { address, type Column, DataTable, Pager } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';

/** Roles and plans: both have a name, a list, a form to make one and a page to change it. */
export interface NamedThings {
  /** Of the list; the others are below it. */
  readonly path: '/admin/roles' | '/admin/plans';
  readonly words: {
    readonly title: string;
    readonly lead: string;
    readonly make: string;
    readonly caption: string;
    readonly empty: string;
    readonly newTitle: string;
    readonly makeIt: string;
    readonly deleteConsequence: string;
    readonly appsWithIt: string;
    readonly notices: Readonly<Record<string, string>>;
  };
}

export const editPath = ({ path }: NamedThings, name: string): string => address(`${path}/edit`, { name });

export interface ThingsPageOptions extends PanelVisit {
  readonly things: NamedThings;
  readonly columns: readonly Column[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly ComponentChildren[] }[];
  readonly next: string | undefined;
  readonly after: string | undefined;
}

export function thingsPage(options: ThingsPageOptions): string {
  const { things, columns, rows, next, after } = options;
  const { path, words } = things;
  return panelPage({
    ...options,
    current: path,
    title: words.title,
    lead: words.lead,
    actions: (
      <a class="button primary" id="new" href={`${path}/new`}>
        {words.make}
      </a>
    ),
    children: (
      <div class="card">
        <DataTable
          caption={words.caption}
          columns={columns}
          empty={words.empty}
          rows={rows.map(({ name, cells }) => ({
            key: name,
            cells: [
              <a key="name" href={editPath(things, name)}>
                {name}
              </a>,
              ...cells,
            ],
          }))}
        />
        <Pager path={path} query={{ after }} next={next} />
      </div>
    ),
  });
}

export interface NewThingPageOptions extends PanelVisit {
  readonly things: NamedThings;
  readonly fields: ComponentChildren;
}

export function newThingPage(options: NewThingPageOptions): string {
  const { things, fields, csrfToken } = options;
  const { path, words } = things;
  return panelPage({
    ...options,
    current: path,
    title: words.newTitle,
    trail: [{ href: path, label: words.title }],
    children: (
      <div class="card">
        <PostForm action={`${path}/new`} hidden={{ csrf_token: csrfToken }} class="fields" id="new-form">
          {fields}
          <FormActions submit={words.makeIt} id="make" cancel={{ href: path, label: thingsTexts.cancel }} />
        </PostForm>
      </div>
    ),
  });
}

export interface ThingPageOptions extends NewThingPageOptions {
  readonly name: string;
  readonly version: string;
}

export function thingPage(options: ThingPageOptions): string {
  const { things, name, version, fields, csrfToken } = options;
  const { path, words } = things;
  const hidden = { csrf_token: csrfToken, version, name };
  const withIt = things.path === '/admin/roles' ? { role: name } : { plan: name };
  return panelPage({
    ...options,
    current: path,
    title: name,
    trail: [{ href: path, label: words.title }],
    actions: (
      <a class="button" href={address('/admin/apps', withIt)}>
        {words.appsWithIt}
      </a>
    ),
    children: (
      <>
        <div class="card">
          <PostForm action={editPath(things, name)} hidden={hidden} class="fields" id="edit-form">
            {fields}
            <FormActions submit={thingsTexts.save} id="save" />
          </PostForm>
        </div>
        <Card id="delete" title={thingsTexts.deleteTitle}>
          <div class="ask-list">
            <Confirm
              label={thingsTexts.delete}
              consequence={words.deleteConsequence}
              action={`${path}/delete`}
              hidden={hidden}
              button={thingsTexts.deleteNow}
            />
          </div>
        </Card>
      </>
    ),
  });
}
