import { classify } from '../connection/outcome.ts';

/** Why the nodes of a router cannot be asked, and whether waiting can change it. */
export interface Unreachable {
  onAnswer(index: number, inRecovery: boolean): void;
  onFailure(index: number, error: unknown): void;
  /** What a node met that does not let this process in, or else the first that fails; undefined while every one answers. */
  readonly cause: unknown;
  /**
   * Waiting for a primary is in vain: no node has ever answered, and where each should be there is none; or all that answer are standbys,
   * and all others refuse to let this process in. A server that starts, is restarted or promoted does neither for long, and one
   * that is slow says nothing.
   */
  readonly isInVain: boolean;
  /** Every node refuses to let this process in: a password, a database, TLS. */
  readonly isShutOut: boolean;
}

type Known =
  | { readonly is: 'answering'; readonly inRecovery: boolean }
  | { readonly is: 'failing'; readonly error: unknown; readonly forGood: boolean; readonly absent: boolean };

/** No server listens there, or there is no such name. */
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
