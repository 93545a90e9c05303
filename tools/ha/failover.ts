import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cluster, Node } from './cluster.ts';
import { REGIONS } from './postgres.ts';

const CLI = fileURLToPath(new URL('../../packages/ops/src/cli.ts', import.meta.url));
const EXIT_REFUSED = 4;
const REFUSED_FOR_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly printed: string;
}

/**
 * Lets `regionkit failover` take the role of the primary away through Patroni. The command is killed while it promotes,
 * and goes on by `resume`. @throws if it does not end right
 */
export async function failoverByCommand(
  cluster: Cluster,
  primary: Node,
  mode: 'failover' | 'switchover',
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-ha-failover-'));
  try {
    writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify(configOf(cluster)));
    const from = REGIONS[cluster.nodes.indexOf(primary)] as string;
    const args = ['--from', from, '--mode', mode, '--accept-loss', 'unknown', '--discard-tail', '--stable', '2s'];
    await killedInPromotion(directory, args);
    const { code, printed } = await start(directory, 'resume', '--execute').ended;
    if (code !== 0) throw new Error(`regionkit failover resume ended with ${code}: ${printed}`);
    const unproved = ['promote', 'write', 'fork', 'stable'].filter((step) => !isDone(directory, step));
    if (unproved.length > 0) throw new Error(`not proved: ${unproved.join(', ')}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** As an operator configures it: a role that is not the app's, and the REST API of each agent. */
function configOf({ nodes, managers = {} }: Cluster): object {
  const regions = nodes.map(({ name, url }, at) => {
    const database = new URL(url);
    database.username = 'postgres';
    return [REGIONS[at] as string, { databases: [database.href], patroni: managers[name] }];
  });
  return { regions: Object.fromEntries(regions), failover: { adapter: 'patroni' } };
}

/** The standbys need a moment to see that their primary is gone: until then the command refuses. */
async function killedInPromotion(directory: string, args: readonly string[]): Promise<void> {
  const since = performance.now();
  for (;;) {
    const command = start(directory, 'run', '--execute', ...args);
    let ended: Ended | undefined;
    void command.ended.then((end) => {
      ended = end;
    });
    while (ended === undefined && !hasBegun(directory, 'promote')) await sleep(5);
    if (ended === undefined) {
      command.process.kill('SIGKILL');
      await command.ended;
      return;
    }
    if (ended.code !== EXIT_REFUSED || performance.now() - since > REFUSED_FOR_MS) {
      throw new Error(`regionkit failover run ended with ${ended.code} before the promotion: ${ended.printed}`);
    }
  }
}

function start(
  cwd: string,
  ...args: readonly string[]
): { readonly process: ChildProcess; readonly ended: Promise<Ended> } {
  const source = ['--import', import.meta.resolve('tsx'), '-C', '@regionkit/source', CLI];
  const child = spawn(process.execPath, [...source, 'failover', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  child.stderr.on('data', (chunk) => {
    printed += chunk;
  });
  return { process: child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, printed }))) };
}

interface Line {
  readonly step: string;
  readonly state: string;
}

/** The whole lines of the newest run file. */
function linesOf(directory: string): readonly Line[] {
  const runs = join(directory, 'runs');
  const name = existsSync(runs)
    ? readdirSync(runs)
        .filter((one) => one.endsWith('.ndjson'))
        .sort()
        .at(-1)
    : undefined;
  if (name === undefined) return [];
  const whole = readFileSync(join(runs, name), 'utf8').split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as Line);
}

const hasBegun = (directory: string, step: string): boolean => linesOf(directory).some((line) => line.step === step);
const isDone = (directory: string, step: string): boolean =>
  linesOf(directory).some((line) => line.step === step && line.state === 'done');
