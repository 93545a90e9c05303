import type { TableOf } from '../tables/table.ts';
import type { Recorded } from './recorded.ts';
import type { ServerFacts } from './server-facts.ts';
import type { Session } from './session.ts';

/** The two servers, and where their histories part. */
export interface Servers {
  readonly old: Session;
  readonly now: Session;
  readonly tableOfOld: TableOf;
  readonly tableOfNew: TableOf;
  readonly oldFacts: ServerFacts;
  readonly newFacts: ServerFacts;
  readonly fork: string;
  /** The next transaction, as the first checkpoint after the fork has it. */
  readonly checkpoint: bigint | undefined;
  /** What a tail keeper has recorded of the fork. */
  readonly recorded: Recorded | undefined;
}
