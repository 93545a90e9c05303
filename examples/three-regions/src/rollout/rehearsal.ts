import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Operation } from '../checker.ts';
import { startLoad } from '../load.ts';
import { PLACE, REGIONS, type RegionName } from '../names.ts';
import type { Release } from '../settings.ts';
import { setStage } from '../stage.ts';
import { createDeployer } from './deployer.ts';
import { type PlayedJob, playWorkflow } from './play-workflow.ts';
import { BAD, FIRST, GOOD, type Version } from './versions.ts';
import { createWorkplace } from './workplace.ts';

/** The times that a rehearsal sets, in place of five minutes. */
export type Pace = Readonly<Record<'observe' | 'interval' | 'min-samples' | 'failure-limit', string>>;

/** What came of the rollout of one version. */
export interface Rollout {
  readonly version: Version;
  readonly jobs: readonly PlayedJob[];
  /** The step that stopped it. */
  readonly stoppedAt: string | undefined;
  /** The regions that ran this version at any time. */
  readonly reached: readonly RegionName[];
  /** What runs when the pipeline has ended. */
  readonly running: Readonly<Record<RegionName, string>>;
  /** What clients of all places sent meanwhile. */
  readonly requests: number;
  /**
   * Writes that were refused, not done, and sent again: a region has one process here, so while it is replaced in the
   * primary's region the writes of all regions have no place.
   */
  readonly refused: number;
  /** All other requests that did not succeed. */
  readonly failed: number;
  readonly tookMs: number;
}

export interface Rehearsal {
  play(version: Version, pace: Pace): Promise<Rollout>;
  close(): Promise<void>;
}

const isRefused = ({ kind, outcome, status }: Operation): boolean =>
  kind === 'write' && outcome === 'not-done' && status === 503;

const WORKFLOWS = fileURLToPath(new URL('../../../../infra/pipeline/github/', import.meta.url));

/** Three regions with clients in each, and the pipeline of `infra/pipeline` in front of them. */
export async function openRehearsal(tell: (line: string) => void): Promise<Rehearsal> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-rollout-'));
  const healthToken = randomBytes(32).toString('base64url');
  const release = ({ version, fault }: Version): Release => ({ version, healthToken, ...(fault && { fault }) });
  const versions = [FIRST, GOOD, ...BAD];
  const stage = await setStage(tell, release(FIRST));
  const deployer = await createDeployer(stage, versions, release, FIRST);
  const workplace = await createWorkplace(directory, stage, deployer.url, healthToken);
  const load = await startLoad({
    clients: REGIONS.map((place) => ({ name: PLACE[place], url: stage.url(place) })),
    pauseMs: 100,
  });

  return {
    play: async (version, pace) => {
      const startedMs = performance.now();
      const before = deployer.deployed.length;
      const jobs = await playWorkflow({
        ...workplace,
        folder: WORKFLOWS,
        file: 'rollout.yml',
        inputs: { version: version.version },
        overrides: { ...pace, deploy: './deploy.mjs' },
        tell,
      });
      const meanwhile = load.history.filter((one) => one.endedAtMs >= startedMs);
      const reached = deployer.deployed.slice(before).filter((one) => one.version === version.version);
      return {
        version,
        jobs,
        stoppedAt: jobs.flatMap(({ steps }) => steps).find(({ outcome }) => outcome === 'failure')?.name,
        reached: reached.map(({ region }) => region),
        running: Object.fromEntries(REGIONS.map((name) => [name, deployer.running(name)])) as Record<
          RegionName,
          string
        >,
        requests: meanwhile.length,
        refused: meanwhile.filter(isRefused).length,
        failed: meanwhile.filter((one) => one.outcome !== 'ok' && !isRefused(one)).length,
        tookMs: performance.now() - startedMs,
      };
    },
    close: async () => {
      await load.stop().catch(() => {});
      deployer.close();
      await stage.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
