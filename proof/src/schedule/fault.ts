import type { Region } from '../regions.ts';

/** Which processes of the app are killed and start again around a pause of the writes. */
export interface Restart {
  /** One process of a region, all processes of a region, or all processes of all regions. */
  readonly restart: 'process' | 'region' | 'fleet';
  /** The region; of a fleet it means nothing. */
  readonly in: Region;
  /** The pause begins while they start. Otherwise they are killed once the pause has drained. */
  readonly early?: true;
}

/** Everything a schedule can do to the world. Plain data: it is written into the history and read back. */
export type Fault =
  /** SIGKILL to the whole server. */
  | { readonly kind: 'kill-node'; readonly region: Region }
  /** Starts it as what it was; an abandoned primary comes back as a primary. */
  | { readonly kind: 'start-node'; readonly region: Region }
  | { readonly kind: 'freeze-node'; readonly region: Region }
  | { readonly kind: 'thaw-node'; readonly region: Region }
  /** A standby crashes and comes back below what it had served, as one does that had flushed little. */
  | { readonly kind: 'restart-behind'; readonly region: Region; readonly delayMs: number }
  | { readonly kind: 'pause-replay'; readonly region: Region }
  | { readonly kind: 'resume-replay'; readonly region: Region }
  /** Commits become visible this much later. */
  | { readonly kind: 'slow-replay'; readonly region: Region; readonly delayMs: number }
  | { readonly kind: 'normal-replay'; readonly region: Region }
  /** Ends every session of the app on that server. */
  | { readonly kind: 'end-sessions'; readonly region: Region }
  /** Throws the data away and makes it a standby of the primary. */
  | { readonly kind: 'rejoin'; readonly region: Region }
  /** The region is cut off from all others, database and app, both ways. */
  | { readonly kind: 'isolate'; readonly region: Region }
  /** The regions in `from` reach neither the database nor the app of `region`. */
  | { readonly kind: 'partition'; readonly region: Region; readonly from: Region }
  /** A black hole before the database: for all, or for the regions in `from`. */
  | { readonly kind: 'drop'; readonly region: Region; readonly from?: Region }
  /** What is sent to the database arrives, its answers do not. */
  | { readonly kind: 'mute'; readonly region: Region; readonly from?: Region }
  | { readonly kind: 'latency'; readonly region: Region; readonly ms: number }
  | { readonly kind: 'reset'; readonly region: Region }
  /** Ends the network fault of that region. */
  | { readonly kind: 'heal'; readonly region: Region }
  | { readonly kind: 'failover'; readonly to: Region }
  /** A failover while the old primary lives and is in sight: the agent of an HA manager hung, or an operator erred. */
  | { readonly kind: 'promote-beside'; readonly to: Region }
  /** With `paused`: the writes of all regions are paused before. */
  | ({ readonly kind: 'switchover'; readonly to: Region; readonly paused?: true } & Partial<Restart>)
  /** The writes of all regions are paused, and no switchover follows: the pause ends by itself, or an operator ends it. */
  | ({ readonly kind: 'pause'; readonly resumed?: true } & Partial<Restart>)
  /** Both standbys are promoted, by two operators who do not know of each other. `keep` is promoted last. */
  | { readonly kind: 'twins'; readonly keep: Region; readonly other: Region }
  /** The operators meet: `other` is rebuilt from `keep`, and every app is told to forget. */
  | { readonly kind: 'settle-twins'; readonly keep: Region; readonly other: Region }
  /** SIGSTOP and SIGCONT to the app. */
  | { readonly kind: 'stop-app'; readonly region: Region }
  | { readonly kind: 'continue-app'; readonly region: Region }
  | { readonly kind: 'kill-app'; readonly region: Region }
  | { readonly kind: 'start-app'; readonly region: Region }
  /** Every process of the app in that region ends at once, and later starts again: nothing of what they knew is left. */
  | { readonly kind: 'end-apps'; readonly region: Region }
  | { readonly kind: 'start-apps'; readonly region: Region }
  /** Each process of the region in turn is killed and started again, as in a deploy. */
  | { readonly kind: 'deploy'; readonly region: Region }
  /** Steps the wall clock of the app, and of nothing else. */
  | { readonly kind: 'clock-step'; readonly region: Region; readonly ms: number };

export type FaultKind = Fault['kind'];

/** Whether the fault ends processes of the app in that region, and starts them again before it is over. */
export function restarts(fault: Fault, region: Region): boolean {
  if (fault.kind === 'deploy') return fault.region === region;
  if (fault.kind !== 'pause' && fault.kind !== 'switchover') return false;
  return fault.restart !== undefined && (fault.restart === 'fleet' || fault.in === region);
}

/** `failover to eu`, `partition us from ap`: as a reader of a history wants to see it. */
export function describe(fault: Fault): string {
  const { kind, ...rest } = fault as { kind: FaultKind } & Readonly<Record<string, string | number | boolean>>;
  const words = Object.entries(rest).map(([key, value]) => {
    if (key === 'region') return String(value);
    if (value === true) return key;
    return key === 'ms' || key === 'delayMs' ? `${value} ms` : `${key} ${value}`;
  });
  return [kind, ...words].join(' ');
}
