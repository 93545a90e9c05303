import { type LagSample, SPAN_MS } from './lag-history.ts';

/** A plot of lag over time, in the units of its box. */
export interface Plot {
  /** One line for each stretch in which the lag was known: points of an SVG `polyline`. */
  readonly lines: readonly string[];
  /** Where it was not known. */
  readonly gaps: readonly { readonly x: number; readonly width: number }[];
}

export interface PlotBox {
  readonly width: number;
  readonly height: number;
  /** The lag at the top. */
  readonly topMs: number;
  readonly nowMs: number;
}

const STEPS_MS = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];

/** The first round number that is not below any sample: all plots share one scale, so that they can be compared. */
export function scaleTop(histories: Iterable<readonly LagSample[]>): number {
  let highest = 0;
  for (const samples of histories) for (const { lagMs } of samples) highest = Math.max(highest, lagMs ?? 0);
  return STEPS_MS.find((step) => step >= highest) ?? Math.ceil(highest / 3_600_000) * 3_600_000;
}

/** Where the lines and the gaps of a plot are. A line goes on to the next sample only if that came in time. Pure. */
export function plot(samples: readonly LagSample[], { width, height, topMs, nowMs }: PlotBox): Plot {
  const x = (atMs: number): number => round(Math.min(Math.max(1 - (nowMs - atMs) / SPAN_MS, 0), 1) * width);
  const y = (lagMs: number): number => round((1 - Math.min(lagMs / topMs, 1)) * height);
  const lines: string[] = [];
  const gaps: { x: number; width: number }[] = [];
  let line: string[] = [];
  const end = (): void => {
    if (line.length > 0) lines.push(line.join(' '));
    line = [];
  };
  samples.forEach(({ atMs, lagMs }, at) => {
    const untilMs = samples[at + 1]?.atMs ?? nowMs;
    if (lagMs === undefined) {
      end();
      const last = gaps.at(-1);
      const from = x(atMs);
      const to = x(untilMs);
      if (last !== undefined && round(last.x + last.width) >= from) last.width = round(to - last.x);
      else gaps.push({ x: from, width: round(to - from) });
      return;
    }
    line.push(`${x(atMs)},${y(lagMs)}`);
    // A single sample is a line, too.
    if (samples[at + 1]?.lagMs === undefined) line.push(`${x(untilMs)},${y(lagMs)}`);
  });
  end();
  return { lines, gaps };
}

const round = (value: number): number => Math.round(value * 10) / 10;
