import { readRunbook, stepsIn } from '../../../../test/runbooks.ts';
import { lastRun } from '../failover/child.ts';
import type { Setup } from '../failover/lab-setup.ts';
import { wordsOf } from '../understood.ts';

type ByHand = Readonly<Record<string, () => Promise<void>>>;

/** Plays runbooks on a lab. */
export interface Player {
  /**
   * Plays the steps of a page in their order. `byHand` does what is not a command of regionkit, by the program of the step;
   * or what the page lets an operator do just before a command.
   * @returns each command, with its exit code
   */
  play(page: string, byHand?: ByHand, from?: number, to?: number): Promise<string[]>;
  /** What stands for the names and the times of a page on the lab. */
  onTheLab(line: string): Promise<string>;
  /** What the commands said, for the message of a test that fails. */
  readonly outputs: readonly string[];
}

export function createPlayer(setup: Setup): Player {
  const outputs: string[] = [];

  const onTheLab = async (line: string): Promise<string> => {
    const id = (await lastRun(setup))?.id ?? 'none';
    return line
      .replaceAll('us-east-1', 'us')
      .replaceAll('eu-west-1', 'eu')
      .replaceAll('20261130-055303-f75d', id)
      .replace('--accept-loss 30s', '--accept-loss unknown')
      .replace(/--observe 5m --interval 10s --min-samples 20/, '--observe 1s --interval 100ms --min-samples 2')
      .replace(/^(npx regionkit failover run .*) --execute$/, '$1 --stable 1s --execute');
  };

  const play: Player['play'] = async (page, byHand = {}, from = 0, to = undefined) => {
    const played: string[] = [];
    for (const step of stepsIn(readRunbook(page)).slice(from, to)) {
      const [program = ''] = step.split(' ');
      if (program !== 'npx') {
        const work = byHand[program];
        if (work === undefined) throw new Error(`${page}: nothing plays ${step}`);
        await work();
        continue;
      }
      await byHand[step]?.();
      const [, , ...args] = wordsOf(await onTheLab(step));
      const ran = await setup.ops(...args);
      played.push(`${step} = ${ran.exit}`);
      outputs.push(ran.stdout + ran.stderr);
      if (![0, 1, 3, 5, 10].includes(ran.exit)) throw new Error(`${played.join('\n')}\n${ran.stdout}${ran.stderr}`);
    }
    return played;
  };

  return { play, onTheLab, outputs };
}
