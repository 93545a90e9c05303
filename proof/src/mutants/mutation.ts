/** One bug, planted into a source file as it is loaded. */
export interface Mutation {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file: a mutant that no longer fits fails rather than doing nothing. */
  readonly find: string;
  readonly replace: string;
}

/** What `register.mjs` reads in the process into which the bug is planted. */
export function mutationEnvironment(mutation: Mutation | undefined): Record<string, string> {
  return mutation === undefined ? {} : { PROOF_MUTATION: JSON.stringify(mutation) };
}
