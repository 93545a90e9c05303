import { parseArgs } from 'node:util';

export interface SoakFlags {
  readonly minutes: number;
  readonly switchoverEveryMinutes: number;
  readonly seed: number;
  /** Where samples, verdict and logs go. */
  readonly directory: string;
}

export const SOAK_USAGE = 'usage: soak [--minutes M] [--switchover-every M] [--seed N] [--dir DIR]';

/** The flags, or what is wrong with them. */
export function readSoakFlags(given: readonly string[]): SoakFlags | string {
  let values: Record<string, string | undefined>;
  try {
    values = parseArgs({
      args: given.filter((argument) => argument !== '--'),
      options: {
        minutes: { type: 'string', default: '60' },
        'switchover-every': { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
        dir: { type: 'string', default: '.regionkit/soak' },
      },
    }).values;
  } catch (error) {
    return (error as Error).message;
  }
  const minutes = Number(values['minutes']);
  if (!(minutes >= 1 && minutes <= 1_440)) return '--minutes takes a number from 1 to 1440';
  const switchoverEveryMinutes = Number(values['switchover-every']);
  if (!(switchoverEveryMinutes >= 0.5 && switchoverEveryMinutes <= minutes)) {
    return '--switchover-every takes minutes, from 0.5 to those of the run';
  }
  const seed = Number(values['seed']);
  if (!(Number.isSafeInteger(seed) && seed >= 0)) return '--seed takes a number';
  return { minutes, switchoverEveryMinutes, seed, directory: values['dir'] as string };
}
