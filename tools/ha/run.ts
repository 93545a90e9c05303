import { parseArgs } from 'node:util';
import type { Cluster } from './cluster.ts';
import { createPatroni, type Endpoints } from './clusters/patroni.ts';
import { createPgAutoFailover } from './clusters/pg-auto-failover.ts';
import { createRepmgr } from './clusters/repmgr.ts';
import { provide } from './debian.ts';
import { examine } from './doctor.ts';
import { DRILLS, type DrillName, play } from './drills.ts';
import { countRows, startLoad } from './load.ts';
import { type Count, judge, type Played } from './verdict.ts';

/**
 * Plays drills on real clusters under managers of high availability, with an app's load through the router:
 *
 *     npx -y pnpm@10 ha                          # every cluster, every drill
 *     npx -y pnpm@10 ha patroni-haproxy          # one cluster
 *     npx -y pnpm@10 ha patroni --drill switchover --drill freeze
 *     npx -y pnpm@10 ha --install                # installs Debian's packages first
 *
 * Exits 1 if a promise was broken, 3 if a cluster could not be run here.
 */
interface Kind {
  readonly packages: readonly string[];
  readonly commands: readonly string[];
  /** The check of `regionkit doctor` that must find something, though the cluster is whole. */
  readonly doctorFinds?: string;
  /** What cannot be asked of it, and why. */
  readonly without?: Readonly<Partial<Record<DrillName, string>>>;
  create(): Promise<Cluster>;
}

const patroni = (endpoints: Endpoints, ...proxy: readonly string[]): Kind => ({
  packages: ['postgresql', 'patroni', 'etcd-server', ...proxy],
  commands: ['patroni', 'etcd', ...proxy],
  doctorFinds: 'manager-rewinds',
  ...(proxy.length > 0 && { without: { 'lost-writes': 'it is played where each node has an address of its own' } }),
  create: () => createPatroni(endpoints),
});

const NO_ADAPTER = 'regionkit failover has an adapter for Patroni, and refuses to promote under another manager';

const CLUSTERS = {
  patroni: patroni('direct'),
  'patroni-haproxy': patroni('haproxy', 'haproxy'),
  'patroni-pgbouncer-session': patroni('pgbouncer-session', 'pgbouncer'),
  'patroni-pgbouncer-transaction': patroni('pgbouncer-transaction', 'pgbouncer'),
  'pg-auto-failover': {
    packages: ['postgresql', 'pg-auto-failover-cli', 'postgresql-15-auto-failover'],
    commands: ['pg_autoctl'],
    doctorFinds: 'manager-rewinds',
    without: {
      'hung-agent': 'its monitor promotes nothing while PostgreSQL answers',
      'command-switchover': NO_ADAPTER,
      'command-failover': NO_ADAPTER,
      'lost-writes': 'it has no setting that keeps it from rewinding',
    },
    create: createPgAutoFailover,
  },
  repmgr: {
    packages: ['postgresql', 'repmgr', 'postgresql-15-repmgr'],
    commands: ['repmgr', 'repmgrd'],
    without: {
      switchover: 'it works through SSH alone',
      'command-switchover': NO_ADAPTER,
      'command-failover': NO_ADAPTER,
      'kill-postgres': 'its agent starts no PostgreSQL again: see kill-node',
      freeze: 'a primary that was frozen stays one: see return',
      'hung-agent': 'its agents decide nothing while the primary answers',
      'lost-writes': 'it rewinds nothing by itself',
    },
    create: createRepmgr,
  },
} as const satisfies Readonly<Record<string, Kind>>;

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

async function run(
  name: string,
  { create, without, doctorFinds }: Kind,
  drills: readonly DrillName[],
): Promise<readonly Count[]> {
  say(`\n${name}: starting`);
  using cluster = await create();
  say(`${name}: ${cluster.versions}`);
  const { found, wrong } = await examine(cluster, doctorFinds);
  say(`   doctor: ${found.join(', ') || 'nothing'}`);
  if (wrong !== undefined) throw new Error(`regionkit doctor on a whole cluster: ${wrong}`);
  await using load = await startLoad(cluster).catch((error: unknown) => {
    say(cluster.logs());
    throw error;
  });
  const played: Played[] = [];
  for (const drill of drills) {
    const why = without?.[drill];
    if (why !== undefined) {
      say(`   ${drill}: not played: ${why}`);
      continue;
    }
    say(`   ${drill}: ${DRILLS[drill].says}`);
    const one = await play(drill, cluster, load);
    played.push(one);
    say(`   ${drill}: ${one.stuck ?? 'over'}, ${seconds(one.toMs - one.fromMs)}`);
    if (one.stuck !== undefined) {
      say(cluster.logs());
      break;
    }
  }
  await load.stop();
  const copies = await countRows(cluster);
  return played.map((one) => judge(one, load, copies));
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(2)} s`);

const COLUMNS: readonly (readonly [title: string, of: (count: Count) => string | number])[] = [
  ['drill', ({ drill }) => drill],
  ['acknowledged', ({ acknowledged }) => acknowledged],
  ['lost', ({ lost }) => lost],
  ['after the promotion', ({ lostAfterPromotion }) => lostAfterPromotion],
  ['twice', ({ duplicates }) => duplicates],
  ['refused', ({ refused }) => refused],
  ['refused and there', ({ refusedButPresent }) => refusedButPresent],
  ['unknown', ({ unknown }) => unknown],
  ['missed own', ({ missedOwn }) => missedOwn],
  ['promoted after', ({ promotedAfterMs }) => seconds(promotedAfterMs)],
  ['known after that', ({ knownAfterMs }) => seconds(knownAfterMs)],
  ['longest gap', ({ longestGapMs }) => seconds(longestGapMs)],
  ['longest write', ({ longestWriteMs }) => seconds(longestWriteMs)],
  ['taken back', ({ regressed }) => (regressed ? 'yes' : 'no')],
];

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  allowPositionals: true,
  options: { drill: { type: 'string', multiple: true }, install: { type: 'boolean', default: false } },
});
const known = <Name extends string>(what: string, name: string, names: readonly Name[]): Name => {
  const found = names.find((one) => one === name);
  if (found !== undefined) return found;
  process.stderr.write(`ha: there is no ${what} ${name}: ${names.join(', ')}\n`);
  process.exit(2);
};
const names = Object.keys(CLUSTERS) as (keyof typeof CLUSTERS)[];
const drillNames = Object.keys(DRILLS) as DrillName[];
const wanted = positionals.length === 0 ? names : positionals.map((name) => known('cluster', name, names));
const drills = values.drill?.map((name) => known('drill', name, drillNames)) ?? drillNames;

for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130));
// A promise of the router that only its own timers hold open must show as a hang, not as the end of this process.
setInterval(() => {}, 60_000);
const counted: (readonly [string, Count])[] = [];
let status = 0;
for (const name of wanted) {
  const { packages, commands } = CLUSTERS[name];
  const lacks = provide(packages, commands, values.install);
  if (lacks !== undefined) {
    say(`${name}: not run: ${lacks.missing}`);
    status ||= 3;
    continue;
  }
  try {
    for (const count of await run(name, CLUSTERS[name], drills)) {
      counted.push([name, count]);
      for (const says of count.broken) say(`   ✘ ${count.drill}: ${says}`);
      if (count.broken.length > 0) status = 1;
    }
  } catch (error) {
    say(`${name}: could not be run: ${(error as Error).stack}`);
    status = 1;
  }
}
if (counted.length === 0) process.exit(status);
say(`\n${line(['cluster', ...COLUMNS.map(([title]) => title)])}`);
say(line(['---', ...COLUMNS.map(() => '---')]));
for (const [name, count] of counted) say(line([name, ...COLUMNS.map(([, of]) => of(count))]));
process.exit(status);
