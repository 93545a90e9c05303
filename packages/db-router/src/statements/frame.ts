import type { QueryResult } from 'pg';

/**
 * Statements of this package that go out together with BEGIN and with COMMIT, and save a round trip each. They are texts without
 * values, since a text with several statements takes none.
 */
export interface Frame {
  readonly first: string;
  /** The result of `first`, when the callback runs. Undefined: this router has not sent it. */
  result?: QueryResult | undefined;
  /** Set by the callback. */
  last?: string | undefined;
}

/** The option of `transaction()` that has it. Not for apps. */
export const FRAME: unique symbol = Symbol('regionkit.frame');

export interface Framed {
  readonly [FRAME]?: Frame | undefined;
}
