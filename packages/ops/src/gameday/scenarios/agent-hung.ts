import { allFence, allFollow } from '../local/knowledge.ts';
import { rowsOn } from '../local/rows.ts';
import type { Scenario } from '../scenario.ts';

/** A cluster manager that promotes although the primary is alive. */
export const agentHung: Scenario = {
  name: 'agent-hung',
  summary: 'The agent of the primary hangs, and another region is promoted beside a primary that is alive.',
  phases: ['detect', 'write', 'stable'],
  // What the old primary acknowledges until it is fenced.
  mayLose: true,
  play: async ({ stage, inject, noticed, rule, step, pause }) => {
    const { lab } = stage;
    let timeline = 0;
    await inject('eu-west-1', 'it is promoted while us-east-1 takes writes', async () => {
      ({ timeline } = await lab.failover({ to: 'eu-west-1' }));
    });
    await noticed(
      'every process follows eu-west-1 and has fenced us-east-1',
      () => allFollow(stage, 'eu-west-1', timeline) && allFence(stage, 'us-east-1'),
    );
    const before = await rowsOn(stage, 'us-east-1');
    await pause(2_000);
    await rule(
      'us-east-1',
      'the former primary got no write',
      async () => (await rowsOn(stage, 'us-east-1')) === before,
    );
    await step('us-east-1', 'it is rebuilt as a standby', () => lab.region('us-east-1').rejoin());
  },
};
