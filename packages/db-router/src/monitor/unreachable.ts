import { classify } from '../connection/outcome.ts';

/** Why the nodes of a router cannot be probed, and whether waiting can help. */
export interface Unreachable {
  onAnswer(index: number, inRecovery: boolean): void;
  onFailure(index: number, error: unknown): void;
  /** The error of a node that refuses this process; or else the first error. Undefined while every node answers. */
  readonly cause: unknown;
  /**
   * Whether waiting for a primary cannot help: no node has ever answered, and no server listens at any of them; or all
   * nodes that answer are standbys, and all others refuse this process. A server that starts, restarts or is promoted
   * does so only briefly, and a slow one decides nothing.
   */
  readonly isInVain: boolean;
  /** Whether every node refuses this process: a password, a database, TLS. */
  readonly isShutOut: boolean;
}

type Known =
  | { readonly is: 'answering'; readonly inRecovery: boolean }
  | { readonly is: 'failing'; readonly error: unknown; readonly forGood: boolean; readonly absent: boolean };

/** No server listens there, or the name does not exist. */
const ABSENT = /^(?:ECONNREFUSED|ENOTFOUND|ENOENT)$/;

export function createUnreachable(nodeCount: number): Unreachable {
  const known: (Known | undefined)[] = Array.from({ length: nodeCount }, () => undefined);
  let hasAnswered = false;
  const isShutOut = (node: Known | undefined): boolean => node?.is === 'failing' && node.forGood;

  return {
    onAnswer: (index, inRecovery) => {
      hasAnswered = true;
      known[index] = { is: 'answering', inRecovery };
    },
    onFailure: (index, error) => {
      const { kind, code } = classify(error, { phase: 'open', inRecovery: false });
      const forGood = kind === 'login' || kind === 'refused';
      known[index] = { is: 'failing', error, forGood, absent: ABSENT.test(code) };
    },
    get cause() {
      const failing = known.filter((node) => node?.is === 'failing');
      return (failing.find(({ forGood }) => forGood) ?? failing[0])?.error;
    },
    get isInVain() {
      if (!hasAnswered) return known.every((node) => node?.is === 'failing' && (node.forGood || node.absent));
      return (
        known.some(isShutOut) && known.every((node) => isShutOut(node) || (node?.is === 'answering' && node.inRecovery))
      );
    },
    get isShutOut() {
      return known.every(isShutOut);
    },
  };
}
