import type { Cluster, Node } from './cluster.ts';
import type { Load } from './load.ts';
import { signal, until } from './programs.ts';
import type { Played } from './verdict.ts';

type Step = (cluster: Cluster, primary: Node, load: Load) => Promise<void>;

interface Drill {
  readonly says: string;
  readonly planned: boolean;
  readonly play: Step;
}

/** What happens to a cluster. Each drill ends when the manager sees all nodes again and a write succeeds. */
export const DRILLS = {
  switchover: {
    says: 'the manager is asked for a planned switchover',
    planned: true,
    play: async (cluster, primary) => {
      await cluster.switchover();
      await anotherThan(primary, cluster);
    },
  },
  'kill-node': {
    says: 'SIGKILL to agent and PostgreSQL of the primary, as when the machine dies; it boots again after the failover',
    planned: false,
    play: async (cluster, primary, load) => {
      signal([...primary.agent(), ...primary.postgres()], 'SIGKILL');
      await anotherThan(primary, cluster);
      await writesGoOn(load);
      await primary.start();
    },
  },
  'kill-postgres': {
    says: 'SIGKILL to PostgreSQL of the primary; its agent lives',
    planned: false,
    play: async (_cluster, primary, load) => {
      signal(primary.postgres(), 'SIGKILL');
      await writesGoOn(load);
    },
  },
  freeze: {
    says: 'SIGSTOP to agent and PostgreSQL of the primary; SIGCONT after the failover',
    planned: false,
    play: async (cluster, primary, load) => {
      const all = [...primary.agent(), ...primary.postgres()];
      signal(all, 'SIGSTOP');
      try {
        await anotherThan(primary, cluster);
        await writesGoOn(load);
      } finally {
        signal(all, 'SIGCONT');
      }
    },
  },
  'hung-agent': {
    says: 'SIGSTOP to the agent of the primary, whose PostgreSQL goes on; SIGCONT after the failover',
    planned: false,
    play: async (cluster, primary, load) => {
      const agent = primary.agent();
      signal(agent, 'SIGSTOP');
      try {
        await anotherThan(primary, cluster);
        await writesGoOn(load);
      } finally {
        signal(agent, 'SIGCONT');
      }
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;

export type DrillName = keyof typeof DRILLS;

/** Plays one drill and waits until all is as before: a broken promise of the cluster's own stops it with a reason. */
export async function play(name: DrillName, cluster: Cluster, load: Load): Promise<Played> {
  const drill: Drill = DRILLS[name];
  const fromMs = performance.now();
  let stuck: string | undefined;
  try {
    const primary = await until('the manager names a primary', () => cluster.leader());
    await drill.play(cluster, primary, load);
    await until('the manager sees every node', () => cluster.isWhole());
    await until('the router knows one primary', () => load.topology().state === 'ready');
    await writesGoOn(load);
  } catch (error) {
    const { state, nodes } = load.topology();
    stuck = `${(error as Error).message} (${state}: ${nodes.map(({ id, state }) => `${id} ${state}`).join(', ')})`;
  }
  return { name, planned: drill.planned, fromMs, toMs: performance.now(), stuck };
}

const anotherThan = (primary: Node, cluster: Cluster): Promise<Node> =>
  until(`another node than ${primary.name} is the primary`, async () => {
    const leader = await cluster.leader();
    return leader !== primary && leader;
  });

function writesGoOn(load: Load): Promise<true> {
  const since = performance.now();
  return until('a write succeeds', () => load.wroteSince(since));
}
