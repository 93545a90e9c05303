/**
 * What can be wrong with a region's Secrets Manager and Parameter Store.
 *
 * - `hang`: takes the request and never answers
 * - `reset`: breaks the connection
 * - `error`: 500
 * - `throttle`: ThrottlingException
 * - `denied`: AccessDeniedException
 * - `undecryptable`: DecryptionFailure
 * - `expired-token`: ExpiredTokenException
 * - `truncate`: 200, and a body that stops in the middle
 * - `drip`: 200, and a body that comes a byte at a time, for ever
 * - `flood`: 200, and a body without end
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

/** Which requests a fault hits: all, unless narrowed. */
export interface FaultScope {
  /** Only these operations: `GetSecretValue`, `BatchGetSecretValue`, `GetParametersByPath`, … @default all */
  readonly operations?: readonly string[];
  /** Only requests that ask for this secret or parameter, by name or ARN. @default all */
  readonly id?: string;
  /** How many requests it hits before it is over. @default Infinity */
  readonly times?: number;
}

export interface Faults {
  /** Until the returned function, or `clear`, is called. */
  add(kind: FaultKind, scope?: FaultScope): () => void;
  /** The fault that hits this request, counted. */
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
