import { boolean, list, members, number, ShapeError, text } from '../doctor/shape.ts';

/** What the process that paused says. */
export interface PauseReport {
  readonly drained: boolean;
  readonly underWay: number;
  readonly leftMs: number;
  /** `eu-west-1: no-answer`. */
  readonly waitingFor: readonly string[];
}

/** Undefined: something else answered. */
export function readPauseReport(body: string): PauseReport | undefined {
  try {
    const given = members(JSON.parse(body));
    return {
      drained: boolean(given['drained']),
      underWay: number(given['underWay']),
      leftMs: number(given['leftMs']),
      waitingFor: list(waiting)(given['waitingFor']),
    };
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function waiting(given: unknown): string {
  const { region, why } = members(given);
  return `${text(region)}: ${text(why)}`;
}
