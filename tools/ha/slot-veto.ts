import { type Ended, start } from '../../packages/ops/test/failover/child.ts';
import type { Cluster, Node } from './cluster.ts';
import { configOf } from './failover.ts';
import { inDirectory } from './in-directory.ts';
import { REGIONS } from './postgres.ts';
import { until } from './programs.ts';

const EXIT_REFUSED = 4;
const WITHIN_SECONDS = 60;

interface Given {
  /** It is dead, and Patroni is paused. */
  readonly primary: Node;
  /** The slot of its tail keeper. */
  readonly tail: string | undefined;
  /** Changes Patroni's configuration. */
  readonly patch: (config: object) => Promise<void>;
}

/**
 * `regionkit failover` must refuse because Patroni would drop the slot, and for no other reason. With the settings that it names
 * it must not refuse any more. @throws if anything else happens
 */
export async function refusedUntilListed(cluster: Cluster, { primary, tail, patch }: Given): Promise<void> {
  await inDirectory(configOf(cluster), async (directory) => {
    const from = REGIONS[cluster.nodes.indexOf(primary)] as string;
    const ask = async (...verb: readonly string[]): Promise<Answer> =>
      answerOf(
        await start({ directory }, 'failover', ...verb, '--from', from, '--accept-loss', 'unknown', '--json').ended,
      );
    const isRefused = ({ code, findings: [one, ...others] }: Answer): boolean =>
      code === EXIT_REFUSED && one?.id === 'rebuild-before-salvage' && others.length === 0;

    /** The standbys and the agents need a moment to see what has changed. */
    const eventually = async (must: string, isSo: (answer: Answer) => boolean): Promise<Answer> => {
      let last: Answer | undefined;
      const look = async () => {
        last = await ask('plan');
        return isSo(last) && last;
      };
      return until(must, look, WITHIN_SECONDS).catch((cause) => {
        throw new Error(`regionkit failover plan ${must}: ${JSON.stringify(last)}`, { cause });
      });
    };

    const { findings } = await eventually('must refuse with rebuild-before-salvage alone', isRefused);
    const { evidence, fix } = findings[0] as Finding;
    if (!evidence.includes(`drops the slot ${tail} `)) throw new Error(`regionkit failover plan says why: ${evidence}`);
    const ran = await ask('run', '--execute');
    if (!isRefused(ran)) throw new Error(`regionkit failover run must refuse as well: ${JSON.stringify(ran)}`);
    await patch({ ignore_slots: matchersOf(fix) });
    await eventually('must not refuse with ignore_slots', ({ code }) => code === 0);
  });
}

interface Answer {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly printed: string;
}

interface Finding {
  readonly type: string;
  readonly id: string;
  readonly evidence: string;
  readonly fix: string;
}

function answerOf({ code, stdout, stderr }: Ended): Answer {
  const records = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Finding]));
  return { code, findings: records.filter(({ type }) => type === 'finding'), printed: `${stdout}${stderr}` };
}

/** The setting as the command names it, for an operator who copies it. */
function matchersOf(fix: string): readonly object[] {
  const all = [...fix.matchAll(/\{ name: (\w+), type: (\w+) \}/g)];
  if (all.length !== 1 || !fix.includes('ignore_slots: [')) throw new Error(`the fix names no setting: ${fix}`);
  return all.map(([, name, type]) => ({ name, type }));
}
