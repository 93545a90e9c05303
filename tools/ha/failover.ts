import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, lastRun, start } from '../../packages/ops/test/failover/child.ts';
import type { Cluster, Node } from './cluster.ts';
import { inDirectory } from './in-directory.ts';
import { REGIONS } from './postgres.ts';

const EXIT_REFUSED = 4;
const REFUSED_FOR_MS = 30_000;

type Place = Parameters<typeof start>[0];

/**
 * Lets `regionkit failover` take the role of the primary away through Patroni. The command is killed while it promotes,
 * and goes on by `resume`. @throws if it does not end right
 */
export async function failoverByCommand(
  cluster: Cluster,
  primary: Node,
  mode: 'failover' | 'switchover',
): Promise<void> {
  await inDirectory(configOf(cluster), async (directory) => {
    const from = REGIONS[cluster.nodes.indexOf(primary)] as string;
    const args = ['--from', from, '--mode', mode, '--accept-loss', 'unknown', '--discard-tail', '--stable', '2s'];
    const place = { directory };
    await killedInPromotion(place, args);
    const { code, stdout, stderr } = await start(place, 'failover', 'resume', '--execute').ended;
    if (code !== 0) throw new Error(`regionkit failover resume ended with ${code}: ${stdout}${stderr}`);
    const done = (await lastRun(place))?.lines.filter(({ state }) => state === 'done').map(({ step }) => step) ?? [];
    const unproved = ['promote', 'write', 'fork', 'stable'].filter((step) => !done.includes(step));
    if (unproved.length > 0) throw new Error(`not proved: ${unproved.join(', ')}`);
  });
}

/** As an operator configures it: a role that is not the app's, and the REST API of each agent. */
export function configOf({ nodes, managers = {} }: Cluster): object {
  const regions = nodes.map(({ name, url }, at) => {
    const database = new URL(url);
    database.username = 'postgres';
    return [REGIONS[at] as string, { databases: [database.href], patroni: managers[name] }];
  });
  return { regions: Object.fromEntries(regions), failover: { adapter: 'patroni' } };
}

/** The standbys need a moment to see that their primary is gone: until then the command refuses. */
async function killedInPromotion(place: Place, args: readonly string[]): Promise<void> {
  const since = performance.now();
  for (;;) {
    const command = start(place, 'failover', 'run', '--execute', ...args);
    let ended: Ended | undefined;
    void command.ended.then((end) => {
      ended = end;
    });
    while (ended === undefined && !(await hasBegun(place, 'promote'))) await sleep(5);
    if (ended === undefined) {
      command.process.kill('SIGKILL');
      await command.ended;
      return;
    }
    if (ended.code !== EXIT_REFUSED || performance.now() - since > REFUSED_FOR_MS) {
      const { code, stdout, stderr } = ended;
      throw new Error(`regionkit failover run ended with ${code} before the promotion: ${stdout}${stderr}`);
    }
  }
}

const hasBegun = async (place: Place, step: string): Promise<boolean> =>
  (await lastRun(place))?.lines.some((line) => line.step === step) ?? false;
