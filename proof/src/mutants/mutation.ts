import type { RuleName } from '../check/violation.ts';
import type { Deployment } from '../history/entries.ts';
import type { Profile } from '../schedule/choices.ts';

/** One replacement in a source file as it is loaded. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file: a mutant that no longer fits fails rather than doing nothing. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that is planted to see whether the proof finds it. The product knows nothing of it. */
export interface Mutation {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** What the checker calls it: one of these must be broken. */
  readonly breaks: readonly RuleName[];
  /** What a run should be about to meet it soon. */
  readonly profile: Profile;
  /** How the apps must be set up for it to matter. @default drawn from the seed */
  readonly deployment?: Partial<Deployment>;
  /** How many seeds it may take. */
  readonly seeds: number;
}

/** What `register.mjs` reads in the process into which the bug is planted. */
export function mutationEnvironment(mutation: Mutation | undefined): Record<string, string> {
  if (mutation === undefined) return {};
  const { name, edits } = mutation;
  return { PROOF_MUTATION: JSON.stringify({ name, edits }) };
}
