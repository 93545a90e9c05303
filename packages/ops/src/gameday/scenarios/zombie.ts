import { allFence } from '../local/knowledge.ts';
import { rowsOn } from '../local/rows.ts';
import type { Scenario } from '../scenario.ts';

/** How long the former primary is left as it is, at least. */
const AWAY_MS = 2_000;

/** A machine that returns and believes that it is still the primary. */
export const zombie: Scenario = {
  name: 'zombie',
  summary: 'A primary that was failed over comes back with its app, and still believes that it is the primary.',
  phases: ['detect', 'write', 'stable'],
  mayLose: false,
  prepare: async ({ lab, apps }) => {
    await Promise.all([apps['us-east-1'].kill(), lab.region('us-east-1').kill()]);
    await lab.failover({ to: 'eu-west-1' });
  },
  play: async ({ stage, inject, noticed, pause, rule, step }) => {
    const { lab, apps } = stage;
    let before = 0;
    await inject('us-east-1', 'the former primary starts as it was, with its app', async () => {
      await lab.region('us-east-1').returnAsIs();
      before = await rowsOn(stage, 'us-east-1');
      await apps['us-east-1'].start();
    });
    await noticed('every process has fenced us-east-1', () => allFence(stage, 'us-east-1'));
    await pause(AWAY_MS);
    await rule(
      'us-east-1',
      'the former primary got no write',
      async () => (await rowsOn(stage, 'us-east-1')) === before,
    );
    await step('us-east-1', 'it is rebuilt as a standby', () => lab.region('us-east-1').rejoin());
  },
};
