import type { Plan } from '../../../oauth/model.ts';
import { thingsTexts } from '../../admin-things-texts.ts';
import { panelTexts } from '../../panel-texts.ts';
import { type FormErrors, Switch, TextField } from '../panel/form.tsx';
import type { PanelVisit } from '../panel/shell.tsx';
import { type NamedThings, newThingPage, thingPage, thingsPage } from './named-things.tsx';

const words = thingsTexts.plans;
export const PLANS: NamedThings = { path: '/admin/plans', words };

export type PlanFormValues = {
  readonly name: string;
  readonly requests_per_minute: string;
  readonly metered: boolean;
  readonly token_cost: string;
};

export const PLAN_FIELD_LABELS: Readonly<Record<string, string>> = {
  requests_per_minute: words.rate,
  metered: words.metered,
  token_cost: words.cost,
};

export interface PlansPageOptions extends PanelVisit {
  readonly items: readonly Plan[];
  readonly next: string | undefined;
  readonly after: string | undefined;
}

export function plansPage(options: PlansPageOptions): string {
  const { columns } = words;
  return thingsPage({
    ...options,
    things: PLANS,
    columns: [
      { label: columns.name },
      { label: columns.rate, numeric: true },
      { label: columns.metered },
      { label: columns.cost, numeric: true },
    ],
    rows: options.items.map(({ name, requestsPerMinute, metered, tokenCost }) => ({
      name,
      cells: [
        requestsPerMinute === undefined ? words.unlimited : words.number(requestsPerMinute),
        metered ? panelTexts.yes : panelTexts.no,
        words.number(tokenCost),
      ],
    })),
  });
}

export function newPlanPage(options: PanelVisit & { readonly values: PlanFormValues }): string {
  const { values } = options;
  const errors = options.failed?.errors;
  return newThingPage({
    ...options,
    things: PLANS,
    fields: (
      <>
        <TextField
          name="name"
          label={words.name}
          hint={words.nameHint}
          value={values.name}
          required
          maxLength={100}
          errors={errors}
        />
        <PlanFields values={values} errors={errors} />
      </>
    ),
  });
}

export function planPage(options: PanelVisit & { readonly values: PlanFormValues; readonly version: string }): string {
  const { values } = options;
  return thingPage({
    ...options,
    things: PLANS,
    name: values.name,
    fields: <PlanFields values={values} errors={options.failed?.errors} />,
  });
}

function PlanFields({ values, errors }: { readonly values: PlanFormValues; readonly errors: FormErrors | undefined }) {
  return (
    <>
      <TextField
        name="requests_per_minute"
        label={words.rate}
        hint={words.rateHint}
        kind="number"
        value={values.requests_per_minute}
        errors={errors}
      />
      <Switch name="metered" label={words.metered} hint={words.meteredHint} checked={values.metered} errors={errors} />
      <TextField
        name="token_cost"
        label={words.cost}
        hint={words.costHint}
        kind="number"
        value={values.token_cost}
        errors={errors}
      />
    </>
  );
}
