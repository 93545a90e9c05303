import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tailDropSql, tailSql } from '@regionkit/db-router/tail';
import pg from 'pg';
import { start } from '../../packages/ops/test/failover/child.ts';
import type { Cluster, Node } from './cluster.ts';
import { examine } from './doctor.ts';
import { configOf } from './failover.ts';
import { inDirectory } from './in-directory.ts';
import type { Load } from './load.ts';
import { REGIONS } from './postgres.ts';
import { signal, until } from './programs.ts';
import { refusedUntilListed } from './slot-veto.ts';

const EXIT_LOST = 10;
/** So many writes are acknowledged that no standby gets. */
const LOST = 40;
/** A slot that is not in `ignore_slots`: Patroni must drop it, or the drill has not shown that the setting keeps the other one. */
const UNLISTED = 'drill_unlisted';

interface Steps {
  /** Resolves with the new primary, when writes go on there. */
  promoted(): Promise<Node>;
}

/**
 * The primary dies with writes that no standby has. `regionkit failover` must refuse to promote another one until Patroni leaves
 * the slot alone. The old primary returns under its agent, which must not rewind it. `regionkit salvage` must find exactly these
 * writes. Then the agent may rewind it. @throws if anything else happens
 */
export async function lostWrites(cluster: Cluster, primary: Node, load: Load, { promoted }: Steps): Promise<void> {
  await finds(cluster, 'manager-rewinds', true);
  await asAdmin(primary, (client) => client.query(tailSql({ role: 'app' })));
  await using keeper = load.keepTail(
    Object.fromEntries(cluster.nodes.map(({ name }, at) => [`${REGIONS[at]}/0`, name] as const)),
  );
  await until('the keeper has a slot', () => keeper.status().state === 'keeping');
  const [tail] = await slotsOf(primary);
  await asAdmin(primary, (client) =>
    client.query(`select pg_create_logical_replication_slot('${UNLISTED}', 'test_decoding')`),
  );
  await finds(cluster, 'manager-drops-tail', true);
  // As the doctor says. The setting for the slot comes from the command that refuses.
  await patch(restOf(cluster, primary), { postgresql: { use_pg_rewind: false } });
  await finds(cluster, 'manager-rewinds', false);

  signal(await sendersOf(primary), 'SIGSTOP');
  const since = performance.now();
  const acknowledged = () => load.writes.filter((one) => one.outcome === 'acknowledged' && one.sentMs > since);
  await until(`${LOST} writes are acknowledged that no standby has`, () => acknowledged().length > LOST);
  const standby = cluster.nodes.find((node) => node !== primary) as Node;
  const reconfigure = (config: object) => patch(restOf(cluster, standby), config);
  // Patroni promotes nothing until the command has been asked.
  await reconfigure({ pause: true });
  signal([...primary.agent(), ...primary.postgres()], 'SIGKILL');
  await refusedUntilListed(cluster, { primary, tail, patch: reconfigure });
  await reconfigure({ pause: null });
  const next = await promoted();
  await until('the keeper has a slot on the new primary', async () => (await slotsOf(next)).includes(tail as string));
  await finds(cluster, 'manager-drops-tail', false);

  await primary.start();
  await until('its agent has looked at it three times since it runs again', rounds(restOf(cluster, primary), 3));
  signal(primary.agent(), 'SIGKILL');
  await primary.stopServer();
  await primary.startServer();
  const kept = await slotsOf(primary);
  if (kept.join() !== tail) throw new Error(`the old primary has the slots ${kept}, and must have ${tail} alone`);
  const [before, after] = [await refsOf(primary), await refsOf(next)];
  const truth = [...before].filter((ref) => !after.has(ref)).sort();
  const listed = await salvage(cluster, primary, next);
  if (truth.length < LOST) throw new Error(`only ${truth.length} writes are on the old primary alone: it was rewound`);
  if (JSON.stringify(listed) !== JSON.stringify(truth)) {
    throw new Error(`salvage lists ${listed.length} writes, and ${truth.length} are on the old primary alone`);
  }
  await primary.stopServer();
  await keeper.close();
  await asAdmin(next, (client) => client.query(tailDropSql()));
  await patch(restOf(cluster, next), { postgresql: { use_pg_rewind: true }, ignore_slots: null });
  await primary.start();
}

const restOf = ({ managers = {} }: Cluster, { name }: Node): string => managers[name] as string;

async function patch(rest: string, config: object): Promise<void> {
  const answer = await fetch(`${rest}/config`, { method: 'PATCH', body: JSON.stringify(config) });
  if (!answer.ok) throw new Error(`Patroni does not take its configuration: ${answer.status} ${await answer.text()}`);
}

/** Whether the doctor finds something in every region, or in none. */
async function finds(cluster: Cluster, id: string, must: boolean): Promise<void> {
  const { found } = await examine(cluster, undefined);
  const count = found.filter((one) => one.split(' ')[1] === id).length;
  if (count !== (must ? cluster.nodes.length : 0)) throw new Error(`the doctor finds ${id} ${count} times`);
}

/** Whether an agent has seen its store so many times while PostgreSQL of its node runs as a standby. */
function rounds(rest: string, wanted: number): () => Promise<boolean> {
  const seen = new Set<number>();
  return async () => {
    const answer = await fetch(`${rest}/patroni`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    const state = (await answer?.json().catch(() => undefined)) as Partial<AgentState> | undefined;
    if (state?.state === 'running' && state.role === 'replica' && state.dcs_last_seen !== undefined) {
      seen.add(state.dcs_last_seen);
    }
    return seen.size > wanted;
  };
}

interface AgentState {
  readonly state: string;
  readonly role: string;
  readonly dcs_last_seen: number;
}

const salvage = (cluster: Cluster, old: Node, next: Node): Promise<readonly string[]> =>
  inDirectory(configOf(cluster), async (directory) => {
    const region = (node: Node): string => REGIONS[cluster.nodes.indexOf(node)] as string;
    const args = ['--old', region(old), '--new', region(next), '--out', 'lost'];
    const { code, stdout, stderr } = await start({ directory }, 'salvage', ...args).ended;
    if (code !== EXIT_LOST) throw new Error(`regionkit salvage ended with ${code}: ${stdout}${stderr}`);
    const list = await readFile(join(directory, 'lost', 'lost-writes.ndjson'), 'utf8');
    const lines = list.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as ListLine]));
    return lines.flatMap(({ table, after }) => (table?.name === 'written' && after ? [after.ref] : [])).sort();
  });

interface ListLine {
  readonly table?: { readonly name: string };
  readonly after?: { readonly ref: string };
}

async function asAdmin<T>({ url }: Node, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const admin = new URL(url);
  admin.username = 'postgres';
  const client = new pg.Client({ connectionString: admin.href });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const column = (node: Node, sql: string): Promise<readonly string[]> =>
  asAdmin(node, async (client) => (await client.query<{ value: string }>(sql)).rows.map(({ value }) => value));

const refsOf = async (node: Node): Promise<ReadonlySet<string>> =>
  new Set(await column(node, 'select ref::text as value from written'));

const sendersOf = async (node: Node): Promise<readonly number[]> =>
  (await column(node, 'select pid::text as value from pg_stat_replication')).map(Number);

/** The logical slots of a server. */
const slotsOf = (node: Node): Promise<readonly string[]> =>
  column(node, "select slot_name as value from pg_replication_slots where slot_type = 'logical' order by 1");
