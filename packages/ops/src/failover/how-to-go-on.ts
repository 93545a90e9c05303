import type { RunLine } from './run-file/line.ts';
import { mayHaveActed } from './run-file/recorded.ts';

/** The commands that go on with a run. A promotion cannot be taken back, so after it `abort` is refused, and is not named. */
export const howToGoOn = (id: string, lines: readonly RunLine[]): string =>
  `Go on: regionkit failover resume --run ${id} --execute.${
    mayHaveActed(lines, 'promote') ? '' : ` Give it up: regionkit failover abort --run ${id} --execute.`
  }`;
