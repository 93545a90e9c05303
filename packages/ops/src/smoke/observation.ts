/** One look at all layers. */
export interface Sample {
  readonly failed: boolean;
  readonly unknown: boolean;
  readonly tookMs: number;
}

export interface ObservationLimits {
  readonly minSamples: number;
  readonly failureLimit: number;
}

export interface Observed {
  readonly state: 'done' | 'failed' | 'unknown';
  readonly says: string;
}

/** Judges samples. Pure. Too few prove nothing: that is unknown, and never passed. */
export function judge(samples: readonly Sample[], { minSamples, failureLimit }: ObservationLimits): Observed {
  const failures = samples.filter(({ failed }) => failed).length;
  const unknown = samples.filter((sample) => sample.unknown && !sample.failed).length;
  const known = samples.length - unknown;
  const times = samples.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)} ms`;
  const says = `${samples.length} samples, ${failures} failed, ${unknown} not known; median ${at(0.5)}, p95 ${at(0.95)}`;
  if (failures > failureLimit) return { state: 'failed', says: `${says}; allowed are ${failureLimit} failures` };
  if (known < minSamples) return { state: 'unknown', says: `${says}; needed are ${minSamples} samples that are known` };
  return { state: 'done', says };
}
