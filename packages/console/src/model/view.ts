import { duration } from './duration.ts';
import type { Fleet, ProcessState } from './fleet.ts';
import { type EventLine, foldEvents } from './fold-events.ts';
import type { LagSample } from './lag-history.ts';
import { type Mark, marked, markOf } from './mark.ts';
import type { Model } from './model.ts';
import { isSpeaking, nodesOf, silenceOf } from './nodes.ts';
import { type Plot, plot, scaleTop } from './plot.ts';
import { type Sentence, sentence, silence } from './sentence.ts';
import { type VerdictRow, verdictsOf } from './verdicts.ts';

/** What the page writes, word by word. */
export interface View {
  readonly sentence: Sentence;
  readonly nodes: readonly NodeRow[];
  /** The lag at the top of each plot. */
  readonly scale: string;
  readonly verdicts: readonly VerdictRow[];
  readonly processes: readonly ProcessRow[];
  readonly events: readonly EventLine[];
  readonly drill: DrillView | undefined;
}

export interface NodeRow {
  readonly id: string;
  readonly state: Mark;
  readonly epoch: string;
  readonly position: string;
  readonly lag: string;
  readonly plot: Plot;
  /** What the plot shows, for people who do not see it. */
  readonly plotSays: string;
  readonly note: string;
}

export interface ProcessRow {
  readonly id: string;
  readonly region: string;
  readonly name: string;
  readonly state: Mark;
  readonly knows: string;
  readonly waiting: string;
  readonly notes: string;
  readonly heard: string;
}

export interface DrillView {
  readonly title: string;
  readonly summary: string;
  readonly phases: readonly {
    readonly name: string;
    readonly state: Mark;
    readonly time: string;
    /** How much of the objective is used, from 0 to 1. */
    readonly used: number;
  }[];
  readonly counts: string;
}

export const PLOT = { width: 240, height: 36 } as const;
const MAX_LINES = 100;

/** What the page shows of a model. Undefined: nothing is known yet. Pure. */
export function viewOf({ fleet, events, lag }: Model): View | undefined {
  if (fleet === undefined) return undefined;
  const topMs = scaleTop(lag.values());
  return {
    sentence: sentence(fleet),
    nodes: nodesOf(fleet).map((node) => {
      const samples = lag.get(node.id) ?? [];
      const isPrimary = node.state === 'primary';
      return {
        id: node.id,
        state: markOf(node.state),
        epoch: node.timeline === 0 ? 'not known' : `timeline ${node.timeline}`,
        position: node.position,
        lag: isPrimary ? 'none' : node.lagMs === undefined ? 'not known' : duration(node.lagMs),
        plot: plot(samples, { ...PLOT, topMs, nowMs: samples.at(-1)?.atMs ?? 0 }),
        plotSays: isPrimary ? 'It takes the writes.' : saysOf(samples),
        note: [
          ...(node.code === undefined ? [] : [node.code]),
          ...(node.disagreed.length === 0 ? [] : [`other processes say ${node.disagreed.join(', ')}`]),
        ].join('; '),
      };
    }),
    scale: duration(topMs),
    verdicts: verdictsOf(fleet),
    processes: processesOf(fleet),
    events: foldEvents(events, MAX_LINES),
    drill: drillOf(fleet),
  };
}

function saysOf(samples: readonly LagSample[]): string {
  const known = samples.flatMap(({ lagMs }) => (lagMs === undefined ? [] : [lagMs]));
  const last = samples.at(-1)?.lagMs;
  if (known.length === 0) return 'Its lag was not known in the last 2 minutes.';
  const now = last === undefined ? 'not known' : duration(last);
  return `Lag now ${now}, at most ${duration(Math.max(...known))} in the last 2 minutes.`;
}

function processesOf({ regions }: Fleet): readonly ProcessRow[] {
  return regions.flatMap((region): ProcessRow[] => {
    const { name, processes } = region;
    const why = silenceOf(region);
    const none: ProcessRow[] =
      why === undefined
        ? []
        : [
            {
              id: `door of ${name}`,
              region: name,
              name: 'operator door',
              state: marked(why === 'not-asked' ? 'unknown' : 'bad', silence(why)),
              knows: '',
              waiting: '',
              notes: '',
              heard: '',
            },
          ];
    return [...none, ...processes.map(processRow)];
  });
}

function processRow(process: ProcessState): ProcessRow {
  const { id, region, host, pid, state, primary, highest, holding, pause, voids, silentMs, isGone } = process;
  const notes = [
    ...(highest !== undefined && highest !== primary?.timeline ? [`knows of timeline ${highest}`] : []),
    ...(pause === undefined
      ? []
      : [`writes paused for ${Math.ceil(pause.leftMs / 1_000)} s more, ${pause.underWay} under way`]),
    ...voids.flatMap(({ epochs }) => epochs.map(({ timeline, owner }) => `timeline ${timeline} of ${owner} is void`)),
  ];
  return {
    id,
    region,
    name: `${host}:${pid}`,
    state: isGone ? marked('bad', 'gone') : isSpeaking(process) ? markOf(state) : marked('unknown', 'silent'),
    knows: primary === undefined ? 'no primary' : `${primary.node ?? primary.region} on timeline ${primary.timeline}`,
    waiting: holding === 0 ? 'none' : String(holding),
    notes: notes.join('; '),
    heard: isSpeaking(process) ? 'now' : `${duration(silentMs)} ago`,
  };
}

function drillOf({ drill }: Fleet): DrillView | undefined {
  if (drill === undefined) return undefined;
  const { scenario, summary, state, objectiveMs, sinceFaultMs, phases, counts } = drill;
  return {
    title: `${scenario}: ${state}`,
    summary,
    phases: phases.map(({ name, state, atMs }) => {
      const tookMs = atMs ?? (state === 'running' ? sinceFaultMs : undefined);
      const isLate = tookMs !== undefined && tookMs > objectiveMs;
      return {
        name,
        state: isLate ? marked('bad', `${state}, late`) : markOf(state),
        time: `${tookMs === undefined ? 'not begun' : duration(tookMs)} of ${duration(objectiveMs)}`,
        used: objectiveMs === 0 ? 0 : Math.min((tookMs ?? 0) / objectiveMs, 1),
      };
    }),
    counts: counts.map(({ name, count }) => `${count} ${name}`).join(', '),
  };
}
