import { boolean, list, members, number, object, readJson, type Shape, text } from '../doctor/shape.ts';

/** What the process that paused says. */
export interface PauseReport {
  readonly drained: boolean;
  readonly underWay: number;
  readonly leftMs: number;
  /** `eu-west-1: no-answer`. */
  readonly waitingFor: readonly string[];
}

function waiting(given: unknown): string {
  const { region, why } = members(given);
  return `${text(region)}: ${text(why)}`;
}

const REPORT: Shape<PauseReport> = object({
  drained: boolean,
  underWay: number,
  leftMs: number,
  waitingFor: list(waiting),
});

/** Undefined: something else answered. */
export const readPauseReport = (body: string): PauseReport | undefined => readJson(REPORT, body);
