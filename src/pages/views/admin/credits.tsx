import type { App } from '../../../oauth/model.ts';
import type { Balance, TopUp } from '../../../oauth/registry-ports.ts';
import { adminTexts } from '../../admin-texts.ts';
import { FORM_REFERENCE_PREFIX } from '../../panel-forms.ts';
import { displayName } from '../display.ts';
import { type FormErrors, TextField } from '../panel/form.tsx';
import { Card, Facts } from '../panel/parts.tsx';
import type { PanelVisit } from '../panel/shell.tsx';
import { address, DataTable } from '../panel/table.tsx';
import { PostForm } from '../parts.tsx';
import { appPath } from './app-tabs.tsx';
import { Moment } from './secrets.tsx';

export interface CreditsOptions {
  readonly app: App;
  readonly balance: Balance;
  readonly formId: string;
  readonly entered: { readonly credits: string; readonly reference: string };
}

/** How much an app may use, its credits, and a form that changes them. */
export function PlanCard({ app, balance, csrfToken, formId, entered, failed }: CreditsOptions & PanelVisit) {
  const words = adminTexts.balance;
  const { plan } = app;
  return (
    <Card id="plan" title={words.title} lead={plan === undefined ? words.noPlan : undefined}>
      <Facts
        facts={[
          ...(plan === undefined
            ? []
            : [
                [
                  words.plan,
                  <a key="plan" href={address('/admin/plans/edit', { name: plan.name })}>
                    {plan.name}
                  </a>,
                ] as const,
                [
                  words.rate,
                  plan.requestsPerMinute === undefined ? words.unlimited : words.number(plan.requestsPerMinute),
                ] as const,
                [words.price, plan.metered ? words.metered(plan.tokenCost) : words.free] as const,
              ]),
          [words.available, words.number(balance.available)],
          [words.leased, words.number(balance.leased)],
        ]}
      />
      <CreditsForm
        appId={app.id}
        hidden={{ csrf_token: csrfToken, form_id: formId }}
        typed={entered}
        errors={failed?.errors}
      />
    </Card>
  );
}

function CreditsForm(properties: {
  readonly appId: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly typed: CreditsOptions['entered'];
  readonly errors: FormErrors | undefined;
}) {
  const { appId, hidden, typed, errors } = properties;
  const words = adminTexts.balance;
  return (
    <PostForm action={`${appPath(appId)}/balance`} hidden={hidden} id="credits-form" class="add">
      <h3>{words.topUp}</h3>
      <div class="beside">
        <TextField
          name="credits"
          label={words.credits}
          hint={words.creditsHint}
          kind="number"
          value={typed.credits}
          required
          errors={errors}
        />
        <TextField
          name="reference"
          label={words.reference}
          hint={words.referenceHint}
          value={typed.reference}
          maxLength={200}
          errors={errors}
        />
      </div>
      <div class="form-actions">
        <button type="submit" id="change-credits">
          {words.change}
        </button>
      </div>
    </PostForm>
  );
}

/** What operators have added and taken away; nothing where nobody ever did. */
export function CreditChangesCard({ topUps }: { readonly topUps: readonly TopUp[] }) {
  if (topUps.length === 0) return null;
  const words = adminTexts.balance;
  const { columns } = words;
  return (
    <Card id="credit-changes" title={words.changesTitle}>
      <DataTable
        caption={words.changesTitle}
        columns={[{ label: columns.when }, { label: columns.credits, numeric: true }, { label: columns.reference }]}
        empty={null}
        rows={topUps.map(({ id, createdAt, credits, reference }) => ({
          key: id,
          cells: [
            <Moment key="when" seconds={createdAt} />,
            words.signed(credits),
            reference === undefined || reference.startsWith(FORM_REFERENCE_PREFIX) ? (
              <span class="hint">{words.noReference}</span>
            ) : (
              displayName(reference)
            ),
          ],
        }))}
      />
    </Card>
  );
}
