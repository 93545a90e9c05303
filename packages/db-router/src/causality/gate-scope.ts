import type { Epoch } from '@regionkit/core';
import type { Issued, RequestScope } from '../gate-seam.ts';
import type { RequiredPosition } from '../history/required-position.ts';
import type { Scope } from './scope-state.ts';

/** What the scopes of a router do for the write gate. */
export interface GateScopeWork {
  run<T>(scope: Scope, fn: () => T): T;
  issue(scope: Scope): Issued;
  noteUnknown(scope: Scope, epoch: Epoch): void;
  /**
   * Whether no node that this process can reach has it. A promise while it waits for a standby that may soon have it.
   */
  isOutOfReach(need: RequiredPosition | undefined): boolean | Promise<boolean>;
  /** Counts the requests that were admitted. */
  readonly underWay: { begin(): void; end(): void };
}

/** A scope in the form that the write gate uses. A class, because each request needs one and calls few of its methods. */
export class GateScope implements RequestScope {
  readonly #scope: Scope;
  readonly #work: GateScopeWork;

  constructor(scope: Scope, work: GateScopeWork) {
    this.#scope = scope;
    this.#work = work;
  }

  needsPrimary(): boolean | Promise<boolean> {
    return this.#work.isOutOfReach(this.#scope.need);
  }

  admit(): () => void {
    const { underWay } = this.#work;
    const admission = { isOpen: true };
    this.#scope.admission = admission;
    underWay.begin();
    return () => {
      if (!admission.isOpen) return;
      admission.isOpen = false;
      underWay.end();
    };
  }

  noteUnknown(epoch: Epoch): void {
    this.#work.noteUnknown(this.#scope, epoch);
  }

  run<T>(fn: () => T): T {
    return this.#work.run(this.#scope, fn);
  }

  closeHead(): Issued {
    this.endHead();
    return this.issue();
  }

  issue(): Issued {
    return this.#work.issue(this.#scope);
  }

  endHead(): void {
    this.#scope.headClosed = true;
  }
}
