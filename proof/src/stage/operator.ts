import type { LabRegion, Promotion } from '@regionkit/lab';
import type { PauseEntry, PromotionNote, RowEntry, ToldEntry } from '../history/entries.ts';
import { othersThan, REGIONS, type Region } from '../regions.ts';
import type { Fault } from '../schedule/fault.ts';
import { createPauser } from './pauser.ts';
import { salvageKeys } from './salvage-keys.ts';
import type { Stage } from './stage.ts';
import { readRows } from './truth.ts';

/** Does to the stage what a schedule says, and keeps the evidence that would be thrown away. */
export interface Operator {
  /** @throws {Refusal} the world is not as the schedule thought, and nothing was done. */
  perform(fault: Fault): Promise<readonly PromotionNote[]>;
  /** The timeline of the primary that was promoted last. */
  readonly timeline: number;
  /** Looks which standbys are on that timeline: only one that is can take over without leaving it. */
  look(): Promise<void>;
  hasFollowed(region: Region): boolean;
  /** Its server is there, if only frozen. */
  runs(region: Region): boolean;
}

/** What a schedule asked cannot be done to this world. */
class Refusal extends Error {}

export interface OperatorOptions {
  readonly stage: Stage;
  /** Rows of a data directory that is about to be thrown away. */
  readonly onRows: (rows: readonly RowEntry[]) => void;
  /** What an operator is told of the keys in it. */
  readonly onTold: (entry: ToldEntry) => void;
  readonly onPause: (pause: PauseEntry, how: string) => void;
  readonly now: () => number;
}

/** Writes are held for 5 s: a switchover that takes longer is none. */
const SWITCHOVER_TIMEOUT_MS = 4_000;
const ENDPOINT_LAG_MS = 1_500;

export function createOperator({ stage, onRows, onTold, onPause, now }: OperatorOptions): Operator {
  const { lab, apps, processes, wire } = stage;
  /** With the lowest number that the first transaction after the fork may have. Undefined: on the timeline of the primary. */
  const abandoned = new Map<Region, string | undefined>();
  const pauser = createPauser({ processes, onPause, now });
  let timeline = 1;
  let readings = 0;
  let leading: NodeJS.Timeout | undefined;
  // The stage is set with all of them on it; a look that fails later is no news.
  const followed = new Map<Region, number>(REGIONS.map((region) => [region, timeline]));

  const setDelay = async (region: LabRegion<Region>, delayMs: number, reload = true): Promise<void> => {
    await region.query(
      delayMs === 0
        ? 'ALTER SYSTEM RESET recovery_min_apply_delay'
        : `ALTER SYSTEM SET recovery_min_apply_delay = '${delayMs}ms'`,
    );
    if (reload) await region.query('SELECT pg_reload_conf()');
  };
  const cutWires = (region: Region, isCut: boolean): void => {
    for (const other of othersThan(region)) {
      wire(region, other).cut(isCut);
      wire(other, region).cut(isCut);
    }
  };
  const noted = (region: Region, { timeline: made, fork }: Promotion): PromotionNote => ({
    region,
    parent: timeline,
    timeline: made,
    fork,
  });
  const promoted = async (region: Region): Promise<void> => {
    abandoned.delete(region);
    // The name for the primary is moved by something that finds out later, if it ever was told.
    clearTimeout(leading);
    leading = setTimeout(() => stage.lead(region), ENDPOINT_LAG_MS).unref();
    // A delay of its days as a standby must not come back when it is one again.
    await setDelay(lab.region(region), 0);
  };
  const tellKeys = async (from: Region, of: Region, reading: number): Promise<void> => {
    const startMs = now();
    const firstXid = abandoned.get(from);
    const keys = firstXid === undefined ? undefined : await salvageKeys({ lab, old: from, now: of, firstXid });
    onTold({ type: 'told', from, reading, startMs, ...(keys !== undefined && { keys }) });
  };
  /** Read on the standby before it is promoted: no later transaction of its own has a lower number. */
  const nextXidOf = async (region: Region): Promise<string> => {
    const [row] = await lab
      .region(region)
      .query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid');
    return row?.xid ?? '3';
  };
  /** What only this directory holds is read before it goes. */
  const rebuild = async (region: Region, of: Region): Promise<void> => {
    if (abandoned.has(region)) {
      readings += 1;
      const reading = readings;
      const tell = (): Promise<void> => tellKeys(region, of, reading);
      const rows = await readRows(lab.region(region), false, tell);
      onRows(rows.map((row) => ({ ...row, reading })));
    }
    await lab.region(region).rejoin({ of });
    abandoned.delete(region);
    await setDelay(lab.region(region), 0);
  };
  const mustFollow = (region: Region): void => {
    if (followed.get(region) !== timeline) throw new Refusal(`${region} has not followed to timeline ${timeline}`);
  };

  const perform = async (fault: Fault): Promise<readonly PromotionNote[]> => {
    switch (fault.kind) {
      case 'kill-node':
        await lab.region(fault.region).kill();
        return [];
      case 'start-node':
        await lab.region(fault.region).returnAsIs();
        return [];
      case 'freeze-node':
        await lab.region(fault.region).freeze();
        return [];
      case 'thaw-node':
        await lab.region(fault.region).thaw();
        return [];
      case 'restart-behind': {
        const region = lab.region(fault.region);
        await setDelay(region, fault.delayMs, false);
        await region.kill();
        await region.start();
        return [];
      }
      case 'pause-replay':
        await lab.region(fault.region).pauseReplay();
        return [];
      case 'resume-replay':
        await lab.region(fault.region).resumeReplay();
        return [];
      case 'slow-replay':
        await setDelay(lab.region(fault.region), fault.delayMs);
        return [];
      case 'normal-replay':
        await setDelay(lab.region(fault.region), 0);
        return [];
      case 'end-sessions':
        await lab
          .region(fault.region)
          .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
        return [];
      case 'rejoin':
        await rebuild(fault.region, lab.primary.name);
        return [];
      case 'isolate':
        await lab.region(fault.region).partition();
        cutWires(fault.region, true);
        return [];
      case 'partition':
        await lab.region(fault.region).partition(fault.from);
        wire(fault.from, fault.region).cut(true);
        return [];
      case 'drop':
      case 'mute':
        await lab.region(fault.region)[fault.kind](fault.from);
        return [];
      case 'latency':
        await lab.region(fault.region).latency(fault.ms);
        return [];
      case 'reset':
        await lab.region(fault.region).reset();
        return [];
      case 'heal':
        await lab.region(fault.region).heal();
        await lab.region(fault.region).latency(0);
        cutWires(fault.region, false);
        return [];
      case 'promote-beside':
      case 'failover': {
        mustFollow(fault.to);
        const old = lab.primary.name;
        const firstXid = await nextXidOf(fault.to);
        const note = noted(fault.to, await lab.failover({ to: fault.to }));
        abandoned.set(old, firstXid);
        timeline = note.timeline;
        await promoted(fault.to);
        return [note];
      }
      case 'switchover': {
        mustFollow(fault.to);
        const switchOver = async (): Promise<PromotionNote> =>
          noted(fault.to, await lab.switchover({ to: fault.to, timeoutMs: SWITCHOVER_TIMEOUT_MS }));
        const note =
          fault.paused === true
            ? await pauser.pauseBefore(switchOver, { region: lab.primary.name, timeline, fault })
            : await switchOver();
        timeline = note.timeline;
        await promoted(fault.to);
        return [note];
      }
      case 'pause':
        await pauser.pauseAlone({ region: lab.primary.name, timeline, fault }, fault.resumed === true);
        return [];
      case 'twins': {
        mustFollow(fault.keep);
        mustFollow(fault.other);
        const old = lab.primary.name;
        const firstXid = await nextXidOf(fault.keep);
        const notes = [
          noted(fault.other, await lab.region(fault.other).promote({ follow: false })),
          noted(fault.keep, await lab.region(fault.keep).promote({ follow: false })),
        ];
        abandoned.set(old, firstXid);
        abandoned.set(fault.other, undefined);
        timeline = Math.max(...notes.map((note) => note.timeline));
        await promoted(fault.keep);
        return notes;
      }
      case 'settle-twins':
        await rebuild(fault.other, fault.keep);
        await Promise.all(
          Object.values(processes)
            .flat()
            .map((app) => app.forgetEpoch()),
        );
        return [];
      case 'stop-app':
        apps[fault.region].stop();
        return [];
      case 'continue-app':
        apps[fault.region].continue();
        return [];
      case 'kill-app':
        await apps[fault.region].kill();
        return [];
      case 'start-app':
        await apps[fault.region].start();
        return [];
      case 'end-apps':
        await Promise.all(processes[fault.region].map((app) => app.kill()));
        return [];
      case 'start-apps':
        await Promise.all(processes[fault.region].map((app) => app.start()));
        return [];
      case 'deploy':
        for (const app of processes[fault.region]) {
          await app.kill();
          await app.start();
        }
        return [];
      case 'clock-step':
        // One machine has one clock.
        for (const app of processes[fault.region]) app.stepClock(fault.ms);
        return [];
    }
  };

  return {
    perform,
    get timeline() {
      return timeline;
    },
    hasFollowed: (region) => followed.get(region) === timeline,
    runs: (region) => lab.region(region).status !== 'down',
    look: async () => {
      await Promise.all(
        lab.regions.map(async (region) => {
          if (region.role !== 'standby' || region.status !== 'up') return;
          const on = await region
            .query<{ tli: number | null }>('SELECT received_tli AS tli FROM pg_stat_wal_receiver')
            .catch(() => []);
          if (on[0]?.tli != null) followed.set(region.name, on[0].tli);
        }),
      );
    },
  };
}
