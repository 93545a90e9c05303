import type { Notices } from '@regionkit/core/kit';
import type { WritePolicy } from '../gate-seam.ts';

/** Warns once when writes are refused for a gate to forward, and no gate is mounted. */
export interface GateWarning {
  /** A write gate is mounted. It forwards the writes that are refused here. */
  noteGate(): void;
  /** A write was refused that a gate would have forwarded. */
  noteRefusal(): void;
}

export function createGateWarning(writes: WritePolicy, notice: Notices): GateWarning {
  let isSettled = writes !== 'forward';
  return {
    noteGate: () => {
      isSettled = true;
    },
    noteRefusal: () => {
      if (isSettled) return;
      isSettled = true;
      notice(
        'REGIONKIT_NO_WRITE_GATE',
        "a write was refused, as writes is 'forward' and no write gate is mounted: createWriteGate() of '@regionkit/db-router/http'",
      );
    },
  };
}
