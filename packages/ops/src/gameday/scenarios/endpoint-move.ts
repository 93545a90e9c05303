import { allFollow } from '../local/knowledge.ts';
import { TWIN } from '../local/names.ts';
import type { Scenario } from '../scenario.ts';

/** How long the endpoint leads to a server that takes no writes, at least. */
const LATE_MS = 1_000;

/** A switchover behind a name: the name moves later than the role, and open connections stay where they are. */
export const endpointMove: Scenario = {
  name: 'endpoint-move',
  summary: 'The primary moves to another server of its region, and the endpoint in front of both follows too late.',
  phases: ['detect', 'write', 'stable'],
  mayLose: false,
  twin: true,
  play: async ({ stage, inject, pause, step, noticed }) => {
    let timeline = 0;
    await inject('us-east-1', `a clean switchover to ${TWIN}; the endpoint still leads to the old server`, async () => {
      ({ timeline } = await stage.lab.switchover({ to: TWIN }));
    });
    await pause(LATE_MS);
    await step('us-east-1', 'the endpoint leads new connections to the new primary', async () =>
      stage.moveEndpoint(TWIN),
    );
    await noticed('every process follows the new primary', () => allFollow(stage, 'us-east-1', timeline));
  },
};
