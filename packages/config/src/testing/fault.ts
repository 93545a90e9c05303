/**
 * The faults of a region's Secrets Manager and Parameter Store.
 *
 * - `hang`: accepts the request and never answers
 * - `reset`: breaks the connection
 * - `error`: 500
 * - `throttle`: ThrottlingException
 * - `denied`: AccessDeniedException
 * - `undecryptable`: DecryptionFailure
 * - `expired-token`: ExpiredTokenException
 * - `truncate`: 200, and a body that stops in the middle
 * - `drip`: 200, and a body that arrives one byte at a time, for ever
 * - `flood`: 200, and an endless body
 * - `redirect`: 307 to another host
 */
export type FaultKind =
  | 'hang'
  | 'reset'
  | 'error'
  | 'throttle'
  | 'denied'
  | 'undecryptable'
  | 'expired-token'
  | 'truncate'
  | 'drip'
  | 'flood'
  | 'redirect';

export const FAULT_KINDS: readonly FaultKind[] = [
  'hang',
  'reset',
  'error',
  'throttle',
  'denied',
  'undecryptable',
  'expired-token',
  'truncate',
  'drip',
  'flood',
  'redirect',
];

/** The requests that a fault affects. Default: all. */
export interface FaultScope {
  /** Only these operations: `GetSecretValue`, `BatchGetSecretValue`, `GetParametersByPath`, … @default all */
  readonly operations?: readonly string[];
  /** Only requests for this secret or parameter, by name or ARN. @default all */
  readonly id?: string;
  /** How many requests it affects before it ends. @default Infinity */
  readonly times?: number;
}

export interface Faults {
  /** Adds a fault, until the returned function or `clear` is called. */
  add(kind: FaultKind, scope?: FaultScope): () => void;
  /** Returns the fault for this request, and counts it. */
  hit(operation: string, body: string): FaultKind | undefined;
  clear(): void;
}

export function createFaults(): Faults {
  const active = new Set<{ readonly kind: FaultKind; readonly scope: FaultScope; left: number }>();
  return {
    add: (kind, scope = {}) => {
      const fault = { kind, scope, left: scope.times ?? Number.POSITIVE_INFINITY };
      active.add(fault);
      return () => active.delete(fault);
    },
    hit: (operation, body) => {
      for (const fault of active) {
        const { operations, id } = fault.scope;
        if (operations?.includes(operation) === false) continue;
        if (id !== undefined && !body.includes(JSON.stringify(id))) continue;
        fault.left -= 1;
        if (fault.left <= 0) active.delete(fault);
        return fault.kind;
      }
      return undefined;
    },
    clear: () => active.clear(),
  };
}
