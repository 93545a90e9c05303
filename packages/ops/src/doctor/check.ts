import type { Finding } from '../records/record.ts';
import type { Fleet } from './fleet.ts';
import type { Source } from './gaps.ts';

/** What a check returns for each fault: the finding without the id, which is the check's. */
export type Found = Omit<Finding, 'type' | 'id'>;

/** One check of the doctor. Pure: it judges what was measured. */
export interface Check {
  /** Constant, in kebab case. Documented, so that a script may rely on it. */
  readonly id: string;
  /** One line: what it looks for. */
  readonly title: string;
  /** Why it matters. Printed by `--explain`. */
  readonly why: string;
  /** The kind of incident that it would have caught, with public ones of that kind. Printed by `--explain`. */
  readonly incident: string;
  /** What must have been measured. If it was not, that nothing was found says nothing. */
  readonly needs: readonly Source[];
  find(fleet: Fleet): readonly Found[];
}
