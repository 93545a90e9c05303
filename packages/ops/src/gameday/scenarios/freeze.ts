import { allFence, noneSees } from '../local/knowledge.ts';
import { rowsOn } from '../local/rows.ts';
import type { Scenario } from '../scenario.ts';

/** A server that stalls, is replaced, and goes on where it stopped. */
export const freeze: Scenario = {
  name: 'freeze',
  summary: 'The primary stops answering, another one is promoted, and then the first one goes on as if nothing was.',
  phases: ['detect', 'promote', 'write', 'stable'],
  mayLose: true,
  play: async ({ stage, inject, noticed, promote, writesAgain, step, until, rule, pause }) => {
    const { lab } = stage;
    await inject('us-east-1', 'every process of its server is suspended', () => lab.region('us-east-1').freeze());
    await noticed('no process sees a primary in us-east-1', () => noneSees(stage, 'us-east-1'));
    await promote('eu-west-1');
    await writesAgain();
    await step('us-east-1', 'its server goes on', () => lab.region('us-east-1').thaw());
    await until('every process has fenced us-east-1', () => allFence(stage, 'us-east-1'));
    // What had reached the server before it was suspended may be finished: from here on nothing may come.
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
