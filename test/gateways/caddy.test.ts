import { describeGateway } from './support/availability.ts';
import { startGateway } from './support/gateway-process.ts';
import { guaranteesOfEveryGateway, prepareStage, prepareWorld } from './support/guarantees.ts';
import { guaranteesOfVerify } from './support/verify-guarantees.ts';

const NEEDS = { gateway: 'caddy', program: 'caddy', packages: ['caddy'] };

const file = prepareWorld();

describeGateway('Caddy with forward_auth', NEEDS, (program) => {
  const start = (values: Readonly<Record<string, string>>) =>
    startGateway({
      example: 'caddy',
      program,
      args: () => ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
      values,
    });
  const stage = prepareStage(start, { file });

  guaranteesOfEveryGateway(stage, { seesRevocation: true, tellsEmail: true });
  // Bad Gateway, as for any upstream of Caddy's. Of an answer that lets a request through, the caller sees nothing.
  guaranteesOfVerify(stage, start, { awayStatus: 502, tellsRate: false });
});
