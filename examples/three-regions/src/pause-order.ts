import type { RegionName } from './names.ts';

/** The operator's order to a process: pause the writes. With how many processes each region has. */
export interface PauseOrder {
  readonly pauseWrites: Readonly<Record<RegionName, number>>;
}

/** What came of it. */
export interface PauseAnswer {
  readonly drained: boolean;
  readonly underWay: number;
  readonly refusal?: string;
}
