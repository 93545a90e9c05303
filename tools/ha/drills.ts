import type { Cluster, Node } from './cluster.ts';
import { failoverByCommand } from './failover.ts';
import type { Load } from './load.ts';
import { lostWrites } from './lost-writes.ts';
import { hasCheckpoint } from './postgres.ts';
import { signal, until } from './programs.ts';
import { watchPromotion } from './promotion.ts';
import type { Played } from './verdict.ts';

type Step = (cluster: Cluster, primary: Node, load: Load) => Promise<void>;

interface Drill {
  readonly says: string;
  readonly planned: boolean;
  readonly play: Step;
}

/** What happens to a cluster. Each drill ends when the manager sees all nodes again and a write succeeds. */
export const DRILLS = {
  // First: only the region of the primary pauses, and every other drill may move the primary.
  'switchover-paused': {
    says: 'the writes are paused, then the manager is asked for a planned switchover',
    planned: true,
    play: async (cluster, primary, load) => {
      await load.pauseWrites();
      await cluster.switchover();
      await anotherThan(primary, cluster);
    },
  },
  switchover: {
    says: 'the manager is asked for a planned switchover',
    planned: true,
    play: async (cluster, primary) => {
      await cluster.switchover();
      await anotherThan(primary, cluster);
    },
  },
  'command-switchover': {
    says: 'regionkit failover asks the manager for a planned switchover; it is killed while it promotes, and resumed',
    planned: true,
    play: async (cluster, primary) => {
      await failoverByCommand(cluster, primary, 'switchover');
      await anotherThan(primary, cluster);
    },
  },
  'command-failover': {
    says: 'SIGKILL to agent and PostgreSQL of the primary; regionkit failover asks the manager for a failover, is killed while it promotes, and resumed',
    planned: false,
    play: async (cluster, primary, load) => {
      signal([...primary.agent(), ...primary.postgres()], 'SIGKILL');
      await failoverByCommand(cluster, primary, 'failover');
      await anotherThan(primary, cluster);
      await writesGoOn(load);
      await primary.start();
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
        await takesOver(cluster, primary, load);
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
        await takesOver(cluster, primary, load);
      } finally {
        signal(agent, 'SIGCONT');
      }
    },
  },
  return: {
    says: 'SIGKILL to agent and PostgreSQL of the primary; its PostgreSQL returns as it was beside the new primary, then its agent',
    planned: false,
    play: async (cluster, primary, load) => {
      signal([...primary.agent(), ...primary.postgres()], 'SIGKILL');
      await anotherThan(primary, cluster);
      await writesGoOn(load);
      await primary.startServer();
      if (leadsToEachNode(cluster)) {
        await until('the router fences what returned', () =>
          load.topology().nodes.some(({ state }) => state === 'fenced'),
        );
      }
      await writesGoOn(load);
      await primary.stopServer();
      await primary.start();
    },
  },
  'lost-writes': {
    says: 'SIGKILL to agent and PostgreSQL of the primary while no standby receives; regionkit failover refuses until the slot of the tail is in ignore_slots; the old primary returns and is not rewound before regionkit salvage has listed what it lost',
    planned: false,
    play: async (cluster, primary, load) => {
      await lostWrites(cluster, primary, load, {
        promoted: async () => {
          const next = await anotherThan(primary, cluster);
          await writesGoOn(load);
          return next;
        },
      });
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;

export type DrillName = keyof typeof DRILLS;

/** Plays one drill and waits until all is as before: a broken promise of the cluster's own stops it with a reason. */
export async function play(name: DrillName, cluster: Cluster, load: Load): Promise<Played> {
  const drill: Drill = DRILLS[name];
  const primary = await until('the manager names a primary', () => cluster.leader());
  await using promotion = watchPromotion(cluster.nodes.filter((node) => node !== primary));
  const fromMs = performance.now();
  let stuck: string | undefined;
  try {
    await drill.play(cluster, primary, load);
    await until('the manager sees every node', () => cluster.isWhole());
    await recovers(load);
  } catch (error) {
    const { state, nodes } = load.topology();
    const where = nodes.map(({ id, state, timeline }) => `${id} ${state} of timeline ${timeline}`);
    stuck = `${(error as Error).message} (${state}: ${where.join(', ')})`;
  }
  return { name, planned: drill.planned, fromMs, toMs: performance.now(), promotedMs: promotion.atMs, stuck };
}

/** By itself; only a cluster that its manager took back to an older timeline waits for one word of an operator. */
async function recovers(load: Load): Promise<void> {
  const state = await until('the router knows one primary, or that it cannot', () => {
    const { state } = load.topology();
    return (state === 'ready' || state === 'epoch-regressed') && state;
  });
  if (state === 'epoch-regressed') {
    await load.read();
    load.resetEpoch();
    await until('the router knows one primary after resetEpoch()', () => load.topology().state === 'ready');
  }
  await writesGoOn(load);
}

const leadsToEachNode = ({ pools, nodes }: Cluster): boolean => Object.keys(pools).length === nodes.length;

const anotherThan = (primary: Node, cluster: Cluster): Promise<Node> =>
  until(`another node than ${primary.name} is the primary`, async () => {
    const leader = await cluster.leader();
    return leader !== primary && leader;
  });

/** Until another node has all that the old primary needs to follow it: one that goes on sooner cannot be rewound by Patroni. */
async function takesOver(cluster: Cluster, primary: Node, load: Load): Promise<void> {
  const promoted = await anotherThan(primary, cluster);
  await writesGoOn(load);
  await until(`${promoted.name} writes a checkpoint of its timeline`, () => hasCheckpoint(promoted));
}

function writesGoOn(load: Load): Promise<true> {
  const since = performance.now();
  return until('a write succeeds', () => load.wroteSince(since));
}
